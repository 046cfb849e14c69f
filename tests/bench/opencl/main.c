/* SPDX-License-Identifier: Apache-2.0 */
/* opencl-bench: measures the OpenCL that the loader finds. See bench.h. */
#include "bench.h"
#include "clock.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] = "Usage: opencl-bench [--quick] [--largest MIB] [--sizes LIST] [PART]...\n"
			   "       opencl-bench --calibrate MS\n"
			   "\n"
			   "Measures the first OpenCL platform's first device and prints JSON with raw samples.\n"
			   "\n"
			   "  PART           clients latency transfers maps programs heavy (all; heavy with --sizes)\n"
			   "  --quick        fewer samples, sizes up to 16 MiB\n"
			   "  --largest MIB  largest transfer (1024)\n"
			   "  --sizes LIST   of the heavy programs: what --calibrate printed\n"
			   "  --calibrate MS finds sizes with which this device works about MS ms for each program\n"
			   "  --help, --version\n";

void vc_must(const char *what, cl_int code) {
	if (code == CL_SUCCESS)
		return;
	fprintf(stderr, "opencl-bench: %s gave %d\n", what, code);
	exit(1);
}

cl_program vc_bench_build(struct vc_bench *bench, const char *source) {
	cl_int code;
	cl_program program = clCreateProgramWithSource(bench->context, 1, &source, NULL, &code);
	VC_MUST(code);
	VC_MUST(clBuildProgram(program, 1, &bench->device, "", NULL, NULL));
	return program;
}

cl_kernel vc_bench_kernel(cl_program program, const char *name) {
	cl_int code;
	cl_kernel kernel = clCreateKernel(program, name, &code);
	VC_MUST(code);
	return kernel;
}

cl_mem vc_bench_buffer(struct vc_bench *bench, cl_mem_flags flags, size_t size) {
	cl_int code;
	cl_mem buffer = clCreateBuffer(bench->context, flags, size, NULL, &code);
	VC_MUST(code);
	return buffer;
}

void vc_samples_start(struct vc_samples *samples, unsigned most, int64_t limit_ns) {
	*samples = (struct vc_samples){.values = json_object_new_array(), .most = most, .limit_ns = limit_ns};
}

bool vc_samples_wanted(const struct vc_samples *samples) {
	return samples->count < 3 || (samples->count < samples->most && samples->spent_ns < samples->limit_ns);
}

void vc_samples_add(struct vc_samples *samples, int64_t ns, double by) {
	samples->count++;
	samples->spent_ns += ns;
	json_object_array_add(samples->values, json_object_new_double((double)ns / by));
}

void vc_samples_finish(struct vc_samples *samples, struct vc_bench *bench, const char *name, const char *unit,
		       size_t size) {
	json_object *measure = json_object_new_object();
	json_object_object_add(measure, "name", json_object_new_string(name));
	json_object_object_add(measure, "unit", json_object_new_string(unit));
	json_object_object_add(measure, "size", json_object_new_int64((int64_t)size));
	json_object_object_add(measure, "samples", samples->values);
	json_object_array_add(bench->measures, measure);
}

/* From the first call to a queue that works. */
static void start(struct vc_bench *bench) {
	struct vc_samples samples;
	vc_samples_start(&samples, 1, 0);
	int64_t began = vc_clock_now();
	cl_queue_properties out[] = {CL_QUEUE_PROPERTIES, CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE, 0};
	cl_int code;
	VC_MUST(clGetPlatformIDs(1, &bench->platform, NULL));
	VC_MUST(clGetDeviceIDs(bench->platform, CL_DEVICE_TYPE_ALL, 1, &bench->device, NULL));
	bench->context = clCreateContext(NULL, 1, &bench->device, NULL, NULL, &code);
	VC_MUST(code);
	bench->queue = clCreateCommandQueueWithProperties(bench->context, bench->device, NULL, &code);
	VC_MUST(code);
	VC_MUST(clFinish(bench->queue));
	vc_samples_add(&samples, vc_clock_now() - began, 1);
	vc_samples_finish(&samples, bench, "start", "ns", 0);
	bench->loose = clCreateCommandQueueWithProperties(bench->context, bench->device, out, &code);
	VC_MUST(code);
}

static json_object *name_of(cl_platform_id platform) {
	char text[256] = "";
	clGetPlatformInfo(platform, CL_PLATFORM_VERSION, sizeof(text), text, NULL);
	return json_object_new_string(text);
}

