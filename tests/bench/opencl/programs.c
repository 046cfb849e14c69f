/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Six small programs in which the device works and the way to it hardly counts: matrices, bodies, Fourier, a sum, a stencil,
 * hashes. A sample is everything from the first write to the last read; building is not in it. Every result is checked
 * against what the CPU says, the first time in full or in part as said there.
 */
#include "bench.h"
#include "clock.h"
#include "sha256.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void wrong(const char *what) {
	fprintf(stderr, "opencl-bench: %s: the result is wrong\n", what);
	exit(1);
}

static void *memory(size_t size) {
	void *bytes = calloc(1, size);
	if (!bytes) {
		fprintf(stderr, "opencl-bench: no memory\n");
		exit(1);
	}
	return bytes;
}

static void write_all(struct vc_bench *bench, cl_mem buffer, const void *bytes, size_t size) {
	VC_MUST(clEnqueueWriteBuffer(bench->queue, buffer, CL_FALSE, 0, size, bytes, 0, NULL, NULL));
}

static void read_all(struct vc_bench *bench, cl_mem buffer, void *bytes, size_t size) {
	VC_MUST(clEnqueueReadBuffer(bench->queue, buffer, CL_TRUE, 0, size, bytes, 0, NULL, NULL));
}

static void launch(struct vc_bench *bench, cl_kernel kernel, cl_uint dimensions, size_t x, size_t y, size_t local) {
	size_t global[2] = {x, y}, group[2] = {local, local};
	VC_MUST(clEnqueueNDRangeKernel(bench->queue, kernel, dimensions, NULL, global, local ? group : NULL, 0, NULL,
				       NULL));
}

#define ARG(kernel, index, value)                                                                                      \
	do {                                                                                                           \
		__typeof__(value) argument_ = (value);                                                                 \
		VC_MUST(clSetKernelArg((kernel), (index), sizeof(argument_), &argument_));                             \
	} while (0)

/* The same numbers each time, without meaning. */
static float noise(size_t i) {
	uint32_t x = (uint32_t)i * 2654435761u;
	x ^= x >> 15;
	return (float)(x % 2000) / 1000.0f - 1.0f;
}

/* C = A B, n x n, in tiles. All of C's diagonal and a row are compared. */
static void gemm(struct vc_bench *bench, cl_program program, struct vc_samples *samples) {
	cl_uint n = bench->quick ? 384 : 768;
	size_t size = (size_t)n * n * sizeof(float);
	float *a = memory(size), *b = memory(size), *c = memory(size);
	for (size_t i = 0; i < (size_t)n * n; i++)
		a[i] = noise(i), b[i] = noise(i + 7777777);
	cl_mem da = vc_bench_buffer(bench, CL_MEM_READ_ONLY, size), db = vc_bench_buffer(bench, CL_MEM_READ_ONLY, size),
	       dc = vc_bench_buffer(bench, CL_MEM_WRITE_ONLY, size);
	cl_kernel kernel = vc_bench_kernel(program, "gemm");
	ARG(kernel, 0, da);
	ARG(kernel, 1, db);
	ARG(kernel, 2, dc);
	ARG(kernel, 3, n);
	while (vc_samples_wanted(samples)) {
		int64_t began = vc_clock_now();
		write_all(bench, da, a, size);
		write_all(bench, db, b, size);
		launch(bench, kernel, 2, n, n, 16);
		read_all(bench, dc, c, size);
		vc_samples_add(samples, vc_clock_now() - began, 1);
	}
	for (size_t k = 0; k < 2 * n; k++) {
		size_t row = k < n ? k : n / 3, column = k < n ? k : k - n;
		double sum = 0;
		for (size_t i = 0; i < n; i++)
			sum += (double)a[row * n + i] * b[i * n + column];
		if (fabs(sum - c[row * n + column]) > 1e-3 * (1 + fabs(sum)))
			wrong("gemm");
	}
	VC_MUST(clReleaseMemObject(da));
	VC_MUST(clReleaseMemObject(db));
	VC_MUST(clReleaseMemObject(dc));
	VC_MUST(clReleaseKernel(kernel));
	free(a), free(b), free(c);
}

