/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the OpenCL benchmark's parts share. One run of the program measures the OpenCL that its loader finds, and prints JSON
 * with every raw sample; ./cockpit bench opencl runs it in turns on the host's OpenCL, the remoted one and a peer, and compares.
 *
 * Nothing is judged here. A measure that the implementation refuses is noted with the code it gave.
 */
#ifndef VC_BENCH_OPENCL_BENCH_H
#define VC_BENCH_OPENCL_BENCH_H

#define CL_TARGET_OPENCL_VERSION 300
#include <CL/cl.h>
#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { VC_BENCH_PROGRAMS = 6 };

struct vc_bench {
	cl_platform_id platform;
	cl_device_id device;
	cl_context context;
	cl_command_queue queue, loose; /* in order, out of order */
	json_object *measures;
	bool quick;
	size_t most; /* no transfer is larger: bytes */
	struct {
		unsigned n, repeat;
	} sizes[VC_BENCH_PROGRAMS]; /* of the heavy programs; repeat 0: not given */
};

/* Ends the program with a message unless @code is CL_SUCCESS. */
#define VC_MUST(call) vc_must(#call, (call))
void vc_must(const char *what, cl_int code);

cl_program vc_bench_build(struct vc_bench *bench, const char *source);
cl_kernel vc_bench_kernel(cl_program program, const char *name);
cl_mem vc_bench_buffer(struct vc_bench *bench, cl_mem_flags flags, size_t size);

/* Collects the samples of one measure: at least 3, at most @most, none more after @limit_ns of measuring. */
struct vc_samples {
	json_object *values;
	unsigned count, most;
	int64_t limit_ns, spent_ns;
};
void vc_samples_start(struct vc_samples *samples, unsigned most, int64_t limit_ns);
bool vc_samples_wanted(const struct vc_samples *samples);
/* Adds a sample that took @ns, divided by @by. */
void vc_samples_add(struct vc_samples *samples, int64_t ns, double by);
/* Writes the measure down; @size is the bytes or the count that it is about, 0 if it is about none. */
void vc_samples_finish(struct vc_samples *samples, struct vc_bench *bench, const char *name, const char *unit,
		       size_t size);

/* The parts, one file each. */
void vc_bench_latency(struct vc_bench *bench);
void vc_bench_transfers(struct vc_bench *bench);
void vc_bench_maps(struct vc_bench *bench);
void vc_bench_programs(struct vc_bench *bench);
void vc_bench_heavy(struct vc_bench *bench);

/* Prints sizes of the heavy programs with which this device's kernels take about @ms each: what --sizes wants. */
void vc_bench_calibrate(struct vc_bench *bench, unsigned ms);

/* @clients processes at once, each with an OpenCL of its own, for @ms: must be called before this process uses OpenCL. */
void vc_bench_clients(struct vc_bench *bench, unsigned clients, unsigned ms);

#endif
