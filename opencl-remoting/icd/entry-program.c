/* SPDX-License-Identifier: Apache-2.0 */
/* Programs and kernels. */
#include "call.h"
#include "entry.h"
#include "notes.h"

#include <stdlib.h>
#include <string.h>

/* The pieces cross as one text: that is what the program's source is. */
cl_program CL_API_CALL vc_entry_clCreateProgramWithSource(cl_context context, cl_uint count, const char **strings,
							  const size_t *lengths, cl_int *errcode_ret) {
	cl_int err = count == 0 || !strings ? CL_INVALID_VALUE : CL_SUCCESS;
	size_t total = 0, at = 0;
	for (cl_uint i = 0; err == CL_SUCCESS && i < count; i++) {
		if (!strings[i])
			err = CL_INVALID_VALUE;
		else
			total += lengths && lengths[i] ? lengths[i] : strlen(strings[i]);
	}
	if (!vc_object_is(context, VC_CL_CONTEXT))
		err = CL_INVALID_CONTEXT;
	char *text = err == CL_SUCCESS ? malloc(total + 1) : NULL;
	if (!text) {
		if (errcode_ret)
			*errcode_ret = err != CL_SUCCESS ? err : CL_OUT_OF_HOST_MEMORY;
		return NULL;
	}
	for (cl_uint i = 0; i < count; i++) {
		size_t n = lengths && lengths[i] ? lengths[i] : strlen(strings[i]);
		memcpy(text + at, strings[i], n);
		at += n;
	}
	text[total] = '\0';
	const char *one = text;
	size_t length = 0; /* it ends with a NUL */
	cl_program program = vc_call_clCreateProgramWithSource(context, 1, &one, &length, errcode_ret);
	struct vc_link *link = vc_call_link_alive();
	if (link && (strstr(text, "printf") || strstr(text, "include")))
		atomic_store(&link->prints, true);
	free(text);
	return program;
}

typedef void(CL_CALLBACK *program_notify)(cl_program, void *);

static void run_program(struct vc_callback *callback, cl_int status) {
	(void)status;
	program_notify function;
	memcpy(&function, &callback->function, sizeof(function));
	function(callback->more, callback->data);
}

static struct vc_callback make_callback(program_notify notify, void *data, cl_program program) {
	struct vc_callback callback = {.run = run_program, .data = data, .more = program};
	memcpy(&callback.function, &notify, sizeof(notify));
	return callback;
}

/* Builds are waited for; a program that wants to be told is told on a thread of ours. */
static void tell(cl_program program, program_notify notify, void *data) {
	struct vc_callback callback = make_callback(notify, data, program);
	callback.object = VC_OBJECT(program);
	if (notify)
		vc_notes_post(&callback, CL_SUCCESS);
}

static bool build_started(cl_int err) {
	return err == CL_SUCCESS || err == CL_BUILD_PROGRAM_FAILURE || err == CL_COMPILE_PROGRAM_FAILURE ||
	       err == CL_LINK_PROGRAM_FAILURE;
}

cl_int CL_API_CALL vc_entry_clBuildProgram(cl_program program, cl_uint num_devices, const cl_device_id *device_list,
					   const char *options, program_notify notify, void *user_data) {
	if (vc_object_is(program, VC_CL_PROGRAM) && !notify && user_data)
		return CL_INVALID_VALUE;
	cl_int err = vc_call_clBuildProgram(program, num_devices, device_list, options);
	if (build_started(err))
		tell(program, notify, user_data);
	return err;
}

cl_int CL_API_CALL vc_entry_clCompileProgram(cl_program program, cl_uint num_devices, const cl_device_id *device_list,
					     const char *options, cl_uint num_headers, const cl_program *headers,
					     const char **names, program_notify notify, void *user_data) {
	if (vc_object_is(program, VC_CL_PROGRAM) && !notify && user_data)
		return CL_INVALID_VALUE;
	if (vc_object_is(program, VC_CL_PROGRAM) && (num_headers > 0) != (headers && names))
		return CL_INVALID_VALUE;
	cl_int err = vc_call_clCompileProgram(program, num_devices, device_list, options, num_headers, headers, names);
	if (build_started(err))
		tell(program, notify, user_data);
	return err;
}

