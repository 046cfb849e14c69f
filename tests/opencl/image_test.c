// SPDX-License-Identifier: Apache-2.0
// Images of all kinds: formats, properties, access from kernels, bad descriptors.
#include "answers.h"

static const cl_image_format rgba8 = {CL_RGBA, CL_UNORM_INT8}, rgba32f = {CL_RGBA, CL_FLOAT},
			     r32u = {CL_R, CL_UNSIGNED_INT32};

static const struct {
	cl_mem_object_type type;
	const char *name;
} types[] = {
	{CL_MEM_OBJECT_IMAGE1D, "1D"},
	{CL_MEM_OBJECT_IMAGE1D_ARRAY, "1D array"},
	{CL_MEM_OBJECT_IMAGE1D_BUFFER, "1D buffer"},
	{CL_MEM_OBJECT_IMAGE2D, "2D"},
	{CL_MEM_OBJECT_IMAGE2D_ARRAY, "2D array"},
	{CL_MEM_OBJECT_IMAGE3D, "3D"},
	{CL_MEM_OBJECT_BUFFER, "no image"},
};

static void formats(void) {
	static const cl_mem_flags flags[] = {CL_MEM_READ_ONLY, CL_MEM_WRITE_ONLY, CL_MEM_READ_WRITE,
					     CL_MEM_KERNEL_READ_AND_WRITE};
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		for (size_t k = 0; k < 4; k++) {
			cl_image_format list[256];
			cl_uint count = 0;
			vc_answer("formats", "%s, flags %#llx", types[i].name, (unsigned long long)flags[k]);
			CALL(clGetSupportedImageFormats(rig.context, flags[k], types[i].type, 256, list, &count));
			if (count <= 256)
				vc_answer_bytes("formats", list, count * sizeof(list[0]));
			CALL(clGetSupportedImageFormats(rig.context, flags[k], types[i].type, 0, NULL, &count));
		}
	cl_image_format one;
	cl_uint count = 0;
	CALL(clGetSupportedImageFormats(rig.context, CL_MEM_READ_WRITE, CL_MEM_OBJECT_IMAGE2D, 1, &one, &count));
	CALL(clGetSupportedImageFormats(rig.context, CL_MEM_READ_WRITE, CL_MEM_OBJECT_IMAGE2D, 0, &one, NULL));
	CALL(clGetSupportedImageFormats(rig.context, CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, CL_MEM_OBJECT_IMAGE2D, 1,
					&one, NULL));
}

static void describe(cl_mem image) {
	static const struct {
		cl_image_info name;
		const char *text;
	} sizes[] = {
		{CL_IMAGE_ELEMENT_SIZE, "element"},    {CL_IMAGE_ROW_PITCH, "row pitch"},
		{CL_IMAGE_SLICE_PITCH, "slice pitch"}, {CL_IMAGE_WIDTH, "width"},
		{CL_IMAGE_HEIGHT, "height"},           {CL_IMAGE_DEPTH, "depth"},
		{CL_IMAGE_ARRAY_SIZE, "array"},
	};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		size_t value = 0;
		MUST(clGetImageInfo(image, sizes[i].name, sizeof(value), &value, NULL));
		vc_answer(sizes[i].text, "%zu", value);
	}
	cl_image_format format = {0};
	cl_uint levels = 9, samples = 9;
	cl_mem_object_type type = 0;
	cl_mem of = NULL;
	size_t size = 0;
	CALL(clGetImageInfo(image, CL_IMAGE_FORMAT, sizeof(format), &format, NULL));
	CALL(clGetImageInfo(image, CL_IMAGE_NUM_MIP_LEVELS, sizeof(levels), &levels, NULL));
	CALL(clGetImageInfo(image, CL_IMAGE_NUM_SAMPLES, sizeof(samples), &samples, NULL));
	CALL(clGetMemObjectInfo(image, CL_MEM_TYPE, sizeof(type), &type, NULL));
	CALL(clGetMemObjectInfo(image, CL_MEM_SIZE, sizeof(size), &size, NULL));
	CALL(clGetMemObjectInfo(image, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof(of), &of, NULL));
	vc_answer("image", "type %#x, format %#x %#x, levels %u, samples %u, %zu bytes, %s", type,
		  format.image_channel_order, format.image_channel_data_type, levels, samples, size,
		  of ? "of a buffer" : "of its own");
	CALL(clGetImageInfo(image, 0xdead, sizeof(size), &size, NULL));
	CALL(clGetImageInfo(image, CL_IMAGE_WIDTH, 1, &size, NULL));
}

static cl_mem image(cl_mem_flags flags, cl_image_format format, cl_image_desc desc, void *host) {
	return clCreateImage(rig.context, flags, &format, &desc, host, &error);
}