/* Gravity among n bodies, some steps. The first step's acceleration of some bodies is compared by their velocities. */
static void nbody(struct vc_bench *bench, cl_program program, struct vc_samples *samples) {
	cl_uint n = bench->quick ? 2048 : 4096;
	size_t size = (size_t)n * 4 * sizeof(float);
	float *at = memory(size), *speed = memory(size), *first = memory(size), *last = memory(size);
	for (size_t i = 0; i < (size_t)n * 4; i++)
		at[i] = i % 4 == 3 ? 1.0f + noise(i) / 2 : noise(i);
	cl_mem here = vc_bench_buffer(bench, 0, size), there = vc_bench_buffer(bench, 0, size),
	       moving = vc_bench_buffer(bench, 0, size);
	cl_kernel kernel = vc_bench_kernel(program, "nbody");
	float dt = 0.001f;
	ARG(kernel, 2, moving);
	ARG(kernel, 3, n);
	ARG(kernel, 4, dt);
	while (vc_samples_wanted(samples)) {
		int64_t began = vc_clock_now();
		write_all(bench, here, at, size);
		write_all(bench, moving, speed, size);
		for (int step = 0; step < 6; step++) {
			ARG(kernel, 0, step % 2 ? there : here);
			ARG(kernel, 1, step % 2 ? here : there);
			launch(bench, kernel, 1, n, 1, 0);
			if (step == 0 && samples->count == 0)
				read_all(bench, moving, first, size);
		}
		read_all(bench, here, last, size);
		vc_samples_add(samples, vc_clock_now() - began, 1);
	}
	for (size_t i = 0; i < n; i += 97) {
		double a[3] = {0};
		for (size_t k = 0; k < n; k++) {
			double d[3], r2 = 0.01;
			for (int x = 0; x < 3; x++)
				d[x] = (double)at[4 * k + (size_t)x] - (double)at[4 * i + (size_t)x], r2 += d[x] * d[x];
			for (int x = 0; x < 3; x++)
				a[x] += d[x] * (double)at[4 * k + 3] / (r2 * sqrt(r2));
		}
		for (int x = 0; x < 3; x++)
			if (fabs(a[x] * (double)dt - (double)first[4 * i + (size_t)x]) >
			    1e-3 * (double)dt * (1 + fabs(a[x])))
				wrong("nbody");
	}
	VC_MUST(clReleaseMemObject(here));
	VC_MUST(clReleaseMemObject(there));
	VC_MUST(clReleaseMemObject(moving));
	VC_MUST(clReleaseKernel(kernel));
	free(at), free(speed), free(first), free(last);
}