cl_program CL_API_CALL vc_entry_clLinkProgram(cl_context context, cl_uint num_devices, const cl_device_id *device_list,
					      const char *options, cl_uint num_programs, const cl_program *programs,
					      program_notify notify, void *user_data, cl_int *errcode_ret) {
	cl_int err = vc_object_is(context, VC_CL_CONTEXT) && !notify && user_data ? CL_INVALID_VALUE : CL_SUCCESS;
	cl_program program = NULL;
	if (err == CL_SUCCESS)
		program =
			vc_call_clLinkProgram(context, num_devices, device_list, options, num_programs, programs, &err);
	if (errcode_ret)
		*errcode_ret = err;
	if (program)
		tell(program, notify, user_data);
	return program;
}

cl_int CL_API_CALL vc_entry_clSetProgramReleaseCallback(cl_program program, program_notify notify, void *user_data) {
	if (!vc_object_is(program, VC_CL_PROGRAM))
		return CL_INVALID_PROGRAM;
	if (!notify)
		return CL_INVALID_VALUE;
	const struct vc_callback callback = make_callback(notify, user_data, program);
	uint64_t cookie = vc_notes_add(&callback);
	cl_int err = cookie ? vc_call_clSetProgramReleaseCallback(program, cookie) : CL_OUT_OF_HOST_MEMORY;
	if (err != CL_SUCCESS)
		vc_notes_drop(cookie);
	return err;
}

/* CL_PROGRAM_BINARIES: the value is a list of places for binaries, NULL where none is wanted. */
static cl_int get_binaries(cl_program program, size_t size, void *value, size_t *size_ret) {
	cl_uint n = 0;
	cl_int err = vc_call_clGetProgramInfo(program, CL_PROGRAM_NUM_DEVICES, sizeof(n), &n, NULL);
	if (err == CL_SUCCESS && value && size < n * sizeof(unsigned char *))
		err = CL_INVALID_VALUE;
	size_t *sizes = err == CL_SUCCESS ? calloc(n + 1, sizeof(*sizes)) : NULL;
	if (err == CL_SUCCESS && !sizes)
		err = CL_OUT_OF_HOST_MEMORY;
	if (err == CL_SUCCESS && value)
		err = vc_call_clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, n * sizeof(*sizes), sizes, NULL);
	for (cl_uint i = 0; err == CL_SUCCESS && value && i < n; i++) {
		unsigned char *binary = ((unsigned char **)value)[i];
		if (binary && sizes[i] > 0)
			err = vc_call_vcGetProgramBinary(program, i, sizes[i], binary);
	}
	if (err == CL_SUCCESS && size_ret)
		*size_ret = n * sizeof(unsigned char *);
	free(sizes);
	return err;
}

cl_int CL_API_CALL vc_entry_clGetProgramInfo(cl_program program, cl_program_info param_name, size_t param_value_size,
					     void *param_value, size_t *param_value_size_ret) {
	if (param_name == CL_PROGRAM_BINARIES && vc_object_is(program, VC_CL_PROGRAM))
		return get_binaries(program, param_value_size, param_value, param_value_size_ret);
	return vc_call_clGetProgramInfo(program, param_name, param_value_size, param_value, param_value_size_ret);
}

/* A value that is the handle of a live object crosses as its number. Objects lie in a table of ours, so a plain 64-bit value
 * would have to be an address in it by accident. */
cl_int CL_API_CALL vc_entry_clSetKernelArg(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
	cl_uint kind = VC_CL_NONE;
	uint64_t id;
	if (value && size == sizeof(void *)) {
		void *handle;
		memcpy(&handle, value, sizeof(handle));
		kind = vc_object_kind(handle);
		if (kind == VC_CL_MEM || kind == VC_CL_SAMPLER || kind == VC_CL_QUEUE) {
			id = VC_OBJECT(handle)->id;
			value = &id;
		} else {
			kind = VC_CL_NONE;
		}
	}
	return vc_call_clSetKernelArg(kernel, index, size, kind, value);
}
