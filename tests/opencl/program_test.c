// SPDX-License-Identifier: Apache-2.0
// Programs from source and from built-in kernels: builds, options, logs, callbacks, properties; bad arguments.
#include "answers.h"
#include "bell.h"

static const char good[] =
	"kernel void a(global int *x) { x[0] = N; }\nkernel void b(global int *x, int y) { x[0] = y; }\n";
static const char wrong[] = "kernel void a(global int *x) { x[0] = nowhere; }\n";

static cl_program from(const char *source) {
	return clCreateProgramWithSource(rig.context, 1, &source, NULL, &error);
}

static cl_build_status status(cl_program program) {
	cl_build_status is = 99;
	MUST(clGetProgramBuildInfo(program, rig.device, CL_PROGRAM_BUILD_STATUS, sizeof(is), &is, NULL));
	return is;
}

static void describe(cl_program program) {
	cl_uint devices = 0;
	cl_device_id device = NULL;
	cl_context context = NULL;
	size_t size = 0, kernels = 0;
	char text[4096] = "";
	CALL(clGetProgramInfo(program, CL_PROGRAM_NUM_DEVICES, sizeof(devices), &devices, NULL));
	CALL(clGetProgramInfo(program, CL_PROGRAM_DEVICES, sizeof(device), &device, NULL));
	CALL(clGetProgramInfo(program, CL_PROGRAM_CONTEXT, sizeof(context), &context, NULL));
	CHECK(device == rig.device && context == rig.context);
	CALL(clGetProgramInfo(program, CL_PROGRAM_SOURCE, sizeof(text), text, &size));
	vc_answer("source", "%zu bytes: %s", size, text);
	CALL(clGetProgramInfo(program, CL_PROGRAM_IL, 0, NULL, &size));
	vc_answer("IL", "%zu bytes", size);
	if (CALL(clGetProgramInfo(program, CL_PROGRAM_NUM_KERNELS, sizeof(kernels), &kernels, NULL)) == CL_SUCCESS) {
		CALL(clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, sizeof(text), text, &size));
		vc_answer("kernels", "%zu: %s", kernels, text);
	}
	cl_bool ctors = 9;
	CALL(clGetProgramInfo(program, CL_PROGRAM_SCOPE_GLOBAL_CTORS_PRESENT, sizeof(ctors), &ctors, NULL));
	cl_program_binary_type type = 99;
	CALL(clGetProgramBuildInfo(program, rig.device, CL_PROGRAM_BINARY_TYPE, sizeof(type), &type, NULL));
	CALL(clGetProgramBuildInfo(program, rig.device, CL_PROGRAM_BUILD_OPTIONS, sizeof(text), text, &size));
	size_t globals = 99;
	CALL(clGetProgramBuildInfo(program, rig.device, CL_PROGRAM_BUILD_GLOBAL_VARIABLE_TOTAL_SIZE, sizeof(globals),
				   &globals, NULL));
	vc_answer("build", "status %d, binary type %u, options \"%s\", globals %zu bytes", status(program), type, text,
		  globals);
	vc_answer("references", "%u", REFERENCES(clGetProgramInfo, program, CL_PROGRAM_REFERENCE_COUNT));
}

static void builds(void) {
	cl_program program = MAKE(from(good));
	describe(program);
	CALL(clBuildProgram(program, 1, &rig.device, "-DN=42 -cl-mad-enable", NULL, NULL));
	describe(program);
	/* Again, with other options, is allowed while there is no kernel. */
	CALL(clBuildProgram(program, 0, NULL, "-DN=43", NULL, NULL));
	describe(program);
	cl_kernel kernels[4] = {NULL};
	cl_uint count = 0;
	CALL(clCreateKernelsInProgram(program, 0, NULL, &count));
	vc_answer("kernels", "%u", count);
	CALL(clCreateKernelsInProgram(program, 1, kernels, NULL));
	CALL(clCreateKernelsInProgram(program, 4, kernels, &count));
	CALL(clBuildProgram(program, 0, NULL, "-DN=44", NULL, NULL));
	for (cl_uint i = 0; i < count && kernels[i]; i++)
		CALL(clReleaseKernel(kernels[i]));
	CALL(clRetainProgram(program));
	vc_answer("references", "%u", REFERENCES(clGetProgramInfo, program, CL_PROGRAM_REFERENCE_COUNT));
	CALL(clReleaseProgram(program));
	CALL(clReleaseProgram(program));

	/* In pieces, with and without lengths; what lies beyond a length is cut off. */
	const char *pieces[] = {"kernel void a(", "global int *x) {cut", " x[0] = 1; }"};
	size_t lengths[] = {0, 16, 12};
	program = MAKE(clCreateProgramWithSource(rig.context, 3, pieces, lengths, &error));
	CALL(clBuildProgram(program, 0, NULL, NULL, NULL, NULL));
	describe(program);
	CALL(clReleaseProgram(program));
}