static bool part_wanted(int argc, char **argv, const char *part) {
	for (int i = optind; i < argc; i++)
		if (strcmp(argv[i], part) == 0)
			return true;
	return optind == argc;
}

/* Six times "size:repeats", with commas between them. */
static bool parse_sizes(struct vc_bench *bench, const char *text) {
	const char *at = text;
	int i = 0, used;
	while (i < VC_BENCH_PROGRAMS &&
	       sscanf(at, "%u:%u%n", &bench->sizes[i].n, &bench->sizes[i].repeat, &used) == 2 &&
	       bench->sizes[i].n >= 512 && bench->sizes[i].n <= 1u << 28 && bench->sizes[i].repeat > 0 &&
	       bench->sizes[i].repeat <= 1000000) {
		at += used;
		i++;
		at += i < VC_BENCH_PROGRAMS && *at == ',';
	}
	if (i == VC_BENCH_PROGRAMS && *at == '\0')
		return true;
	fprintf(stderr, "opencl-bench: --sizes %s: %d times SIZE:REPEATS is needed, as --calibrate prints it\n", text,
		VC_BENCH_PROGRAMS);
	return false;
}

static bool parse(struct vc_bench *bench, unsigned *calibrate_ms, int argc, char **argv) {
	static const struct option options[] = {
		{"quick", no_argument, NULL, 'q'},
		{"largest", required_argument, NULL, 'l'},
		{"sizes", required_argument, NULL, 's'},
		{"calibrate", required_argument, NULL, 'c'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},
		{0},
	};
	static const char *const parts[] = {"clients", "latency", "transfers", "maps", "programs", "heavy"};
	char *end = NULL;
	int c;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (c) {
		case 'q':
			bench->quick = true;
			bench->most = (size_t)16 << 20;
			break;
		case 'l':
			bench->most = strtoul(optarg, &end, 10) << 20;
			if (*end || bench->most == 0 || bench->most > (size_t)4096 << 20) {
				fprintf(stderr, "opencl-bench: --largest %s: a number of MiB, 1 to 4096, is needed\n",
					optarg);
				return false;
			}
			break;
		case 's':
			if (!parse_sizes(bench, optarg))
				return false;
			break;
		case 'c':
			*calibrate_ms = (unsigned)strtoul(optarg, &end, 10);
			if (*end || *calibrate_ms == 0 || *calibrate_ms > 60000) {
				fprintf(stderr, "opencl-bench: --calibrate %s: ms, 1 to 60000, are needed\n", optarg);
				return false;
			}
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		case 'v':
			puts("opencl-bench " VC_VERSION);
			exit(0);
		default:
			return false;
		}
	for (int i = optind; i < argc; i++) {
		bool known = false;
		for (size_t k = 0; k < sizeof(parts) / sizeof(parts[0]); k++)
			known = known || strcmp(argv[i], parts[k]) == 0;
		if (!known) {
			fprintf(stderr, "opencl-bench: there is no part \"%s\"; see --help\n", argv[i]);
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv) {
	struct vc_bench bench = {.most = (size_t)1 << 30};
	unsigned calibrate_ms = 0;
	if (!parse(&bench, &calibrate_ms, argc, argv))
		return 2;
	bench.measures = json_object_new_array();
	if (calibrate_ms == 0 && part_wanted(argc, argv, "clients"))
		for (unsigned clients = 1; clients <= 16; clients *= 4)
			vc_bench_clients(&bench, clients, bench.quick ? 500 : 2000);
	start(&bench);
	if (calibrate_ms > 0) {
		vc_bench_calibrate(&bench, calibrate_ms);
		return 0;
	}
	if (part_wanted(argc, argv, "latency"))
		vc_bench_latency(&bench);
	if (part_wanted(argc, argv, "maps"))
		vc_bench_maps(&bench);
	if (part_wanted(argc, argv, "transfers"))
		vc_bench_transfers(&bench);
	if (part_wanted(argc, argv, "programs"))
		vc_bench_programs(&bench);
	if (bench.sizes[0].repeat > 0 && part_wanted(argc, argv, "heavy"))
		vc_bench_heavy(&bench);

	json_object *out = json_object_new_object();
	json_object_object_add(out, "platform", name_of(bench.platform));
	json_object_object_add(out, "measures", bench.measures);
	puts(json_object_to_json_string_ext(out, JSON_C_TO_STRING_PLAIN));
	json_object_put(out);
	VC_MUST(clReleaseCommandQueue(bench.queue));
	VC_MUST(clReleaseCommandQueue(bench.loose));
	VC_MUST(clReleaseContext(bench.context));
	return 0;
}
