/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An OpenCL host for fuzzing the worker: every function exists, takes whatever it is given and touches none of it. Handles are never
 * followed. The functions share two bodies, so this file must not see their declarations.
 */
#include <stdint.h>

long fake_code(void);
void *fake_handle(void);

/* Mostly success, now and then an error. */
long fake_code(void) {
	static unsigned calls;
	return calls++ % 7 == 6 ? -30 : 0;
}

void *fake_handle(void) {
	static uintptr_t handles;
	return ++handles % 11 == 10 ? 0 : (void *)(handles << 4);
}

#define CODE(name)                                                                                                     \
	long name(void);                                                                                               \
	long name(void) {                                                                                              \
		return fake_code();                                                                                    \
	}
#define HANDLE(name)                                                                                                   \
	void *name(void);                                                                                              \
	void *name(void) {                                                                                             \
		return fake_handle();                                                                                  \
	}

HANDLE(clCreateContext)
HANDLE(clCreateContextFromType)
HANDLE(clCreateCommandQueue)
HANDLE(clCreateCommandQueueWithProperties)
HANDLE(clCreateBuffer)
HANDLE(clCreateBufferWithProperties)
HANDLE(clCreateSubBuffer)
HANDLE(clCreateImageWithProperties)
HANDLE(clCreatePipe)
HANDLE(clCreateSampler)
HANDLE(clCreateSamplerWithProperties)
HANDLE(clCreateProgramWithSource)
HANDLE(clCreateProgramWithBinary)
HANDLE(clCreateProgramWithBuiltInKernels)
HANDLE(clCreateProgramWithIL)
HANDLE(clLinkProgram)
HANDLE(clCreateKernel)
HANDLE(clCloneKernel)
HANDLE(clCreateUserEvent)
HANDLE(clCreateImage)
CODE(clGetPlatformIDs)
CODE(clGetPlatformInfo)
CODE(clGetDeviceIDs)
CODE(clGetDeviceInfo)
CODE(clCreateSubDevices)
CODE(clSetDefaultDeviceCommandQueue)
CODE(clGetDeviceAndHostTimer)
CODE(clGetHostTimer)
CODE(clUnloadPlatformCompiler)
CODE(clGetContextInfo)
CODE(clSetContextDestructorCallback)
CODE(clGetCommandQueueInfo)
CODE(clSetCommandQueueProperty)
CODE(clFlush)
CODE(clFinish)
CODE(clGetSupportedImageFormats)
CODE(clGetMemObjectInfo)
CODE(clGetImageInfo)
CODE(clGetPipeInfo)
CODE(clSetMemObjectDestructorCallback)
CODE(clGetSamplerInfo)
CODE(clBuildProgram)
CODE(clCompileProgram)
CODE(clSetProgramReleaseCallback)
CODE(clSetProgramSpecializationConstant)
CODE(clGetProgramInfo)
CODE(clGetProgramBuildInfo)
CODE(clCreateKernelsInProgram)
CODE(clSetKernelArg)
CODE(clSetKernelArgSVMPointer)
CODE(clSetKernelExecInfo)
CODE(clGetKernelInfo)
CODE(clGetKernelArgInfo)
CODE(clGetKernelWorkGroupInfo)
CODE(clGetKernelSubGroupInfo)
CODE(clWaitForEvents)
CODE(clSetUserEventStatus)
CODE(clGetEventInfo)
CODE(clGetEventProfilingInfo)
CODE(clSetEventCallback)
CODE(clEnqueueReadBuffer)
CODE(clEnqueueWriteBuffer)
CODE(clEnqueueReadBufferRect)
CODE(clEnqueueWriteBufferRect)
CODE(clEnqueueFillBuffer)
CODE(clEnqueueCopyBuffer)
CODE(clEnqueueCopyBufferRect)
CODE(clEnqueueReadImage)
CODE(clEnqueueWriteImage)
CODE(clEnqueueFillImage)
CODE(clEnqueueCopyImage)
CODE(clEnqueueCopyImageToBuffer)
CODE(clEnqueueCopyBufferToImage)
CODE(clEnqueueMigrateMemObjects)
CODE(clEnqueueNDRangeKernel)
CODE(clEnqueueTask)
CODE(clEnqueueMarkerWithWaitList)
CODE(clEnqueueBarrierWithWaitList)
CODE(clReleaseCommandQueue)
CODE(clReleaseContext)
CODE(clReleaseDevice)
CODE(clReleaseEvent)
CODE(clRetainEvent)
CODE(clReleaseKernel)
CODE(clReleaseMemObject)
CODE(clReleaseProgram)
CODE(clReleaseSampler)