/* A Fourier transform there and back, radix 2, one kernel a pass: three tones must show as peaks, and the signal come back. */
static void fft(struct vc_bench *bench, cl_program program, struct vc_samples *samples) {
	cl_uint bits = bench->quick ? 16 : 19, n = 1u << bits;
	size_t size = (size_t)n * 2 * sizeof(float);
	static const cl_uint tones[3] = {5, 1000, 20000};
	float *signal = memory(size), *spectrum = memory(size), *back = memory(size);
	for (size_t i = 0; i < n; i++)
		for (int t = 0; t < 3; t++)
			signal[2 * i] +=
				(float)(t + 1) * (float)cos(2 * M_PI * (double)((uint64_t)i * tones[t] % n) / n);
	cl_mem one = vc_bench_buffer(bench, 0, size), two = vc_bench_buffer(bench, 0, size);
	cl_kernel kernel = vc_bench_kernel(program, "fft_pass");
	ARG(kernel, 3, n);
	while (vc_samples_wanted(samples)) {
		int64_t began = vc_clock_now();
		write_all(bench, one, signal, size);
		for (int way = 0; way < 2; way++) {
			float sign = way == 0 ? -1.0f : 1.0f;
			ARG(kernel, 4, sign);
			for (cl_uint pass = 0; pass < bits; pass++) {
				cl_uint span = 1u << pass, flip = (cl_uint)way * bits + pass;
				ARG(kernel, 0, flip % 2 ? two : one);
				ARG(kernel, 1, flip % 2 ? one : two);
				ARG(kernel, 2, span);
				launch(bench, kernel, 1, n / 2, 1, 0);
			}
			read_all(bench, (cl_uint)(way + 1) * bits % 2 ? two : one, way == 0 ? spectrum : back, size);
		}
		vc_samples_add(samples, vc_clock_now() - began, 1);
	}
	for (size_t i = 0; i < n / 2; i++) {
		double peak = 0, found = hypot((double)spectrum[2 * i], (double)spectrum[2 * i + 1]) * 2 / n;
		for (int t = 0; t < 3; t++)
			peak = i == tones[t] ? t + 1 : peak;
		if (fabs(found - peak) > 0.01)
			wrong("fft");
	}
	for (size_t i = 0; i < n; i++)
		if (fabs((double)back[2 * i] / n - (double)signal[2 * i]) > 0.01)
			wrong("fft back");
	VC_MUST(clReleaseMemObject(one));
	VC_MUST(clReleaseMemObject(two));
	VC_MUST(clReleaseKernel(kernel));
	free(signal), free(spectrum), free(back);
}

/* The sum of many numbers, in two steps, several times over. The whole sum is compared. */
static void reduction(struct vc_bench *bench, cl_program program, struct vc_samples *samples) {
	cl_uint n = bench->quick ? 1u << 21 : 1u << 24, groups = 256;
	size_t size = (size_t)n * sizeof(cl_uint);
	cl_uint *values = memory(size), expected = 0, sum = 0;
	for (cl_uint i = 0; i < n; i++)
		values[i] = i * 2654435761u, expected += values[i];
	cl_mem in = vc_bench_buffer(bench, CL_MEM_READ_ONLY, size), part = vc_bench_buffer(bench, 0, groups * 4),
	       out = vc_bench_buffer(bench, 0, 4);
	cl_kernel kernel = vc_bench_kernel(program, "sum");
	while (vc_samples_wanted(samples)) {
		int64_t began = vc_clock_now();
		write_all(bench, in, values, size);
		for (int i = 0; i < 20; i++) {
			cl_uint one = 1;
			ARG(kernel, 0, in);
			ARG(kernel, 1, part);
			ARG(kernel, 2, n);
			launch(bench, kernel, 1, groups, 1, 0);
			ARG(kernel, 0, part);
			ARG(kernel, 1, out);
			ARG(kernel, 2, groups);
			launch(bench, kernel, 1, one, 1, 0);
		}
		read_all(bench, out, &sum, sizeof(sum));
		vc_samples_add(samples, vc_clock_now() - began, 1);
		if (sum != expected)
			wrong("reduction");
	}
	VC_MUST(clReleaseMemObject(in));
	VC_MUST(clReleaseMemObject(part));
	VC_MUST(clReleaseMemObject(out));
	VC_MUST(clReleaseKernel(kernel));
	free(values);
}

/* Heat in a plate, many small steps: one kernel each. The same steps on the CPU for a part far from the border must agree:
 * there the heat is noise averaged, so that the mean stays. The exact check is a short run in full. */
