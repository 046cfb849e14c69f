/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the OpenCL tests talk. A test calls the API and prints every answer as one line: the call as it stands in the source,
 * and the error code's name, or values that must not depend on who implements the API: counts, sizes, contents, states;
 * never handles, addresses or times. ctest runs each program on the host's OpenCL and on the remoted one and compares
 * the lines, so a line says what both must agree on. What the specification demands of any implementation is checked
 * besides by CHECK, natively too.
 *
 * The programs are single-threaded but for callbacks, which must not print.
 */
#ifndef VC_TESTS_OPENCL_ANSWERS_H
#define VC_TESTS_OPENCL_ANSWERS_H

#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where calls that create objects leave their code: clCreateX(…, &error). */
extern cl_int error;

/* The code's name as in CL/cl.h, or "code -N". */
const char *vc_code_name(cl_int code);

/* CALL(clX(…)) prints the call and its code, which it returns. */
#define CALL(call) vc_answer_call(#call, (call))
cl_int vc_answer_call(const char *call, cl_int code);

/* MAKE(clCreateX(…, &error)) prints the call and @error, and returns the object, NULL where there is an error. */
#define MAKE(call) (error = CL_INVALID_VALUE + 1000, vc_answer_make(#call, (call)))
void *vc_answer_make(const char *call, void *object);

/* Prints "what: …". */
void vc_answer(const char *what, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Prints the size and a hash of @size bytes. */
void vc_answer_bytes(const char *what, const void *bytes, size_t size);

/* A feature that the device lacks: printed, so that both sides must agree on it. */
void vc_answer_not_offered(const char *what);

/* CHECK(condition) makes the program fail, and says where, unless the condition holds. */
#define CHECK(condition) vc_check((condition), #condition, __FILE__, __LINE__)
void vc_check(bool holds, const char *condition, const char *file, int line);

/* MUST(clX(…)) ends the program unless the call succeeds: for steps without which the rest makes no sense. */
#define MUST(call) vc_must(#call, (call), __FILE__, __LINE__)
void vc_must(const char *call, cl_int code, const char *file, int line);

/* The platform and device under test (the first ones), a context and an in-order queue with profiling. */
struct vc_rig {
	cl_platform_id platform;
	cl_device_id device;
	cl_context context;
	cl_command_queue queue;
};
extern struct vc_rig rig;

/* Fills in @rig, or ends the program with 77 where there is no platform. Every program starts with it. Also starts the
 * watch: a program that takes longer than a minute without vc_alive() ends with SIGALRM. */
void vc_rig_init(void);
void vc_alive(void);

/* Gives back what the rig holds and returns main's exit code. */
int vc_rig_finish(void);

/* A program built from @source, and its kernel @name; ends the test with the build log if that fails. */
cl_program vc_build(const char *source, const char *options);
cl_kernel vc_kernel(cl_program program, const char *name);

/* Buffers of the rig's context: empty ones, and ones whose bytes count up from @first. vc_answer_buffer() prints what one holds. */
cl_mem vc_buffer(cl_mem_flags flags, size_t size);
cl_mem vc_buffer_counting(size_t size, unsigned first);
void vc_read(cl_mem buffer, void *bytes, size_t size);
void vc_answer_buffer(const char *what, cl_mem buffer, size_t size);

/* Prints how often @memory is mapped. The spec calls the count stale from the start; PoCL lets it fall after the unmap's
 * completion, so it is asked for again, up to 2 s, until it is @settled. */
void vc_answer_maps(cl_mem memory, cl_uint settled);

/* A property of the rig's device, of type size_t, of a number of up to 8 bytes, or text; zero where the device does not know it. */
size_t vc_device_size(cl_device_info name);
cl_ulong vc_device_number(cl_device_info name);
char *vc_device_text(cl_device_info name); /* malloc()ed */
bool vc_device_extension(const char *name);

/* The reference count of an object, by its getter and the name of that property. */
#define REFERENCES(getter, object, name)                                                                               \
	({                                                                                                             \
		cl_uint references_ = 0;                                                                               \
		getter((object), (name), sizeof(references_), &references_, NULL);                                     \
		references_;                                                                                           \
	})

#endif
