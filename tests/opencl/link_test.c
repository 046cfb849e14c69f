// SPDX-License-Identifier: Apache-2.0
// Programs compiled with headers and linked, from binaries, and from IL with specialization constants.
#include "answers.h"
#include "bell.h"

static cl_program from(const char *source) {
	cl_program program = clCreateProgramWithSource(rig.context, 1, &source, NULL, &error);
	MUST(error);
	return program;
}

static cl_program_binary_type binary_type(cl_program program) {
	cl_program_binary_type type = 99;
	MUST(clGetProgramBuildInfo(program, rig.device, CL_PROGRAM_BINARY_TYPE, sizeof(type), &type, NULL));
	return type;
}

static void run(cl_program program, const char *name) {
	cl_kernel kernel = MAKE(clCreateKernel(program, name, &error));
	if (!kernel)
		return;
	cl_uint value = 0;
	size_t one = 1;
	cl_mem out = clCreateBuffer(rig.context, CL_MEM_COPY_HOST_PTR, sizeof(value), &value, &error);
	MUST(clSetKernelArg(kernel, 0, sizeof(out), &out));
	CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
	vc_read(out, &value, sizeof(value));
	vc_answer("the kernel said", "%u", value);
	MUST(clReleaseMemObject(out));
	MUST(clReleaseKernel(kernel));
}

static void CL_CALLBACK linked(cl_program program, void *bell) {
	(void)program;
	vc_bell_ring(bell);
}

static void compile_and_link(void) {
	cl_program header = from("uint seven(void);\n"), deeper = from("#define FACTOR 6\n");
	cl_program library = from("uint seven(void) { return 7; }\n");
	cl_program user = from("#include \"seven.h\"\n#include \"deep/factor.h\"\n"
			       "kernel void product(global uint *x) { x[0] = seven() * FACTOR; }\n");
	const char *names[] = {"seven.h", "deep/factor.h"};
	cl_program headers[] = {header, deeper};
	CALL(clCompileProgram(user, 1, &rig.device, "", 2, headers, names, NULL, NULL));
	CALL(clCompileProgram(library, 1, &rig.device, "", 0, NULL, NULL, NULL, NULL));
	vc_answer("binary types", "%u %u", binary_type(user), binary_type(library));
	cl_program parts[] = {user, library};
	cl_program program = MAKE(clLinkProgram(rig.context, 1, &rig.device, "", 2, parts, NULL, NULL, &error));
	if (program) {
		vc_answer("binary type", "%u", binary_type(program));
		run(program, "product");
		CALL(clReleaseProgram(program));
	}
	program = MAKE(clLinkProgram(rig.context, 1, &rig.device, "-create-library", 1, &library, NULL, NULL, &error));
	if (program) {
		vc_answer("binary type", "%u", binary_type(program));
		cl_program both[] = {user, program};
		cl_program whole = MAKE(clLinkProgram(rig.context, 0, NULL, NULL, 2, both, NULL, NULL, &error));
		if (whole) {
			run(whole, "product");
			CALL(clReleaseProgram(whole));
		}
		CALL(clReleaseProgram(program));
	}
	struct vc_bell bell;
	vc_bell_init(&bell);
	program = MAKE(clLinkProgram(rig.context, 1, &rig.device, "", 2, parts, linked, &bell, &error));
	CHECK(vc_bell_wait(&bell, 1));
	if (program)
		CALL(clReleaseProgram(program));
	vc_bell_finish(&bell);

	/* Lacking a part, lacking a header, lacking compilation. */
	program = clLinkProgram(rig.context, 1, &rig.device, "", 1, &user, NULL, NULL, &error);
	vc_answer("link without the library", "%s", vc_code_name(error));
	if (program)
		clReleaseProgram(program);
	CALL(clCompileProgram(user, 1, &rig.device, "", 1, headers, names, NULL, NULL));
	CALL(clCompileProgram(user, 1, &rig.device, "-no-such-option", 2, headers, names, NULL, NULL));
	CALL(clCompileProgram(user, 1, NULL, "", 2, headers, names, NULL, NULL));
	MAKE(clLinkProgram(rig.context, 1, &rig.device, "", 0, NULL, NULL, NULL, &error));
	MAKE(clLinkProgram(rig.context, 1, &rig.device, "", 1, NULL, NULL, NULL, &error));
	MAKE(clLinkProgram(rig.context, 1, &rig.device, "", 1, &header, NULL, NULL, &error));
	CALL(clReleaseProgram(header));
	CALL(clReleaseProgram(deeper));
	CALL(clReleaseProgram(library));
	CALL(clReleaseProgram(user));
}

