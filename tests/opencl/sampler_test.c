// SPDX-License-Identifier: Apache-2.0
// Samplers: every combination, properties, what they do in a kernel, bad arguments.
#include "answers.h"

static const cl_addressing_mode addressing[] = {CL_ADDRESS_NONE, CL_ADDRESS_CLAMP_TO_EDGE, CL_ADDRESS_CLAMP,
						CL_ADDRESS_REPEAT, CL_ADDRESS_MIRRORED_REPEAT};
static const cl_filter_mode filters[] = {CL_FILTER_NEAREST, CL_FILTER_LINEAR};

static void sample(cl_kernel kernel, cl_mem out, cl_sampler sampler) {
	float values[16] = {0};
	size_t global = 16;
	MUST(clSetKernelArg(kernel, 1, sizeof(sampler), &sampler));
	MUST(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &global, NULL, 0, NULL, NULL));
	vc_read(out, values, sizeof(values));
	vc_answer_bytes("sampled", values, sizeof(values));
}

static void describe(cl_sampler sampler) {
	cl_bool normalized = 9;
	cl_addressing_mode mode = 0;
	cl_filter_mode filter = 0;
	cl_context context = NULL;
	cl_sampler_properties list[16];
	size_t size = 0;
	CALL(clGetSamplerInfo(sampler, CL_SAMPLER_NORMALIZED_COORDS, sizeof(normalized), &normalized, NULL));
	CALL(clGetSamplerInfo(sampler, CL_SAMPLER_ADDRESSING_MODE, sizeof(mode), &mode, NULL));
	CALL(clGetSamplerInfo(sampler, CL_SAMPLER_FILTER_MODE, sizeof(filter), &filter, NULL));
	CALL(clGetSamplerInfo(sampler, CL_SAMPLER_CONTEXT, sizeof(context), &context, NULL));
	CHECK(context == rig.context);
	CALL(clGetSamplerInfo(sampler, CL_SAMPLER_PROPERTIES, sizeof(list), list, &size));
	vc_answer("sampler", "normalized %u, addressing %#x, filter %#x, properties %zu bytes, references %u",
		  normalized, mode, filter, size, REFERENCES(clGetSamplerInfo, sampler, CL_SAMPLER_REFERENCE_COUNT));
}

int main(void) {
	vc_rig_init();
	if (!vc_device_number(CL_DEVICE_IMAGE_SUPPORT)) {
		vc_answer_not_offered("samplers");
		return vc_rig_finish();
	}
	cl_program program = vc_build("kernel void look(read_only image2d_t in, sampler_t how, global float *out) {"
				      " int i = get_global_id(0);"
				      " out[i] = read_imagef(in, how, (float2)(i * 0.3f - 1.0f, 0.4f)).x; }",
				      "");
	cl_kernel kernel = vc_kernel(program, "look");
	cl_image_format format = {CL_RGBA, CL_FLOAT};
	cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 4, .image_height = 4};
	float pixels[64];
	for (int i = 0; i < 64; i++)
		pixels[i] = (float)(i * i);
	cl_mem in = MAKE(clCreateImage(rig.context, CL_MEM_COPY_HOST_PTR, &format, &desc, pixels, &error));
	cl_mem out = vc_buffer(0, 64);
	CALL(clSetKernelArg(kernel, 0, sizeof(in), &in));
	CALL(clSetKernelArg(kernel, 2, sizeof(out), &out));

	for (cl_bool normalized = 0; normalized < 2; normalized++)
		for (size_t i = 0; i < sizeof(addressing) / sizeof(addressing[0]); i++)
			for (size_t k = 0; k < 2; k++) {
				vc_answer("sampler", "%u %zu %zu", normalized, i, k);
				cl_sampler_properties list[] = {CL_SAMPLER_NORMALIZED_COORDS,
								normalized,
								CL_SAMPLER_ADDRESSING_MODE,
								addressing[i],
								CL_SAMPLER_FILTER_MODE,
								filters[k],
								0};
				cl_sampler sampler = MAKE(clCreateSamplerWithProperties(rig.context, list, &error));
				if (!sampler)
					continue;
				describe(sampler);
				/* Repeating needs normalized coordinates; elsewhere what comes out is undefined. */
				if (addressing[i] != CL_ADDRESS_NONE &&
				    (normalized || addressing[i] < CL_ADDRESS_REPEAT))
					sample(kernel, out, sampler);
				CALL(clReleaseSampler(sampler));
			}
	cl_sampler sampler = MAKE(clCreateSampler(rig.context, CL_TRUE, CL_ADDRESS_REPEAT, CL_FILTER_LINEAR, &error));
	describe(sampler);
	CALL(clRetainSampler(sampler));
	vc_answer("references", "%u", REFERENCES(clGetSamplerInfo, sampler, CL_SAMPLER_REFERENCE_COUNT));
	CALL(clReleaseSampler(sampler));
	CALL(clGetSamplerInfo(sampler, 0xdead, 8, pixels, NULL));
	CALL(clGetSamplerInfo(sampler, CL_SAMPLER_CONTEXT, 1, pixels, NULL));
	CALL(clSetKernelArg(kernel, 1, 4, &sampler));
	CALL(clSetKernelArg(kernel, 1, sizeof(sampler), NULL));
	CALL(clReleaseSampler(sampler));
	sampler = MAKE(clCreateSamplerWithProperties(rig.context, NULL, &error));
	if (sampler) {
		describe(sampler);
		CALL(clReleaseSampler(sampler));
	}

	MAKE(clCreateSampler(rig.context, CL_TRUE, 0xdead, CL_FILTER_LINEAR, &error));
	MAKE(clCreateSampler(rig.context, CL_TRUE, CL_ADDRESS_CLAMP, 0xdead, &error));
	MAKE(clCreateSamplerWithProperties(rig.context, (cl_sampler_properties[]){0xdead, 1, 0}, &error));
	MAKE(clCreateSamplerWithProperties(
		rig.context,
		(cl_sampler_properties[]){CL_SAMPLER_NORMALIZED_COORDS, 1, CL_SAMPLER_NORMALIZED_COORDS, 1, 0},
		&error));
	CALL(clRetainSampler(NULL));
	CALL(clReleaseSampler(NULL));
	CALL(clGetSamplerInfo(NULL, CL_SAMPLER_CONTEXT, 0, NULL, NULL));
	CALL(clReleaseMemObject(in));
	CALL(clReleaseMemObject(out));
	CALL(clReleaseKernel(kernel));
	CALL(clReleaseProgram(program));
	return vc_rig_finish();
}
