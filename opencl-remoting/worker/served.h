/* SPDX-License-Identifier: Apache-2.0 */
/* What the worker does instead of the host's function of that name, where callbacks, shared memory or handles within values make
 * it more than a call. Parameters are those of opencl.api. */
#ifndef VC_CL_SERVED_H
#define VC_CL_SERVED_H

#include "request.h"

cl_context vc_serve_clCreateContext(struct vc_request *q, const cl_context_properties *properties, cl_uint num_devices,
				    const cl_device_id *devices, cl_ulong notify, cl_uint *in_place, cl_int *errcode);
cl_context vc_serve_clCreateContextFromType(struct vc_request *q, const cl_context_properties *properties,
					    cl_device_type type, cl_ulong notify, cl_uint *in_place, cl_int *errcode);
cl_int vc_serve_clSetContextDestructorCallback(struct vc_request *q, cl_context context, cl_ulong notify);
cl_int vc_serve_vcReleaseObject(struct vc_request *q, cl_uint kind, cl_ulong id);
cl_command_queue vc_serve_clCreateCommandQueue(struct vc_request *q, cl_context context, cl_device_id device,
					       cl_command_queue_properties properties, cl_int *errcode);
cl_command_queue vc_serve_clCreateCommandQueueWithProperties(struct vc_request *q, cl_context context,
							     cl_device_id device, const cl_queue_properties *properties,
							     cl_int *errcode);
cl_int vc_serve_clFinish(struct vc_request *q, cl_command_queue queue);
cl_mem vc_serve_clCreateBuffer(struct vc_request *q, cl_context context, cl_mem_flags flags, size_t size,
			       cl_ulong address, cl_uint keep, cl_int *errcode);
cl_mem vc_serve_clCreateBufferWithProperties(struct vc_request *q, cl_context context,
					     const cl_mem_properties *properties, cl_mem_flags flags, size_t size,
					     cl_ulong address, cl_uint keep, cl_int *errcode);
cl_mem vc_serve_clCreateImageWithProperties(struct vc_request *q, cl_context context,
					    const cl_mem_properties *properties, cl_mem_flags flags,
					    const cl_image_format *format, const cl_image_desc *desc, cl_mem source,
					    cl_ulong address, size_t size, cl_uint keep, cl_int *errcode);
cl_mem vc_serve_clCreatePipe(struct vc_request *q, cl_context context, cl_mem_flags flags, cl_uint packet_size,
			     cl_uint max_packets, const cl_pipe_properties *properties, cl_int *errcode);
cl_int vc_serve_clSetMemObjectDestructorCallback(struct vc_request *q, cl_mem memobj, cl_ulong notify);
cl_int vc_serve_clBuildProgram(struct vc_request *q, cl_program program, cl_uint num_devices,
			       const cl_device_id *devices, const char *options);
cl_int vc_serve_clCompileProgram(struct vc_request *q, cl_program program, cl_uint num_devices,
				 const cl_device_id *devices, const char *options, cl_uint num_headers,
				 const cl_program *headers, const char **names);
cl_program vc_serve_clLinkProgram(struct vc_request *q, cl_context context, cl_uint num_devices,
				  const cl_device_id *devices, const char *options, cl_uint num_programs,
				  const cl_program *programs, cl_int *errcode);
cl_int vc_serve_clSetProgramReleaseCallback(struct vc_request *q, cl_program program, cl_ulong notify);
cl_int vc_serve_vcGetProgramBinary(struct vc_request *q, cl_program program, cl_uint index, size_t size,
				   uint8_t *binary);
cl_int vc_serve_clSetKernelArg(struct vc_request *q, cl_kernel kernel, cl_uint index, size_t size, cl_uint kind,
			       const void *value);
cl_int vc_serve_clWaitForEvents(struct vc_request *q, cl_uint num_events, const cl_event *events);
cl_int vc_serve_clSetEventCallback(struct vc_request *q, cl_event event, cl_int type, cl_ulong notify);
cl_int vc_serve_vcAddArena(struct vc_request *q, cl_ulong address, cl_ulong size);
cl_int vc_serve_vcDropArena(struct vc_request *q, cl_ulong address);

/* Bytes that a transfer of @region of @image touches at the host's pointer; UINT64_MAX if it can't be told. */
uint64_t vc_serve_image_bytes(cl_mem image, const size_t *region, size_t row_pitch, size_t slice_pitch);

/* Likewise of a rectangle, of whose origin and pitches at the host's side all must be 0. */
uint64_t vc_serve_rect_bytes(const size_t *origin, const size_t *region, size_t row_pitch, size_t slice_pitch);

#endif
