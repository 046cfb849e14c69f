/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request of the client while the worker serves it: arguments out (vc_take_*), checks, answer in (vc_reply_*). The
 * request lies in private memory; takes are in the order of opencl.api and never fail but remember that something was
 * wrong (vc_request_good), after which the host must not be called. A request that is wrong ends the client.
 */
#ifndef VC_CL_REQUEST_H
#define VC_CL_REQUEST_H

#include "cl.h"
#include "info.h"
#include "opencl-api.h"
#include "wire.h"

#include <stdbool.h>
#include <stddef.h>

struct vc_piece;

struct vc_request {
	struct vc_cl_request head;
	uint8_t *in; /* arguments, ours to change */
	size_t at, size;
	uint8_t *out; /* answer so far */
	size_t used, room;
	bool bad;                /* the client broke the protocol */
	bool left;               /* another thread takes requests meanwhile */
	struct vc_piece *pieces; /* memory that lives as long as the request */
	cl_int result;
	uint8_t small[VC_CL_SLOT_BYTES];
};

typedef void (*vc_serve)(struct vc_request *q);
extern const vc_serve vc_serve_table[]; /* made by apigen */

/* An info query's room for the value, and what the host said. */
struct vc_info {
	size_t size;
	void *value;
	size_t size_ret;
};

/* The wait list and event of a command. */
struct vc_wait {
	cl_uint count;
	const cl_event *list;
	cl_event made;
	cl_event *event; /* &made, or NULL if the client wants none */
	uint64_t id;
};

/* Serves the request that @record holds (@size bytes, header included), and sends the answer if one is wanted. Returns
 * false when the client broke the protocol. Runs on any thread of the worker. */
bool vc_request_serve(uint8_t *record, size_t size);

static inline bool vc_request_good(const struct vc_request *q) {
	return !q->bad;
}

static inline void vc_need(struct vc_request *q, bool condition) {
	if (!condition)
		q->bad = true;
}

/* The host may take long now: lets another thread take requests. */
void vc_request_leave(struct vc_request *q);

/* Zeroed memory until the request ends; never NULL (the request goes bad and a little is there when memory ends). */
void *vc_request_alloc(struct vc_request *q, size_t count, size_t size);

uint64_t vc_take_val(struct vc_request *q);
void *vc_take_obj(struct vc_request *q, enum vc_cl_kind kind);
void *vc_take_objs(struct vc_request *q, enum vc_cl_kind kind, size_t *n);
void *vc_take_bytes(struct vc_request *q, size_t *n);
char *vc_take_str(struct vc_request *q);
const char **vc_take_strs(struct vc_request *q, size_t *n);
const unsigned char **vc_take_blobs(struct vc_request *q, const size_t *lengths, size_t nlengths, size_t *n);
void vc_take_info(struct vc_request *q, struct vc_info *info);
void vc_take_wait(struct vc_request *q, struct vc_wait *wait);
/* Room for @count outputs of @size bytes, NULL if the client wants none. */
void *vc_take_room(struct vc_request *q, size_t size, size_t count);
/* Room for @count handles that the client has named *@ids, NULL if it wants none. */
void *vc_take_made(struct vc_request *q, size_t count, uint64_t **ids);

void vc_reply_result(struct vc_request *q, cl_int result);
void vc_reply_out(struct vc_request *q, const void *value, size_t size);
void vc_reply_outs(struct vc_request *q, const void *values, size_t size, size_t count);
void vc_reply_found(struct vc_request *q, enum vc_cl_kind kind, void **handles, size_t count);
void vc_reply_made(struct vc_request *q, enum vc_cl_kind kind, void **handles, const uint64_t *ids, size_t count);
void vc_reply_info(struct vc_request *q, enum vc_info_table table, cl_uint param, struct vc_info *info);
void vc_reply_new(struct vc_request *q, enum vc_cl_kind kind, uint64_t id, void *handle);
/* Books the command's event; if the command failed and nobody waits for the answer, the event and @queue remember it. */
void vc_reply_wait(struct vc_request *q, struct vc_wait *wait, cl_command_queue queue, cl_int result);

#endif
