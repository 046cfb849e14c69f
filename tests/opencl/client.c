// SPDX-License-Identifier: Apache-2.0
// opencl-client MODE: a client for the tests of faults. It says on stdout where it is, one word a line, so that a script knows
// when to strike, and what each call gave afterwards.
#include "answers.h"

#include <time.h>
#include <unistd.h>

static const char source[] = "kernel void add(global uint *x) { x[get_global_id(0)] += get_global_id(0); }\n"
			     "kernel void endless(global volatile uint *x) { x[1] = 1; while (x[0] == 0) ; }\n";

#define COUNT ((size_t)1024)

struct session {
	cl_context context;
	cl_command_queue queue;
	cl_program program;
	cl_mem buffer;
};

/* Everything anew: platform, context, queue, program. Returns the first code that is not CL_SUCCESS. */
static cl_int open_session(struct session *session) {
	cl_platform_id platform;
	cl_device_id device;
	const char *text = source;
	cl_int code = clGetPlatformIDs(1, &platform, NULL);
	if (code == CL_SUCCESS)
		code = clGetDeviceIDs(platform, CL_DEVICE_TYPE_ALL, 1, &device, NULL);
	if (code != CL_SUCCESS)
		return code;
	session->context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
	if (code != CL_SUCCESS)
		return code;
	session->queue = clCreateCommandQueueWithProperties(session->context, device, NULL, &code);
	if (code != CL_SUCCESS)
		return code;
	session->program = clCreateProgramWithSource(session->context, 1, &text, NULL, &code);
	if (code == CL_SUCCESS)
		code = clBuildProgram(session->program, 1, &device, "", NULL, NULL);
	if (code != CL_SUCCESS)
		return code;
	session->buffer = clCreateBuffer(session->context, 0, COUNT * 4, NULL, &code);
	return code;
}

/* Runs the adding kernel for @ms and checks the sums. Returns how often, or -1 when a call failed or a sum is wrong. */
static long work(struct session *session, long ms) {
	cl_uint values[COUNT] = {0};
	cl_int code;
	size_t count = COUNT;
	struct timespec start, now;
	long rounds = 0;
	cl_kernel kernel = clCreateKernel(session->program, "add", &code);
	if (code != CL_SUCCESS || clSetKernelArg(kernel, 0, sizeof(session->buffer), &session->buffer) != CL_SUCCESS)
		return -1;
	if (clEnqueueWriteBuffer(session->queue, session->buffer, CL_TRUE, 0, sizeof(values), values, 0, NULL, NULL) !=
	    CL_SUCCESS)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		rounds++;
		if (clEnqueueNDRangeKernel(session->queue, kernel, 1, NULL, &count, NULL, 0, NULL, NULL) !=
			    CL_SUCCESS ||
		    clEnqueueReadBuffer(session->queue, session->buffer, CL_TRUE, 0, sizeof(values), values, 0, NULL,
					NULL) != CL_SUCCESS)
			return -1;
		for (cl_uint i = 0; i < COUNT; i++)
			if (values[i] != (cl_uint)rounds * i)
				return -1;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < ms);
	clReleaseKernel(kernel);
	return rounds;
}

/* After a fault: the old objects fail but can be released, and everything can be had anew. */
static int recover(struct session *old) {
	clReleaseMemObject(old->buffer);
	clReleaseProgram(old->program);
	clReleaseCommandQueue(old->queue);
	clReleaseContext(old->context);
	struct session again = {0};
	cl_int code = open_session(&again);
	if (code != CL_SUCCESS) {
		printf("no new context: %s\n", vc_code_name(code));
		return 1;
	}
	long rounds = work(&again, 1);
	printf("%s\n", rounds > 0 ? "recovered" : "not recovered");
	return rounds <= 0;
}

