/* SPDX-License-Identifier: Apache-2.0 */
/* Entry points written by hand, by file. All others are vc_call_NAME(), made from opencl.api. */
#ifndef VC_CL_ENTRY_H
#define VC_CL_ENTRY_H

#include "cl.h"
#include "info.h"
#include "object.h"

/* Room for an answer that the client makes up; see local.c. */
union vc_info_value {
	void *handle;
	cl_uint number;
	cl_ulong bits;
	size_t size;
};

/* The answer to @param of @object if the client knows it, of *n bytes; else NULL. May point into @room. */
const void *vc_info_local(enum vc_info_table table, struct vc_object *object, cl_uint param, union vc_info_value *room,
			  size_t *n);

/* The context lets the client use its objects' memory directly. */
bool vc_context_in_place(struct vc_object *object);

/* A marker whose event, if one is wanted, says that it is a command of @type. */
cl_int vc_queue_mark(cl_command_queue queue, cl_command_type type, cl_uint count, const cl_event *list,
		     cl_event *event);

/* Waits until all that was enqueued on @queue is done; forgets late errors. */
cl_int vc_queue_drain(struct vc_object *queue);

/* A command that the caller enqueued, when @before had been, is done, and with it all that an in-order queue had before. */
void vc_queue_passed(struct vc_object *queue, uint64_t before);

/* The client itself is about to copy what an in-order queue's commands would: true if nothing is under way there, and then nothing
 * is enqueued until vc_queue_copy_end(). Other queues order nothing. */
bool vc_queue_copy_begin(struct vc_object *queue);
void vc_queue_copy_end(struct vc_object *queue);

/* Waits for @events, and remembers that they are done. */
cl_int vc_events_wait(cl_uint count, const cl_event *events);

/* @event, a marker's, stands for commands of the host, of which @first and @last are: hosts know no useful times of markers. */
void vc_event_stands_for(cl_event event, cl_event first, cl_event last);
void vc_event_finish(struct vc_object *event);

#define VC_HAND(name) .name = vc_entry_##name

/* entry-object.c */
clGetPlatformIDs_t vc_entry_clGetPlatformIDs;
clRetainDevice_t vc_entry_clRetainDevice;
clReleaseDevice_t vc_entry_clReleaseDevice;
clRetainContext_t vc_entry_clRetainContext;
clReleaseContext_t vc_entry_clReleaseContext;
clRetainCommandQueue_t vc_entry_clRetainCommandQueue;
clReleaseCommandQueue_t vc_entry_clReleaseCommandQueue;
clRetainMemObject_t vc_entry_clRetainMemObject;
clReleaseMemObject_t vc_entry_clReleaseMemObject;
clRetainSampler_t vc_entry_clRetainSampler;
clReleaseSampler_t vc_entry_clReleaseSampler;
clRetainProgram_t vc_entry_clRetainProgram;
clReleaseProgram_t vc_entry_clReleaseProgram;
clRetainKernel_t vc_entry_clRetainKernel;
clReleaseKernel_t vc_entry_clReleaseKernel;
clRetainEvent_t vc_entry_clRetainEvent;
clReleaseEvent_t vc_entry_clReleaseEvent;
clUnloadCompiler_t vc_entry_clUnloadCompiler;
clGetExtensionFunctionAddress_t vc_entry_clGetExtensionFunctionAddress;
clGetExtensionFunctionAddressForPlatform_t vc_entry_clGetExtensionFunctionAddressForPlatform;
/* entry-context.c */
clCreateContext_t vc_entry_clCreateContext;
clCreateContextFromType_t vc_entry_clCreateContextFromType;
clSetContextDestructorCallback_t vc_entry_clSetContextDestructorCallback;
clCreateCommandQueue_t vc_entry_clCreateCommandQueue;
clCreateCommandQueueWithProperties_t vc_entry_clCreateCommandQueueWithProperties;
clFinish_t vc_entry_clFinish;
clWaitForEvents_t vc_entry_clWaitForEvents;
clGetEventInfo_t vc_entry_clGetEventInfo;
clGetEventProfilingInfo_t vc_entry_clGetEventProfilingInfo;
clSetEventCallback_t vc_entry_clSetEventCallback;
clEnqueueMarker_t vc_entry_clEnqueueMarker;
clEnqueueWaitForEvents_t vc_entry_clEnqueueWaitForEvents;
clEnqueueBarrier_t vc_entry_clEnqueueBarrier;
clEnqueueNativeKernel_t vc_entry_clEnqueueNativeKernel;
/* entry-program.c */
clCreateProgramWithSource_t vc_entry_clCreateProgramWithSource;
clBuildProgram_t vc_entry_clBuildProgram;
clCompileProgram_t vc_entry_clCompileProgram;
clLinkProgram_t vc_entry_clLinkProgram;
clSetProgramReleaseCallback_t vc_entry_clSetProgramReleaseCallback;
clGetProgramInfo_t vc_entry_clGetProgramInfo;
clSetKernelArg_t vc_entry_clSetKernelArg;
/* entry-memory.c */
clCreateBuffer_t vc_entry_clCreateBuffer;
clCreateBufferWithProperties_t vc_entry_clCreateBufferWithProperties;
clCreateSubBuffer_t vc_entry_clCreateSubBuffer;
clCreateImage_t vc_entry_clCreateImage;
clCreateImage2D_t vc_entry_clCreateImage2D;
clCreateImage3D_t vc_entry_clCreateImage3D;
clCreateImageWithProperties_t vc_entry_clCreateImageWithProperties;
clSetMemObjectDestructorCallback_t vc_entry_clSetMemObjectDestructorCallback;
/* entry-transfer.c */
clEnqueueReadBuffer_t vc_entry_clEnqueueReadBuffer;
clEnqueueWriteBuffer_t vc_entry_clEnqueueWriteBuffer;
clEnqueueReadBufferRect_t vc_entry_clEnqueueReadBufferRect;
clEnqueueWriteBufferRect_t vc_entry_clEnqueueWriteBufferRect;
clEnqueueReadImage_t vc_entry_clEnqueueReadImage;
clEnqueueWriteImage_t vc_entry_clEnqueueWriteImage;
clEnqueueMapBuffer_t vc_entry_clEnqueueMapBuffer;
clEnqueueMapImage_t vc_entry_clEnqueueMapImage;
clEnqueueUnmapMemObject_t vc_entry_clEnqueueUnmapMemObject;
/* entry-svm.c */
clSVMAlloc_t vc_entry_clSVMAlloc;
clSVMFree_t vc_entry_clSVMFree;
clEnqueueSVMFree_t vc_entry_clEnqueueSVMFree;
clEnqueueSVMMemcpy_t vc_entry_clEnqueueSVMMemcpy;
clEnqueueSVMMemFill_t vc_entry_clEnqueueSVMMemFill;
clEnqueueSVMMap_t vc_entry_clEnqueueSVMMap;
clEnqueueSVMUnmap_t vc_entry_clEnqueueSVMUnmap;
clEnqueueSVMMigrateMem_t vc_entry_clEnqueueSVMMigrateMem;
clSetKernelArgSVMPointer_t vc_entry_clSetKernelArgSVMPointer;
clSetKernelExecInfo_t vc_entry_clSetKernelExecInfo;

