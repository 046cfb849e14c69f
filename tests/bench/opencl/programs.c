/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Six small programs: matrices, bodies, Fourier, a sum, a stencil, hashes. A sample is everything from the first write to the last read;
 * building is not in it. Every result is checked against what the CPU says, in full or in part as said there.
 *
 * They come in two sizes. The small one is the same everywhere, and keeps a large GPU busy for less than the way to it takes. The
 * heavy one is found on the machine at hand (vc_bench_calibrate()), so that the device works for about a second and is what is
 * measured; its kernels alone, without transfers, are a measure of their own.
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

/* One program's run: how large, how often over, and what it took. */
struct run {
	struct vc_bench *bench;
	cl_program program;
	cl_uint n, repeat;
	bool heavy;
	struct vc_samples whole, kernels;
	int64_t began, kernels_began;
};

static bool next_sample(struct run *r) {
	if (!vc_samples_wanted(&r->whole))
		return false;
	r->began = vc_clock_now();
	return true;
}

/* Heavy runs tell the kernels' time from the transfers'; small ones do as programs do, and wait at the end only. */
static void begin_kernels(struct run *r) {
	if (r->heavy)
		VC_MUST(clFinish(r->bench->queue));
	r->kernels_began = vc_clock_now();
}

static void end_kernels(struct run *r) {
	if (!r->heavy)
		return;
	VC_MUST(clFinish(r->bench->queue));
	vc_samples_add(&r->kernels, vc_clock_now() - r->kernels_began, 1);
}

static void end_sample(struct run *r) {
	vc_samples_add(&r->whole, vc_clock_now() - r->began, 1);
}

/* Every so many of @count things are compared, so that it is not more than 64 or, if @least is larger, so many. */
static size_t stride(size_t count, size_t least) {
	return count / 64 > least ? count / 64 : least;
}