/* A kernel that nobody ends: the wait for it returns only when its worker is gone. */
static int endless(struct session *session) {
	cl_int code;
	size_t one = 1;
	cl_uint zero[2] = {0};
	cl_kernel kernel = clCreateKernel(session->program, "endless", &code);
	MUST(code);
	MUST(clEnqueueWriteBuffer(session->queue, session->buffer, CL_TRUE, 0, sizeof(zero), zero, 0, NULL, NULL));
	MUST(clSetKernelArg(kernel, 0, sizeof(session->buffer), &session->buffer));
	MUST(clEnqueueNDRangeKernel(session->queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
	MUST(clFlush(session->queue));
	puts("running");
	code = clFinish(session->queue);
	CHECK(code != CL_SUCCESS);
	printf("finish: %s\n", code == CL_SUCCESS ? "CL_SUCCESS" : "an error");
	code = clFlush(session->queue);
	CHECK(code != CL_SUCCESS);
	clReleaseKernel(kernel);
	return recover(session);
}

/* The same wait, in a callback: it returns as well, though the thread that hears of the worker's death is the callback's. */
static struct session *called;
static _Atomic int called_code = CL_SUCCESS + 1;

static void CL_CALLBACK wait_in_callback(cl_event event, cl_int status, void *unused) {
	(void)event, (void)status, (void)unused;
	cl_int code;
	size_t one = 1;
	cl_kernel kernel = clCreateKernel(called->program, "endless", &code);
	MUST(code);
	MUST(clSetKernelArg(kernel, 0, sizeof(called->buffer), &called->buffer));
	MUST(clEnqueueNDRangeKernel(called->queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
	MUST(clFlush(called->queue));
	puts("running");
	called_code = clFinish(called->queue);
	clReleaseKernel(kernel);
}

static int callback(struct session *session) {
	cl_uint zero[2] = {0};
	cl_event event = NULL;
	const struct timespec nap = {.tv_nsec = 10000000};
	MUST(clEnqueueWriteBuffer(session->queue, session->buffer, CL_TRUE, 0, sizeof(zero), zero, 0, NULL, NULL));
	MUST(clEnqueueMarkerWithWaitList(session->queue, 0, NULL, &event));
	called = session;
	MUST(clSetEventCallback(event, CL_COMPLETE, wait_in_callback, NULL));
	MUST(clFlush(session->queue));
	while (called_code == CL_SUCCESS + 1)
		nanosleep(&nap, NULL);
	CHECK(called_code != CL_SUCCESS);
	printf("finish: %s\n", called_code == CL_SUCCESS ? "CL_SUCCESS" : "an error");
	clReleaseEvent(event);
	return recover(session);
}

/* Makes the host's implementation crash: PoCL 6.0 divides by a local size of 0. */
static int crash(struct session *session) {
	cl_int code;
	size_t global = 16, local = 0;
	cl_kernel kernel = clCreateKernel(session->program, "add", &code);
	MUST(code);
	MUST(clSetKernelArg(kernel, 0, sizeof(session->buffer), &session->buffer));
	code = clEnqueueNDRangeKernel(session->queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL);
	if (code == CL_SUCCESS)
		code = clFinish(session->queue);
	CHECK(code != CL_SUCCESS);
	printf("crashed: %s\n", code == CL_SUCCESS ? "CL_SUCCESS" : "an error");
	clReleaseKernel(kernel);
	return recover(session);
}

static _Noreturn void map_and_wait(struct session *session) {
	cl_int code;
	cl_mem big = clCreateBuffer(session->context, CL_MEM_ALLOC_HOST_PTR, 64 << 20, NULL, &code);
	MUST(code);
	char *map = clEnqueueMapBuffer(session->queue, big, CL_TRUE, CL_MAP_WRITE, 0, 64 << 20, 0, NULL, NULL, &code);
	MUST(code);
	memset(map, 1, 32 << 20);
	puts("mapped");
	for (;;)
		pause();
}

/* Moves known amounts of data: what the counters must say is in the script. Then waits for the end of standard input. */
static int transfer(struct session *session) {
	enum { SIZE = 1 << 20 };
	cl_int code;
	char *bytes = malloc(SIZE);
	memset(bytes, 5, SIZE);
	cl_mem buffer = clCreateBuffer(session->context, CL_MEM_ALLOC_HOST_PTR, SIZE, NULL, &code);
	MUST(code);
	MUST(clEnqueueWriteBuffer(session->queue, buffer, CL_TRUE, 0, SIZE, bytes, 0, NULL, NULL));
	for (int i = 0; i < 3; i++) {
		char *map = clEnqueueMapBuffer(session->queue, buffer, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, SIZE, 0,
					       NULL, NULL, &code);
		MUST(code);
		map[i] = (char)i;
		MUST(clEnqueueUnmapMemObject(session->queue, buffer, map, 0, NULL, NULL));
	}
	MUST(clEnqueueReadBuffer(session->queue, buffer, CL_TRUE, 0, SIZE, bytes, 0, NULL, NULL));
	CHECK(bytes[0] == 0 && bytes[1] == 1 && bytes[2] == 2 && bytes[3] == 5);
	cl_uchar *svm = clSVMAlloc(session->context, 0, SIZE, 0);
	if (svm) {
		MUST(clEnqueueSVMMap(session->queue, CL_TRUE, CL_MAP_WRITE, svm, SIZE, 0, NULL, NULL));
		memset(svm, 9, SIZE);
		MUST(clEnqueueSVMUnmap(session->queue, svm, 0, NULL, NULL));
	}
	MUST(clFinish(session->queue));
	puts("transferred");
	while (getchar() != EOF)
		;
	return 0;
}

/* Until standard input ends. */
static int idle(struct session *session) {
	if (work(session, 1) <= 0)
		return 1;
	puts("idle");
	while (getchar() != EOF)
		;
	return 0;
}

int main(int argc, char **argv) {
	setvbuf(stdout, NULL, _IOLBF, 0);
	const char *mode = argc > 1 ? argv[1] : "";
	struct session session = {0};
	alarm(120);
	cl_int code = open_session(&session);
	if (code != CL_SUCCESS) {
		printf("no context: %s\n", vc_code_name(code));
		return 1;
	}
	if (strcmp(mode, "endless") == 0)
		return endless(&session);
	if (strcmp(mode, "callback") == 0)
		return callback(&session);
	if (strcmp(mode, "crash") == 0)
		return crash(&session);
	if (strcmp(mode, "map") == 0)
		map_and_wait(&session);
	if (strcmp(mode, "idle") == 0)
		return idle(&session);
	if (strcmp(mode, "transfer") == 0)
		return transfer(&session);
	if (strcmp(mode, "work") == 0 && argc == 3) {
		puts("working");
		long rounds = work(&session, atol(argv[2]));
		printf("rounds %ld\n", rounds);
		return rounds <= 0;
	}
	fprintf(stderr, "Usage: opencl-client endless|callback|crash|map|idle|transfer|work MS\n");
	return 2;
}
