/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One call of the worker: arguments in (vc_put_*), run, outputs out (vc_get_*), end. Made by apigen from opencl.api as
 * vc_call_NAME(). Failures stick: after one, nothing is sent, and the end returns it.
 */
#ifndef VC_CL_CALL_H
#define VC_CL_CALL_H

#include "cl.h"
#include "info.h"
#include "link.h"
#include "object.h"
#include "opencl-api.h"

enum vc_call_kind { VC_CALL_SYNC, VC_CALL_SHAPED, VC_CALL_ONEWAY };

struct vc_call {
	struct vc_link *link;
	struct vc_cl_request head;
	enum vc_call_kind kind;
	cl_int result;
	bool failed;   /* result is an error of ours; nothing was or will be sent */
	bool foreign;  /* an argument that only the host can judge: wait for its verdict */
	uint8_t *data; /* arguments: small[] or from malloc() */
	size_t used, room;
	size_t shape;  /* bytes of arguments that make the shape; 0: not marked yet */
	size_t expect; /* bytes of answer */
	uint8_t *answer;
	size_t answer_size, answer_at;
	uint8_t *answer_room; /* from malloc(), or NULL */
	void *shared_in, *shared_out;
	struct vc_object *queue;     /* of a command */
	struct vc_object *new_event; /* the command's */
	cl_event *event;
	struct vc_object **made; /* clCreateKernelsInProgram() */
	void **made_out;
	size_t nmade, made_there;
	_Alignas(8) uint8_t small[512];
	_Alignas(8) uint8_t small_answer[1024];
};

extern const struct _cl_icd_dispatch vc_dispatch; /* made by apigen */

/* How workers are reached: within this machine, unless somebody sets another transport before the first call. */
extern const struct vc_link_transport *vc_call_transport;

/* The link to the worker, opened if there is none alive. NULL: no broker, or it refuses. */
struct vc_link *vc_call_link(void);
/* Likewise, but doesn't open one. */
struct vc_link *vc_call_link_alive(void);

/* True: this thread knows that the host will accept its next calls, which go one way though they are marked sync. */
extern _Thread_local bool vc_call_sure;

/* Tells the worker that the client's half of @object is gone. */
void vc_call_release(struct vc_object *object);

void vc_call_begin(struct vc_call *c, enum vc_cl_op op, enum vc_call_kind kind);
void vc_call_expect(struct vc_call *c, size_t bytes);
void vc_call_run(struct vc_call *c);
cl_int vc_call_end(struct vc_call *c);
void *vc_call_end_new(struct vc_call *c, void *made, cl_int *errcode_ret);
cl_int vc_call_info(struct vc_call *c, enum vc_info_table table, void *object, cl_uint param, size_t size, void *value,
		    size_t *size_ret);

void vc_put_val(struct vc_call *c, uint64_t value);
void vc_put_obj(struct vc_call *c, enum vc_cl_kind kind, const void *handle);
void vc_put_objs(struct vc_call *c, enum vc_cl_kind kind, const void *handles, size_t n);
void vc_put_bytes(struct vc_call *c, const void *data, size_t size);
void vc_put_str(struct vc_call *c, const char *text);
void vc_put_strs(struct vc_call *c, const char **texts, size_t n);
void vc_put_blobs(struct vc_call *c, const unsigned char **blobs, const size_t *lengths, size_t n);
void vc_put_late(struct vc_call *c);
void vc_put_wait(struct vc_call *c, cl_command_queue queue, cl_uint count, const cl_event *list, cl_event *event);
void *vc_put_new(struct vc_call *c, enum vc_cl_kind kind, const void *parent);
void vc_put_made(struct vc_call *c, enum vc_cl_kind kind, void **handles, size_t n, const void *parent);

void vc_get_out(struct vc_call *c, void *to, size_t size);
void vc_get_outs(struct vc_call *c, void *to, size_t size);
void vc_get_found(struct vc_call *c, enum vc_cl_kind kind, void **handles, size_t n);
void vc_get_made(struct vc_call *c);
uint64_t vc_get_val(struct vc_call *c);

#endif
