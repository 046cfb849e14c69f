// SPDX-License-Identifier: Apache-2.0
// Kernels: arguments of every kind, their properties, work-group and sub-group queries, clones; bad arguments.
#include "answers.h"

static const char source[] =
	"struct pair { int a; float b; };\n"
	"kernel void every(global int *g, constant int *c, local int *l, char ch, short sh, int in, long lo, float fl, "
	"double db,\n"
	"                int4 v4, float16 v16, struct pair p, uchar3 u3) {\n"
	"  l[get_local_id(0)] = c[0]; barrier(CLK_LOCAL_MEM_FENCE);\n"
	"  if (get_global_id(0) == 0) {\n"
	"    g[0] = l[0]; g[1] = ch; g[2] = sh; g[3] = in; g[4] = (int)lo; g[5] = (int)(fl * 10); g[6] = (int)(db * "
	"100);\n"
	"    g[7] = v4.x + v4.y * 10 + v4.z * 100 + v4.w * 1000; g[8] = (int)(v16.s0 + v16.sf); g[9] = p.a; g[10] = "
	"(int)p.b; g[11] = u3.z;\n"
	"  } }\n"
	"kernel __attribute__((reqd_work_group_size(8, 2, 1))) void fixed(global int *g) { g[get_global_id(0)] = 1; }\n"
	"kernel __attribute__((vec_type_hint(float4))) __attribute__((work_group_size_hint(4, 1, 1)))\n"
	"void hinted(const global float *restrict in, volatile global int *out, read_only image2d_t picture, sampler_t "
	"how) { out[0] = in[0]; }\n"
	"kernel void nothing(void) { }\n"
	"kernel void maybe(global int *g, global int *perhaps) { g[0] = perhaps == 0 ? 1 : 2; }\n";

static void describe(cl_kernel kernel) {
	char text[512] = "";
	cl_uint args = 0;
	cl_context context = NULL;
	cl_program program = NULL;
	size_t size = 0;
	CALL(clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof(text), text, &size));
	CALL(clGetKernelInfo(kernel, CL_KERNEL_NUM_ARGS, sizeof(args), &args, NULL));
	CALL(clGetKernelInfo(kernel, CL_KERNEL_CONTEXT, sizeof(context), &context, NULL));
	CALL(clGetKernelInfo(kernel, CL_KERNEL_PROGRAM, sizeof(program), &program, NULL));
	CHECK(context == rig.context && program);
	vc_answer("kernel", "%s, %u args, references %u", text, args,
		  REFERENCES(clGetKernelInfo, kernel, CL_KERNEL_REFERENCE_COUNT));
	CALL(clGetKernelInfo(kernel, CL_KERNEL_ATTRIBUTES, sizeof(text), text, &size));
	vc_answer("attributes", "%s", text);
	for (cl_uint i = 0; i < args; i++) {
		cl_kernel_arg_address_qualifier address = 0;
		cl_kernel_arg_access_qualifier access = 0;
		cl_kernel_arg_type_qualifier type = 0;
		char name[64] = "";
		CALL(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_ADDRESS_QUALIFIER, sizeof(address), &address, NULL));
		CALL(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_ACCESS_QUALIFIER, sizeof(access), &access, NULL));
		CALL(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_TYPE_QUALIFIER, sizeof(type), &type, NULL));
		CALL(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_TYPE_NAME, sizeof(text), text, NULL));
		CALL(clGetKernelArgInfo(kernel, i, CL_KERNEL_ARG_NAME, sizeof(name), name, NULL));
		vc_answer("arg", "%u: %s %s, address %#x, access %#x, qualifiers %#llx", i, text, name, address, access,
			  (unsigned long long)type);
	}
	CALL(clGetKernelArgInfo(kernel, args, CL_KERNEL_ARG_NAME, sizeof(text), text, NULL));
	CALL(clGetKernelInfo(kernel, 0xdead, sizeof(text), text, NULL));
	CALL(clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, 1, text, NULL));
}