/* C = A B, n x n, in tiles. All of C's diagonal and a row are compared. */
static void gemm(struct run *r) {
	struct vc_bench *bench = r->bench;
	cl_uint n = r->n;
	size_t size = (size_t)n * n * sizeof(float);
	float *a = memory(size), *b = memory(size), *c = memory(size);
	for (size_t i = 0; i < (size_t)n * n; i++)
		a[i] = noise(i), b[i] = noise(i + 7777777);
	cl_mem da = vc_bench_buffer(bench, CL_MEM_READ_ONLY, size), db = vc_bench_buffer(bench, CL_MEM_READ_ONLY, size),
	       dc = vc_bench_buffer(bench, CL_MEM_WRITE_ONLY, size);
	cl_kernel kernel = vc_bench_kernel(r->program, "gemm");
	ARG(kernel, 0, da);
	ARG(kernel, 1, db);
	ARG(kernel, 2, dc);
	ARG(kernel, 3, n);
	while (next_sample(r)) {
		write_all(bench, da, a, size);
		write_all(bench, db, b, size);
		begin_kernels(r);
		for (cl_uint i = 0; i < r->repeat; i++)
			launch(bench, kernel, 2, n, n, 16);
		end_kernels(r);
		read_all(bench, dc, c, size);
		end_sample(r);
	}
	for (size_t k = 0; k < 2 * (size_t)n; k += stride(2 * (size_t)n, n <= 1024 ? 1 : 31)) {
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
static void nbody(struct run *r) {
	struct vc_bench *bench = r->bench;
	cl_uint n = r->n;
	size_t size = (size_t)n * 4 * sizeof(float);
	float *at = memory(size), *speed = memory(size), *first = memory(size), *last = memory(size);
	for (size_t i = 0; i < (size_t)n * 4; i++)
		at[i] = i % 4 == 3 ? 1.0f + noise(i) / 2 : noise(i);
	cl_mem here = vc_bench_buffer(bench, 0, size), there = vc_bench_buffer(bench, 0, size),
	       moving = vc_bench_buffer(bench, 0, size);
	cl_kernel kernel = vc_bench_kernel(r->program, "nbody");
	float dt = 0.001f;
	ARG(kernel, 2, moving);
	ARG(kernel, 3, n);
	ARG(kernel, 4, dt);
	while (next_sample(r)) {
		write_all(bench, here, at, size);
		write_all(bench, moving, speed, size);
		begin_kernels(r);
		for (cl_uint step = 0; step < 6 * r->repeat; step++) {
			ARG(kernel, 0, step % 2 ? there : here);
			ARG(kernel, 1, step % 2 ? here : there);
			launch(bench, kernel, 1, n, 1, 0);
			if (step == 0 && r->whole.count == 0)
				read_all(bench, moving, first, size);
		}
		end_kernels(r);
		read_all(bench, here, last, size);
		end_sample(r);
	}
	for (size_t i = 0; i < n; i += stride(n, 97)) {
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
static void fft(struct run *r) {
	struct vc_bench *bench = r->bench;
	cl_uint bits = 0, n = r->n;
	while (1u << bits < n)
		bits++;
	size_t size = (size_t)n * 2 * sizeof(float);
	static const cl_uint tones[3] = {5, 1000, 20000};
	float *signal = memory(size), *spectrum = memory(size), *back = memory(size);
	for (size_t i = 0; i < n; i++)
		for (int t = 0; t < 3; t++)
			signal[2 * i] +=
				(float)(t + 1) * (float)cos(2 * M_PI * (double)((uint64_t)i * tones[t] % n) / n);
	cl_mem one = vc_bench_buffer(bench, 0, size), two = vc_bench_buffer(bench, 0, size);
	cl_kernel kernel = vc_bench_kernel(r->program, "fft_pass");
	ARG(kernel, 3, n);
	while (next_sample(r)) {
		write_all(bench, one, signal, size);
		begin_kernels(r);
		for (cl_uint way = 0; way < 2 * r->repeat; way++) {
			float sign = way % 2 == 0 ? -1.0f : 1.0f;
			ARG(kernel, 4, sign);
			for (cl_uint pass = 0; pass < bits; pass++) {
				cl_uint span = 1u << pass, flip = way * bits + pass;
				ARG(kernel, 0, flip % 2 ? two : one);
				ARG(kernel, 1, flip % 2 ? one : two);
				ARG(kernel, 2, span);
				launch(bench, kernel, 1, n / 2, 1, 0);
			}
			if (way == 2 * r->repeat - 1)
				end_kernels(r);
			if (way >= 2 * r->repeat - 2)
				read_all(bench, (way + 1) * bits % 2 ? two : one, way % 2 ? back : spectrum, size);
		}
		end_sample(r);
	}
	for (size_t i = 0; i < n / 2; i++) {
		double peak = 0, found = hypot((double)spectrum[2 * i], (double)spectrum[2 * i + 1]) * 2 / n;
		for (int t = 0; t < 3; t++)
			peak = i == tones[t] ? t + 1 : peak;
		if (fabs(found - peak) > 0.01)
			wrong("fft");
	}
	for (size_t i = 0; i < n; i++)
		if (fabs((double)back[2 * i] - (double)signal[2 * i]) > 0.01)
			wrong("fft back");
	VC_MUST(clReleaseMemObject(one));
	VC_MUST(clReleaseMemObject(two));
	VC_MUST(clReleaseKernel(kernel));
	free(signal), free(spectrum), free(back);
}

/* The sum of many numbers, in two steps, several times over. The whole sum is compared. */
static void reduction(struct run *r) {
	struct vc_bench *bench = r->bench;
	cl_uint n = r->n, groups = 256;
	size_t size = (size_t)n * sizeof(cl_uint);
	cl_uint *values = memory(size), expected = 0, sum = 0;
	for (cl_uint i = 0; i < n; i++)
		values[i] = i * 2654435761u, expected += values[i];
	cl_mem in = vc_bench_buffer(bench, CL_MEM_READ_ONLY, size), part = vc_bench_buffer(bench, 0, groups * 4),
	       out = vc_bench_buffer(bench, 0, 4);
	cl_kernel kernel = vc_bench_kernel(r->program, "sum");
	while (next_sample(r)) {
		write_all(bench, in, values, size);
		begin_kernels(r);
		for (cl_uint i = 0; i < 20 * r->repeat; i++) {
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
		end_kernels(r);
		read_all(bench, out, &sum, sizeof(sum));
		end_sample(r);
		if (sum != expected)
			wrong("reduction");
	}
	VC_MUST(clReleaseMemObject(in));
	VC_MUST(clReleaseMemObject(part));
	VC_MUST(clReleaseMemObject(out));
	VC_MUST(clReleaseKernel(kernel));
	free(values);
}

enum { EDGE = 256, MARGIN = 32 };

/* The plate after @steps, by the CPU. Returns the one of both that holds it. */
static float *step_plate(float *now, float *next, size_t n, cl_uint steps) {
	for (cl_uint i = 0; i < steps; i++) {
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
	return now;
}

static void run_plate(struct vc_bench *bench, cl_kernel kernel, cl_mem one, cl_mem two, size_t n, cl_uint steps) {
	for (cl_uint i = 0; i < steps; i++) {
		ARG(kernel, 0, i % 2 ? two : one);
		ARG(kernel, 1, i % 2 ? one : two);
		launch(bench, kernel, 2, n, n, 0);
	}
}

/* A square in the plate's middle, from where the border can't be felt within MARGIN steps, must be the CPU's. */
static void check_plate(struct vc_bench *bench, cl_kernel kernel, cl_mem one, cl_mem two, size_t n, const float *start,
			float *end) {
	size_t edge = EDGE + 2 * MARGIN, corner = (n - edge) / 2 * (n + 1), size = edge * edge * sizeof(float);
	float *now = memory(size), *next = memory(size);
	for (size_t y = 0; y < edge; y++)
		memcpy(now + y * edge, start + corner + y * n, edge * sizeof(float));
	const float *wanted = step_plate(now, next, edge, MARGIN);
	write_all(bench, one, start, n * n * sizeof(float));
	run_plate(bench, kernel, one, two, n, MARGIN);
	read_all(bench, one, end, n * n * sizeof(float));
	for (size_t y = MARGIN; y < edge - MARGIN; y++)
		for (size_t x = MARGIN; x < edge - MARGIN; x++)
			if (fabs((double)wanted[y * edge + x] - (double)end[corner + y * n + x]) > 1e-4)
				wrong("stencil");
	free(now), free(next);
}

/* Heat in a plate, many steps, one kernel each. A small plate is compared in full after all of them, a large one in a square of its
 * middle after a few. */
static void stencil(struct run *r) {
	struct vc_bench *bench = r->bench;
	size_t n = r->n, count = n * n, size = count * sizeof(float);
	cl_uint steps = (bench->quick ? 40 : 400) * r->repeat;
	float *start = memory(size), *end = memory(size);
	for (size_t i = 0; i < count; i++)
		start[i] = noise(i);
	cl_mem one = vc_bench_buffer(bench, 0, size), two = vc_bench_buffer(bench, 0, size);
	cl_kernel kernel = vc_bench_kernel(r->program, "stencil");
	while (next_sample(r)) {
		write_all(bench, one, start, size);
		begin_kernels(r);
		run_plate(bench, kernel, one, two, n, steps);
		end_kernels(r);
		read_all(bench, one, end, size);
		end_sample(r);
	}
	if (r->heavy) {
		check_plate(bench, kernel, one, two, n, start, end);
	} else {
		float *now = memory(size), *next = memory(size);
		memcpy(now, start, size);
		const float *wanted = step_plate(now, next, n, steps);
		for (size_t i = 0; i < count; i++)
			if (fabs((double)wanted[i] - (double)end[i]) > 1e-4)
				wrong("stencil");
		free(now), free(next);
	}
	VC_MUST(clReleaseMemObject(one));
	VC_MUST(clReleaseMemObject(two));
	VC_MUST(clReleaseKernel(kernel));
	free(start), free(end);
}

/* Many short messages, each hashed many times over. Some of the digests are compared. */
static void hashes(struct run *r) {
	struct vc_bench *bench = r->bench;
	size_t count = r->n, message = 80;
	cl_uint rounds = 100 * r->repeat;
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
	cl_kernel kernel = vc_bench_kernel(r->program, "sha256");
	ARG(kernel, 0, in);
	ARG(kernel, 1, list);
	ARG(kernel, 2, out);
	ARG(kernel, 3, rounds);
	while (next_sample(r)) {
		write_all(bench, in, bytes, count * message);
		write_all(bench, list, ends, count * 8);
		begin_kernels(r);
		launch(bench, kernel, 1, count, 1, 0);
		end_kernels(r);
		read_all(bench, out, digests, count * 32);
		end_sample(r);
	}
	for (size_t i = 0; i < count; i += stride(count, 101)) {
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
	"  float scale = sign < 0 ? 1.0f : 0.5f;\n"
	"  uint to = ((i - k) << 1) + k; out[to] = (a + b) * scale; out[to + span] = (a - b) * scale; }\n";

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

static const struct {
	const char *name, *source;
	void (*run)(struct run *r);
	cl_uint quick, small, most; /* sizes */
} programs[VC_BENCH_PROGRAMS] = {
	{"gemm", gemm_source, gemm, 384, 768, 8192},
	{"nbody", nbody_source, nbody, 2048, 4096, 1 << 18},
	{"fft", fft_source, fft, 1 << 16, 1 << 19, 1 << 24},
	{"reduction", sum_source, reduction, 1 << 21, 1 << 24, 1 << 27},
	{"stencil", stencil_source, stencil, 512, 1024, 8192},
	{"sha256", vc_sha256_source, hashes, 2048, 16384, 1 << 20},
};

static void run_program(struct vc_bench *bench, size_t i, cl_uint n, cl_uint repeat, struct run *r) {
	*r = (struct run){.bench = bench, .n = n, .repeat = repeat};
	r->program = vc_bench_build(bench, programs[i].source);
	r->heavy = n > programs[i].small || repeat > 1;
	unsigned most = bench->quick || r->heavy ? 3 : 10;
	vc_samples_start(&r->whole, most, VC_NS_PER_S * (bench->quick ? 1 : 3));
	vc_samples_start(&r->kernels, most, INT64_MAX);
	programs[i].run(r);
	VC_MUST(clReleaseProgram(r->program));
}

void vc_bench_programs(struct vc_bench *bench) {
	for (size_t i = 0; i < VC_BENCH_PROGRAMS; i++) {
		struct run r;
		run_program(bench, i, bench->quick ? programs[i].quick : programs[i].small, 1, &r);
		char name[64];
		snprintf(name, sizeof(name), "program %s", programs[i].name);
		vc_samples_finish(&r.whole, bench, name, "ns", 0);
		json_object_put(r.kernels.values);
	}
}

void vc_bench_heavy(struct vc_bench *bench) {
	for (size_t i = 0; i < VC_BENCH_PROGRAMS; i++) {
		struct run r;
		run_program(bench, i, bench->sizes[i].n, bench->sizes[i].repeat, &r);
		char name[64];
		snprintf(name, sizeof(name), "heavy %s", programs[i].name);
		vc_samples_finish(&r.whole, bench, name, "ns", bench->sizes[i].n);
		snprintf(name, sizeof(name), "heavy %s, kernels alone", programs[i].name);
		vc_samples_finish(&r.kernels, bench, name, "ns", bench->sizes[i].n);
	}
}

/* Larger until it takes a quarter of @ms or can't be larger, then as often over as fills @ms. */
void vc_bench_calibrate(struct vc_bench *bench, unsigned ms) {
	const double wanted = ms * 1e6;
	bench->quick = false;
	for (size_t i = 0; i < VC_BENCH_PROGRAMS; i++) {
		struct run r;
		cl_uint n = programs[i].small;
		double took;
		for (;;) {
			/* Twice as often over, so that it counts as heavy and the kernels are told apart. */
			run_program(bench, i, n, 2, &r);
			took = json_object_get_double(json_object_array_get_idx(r.kernels.values, 2)) / 2;
			json_object_put(r.kernels.values);
			json_object_put(r.whole.values);
			if (took >= wanted / 4 || n * 2 > programs[i].most)
				break;
			n *= 2;
		}
		cl_uint repeat = (cl_uint)(wanted / took);
		printf("%s%u:%u", i ? "," : "", n, repeat < 2 ? 2 : repeat);
	}
	puts("");
}