static void failures(void) {
	char log[8192] = "";
	size_t size = 0;
	cl_program program = MAKE(from(wrong));
	CALL(clBuildProgram(program, 1, &rig.device, "", NULL, NULL));
	vc_answer("status", "%d", status(program));
	CALL(clGetProgramBuildInfo(program, rig.device, CL_PROGRAM_BUILD_LOG, sizeof(log), log, &size));
	CHECK(size == strlen(log) + 1);
	CHECK(strstr(log, "nowhere"));
	CALL(clGetProgramBuildInfo(program, rig.device, CL_PROGRAM_BUILD_LOG, 3, log, &size));
	MAKE(clCreateKernel(program, "a", &error));
	CALL(clReleaseProgram(program));
	program = MAKE(from(good));
	CALL(clBuildProgram(program, 1, &rig.device, "-no-such-option", NULL, NULL));
	vc_answer("status", "%d", status(program));
	CALL(clReleaseProgram(program));
}

static void CL_CALLBACK built(cl_program program, void *bell) {
	(void)program;
	vc_bell_ring(bell);
}

static void callbacks(void) {
	struct vc_bell bell;
	vc_bell_init(&bell);
	cl_program program = MAKE(from(good));
	CALL(clBuildProgram(program, 1, &rig.device, "-DN=1", built, &bell));
	CHECK(vc_bell_wait(&bell, 1));
	vc_answer("status", "%d", status(program));
	CALL(clReleaseProgram(program));
	program = MAKE(from(wrong));
	clBuildProgram(program, 1, &rig.device, "", built, &bell);
	CHECK(vc_bell_wait(&bell, 2));
	vc_answer("status", "%d", status(program));
	CALL(clReleaseProgram(program));
	vc_bell_finish(&bell);
}

static void built_ins(void) {
	char *names = vc_device_text(CL_DEVICE_BUILT_IN_KERNELS);
	if (names[0]) {
		cl_program program =
			MAKE(clCreateProgramWithBuiltInKernels(rig.context, 1, &rig.device, names, &error));
		if (program) {
			char text[4096] = "";
			CALL(clGetProgramInfo(program, CL_PROGRAM_KERNEL_NAMES, sizeof(text), text, NULL));
			vc_answer("kernels", "%s", text);
			cl_kernel kernel = MAKE(clCreateKernel(program, strtok(text, ";"), &error));
			cl_uint args = 0;
			if (kernel) {
				CALL(clGetKernelInfo(kernel, CL_KERNEL_NUM_ARGS, sizeof(args), &args, NULL));
				vc_answer("args", "%u", args);
				CALL(clReleaseKernel(kernel));
			}
			CALL(clReleaseProgram(program));
		}
	} else {
		vc_answer_not_offered("built-in kernels");
	}
	free(names);
	MAKE(clCreateProgramWithBuiltInKernels(rig.context, 1, &rig.device, "vc.no.such.kernel", &error));
	MAKE(clCreateProgramWithBuiltInKernels(rig.context, 1, &rig.device, NULL, &error));
	MAKE(clCreateProgramWithBuiltInKernels(rig.context, 0, NULL, "x", &error));
}

static void bad_arguments(void) {
	const char *source = good, *none = NULL;
	char text[16];
	MAKE(clCreateProgramWithSource(rig.context, 0, &source, NULL, &error));
	MAKE(clCreateProgramWithSource(rig.context, 1, &none, NULL, &error));
	cl_program program = MAKE(from(good));
	CALL(clBuildProgram(program, 1, NULL, "", NULL, NULL));
	CALL(clBuildProgram(program, 0, &rig.device, "", NULL, NULL));
	CALL(clBuildProgram(program, 0, NULL, "", NULL, text));
	MAKE(clCreateKernel(program, "a", &error));
	CALL(clGetProgramInfo(program, 0xdead, sizeof(text), text, NULL));
	CALL(clGetProgramInfo(program, CL_PROGRAM_CONTEXT, 1, text, NULL));
	CALL(clGetProgramInfo(program, CL_PROGRAM_NUM_KERNELS, sizeof(text), text, NULL));
	CALL(clGetProgramBuildInfo(program, rig.device, 0xdead, sizeof(text), text, NULL));
	CALL(clGetProgramBuildInfo(program, NULL, CL_PROGRAM_BUILD_STATUS, sizeof(text), text, NULL));
	CALL(clReleaseProgram(program));
	CALL(clBuildProgram(NULL, 0, NULL, "", NULL, NULL));
	CALL(clRetainProgram(NULL));
	CALL(clReleaseProgram(NULL));
	CALL(clGetProgramInfo(NULL, CL_PROGRAM_CONTEXT, 0, NULL, NULL));
	CALL(clUnloadCompiler());
}

int main(void) {
	vc_rig_init();
	builds();
	failures();
	callbacks();
	built_ins();
	bad_arguments();
	return vc_rig_finish();
}