static void work_groups(cl_kernel kernel) {
	size_t most = 0, size[3] = {9, 9, 9}, multiple = 0;
	cl_ulong local = 0, private = 0;
	CALL(clGetKernelWorkGroupInfo(kernel, rig.device, CL_KERNEL_WORK_GROUP_SIZE, sizeof(most), &most, NULL));
	CALL(clGetKernelWorkGroupInfo(kernel, rig.device, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof(size), size, NULL));
	CALL(clGetKernelWorkGroupInfo(kernel, rig.device, CL_KERNEL_LOCAL_MEM_SIZE, sizeof(local), &local, NULL));
	CALL(clGetKernelWorkGroupInfo(kernel, rig.device, CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE,
				      sizeof(multiple), &multiple, NULL));
	CALL(clGetKernelWorkGroupInfo(kernel, rig.device, CL_KERNEL_PRIVATE_MEM_SIZE, sizeof(private), &private, NULL));
	vc_answer("work groups", "at most %zu, compiled for %zu %zu %zu, multiples of %zu, local %llu, private %llu",
		  most, size[0], size[1], size[2], multiple, (unsigned long long)local, (unsigned long long)private);
	CALL(clGetKernelWorkGroupInfo(kernel, NULL, CL_KERNEL_WORK_GROUP_SIZE, sizeof(most), &most, NULL));
	CALL(clGetKernelWorkGroupInfo(kernel, rig.device, CL_KERNEL_GLOBAL_WORK_SIZE, sizeof(size), size, NULL));
	CALL(clGetKernelWorkGroupInfo(kernel, rig.device, 0xdead, sizeof(size), size, NULL));
	CALL(clGetKernelWorkGroupInfo(kernel, rig.device, CL_KERNEL_WORK_GROUP_SIZE, 1, size, NULL));

	size_t local_size[3] = {8, 2, 1}, sub = 0, count = 4, back[3] = {0};
	CALL(clGetKernelSubGroupInfo(kernel, rig.device, CL_KERNEL_MAX_SUB_GROUP_SIZE_FOR_NDRANGE, sizeof(local_size),
				     local_size, sizeof(sub), &sub, NULL));
	vc_answer("sub-group size", "%zu", sub);
	CALL(clGetKernelSubGroupInfo(kernel, rig.device, CL_KERNEL_SUB_GROUP_COUNT_FOR_NDRANGE, sizeof(local_size),
				     local_size, sizeof(sub), &sub, NULL));
	vc_answer("sub-group count", "%zu", sub);
	CALL(clGetKernelSubGroupInfo(kernel, rig.device, CL_KERNEL_LOCAL_SIZE_FOR_SUB_GROUP_COUNT, sizeof(count),
				     &count, sizeof(back), back, NULL));
	vc_answer("local size", "%zu %zu %zu", back[0], back[1], back[2]);
	CALL(clGetKernelSubGroupInfo(kernel, rig.device, CL_KERNEL_MAX_NUM_SUB_GROUPS, 0, NULL, sizeof(sub), &sub,
				     NULL));
	vc_answer("sub-groups", "%zu", sub);
	CALL(clGetKernelSubGroupInfo(kernel, rig.device, CL_KERNEL_COMPILE_NUM_SUB_GROUPS, 0, NULL, sizeof(sub), &sub,
				     NULL));
	CALL(clGetKernelSubGroupInfo(kernel, rig.device, 0xdead, 0, NULL, sizeof(sub), &sub, NULL));
	CALL(clGetKernelSubGroupInfo(kernel, rig.device, CL_KERNEL_MAX_NUM_SUB_GROUPS, 0, NULL, 1, &sub, NULL));
}