static void kinds(void) {
	unsigned char bytes[16 * 8 * 4 * 4];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(7 * i);
	cl_mem buffer = vc_buffer_counting(4096, 3);
	cl_image_desc desc[] = {
		{.image_type = CL_MEM_OBJECT_IMAGE1D, .image_width = 16},
		{.image_type = CL_MEM_OBJECT_IMAGE1D_ARRAY, .image_width = 16, .image_array_size = 5},
		{.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 16, .image_height = 8},
		{.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 10, .image_height = 8, .image_row_pitch = 64},
		{.image_type = CL_MEM_OBJECT_IMAGE2D_ARRAY,
		 .image_width = 16,
		 .image_height = 8,
		 .image_array_size = 3},
		{.image_type = CL_MEM_OBJECT_IMAGE3D, .image_width = 16, .image_height = 8, .image_depth = 4},
	};
	for (size_t i = 0; i < sizeof(desc) / sizeof(desc[0]); i++) {
		vc_answer("kind", "%zu", i);
		cl_mem made = MAKE(image(CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR, rgba8, desc[i], bytes));
		if (!made)
			continue;
		describe(made);
		unsigned char back[sizeof(bytes)] = {0};
		size_t origin[3] = {0}, region[3] = {desc[i].image_width, 1, 1};
		if (desc[i].image_height)
			region[1] = desc[i].image_height;
		if (desc[i].image_type == CL_MEM_OBJECT_IMAGE1D_ARRAY)
			region[1] = desc[i].image_array_size;
		else if (desc[i].image_array_size || desc[i].image_depth)
			region[2] = desc[i].image_array_size + desc[i].image_depth;
		CALL(clEnqueueReadImage(rig.queue, made, CL_TRUE, origin, region, 0, 0, back, 0, NULL, NULL));
		vc_answer_bytes("content", back, sizeof(back));
		CALL(clReleaseMemObject(made));
	}
	cl_image_desc of_buffer = {.image_type = CL_MEM_OBJECT_IMAGE1D_BUFFER, .image_width = 64, .buffer = buffer};
	cl_mem made = MAKE(image(CL_MEM_READ_WRITE, rgba8, of_buffer, NULL));
	if (made) {
		describe(made);
		cl_mem of = NULL;
		CALL(clGetImageInfo(made, CL_IMAGE_BUFFER, sizeof(of), &of, NULL));
		CHECK(of == buffer);
		vc_answer("references", "%u", REFERENCES(clGetMemObjectInfo, buffer, CL_MEM_REFERENCE_COUNT));
		CALL(clReleaseMemObject(made));
	}
	cl_image_desc from_buffer = {.image_type = CL_MEM_OBJECT_IMAGE2D,
				     .image_width = 16,
				     .image_height = 8,
				     .image_row_pitch = 128,
				     .buffer = buffer};
	made = MAKE(image(CL_MEM_READ_WRITE, rgba8, from_buffer, NULL));
	if (made) {
		describe(made);
		CALL(clReleaseMemObject(made));
	}
	CALL(clReleaseMemObject(buffer));
	cl_mem_properties none[] = {0};
	made = MAKE(clCreateImageWithProperties(rig.context, none, 0, &rgba8, &desc[2], NULL, &error));
	if (made)
		CALL(clReleaseMemObject(made));
}

static void use_host_pointer(void) {
	float *pixels = aligned_alloc(4096, 65536);
	for (int i = 0; i < 16384; i++)
		pixels[i] = (float)i;
	cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D,
			      .image_width = 64,
			      .image_height = 32,
			      .image_row_pitch = 64 * 16 + 256};
	cl_mem made = MAKE(image(CL_MEM_USE_HOST_PTR, rgba32f, desc, pixels));
	if (made) {
		describe(made);
		size_t origin[3] = {1, 2, 0}, region[3] = {5, 6, 1};
		float back[120] = {0};
		CALL(clEnqueueReadImage(rig.queue, made, CL_TRUE, origin, region, 0, 0, back, 0, NULL, NULL));
		vc_answer_bytes("content", back, sizeof(back));
		CALL(clReleaseMemObject(made));
	}
	free(pixels);
}