static void stencil(struct vc_bench *bench, cl_program program, struct vc_samples *samples) {
	cl_uint n = bench->quick ? 512 : 1024;
	int steps = bench->quick ? 40 : 400;
	size_t count = (size_t)n * n, size = count * sizeof(float);
	float *start = memory(size), *end = memory(size), *now = memory(size), *next = memory(size);
	for (size_t i = 0; i < count; i++)
		start[i] = noise(i);
	cl_mem one = vc_bench_buffer(bench, 0, size), two = vc_bench_buffer(bench, 0, size);
	cl_kernel kernel = vc_bench_kernel(program, "stencil");
	while (vc_samples_wanted(samples)) {
		int64_t began = vc_clock_now();
		write_all(bench, one, start, size);
		for (int i = 0; i < steps; i++) {
			ARG(kernel, 0, i % 2 ? two : one);
			ARG(kernel, 1, i % 2 ? one : two);
			launch(bench, kernel, 2, n, n, 0);
		}
		read_all(bench, one, end, size);
		vc_samples_add(samples, vc_clock_now() - began, 1);
	}
	memcpy(now, start, size);
	for (int i = 0; i < steps; i++) {
		for (size_t y = 0; y < n; y++)
			for (size_t x = 0; x < n; x++) {
				size_t at = y * n + x;
				bool border = x == 0 || y == 0 || x == n - 1 || y == n - 1;
				next[at] = border ? now[at]
						  : 0.5f * now[at] + 0.125f * (now[at - 1] + now[at + 1] + now[at - n] +
									       now[at + n]);
			}
		float *swap = now;
		now = next, next = swap;
	}
	for (size_t i = 0; i < count; i++)
		if (fabs((double)now[i] - (double)end[i]) > 1e-4)
			wrong("stencil");
	VC_MUST(clReleaseMemObject(one));
	VC_MUST(clReleaseMemObject(two));
	VC_MUST(clReleaseKernel(kernel));
	free(start), free(end), free(now), free(next);
}

/* Many short messages, each hashed many times over. Some of the digests are compared. */
static void hashes(struct vc_bench *bench, cl_program program, struct vc_samples *samples) {
	size_t count = bench->quick ? 2048 : 16384, message = 80;
	cl_uint rounds = 100;
	uint8_t *bytes = memory(count * message);
	cl_ulong *ends = memory(count * sizeof(*ends));
	uint32_t *digests = memory(count * 32);
	for (size_t i = 0; i < count * message; i++)
		bytes[i] = (uint8_t)(i * 31 + i / 256);
	for (size_t i = 0; i < count; i++)
		ends[i] = (i + 1) * message - i % 7;
	cl_mem in = vc_bench_buffer(bench, CL_MEM_READ_ONLY, count * message),
	       list = vc_bench_buffer(bench, CL_MEM_READ_ONLY, count * 8),
	       out = vc_bench_buffer(bench, CL_MEM_WRITE_ONLY, count * 32);
	cl_kernel kernel = vc_bench_kernel(program, "sha256");
	ARG(kernel, 0, in);
	ARG(kernel, 1, list);
	ARG(kernel, 2, out);
	ARG(kernel, 3, rounds);
	while (vc_samples_wanted(samples)) {
		int64_t began = vc_clock_now();
		write_all(bench, in, bytes, count * message);
		write_all(bench, list, ends, count * 8);
		launch(bench, kernel, 1, count, 1, 0);
		read_all(bench, out, digests, count * 32);
		vc_samples_add(samples, vc_clock_now() - began, 1);
	}
	for (size_t i = 0; i < count; i += 101) {
		uint8_t text[32];
		uint32_t digest[8];
		size_t from = i ? ends[i - 1] : 0;
		vc_sha256(bytes + from, ends[i] - from, digest);
		for (cl_uint round = 1; round < rounds; round++) {
			vc_sha256_bytes(digest, text);
			vc_sha256(text, sizeof(text), digest);
		}
		if (memcmp(digest, digests + 8 * i, 32) != 0)
			wrong("sha256");
	}
	VC_MUST(clReleaseMemObject(in));
	VC_MUST(clReleaseMemObject(list));
	VC_MUST(clReleaseMemObject(out));
	VC_MUST(clReleaseKernel(kernel));
	free(bytes), free(ends), free(digests);
}

