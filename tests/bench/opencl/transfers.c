/* SPDX-License-Identifier: Apache-2.0 */
/* Reads, writes and maps against size, and memcpy() for comparison. */
#include "bench.h"
#include "clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SMALLEST ((size_t)4096)

/* Pages that are there, so that nobody's first touch is measured. */
static void *touched(size_t size) {
	void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (bytes == MAP_FAILED) {
		fprintf(stderr, "opencl-bench: no memory for a transfer of %zu bytes\n", size);
		exit(1);
	}
	memset(bytes, 1, size);
	return bytes;
}

static void one_size(struct vc_bench *bench, size_t size) {
	unsigned most = bench->quick ? 10 : 30;
	int64_t limit_ns = bench->quick ? VC_NS_PER_S / 10 : VC_NS_PER_S;
	struct vc_samples reads, writes, copies;
	unsigned char *from = touched(size), *to = touched(size);
	cl_mem buffer = vc_bench_buffer(bench, 0, size);
	/* The device's pages too. */
	VC_MUST(clEnqueueWriteBuffer(bench->queue, buffer, CL_TRUE, 0, size, from, 0, NULL, NULL));
	vc_samples_start(&writes, most, limit_ns);
	while (vc_samples_wanted(&writes)) {
		from[0]++, from[size - 1]++;
		int64_t began = vc_clock_now();
		VC_MUST(clEnqueueWriteBuffer(bench->queue, buffer, CL_TRUE, 0, size, from, 0, NULL, NULL));
		vc_samples_add(&writes, vc_clock_now() - began, 1);
	}
	vc_samples_start(&reads, most, limit_ns);
	while (vc_samples_wanted(&reads)) {
		to[0] = to[size - 1] = 0;
		int64_t began = vc_clock_now();
		VC_MUST(clEnqueueReadBuffer(bench->queue, buffer, CL_TRUE, 0, size, to, 0, NULL, NULL));
		vc_samples_add(&reads, vc_clock_now() - began, 1);
		if (to[0] != from[0] || to[size - 1] != from[size - 1]) {
			fprintf(stderr, "opencl-bench: %zu bytes came back other than they went\n", size);
			exit(1);
		}
	}
	vc_samples_start(&copies, most, limit_ns);
	while (vc_samples_wanted(&copies)) {
		int64_t began = vc_clock_now();
		memcpy(to, from, size);
		__asm__ volatile("" ::: "memory");
		vc_samples_add(&copies, vc_clock_now() - began, 1);
	}
	vc_samples_finish(&writes, bench, "write", "ns", size);
	vc_samples_finish(&reads, bench, "read", "ns", size);
	vc_samples_finish(&copies, bench, "memcpy", "ns", size);
	VC_MUST(clReleaseMemObject(buffer));
	munmap(from, size);
	munmap(to, size);
}

static void map_size(struct vc_bench *bench, size_t size, cl_mem_flags flags, const char *name) {
	struct vc_samples samples;
	cl_mem buffer = vc_bench_buffer(bench, flags, size);
	cl_uint pattern = 7;
	VC_MUST(clEnqueueFillBuffer(bench->queue, buffer, &pattern, 4, 0, size, 0, NULL, NULL));
	VC_MUST(clFinish(bench->queue));
	vc_samples_start(&samples, bench->quick ? 20 : 200, bench->quick ? VC_NS_PER_S / 10 : VC_NS_PER_S / 2);
	while (vc_samples_wanted(&samples)) {
		cl_int code;
		int64_t began = vc_clock_now();
		void *map = clEnqueueMapBuffer(bench->queue, buffer, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, size, 0,
					       NULL, NULL, &code);
		VC_MUST(code);
		VC_MUST(clEnqueueUnmapMemObject(bench->queue, buffer, map, 0, NULL, NULL));
		VC_MUST(clFinish(bench->queue));
		vc_samples_add(&samples, vc_clock_now() - began, 1);
	}
	vc_samples_finish(&samples, bench, name, "ns", size);
	VC_MUST(clReleaseMemObject(buffer));
}

void vc_bench_maps(struct vc_bench *bench) {
	for (size_t size = SMALLEST; size <= bench->most && size <= (size_t)256 << 20; size *= 16) {
		map_size(bench, size, 0, "map and unmap");
		map_size(bench, size, CL_MEM_ALLOC_HOST_PTR, "map and unmap, ALLOC_HOST_PTR");
	}
}

void vc_bench_transfers(struct vc_bench *bench) {
	for (size_t size = SMALLEST; size <= bench->most; size *= 4)
		one_size(bench, size);
}
