/* SPDX-License-Identifier: Apache-2.0 */
/* What single commands cost: synchronous ones, enqueues on the client's side, chains. */
#include "bench.h"
#include "clock.h"

#define CHAIN 2000
#define BATCH 200 /* enqueues between two clFinish(), so that no queue fills */

static const char source[] = "kernel void one(global uint *x) { x[0]++; }";
static const size_t one = 1;

static void finish_idle(struct vc_bench *bench, unsigned most, int64_t limit_ns) {
	struct vc_samples samples;
	vc_samples_start(&samples, most, limit_ns);
	while (vc_samples_wanted(&samples)) {
		int64_t began = vc_clock_now();
		VC_MUST(clFinish(bench->queue));
		vc_samples_add(&samples, vc_clock_now() - began, 1);
	}
	vc_samples_finish(&samples, bench, "finish, idle queue", "ns", 0);
}

/* Reads and writes apart: alternating, a peer over TCP would meet delayed acknowledgements. */
static void four_bytes(struct vc_bench *bench, cl_mem buffer, unsigned most, int64_t limit_ns) {
	struct vc_samples reads, writes;
	cl_uint value = 0;
	vc_samples_start(&reads, most, limit_ns);
	while (vc_samples_wanted(&reads)) {
		int64_t began = vc_clock_now();
		VC_MUST(clEnqueueReadBuffer(bench->queue, buffer, CL_TRUE, 0, 4, &value, 0, NULL, NULL));
		vc_samples_add(&reads, vc_clock_now() - began, 1);
	}
	vc_samples_finish(&reads, bench, "read 4 bytes, blocking", "ns", 0);
	vc_samples_start(&writes, most, limit_ns);
	while (vc_samples_wanted(&writes)) {
		int64_t began = vc_clock_now();
		VC_MUST(clEnqueueWriteBuffer(bench->queue, buffer, CL_TRUE, 0, 4, &value, 0, NULL, NULL));
		vc_samples_add(&writes, vc_clock_now() - began, 1);
	}
	vc_samples_finish(&writes, bench, "write 4 bytes, blocking", "ns", 0);
}

static void kernel_round_trip(struct vc_bench *bench, cl_kernel kernel, unsigned most, int64_t limit_ns) {
	struct vc_samples samples;
	vc_samples_start(&samples, most, limit_ns);
	while (vc_samples_wanted(&samples)) {
		int64_t began = vc_clock_now();
		VC_MUST(clEnqueueNDRangeKernel(bench->queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
		VC_MUST(clFinish(bench->queue));
		vc_samples_add(&samples, vc_clock_now() - began, 1);
	}
	vc_samples_finish(&samples, bench, "kernel, enqueue and finish", "ns", 0);
}

static void enqueue(struct vc_bench *bench, cl_kernel kernel, cl_mem buffer, unsigned most, int64_t limit_ns) {
	struct vc_samples samples, with_argument;
	vc_samples_start(&samples, most, limit_ns);
	vc_samples_start(&with_argument, most, limit_ns);
	while (vc_samples_wanted(&samples)) {
		int64_t began = vc_clock_now();
		for (int i = 0; i < BATCH; i++)
			VC_MUST(clEnqueueNDRangeKernel(bench->queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
		vc_samples_add(&samples, vc_clock_now() - began, BATCH);
		VC_MUST(clFinish(bench->queue));
		began = vc_clock_now();
		for (int i = 0; i < BATCH; i++) {
			VC_MUST(clSetKernelArg(kernel, 0, sizeof(buffer), &buffer));
			VC_MUST(clEnqueueNDRangeKernel(bench->queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
		}
		vc_samples_add(&with_argument, vc_clock_now() - began, BATCH);
		VC_MUST(clFinish(bench->queue));
	}
	vc_samples_finish(&samples, bench, "enqueue a kernel, client's cost", "ns", 0);
	vc_samples_finish(&with_argument, bench, "set an argument and enqueue, client's cost", "ns", 0);
}

/* A chain of small kernels, each sample being the whole chain's time divided by its length. */
static void chain(struct vc_bench *bench, cl_kernel kernel, unsigned most, int64_t limit_ns) {
	struct vc_samples in_order, out_of_order;
	vc_samples_start(&in_order, most, limit_ns);
	vc_samples_start(&out_of_order, most, limit_ns);
	while (vc_samples_wanted(&in_order)) {
		int64_t began = vc_clock_now();
		for (int i = 0; i < CHAIN; i++)
			VC_MUST(clEnqueueNDRangeKernel(bench->queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
		VC_MUST(clFinish(bench->queue));
		vc_samples_add(&in_order, vc_clock_now() - began, CHAIN);
		began = vc_clock_now();
		cl_event last = NULL;
		for (int i = 0; i < CHAIN; i++) {
			cl_event next = NULL;
			VC_MUST(clEnqueueNDRangeKernel(bench->loose, kernel, 1, NULL, &one, NULL, last ? 1 : 0,
						       last ? &last : NULL, &next));
			if (last)
				VC_MUST(clReleaseEvent(last));
			last = next;
		}
		VC_MUST(clFinish(bench->loose));
		vc_samples_add(&out_of_order, vc_clock_now() - began, CHAIN);
		VC_MUST(clReleaseEvent(last));
	}
	vc_samples_finish(&in_order, bench, "chain of 2000 kernels in order, each", "ns", 0);
	vc_samples_finish(&out_of_order, bench, "chain of 2000 kernels by events, each", "ns", 0);
}

void vc_bench_latency(struct vc_bench *bench) {
	unsigned most = bench->quick ? 300 : 3000;
	int64_t limit_ns = bench->quick ? VC_NS_PER_S / 4 : VC_NS_PER_S;
	cl_program program = vc_bench_build(bench, source);
	cl_kernel kernel = vc_bench_kernel(program, "one");
	cl_mem buffer = vc_bench_buffer(bench, 0, 4096);
	VC_MUST(clSetKernelArg(kernel, 0, sizeof(buffer), &buffer));
	for (int i = 0; i < 50; i++) /* compiled and warm */
		VC_MUST(clEnqueueNDRangeKernel(bench->queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
	VC_MUST(clFinish(bench->queue));
	finish_idle(bench, most, limit_ns);
	four_bytes(bench, buffer, most, limit_ns);
	kernel_round_trip(bench, kernel, most, limit_ns);
	enqueue(bench, kernel, buffer, most / 20, limit_ns);
	chain(bench, kernel, bench->quick ? 5 : 20, 2 * limit_ns);
	VC_MUST(clReleaseMemObject(buffer));
	VC_MUST(clReleaseKernel(kernel));
	VC_MUST(clReleaseProgram(program));
}