static const char gemm_source[] =
	"kernel __attribute__((reqd_work_group_size(16, 16, 1)))\n"
	"void gemm(global const float *a, global const float *b, global float *c, uint n) {\n"
	"  local float ta[16][16], tb[16][16];\n"
	"  uint x = get_local_id(0), y = get_local_id(1), column = get_global_id(0), row = get_global_id(1);\n"
	"  float sum = 0;\n"
	"  for (uint t = 0; t < n; t += 16) {\n"
	"    ta[y][x] = a[row * n + t + x]; tb[y][x] = b[(t + y) * n + column];\n"
	"    barrier(CLK_LOCAL_MEM_FENCE);\n"
	"    for (uint k = 0; k < 16; k++) sum += ta[y][k] * tb[k][x];\n"
	"    barrier(CLK_LOCAL_MEM_FENCE);\n"
	"  }\n"
	"  c[row * n + column] = sum; }\n";

static const char nbody_source[] =
	"kernel void nbody(global const float4 *at, global float4 *then, global float4 *speed, uint n, float dt) {\n"
	"  size_t i = get_global_id(0); float4 me = at[i], v = speed[i]; float3 a = 0;\n"
	"  for (uint k = 0; k < n; k++) {\n"
	"    float3 d = at[k].xyz - me.xyz; float r2 = dot(d, d) + 0.01f; a += d * (at[k].w / (r2 * sqrt(r2)));\n"
	"  }\n"
	"  v.xyz += a * dt; speed[i] = v; me.xyz += v.xyz * dt; then[i] = me; }\n";

/* Stockham's order: no bit reversal, each pass from one buffer into the other. */
static const char fft_source[] =
	"kernel void fft_pass(global const float2 *in, global float2 *out, uint span, uint n, float sign) {\n"
	"  uint i = get_global_id(0), k = i & (span - 1);\n"
	"  float angle = sign * M_PI_F * k / span; float2 w = (float2)(cos(angle), sin(angle));\n"
	"  float2 a = in[i], b = in[i + n / 2]; b = (float2)(b.x * w.x - b.y * w.y, b.x * w.y + b.y * w.x);\n"
	"  uint to = ((i - k) << 1) + k; out[to] = a + b; out[to + span] = a - b; }\n";

static const char sum_source[] =
	"kernel void sum(global const uint *in, global uint *out, uint n) {\n"
	"  uint total = 0, step = get_global_size(0), share = n / step, from = get_global_id(0) * share;\n"
	"  for (uint i = 0; i < share; i++) total += in[from + i];\n"
	"  out[get_global_id(0)] = total; }\n";

static const char stencil_source[] =
	"kernel void stencil(global const float *in, global float *out) {\n"
	"  size_t x = get_global_id(0), y = get_global_id(1), n = get_global_size(0), at = y * n + x;\n"
	"  bool border = x == 0 || y == 0 || x == n - 1 || y == n - 1;\n"
	"  out[at] = border ? in[at] : 0.5f * in[at] + 0.125f * (in[at - 1] + in[at + 1] + in[at - n] + in[at + n]); "
	"}\n";

void vc_bench_programs(struct vc_bench *bench) {
	static const struct {
		const char *name, *source;
		void (*run)(struct vc_bench *bench, cl_program program, struct vc_samples *samples);
	} programs[] = {
		{"gemm", gemm_source, gemm},
		{"nbody", nbody_source, nbody},
		{"fft", fft_source, fft},
		{"reduction", sum_source, reduction},
		{"stencil", stencil_source, stencil},
		{"sha256", vc_sha256_source, hashes},
	};
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct vc_samples samples;
		cl_program program = vc_bench_build(bench, programs[i].source);
		vc_samples_start(&samples, bench->quick ? 3 : 10, VC_NS_PER_S * (bench->quick ? 1 : 3));
		programs[i].run(bench, program, &samples);
		char name[64];
		snprintf(name, sizeof(name), "program %s", programs[i].name);
		vc_samples_finish(&samples, bench, name, "ns", 0);
		VC_MUST(clReleaseProgram(program));
	}
}