static void binaries(void) {
	cl_program program = vc_build("kernel void put(global uint *x) { x[0] = 1234; }", "");
	size_t size = 0, returned = 0;
	CALL(clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof(size), &size, &returned));
	CHECK(returned == sizeof(size) && size > 0);
	unsigned char *binary = malloc(size);
	CALL(clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof(binary), &binary, &returned));
	CHECK(returned == sizeof(binary));
	CALL(clReleaseProgram(program));

	cl_int status = 99;
	const unsigned char *binaries = binary;
	program = MAKE(clCreateProgramWithBinary(rig.context, 1, &rig.device, &size, &binaries, &status, &error));
	vc_answer("status", "%s", vc_code_name(status));
	if (program) {
		CALL(clBuildProgram(program, 1, &rig.device, "", NULL, NULL));
		vc_answer("binary type", "%u", binary_type(program));
		run(program, "put");
		CALL(clReleaseProgram(program));
	}
	unsigned char junk[64] = "this is not a program";
	size_t junk_size = sizeof(junk);
	binaries = junk;
	MAKE(clCreateProgramWithBinary(rig.context, 1, &rig.device, &junk_size, &binaries, &status, &error));
	vc_answer("status", "%s", vc_code_name(status));
	junk_size = 0;
	MAKE(clCreateProgramWithBinary(rig.context, 1, &rig.device, &junk_size, &binaries, &status, &error));
	MAKE(clCreateProgramWithBinary(rig.context, 1, &rig.device, NULL, &binaries, &status, &error));
	MAKE(clCreateProgramWithBinary(rig.context, 0, NULL, &size, &binaries, &status, &error));
	free(binary);
}

/* SPIR-V 1.0 of: kernel void put(global uint *p) { *p = C; } with specialization constant 7, C = 42. Opcodes and operands as in
 * the SPIR-V specification, section 3. */
static const uint32_t il[] = {
	0x07230203,    0x00010000, 0,  10,         0, 2 << 16 | 17, 4, /* OpCapability Addresses */
	2 << 16 | 17,  6,                                              /* OpCapability Kernel */
	3 << 16 | 14,  2,          2,                                  /* OpMemoryModel Physical64 OpenCL */
	4 << 16 | 15,  6,          7,  0x00747570,                     /* OpEntryPoint Kernel %7 "put" */
	4 << 16 | 71,  5,          1,  7,                              /* OpDecorate %5 SpecId 7 */
	2 << 16 | 19,  1,                                              /* %1 = OpTypeVoid */
	4 << 16 | 21,  2,          32, 0,                              /* %2 = OpTypeInt 32 0 */
	4 << 16 | 32,  3,          5,  2,                              /* %3 = OpTypePointer CrossWorkgroup %2 */
	4 << 16 | 33,  4,          1,  3,                              /* %4 = OpTypeFunction %1 %3 */
	4 << 16 | 50,  2,          5,  42,                             /* %5 = OpSpecConstant %2 42 */
	5 << 16 | 54,  1,          7,  0,          4,                  /* %7 = OpFunction %1 None %4 */
	3 << 16 | 55,  3,          8,                                  /* %8 = OpFunctionParameter %3 */
	2 << 16 | 248, 9,                                              /* %9 = OpLabel */
	5 << 16 | 62,  8,          5,  2,          4,                  /* OpStore %8 %5 Aligned 4 */
	1 << 16 | 253,                                                 /* OpReturn */
	1 << 16 | 56,                                                  /* OpFunctionEnd */
};

static void intermediate_language(void) {
	char *version = vc_device_text(CL_DEVICE_IL_VERSION);
	bool offered = strstr(version, "SPIR-V") != NULL;
	free(version);
	if (!offered)
		vc_answer_not_offered("IL");
	cl_program program = MAKE(clCreateProgramWithIL(rig.context, il, sizeof(il), &error));
	if (program) {
		size_t size = 0;
		uint32_t back[64] = {0};
		CALL(clGetProgramInfo(program, CL_PROGRAM_IL, sizeof(back), back, &size));
		vc_answer_bytes("IL", back, size);
		cl_uint value = 4321;
		if (CALL(clBuildProgram(program, 1, &rig.device, "", NULL, NULL)) == CL_SUCCESS)
			run(program, "put");
		CALL(clReleaseProgram(program));
		program = MAKE(clCreateProgramWithIL(rig.context, il, sizeof(il), &error));
		CALL(clSetProgramSpecializationConstant(program, 7, sizeof(value), &value));
		CALL(clSetProgramSpecializationConstant(program, 8, sizeof(value), &value));
		CALL(clSetProgramSpecializationConstant(program, 7, 2, &value));
		if (CALL(clBuildProgram(program, 1, &rig.device, "", NULL, NULL)) == CL_SUCCESS)
			run(program, "put");
		CALL(clReleaseProgram(program));
	}
	MAKE(clCreateProgramWithIL(rig.context, NULL, 0, &error));
	MAKE(clCreateProgramWithIL(rig.context, "this is no IL at all", 20, &error));
}

int main(void) {
	vc_rig_init();
	compile_and_link();
	binaries();
	intermediate_language();
	return vc_rig_finish();
}