#define VC_ENTRIES_BY_HAND                                                                                             \
	VC_HAND(clGetPlatformIDs), VC_HAND(clRetainDevice), VC_HAND(clReleaseDevice), VC_HAND(clRetainContext),        \
		VC_HAND(clReleaseContext), VC_HAND(clRetainCommandQueue), VC_HAND(clReleaseCommandQueue),              \
		VC_HAND(clRetainMemObject), VC_HAND(clReleaseMemObject), VC_HAND(clRetainSampler),                     \
		VC_HAND(clReleaseSampler), VC_HAND(clRetainProgram), VC_HAND(clReleaseProgram),                        \
		VC_HAND(clRetainKernel), VC_HAND(clReleaseKernel), VC_HAND(clRetainEvent), VC_HAND(clReleaseEvent),    \
		VC_HAND(clUnloadCompiler), VC_HAND(clGetExtensionFunctionAddress),                                     \
		VC_HAND(clGetExtensionFunctionAddressForPlatform), VC_HAND(clCreateContext),                           \
		VC_HAND(clCreateContextFromType), VC_HAND(clSetContextDestructorCallback),                             \
		VC_HAND(clCreateCommandQueue), VC_HAND(clCreateCommandQueueWithProperties), VC_HAND(clFinish),         \
		VC_HAND(clWaitForEvents), VC_HAND(clGetEventInfo), VC_HAND(clGetEventProfilingInfo),                   \
		VC_HAND(clSetEventCallback), VC_HAND(clEnqueueMarker), VC_HAND(clEnqueueWaitForEvents),                \
		VC_HAND(clEnqueueBarrier), VC_HAND(clEnqueueNativeKernel), VC_HAND(clCreateProgramWithSource),         \
		VC_HAND(clBuildProgram), VC_HAND(clCompileProgram), VC_HAND(clLinkProgram),                            \
		VC_HAND(clSetProgramReleaseCallback), VC_HAND(clGetProgramInfo), VC_HAND(clSetKernelArg),              \
		VC_HAND(clCreateBuffer), VC_HAND(clCreateBufferWithProperties), VC_HAND(clCreateSubBuffer),            \
		VC_HAND(clCreateImage), VC_HAND(clCreateImage2D), VC_HAND(clCreateImage3D),                            \
		VC_HAND(clCreateImageWithProperties), VC_HAND(clSetMemObjectDestructorCallback),                       \
		VC_HAND(clEnqueueReadBuffer), VC_HAND(clEnqueueWriteBuffer), VC_HAND(clEnqueueReadBufferRect),         \
		VC_HAND(clEnqueueWriteBufferRect), VC_HAND(clEnqueueReadImage), VC_HAND(clEnqueueWriteImage),          \
		VC_HAND(clEnqueueMapBuffer), VC_HAND(clEnqueueMapImage), VC_HAND(clEnqueueUnmapMemObject),             \
		VC_HAND(clSVMAlloc), VC_HAND(clSVMFree), VC_HAND(clEnqueueSVMFree), VC_HAND(clEnqueueSVMMemcpy),       \
		VC_HAND(clEnqueueSVMMemFill), VC_HAND(clEnqueueSVMMap), VC_HAND(clEnqueueSVMUnmap),                    \
		VC_HAND(clEnqueueSVMMigrateMem), VC_HAND(clSetKernelArgSVMPointer), VC_HAND(clSetKernelExecInfo),      \
		.clCreateSubDevicesEXT = NULL, .clGetKernelSubGroupInfoKHR = vc_call_clGetKernelSubGroupInfo

#endif