static void in_kernels(void) {
	cl_program program =
		vc_build("kernel void turn(read_only image2d_t in, write_only image2d_t out, sampler_t how) {"
			 " int x = get_global_id(0), y = get_global_id(1);"
			 " float2 at = (float2)((y + 0.5f) / get_image_width(in), (x + 0.5f) / get_image_height(in));"
			 " write_imagef(out, (int2)(x, y), read_imagef(in, how, at).wzyx); }"
			 "kernel void sum(read_only image3d_t in, global uint *out) {"
			 " int x = get_global_id(0); uint total = 0;"
			 " for (int z = 0; z < get_image_depth(in); z++) for (int y = 0; y < get_image_height(in); y++)"
			 "  total += read_imageui(in, (int4)(x, y, z, 0)).x;"
			 " out[x] = total; }",
			 "");
	unsigned char bytes[16 * 16 * 4], back[sizeof(bytes)];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(i * i);
	cl_image_desc flat = {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 16, .image_height = 16};
	cl_mem in = MAKE(image(CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, rgba8, flat, bytes));
	cl_mem out = MAKE(image(CL_MEM_WRITE_ONLY, rgba8, flat, NULL));
	cl_sampler sampler =
		MAKE(clCreateSampler(rig.context, CL_TRUE, CL_ADDRESS_CLAMP_TO_EDGE, CL_FILTER_NEAREST, &error));
	cl_kernel kernel = vc_kernel(program, "turn");
	CALL(clSetKernelArg(kernel, 0, sizeof(in), &in));
	CALL(clSetKernelArg(kernel, 1, sizeof(out), &out));
	CALL(clSetKernelArg(kernel, 2, sizeof(sampler), &sampler));
	size_t global[3] = {16, 16, 1}, origin[3] = {0};
	CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 2, NULL, global, NULL, 0, NULL, NULL));
	CALL(clEnqueueReadImage(rig.queue, out, CL_TRUE, origin, global, 0, 0, back, 0, NULL, NULL));
	vc_answer_bytes("turned", back, sizeof(back));
	CALL(clReleaseKernel(kernel));
	CALL(clReleaseSampler(sampler));
	CALL(clReleaseMemObject(in));
	CALL(clReleaseMemObject(out));

	cl_uint cube[4 * 4 * 4], sums[4] = {0};
	for (cl_uint i = 0; i < 64; i++)
		cube[i] = i;
	cl_image_desc deep = {
		.image_type = CL_MEM_OBJECT_IMAGE3D, .image_width = 4, .image_height = 4, .image_depth = 4};
	in = MAKE(image(CL_MEM_READ_ONLY | CL_MEM_COPY_HOST_PTR, r32u, deep, cube));
	out = vc_buffer(0, sizeof(sums));
	kernel = vc_kernel(program, "sum");
	CALL(clSetKernelArg(kernel, 0, sizeof(in), &in));
	CALL(clSetKernelArg(kernel, 1, sizeof(out), &out));
	global[0] = 4;
	CALL(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, global, NULL, 0, NULL, NULL));
	vc_read(out, sums, sizeof(sums));
	vc_answer("sums", "%u %u %u %u", sums[0], sums[1], sums[2], sums[3]);
	CALL(clReleaseKernel(kernel));
	CALL(clReleaseMemObject(in));
	CALL(clReleaseMemObject(out));
	CALL(clReleaseProgram(program));
}

static void bad_descriptors(void) {
	cl_image_desc good = {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 16, .image_height = 16}, bad = good;
	unsigned char bytes[1024] = {0};
	bad.image_width = 0;
	MAKE(image(0, rgba8, bad, NULL));
	bad = good, bad.image_height = (size_t)1 << 40;
	MAKE(image(0, rgba8, bad, NULL));
	bad = good, bad.image_type = CL_MEM_OBJECT_BUFFER;
	MAKE(image(0, rgba8, bad, NULL));
	bad = good, bad.image_row_pitch = 64;
	MAKE(image(0, rgba8, bad, NULL));
	bad = good, bad.image_row_pitch = 10;
	MAKE(image(CL_MEM_COPY_HOST_PTR, rgba8, bad, bytes));
	bad = good, bad.num_mip_levels = 3;
	MAKE(image(0, rgba8, bad, NULL));
	bad = good, bad.num_samples = 3;
	MAKE(image(0, rgba8, bad, NULL));
	MAKE(image(0, (cl_image_format){0xdead, CL_UNORM_INT8}, good, NULL));
	MAKE(image(0, (cl_image_format){CL_RGBA, 0xdead}, good, NULL));
	MAKE(image(0, (cl_image_format){CL_R, CL_UNORM_SHORT_565}, good, NULL));
	MAKE(image(CL_MEM_COPY_HOST_PTR, rgba8, good, NULL));
	MAKE(image(0, rgba8, good, bytes));
	MAKE(image(CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY, rgba8, good, NULL));
	MAKE(clCreateImage(rig.context, 0, NULL, &good, NULL, &error));
	MAKE(clCreateImage(rig.context, 0, &rgba8, NULL, NULL, &error));
	MAKE(image(0, rgba8, (cl_image_desc){.image_type = CL_MEM_OBJECT_IMAGE1D_BUFFER, .image_width = 64}, NULL));
	CALL(clGetImageInfo(NULL, CL_IMAGE_WIDTH, sizeof(bytes), bytes, NULL));
}

static void old_functions(void) {
	cl_mem made = MAKE(clCreateImage2D(rig.context, 0, &rgba8, 16, 8, 0, NULL, &error));
	describe(made);
	CALL(clReleaseMemObject(made));
	made = MAKE(clCreateImage3D(rig.context, 0, &rgba8, 16, 8, 4, 0, 0, NULL, &error));
	describe(made);
	CALL(clReleaseMemObject(made));
	MAKE(clCreateImage2D(rig.context, 0, &rgba8, 0, 8, 0, NULL, &error));
}

int main(void) {
	vc_rig_init();
	if (!vc_device_number(CL_DEVICE_IMAGE_SUPPORT)) {
		vc_answer_not_offered("images");
		return vc_rig_finish();
	}
	formats();
	kinds();
	use_host_pointer();
	in_kernels();
	bad_descriptors();
	old_functions();
	return vc_rig_finish();
}