static void arguments(cl_program program) {
	struct pair {
		cl_int a;
		cl_float b;
	} pair = {77, 88.5f};
	cl_kernel kernel = MAKE(clCreateKernel(program, "every", &error));
	cl_int result[12] = {0}, five = 5;
	cl_mem out = vc_buffer(0, sizeof(result)),
	       constant = clCreateBuffer(rig.context, CL_MEM_COPY_HOST_PTR, 4, &five, &error);
	cl_char ch = -3;
	cl_short sh = -300;
	cl_int in = 70000;
	cl_long lo = -5;
	cl_float fl = 2.5f, v16[16] = {[0] = 3, [15] = 4};
	cl_double db = 3.25;
	cl_int v4[4] = {1, 2, 3, 4};
	cl_uchar u3[4] = {7, 8, 9, 0};
	CALL(clSetKernelArg(kernel, 0, sizeof(out), &out));
	CALL(clSetKernelArg(kernel, 1, sizeof(constant), &constant));
	CALL(clSetKernelArg(kernel, 2, 16 * 4, NULL));
	CALL(clSetKernelArg(kernel, 3, sizeof(ch), &ch));
	CALL(clSetKernelArg(kernel, 4, sizeof(sh), &sh));
	CALL(clSetKernelArg(kernel, 5, sizeof(in), &in));
	CALL(clSetKernelArg(kernel, 6, sizeof(lo), &lo));
	CALL(clSetKernelArg(kernel, 7, sizeof(fl), &fl));
	CALL(clSetKernelArg(kernel, 8, sizeof(db), &db));
	CALL(clSetKernelArg(kernel, 9, sizeof(v4), v4));
	CALL(clSetKernelArg(kernel, 10, sizeof(v16), v16));
	CALL(clSetKernelArg(kernel, 11, sizeof(pair), &pair));
	size_t global = 16, local = 16;
	CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL));
	CALL(clSetKernelArg(kernel, 12, sizeof(u3), u3));
	CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL));
	/* Arguments are taken when the kernel is enqueued: what is set afterwards counts for the next. */
	in = 1;
	CALL(clSetKernelArg(kernel, 5, sizeof(in), &in));
	vc_read(out, result, sizeof(result));
	for (int i = 0; i < 12; i++)
		vc_answer("result", "%d", result[i]);

	cl_kernel clone = MAKE(clCloneKernel(kernel, &error));
	if (clone) {
		in = 2;
		CALL(clSetKernelArg(kernel, 5, sizeof(in), &in));
		CALL(clEnqueueNDRangeKernel(rig.queue, clone, 1, NULL, &global, &local, 0, NULL, NULL));
		vc_read(out, result, sizeof(result));
		vc_answer("the clone", "%d", result[3]);
		CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL));
		vc_read(out, result, sizeof(result));
		vc_answer("the kernel", "%d", result[3]);
		CALL(clReleaseKernel(clone));
	}

	CALL(clSetKernelArg(kernel, 13, sizeof(in), &in));
	CALL(clSetKernelArg(kernel, 5, 3, &in));
	CALL(clSetKernelArg(kernel, 5, 8, &lo));
	CALL(clSetKernelArg(kernel, 5, sizeof(in), NULL));
	CALL(clSetKernelArg(kernel, 0, 4, &out));
	CALL(clSetKernelArg(kernel, 2, 0, NULL));
	CALL(clSetKernelArg(kernel, 2, 64, &in));
	CALL(clSetKernelArg(NULL, 0, sizeof(out), &out));
	CALL(clReleaseMemObject(out));
	CALL(clReleaseMemObject(constant));
	CALL(clReleaseKernel(kernel));
}

static void null_buffers(cl_program program) {
	cl_kernel kernel = MAKE(clCreateKernel(program, "maybe", &error));
	cl_int result = 0;
	cl_mem out = vc_buffer(0, 4), none = NULL;
	size_t one = 1;
	CALL(clSetKernelArg(kernel, 0, sizeof(out), &out));
	CALL(clSetKernelArg(kernel, 1, sizeof(none), &none));
	CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
	vc_read(out, &result, sizeof(result));
	vc_answer("a buffer that is NULL", "%d", result);
	CALL(clSetKernelArg(kernel, 1, sizeof(none), NULL));
	CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
	CALL(clSetKernelArg(kernel, 1, sizeof(out), &out));
	CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
	vc_read(out, &result, sizeof(result));
	vc_answer("the same buffer twice", "%d", result);
	CALL(clReleaseMemObject(out));
	CALL(clReleaseKernel(kernel));
}

int main(void) {
	vc_rig_init();
	cl_program program = vc_build(source, "-cl-kernel-arg-info");
	static const char *const names[] = {"every", "fixed", "hinted", "nothing"};
	for (size_t i = 0; i < 4; i++) {
		cl_kernel kernel = MAKE(clCreateKernel(program, names[i], &error));
		describe(kernel);
		work_groups(kernel);
		CALL(clRetainKernel(kernel));
		vc_answer("references", "%u", REFERENCES(clGetKernelInfo, kernel, CL_KERNEL_REFERENCE_COUNT));
		CALL(clReleaseKernel(kernel));
		CALL(clReleaseKernel(kernel));
	}
	arguments(program);
	null_buffers(program);
	MAKE(clCreateKernel(program, "nowhere", &error));
	MAKE(clCreateKernel(program, NULL, &error));
	MAKE(clCreateKernel(program, "", &error));
	CALL(clRetainKernel(NULL));
	CALL(clReleaseKernel(NULL));
	CALL(clGetKernelInfo(NULL, CL_KERNEL_NUM_ARGS, 0, NULL, NULL));
	/* A kernel keeps its program. */
	cl_kernel kernel = vc_kernel(program, "nothing");
	CALL(clReleaseProgram(program));
	size_t one = 1;
	CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
	CALL(clFinish(rig.queue));
	CALL(clReleaseKernel(kernel));
	return vc_rig_finish();
}
