// SPDX-License-Identifier: Apache-2.0
// Images: read, write, copy, fill, map, copies to and from buffers, with pitches; bad regions.
#include "answers.h"

static const cl_image_format rgba8 = {CL_RGBA, CL_UNSIGNED_INT8};

struct at {
	size_t xyz[3];
};
#define AT(x, y, z) ((struct at){{x, y, z}}.xyz)

static unsigned char bytes[65536];

static cl_mem image(cl_mem_object_type type, size_t width, size_t height, size_t layers) {
	cl_image_desc desc = {.image_type = type, .image_width = width, .image_height = height};
	if (type == CL_MEM_OBJECT_IMAGE3D)
		desc.image_depth = layers;
	else
		desc.image_array_size = layers;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(11 * i + width);
	cl_mem made = clCreateImage(rig.context, CL_MEM_COPY_HOST_PTR, &rgba8, &desc, bytes, &error);
	MUST(error);
	return made;
}

static void content(const char *what, cl_mem of, const size_t *region) {
	memset(bytes, 0, sizeof(bytes));
	MUST(clEnqueueReadImage(rig.queue, of, CL_TRUE, AT(0, 0, 0), region, 0, 0, bytes, 0, NULL, NULL));
	vc_answer_bytes(what, bytes, region[0] * region[1] * region[2] * 4);
}

static void read_and_write(void) {
	cl_mem flat = image(CL_MEM_OBJECT_IMAGE2D, 32, 16, 0), deep = image(CL_MEM_OBJECT_IMAGE3D, 16, 8, 6);
	cl_event event = NULL;
	memset(bytes, 0x11, sizeof(bytes));
	CALL(clEnqueueReadImage(rig.queue, flat, CL_FALSE, AT(3, 4, 0), AT(10, 5, 1), 64, 0, bytes, 0, NULL, &event));
	CALL(clWaitForEvents(1, &event));
	CALL(clReleaseEvent(event));
	vc_answer_bytes("read", bytes, 64 * 5);
	CALL(clEnqueueWriteImage(rig.queue, flat, CL_TRUE, AT(1, 2, 0), AT(8, 4, 1), 48, 0, bytes, 0, NULL, NULL));
	content("written", flat, AT(32, 16, 1));
	CALL(clEnqueueReadImage(rig.queue, deep, CL_TRUE, AT(1, 1, 1), AT(5, 4, 3), 32, 256, bytes, 0, NULL, NULL));
	vc_answer_bytes("read", bytes, 256 * 3);
	CALL(clEnqueueWriteImage(rig.queue, deep, CL_TRUE, AT(0, 0, 2), AT(16, 8, 2), 0, 0, bytes, 0, NULL, NULL));
	content("written", deep, AT(16, 8, 6));

	CALL(clEnqueueReadImage(rig.queue, flat, CL_TRUE, AT(30, 0, 0), AT(3, 1, 1), 0, 0, bytes, 0, NULL, NULL));
	CALL(clEnqueueReadImage(rig.queue, flat, CL_TRUE, AT(0, 0, 1), AT(3, 1, 1), 0, 0, bytes, 0, NULL, NULL));
	CALL(clEnqueueReadImage(rig.queue, flat, CL_TRUE, AT(0, 0, 0), AT(3, 1, 0), 0, 0, bytes, 0, NULL, NULL));
	CALL(clEnqueueReadImage(rig.queue, flat, CL_TRUE, AT(0, 0, 0), AT(3, 3, 1), 11, 0, bytes, 0, NULL, NULL));
	CALL(clEnqueueReadImage(rig.queue, flat, CL_TRUE, AT(0, 0, 0), AT(3, 3, 1), 0, 0, NULL, 0, NULL, NULL));
	CALL(clEnqueueWriteImage(rig.queue, flat, CL_TRUE, AT(0, 17, 0), AT(3, 3, 1), 0, 0, bytes, 0, NULL, NULL));
	CALL(clEnqueueWriteImage(rig.queue, NULL, CL_TRUE, AT(0, 0, 0), AT(3, 3, 1), 0, 0, bytes, 0, NULL, NULL));
	CALL(clEnqueueWriteImage(rig.queue, flat, CL_TRUE, AT(0, 0, 0), AT(3, 3, 1), 0, 0, bytes, 1, NULL, NULL));
	CALL(clReleaseMemObject(flat));
	CALL(clReleaseMemObject(deep));
}

static void copies(void) {
	cl_mem a = image(CL_MEM_OBJECT_IMAGE2D, 32, 16, 0), b = image(CL_MEM_OBJECT_IMAGE2D, 20, 30, 0);
	cl_mem many = image(CL_MEM_OBJECT_IMAGE2D_ARRAY, 16, 16, 4), buffer = vc_buffer_counting(8192, 5);
	CALL(clEnqueueCopyImage(rig.queue, a, b, AT(2, 3, 0), AT(4, 5, 0), AT(10, 9, 1), 0, NULL, NULL));
	content("copied", b, AT(20, 30, 1));
	CALL(clEnqueueCopyImage(rig.queue, a, many, AT(0, 0, 0), AT(1, 1, 2), AT(8, 8, 1), 0, NULL, NULL));
	content("copied into an array", many, AT(16, 16, 4));
	CALL(clEnqueueCopyImage(rig.queue, a, a, AT(0, 0, 0), AT(16, 0, 0), AT(16, 16, 1), 0, NULL, NULL));
	content("copied within", a, AT(32, 16, 1));
	CALL(clEnqueueCopyImageToBuffer(rig.queue, a, buffer, AT(1, 1, 0), AT(7, 6, 1), 100, 0, NULL, NULL));
	vc_answer_buffer("to a buffer", buffer, 8192);
	CALL(clEnqueueCopyBufferToImage(rig.queue, buffer, many, 64, AT(3, 2, 1), AT(9, 8, 2), 0, NULL, NULL));
	content("from a buffer", many, AT(16, 16, 4));

	CALL(clEnqueueCopyImage(rig.queue, a, a, AT(0, 0, 0), AT(1, 1, 0), AT(16, 8, 1), 0, NULL, NULL));
	CALL(clEnqueueCopyImage(rig.queue, a, b, AT(30, 0, 0), AT(0, 0, 0), AT(3, 1, 1), 0, NULL, NULL));
	CALL(clEnqueueCopyImage(rig.queue, a, b, AT(0, 0, 0), AT(19, 0, 0), AT(3, 1, 1), 0, NULL, NULL));
	CALL(clEnqueueCopyImageToBuffer(rig.queue, a, buffer, AT(0, 0, 0), AT(32, 16, 1), 8000, 0, NULL, NULL));
	CALL(clEnqueueCopyImageToBuffer(rig.queue, a, buffer, AT(0, 0, 0), AT(33, 1, 1), 0, 0, NULL, NULL));
	CALL(clEnqueueCopyBufferToImage(rig.queue, buffer, a, 8190, AT(0, 0, 0), AT(3, 1, 1), 0, NULL, NULL));
	cl_image_format other = {CL_R, CL_UNSIGNED_INT32};
	cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 8, .image_height = 8};
	cl_mem unlike = MAKE(clCreateImage(rig.context, 0, &other, &desc, NULL, &error));
	CALL(clEnqueueCopyImage(rig.queue, a, unlike, AT(0, 0, 0), AT(0, 0, 0), AT(3, 1, 1), 0, NULL, NULL));
	CALL(clReleaseMemObject(unlike));
	CALL(clReleaseMemObject(a));
	CALL(clReleaseMemObject(b));
	CALL(clReleaseMemObject(many));
	CALL(clReleaseMemObject(buffer));
}

static void fills(void) {
	cl_mem flat = image(CL_MEM_OBJECT_IMAGE2D, 32, 16, 0), many = image(CL_MEM_OBJECT_IMAGE1D_ARRAY, 32, 0, 5);
	cl_uint colour[4] = {1, 2, 300, 255};
	CALL(clEnqueueFillImage(rig.queue, flat, colour, AT(4, 4, 0), AT(8, 8, 1), 0, NULL, NULL));
	content("filled", flat, AT(32, 16, 1));
	CALL(clEnqueueFillImage(rig.queue, many, colour, AT(2, 1, 0), AT(20, 3, 1), 0, NULL, NULL));
	content("filled", many, AT(32, 5, 1));
	CALL(clEnqueueFillImage(rig.queue, flat, NULL, AT(4, 4, 0), AT(8, 8, 1), 0, NULL, NULL));
	CALL(clEnqueueFillImage(rig.queue, flat, colour, AT(30, 4, 0), AT(8, 8, 1), 0, NULL, NULL));
	CALL(clEnqueueFillImage(rig.queue, flat, colour, AT(0, 0, 0), AT(0, 8, 1), 0, NULL, NULL));
	CALL(clReleaseMemObject(flat));
	CALL(clReleaseMemObject(many));
	cl_image_format floats = {CL_RGBA, CL_UNORM_INT8};
	cl_image_desc desc = {.image_type = CL_MEM_OBJECT_IMAGE2D, .image_width = 8, .image_height = 8};
	float orange[4] = {1, 0.5f, 0, 1};
	flat = MAKE(clCreateImage(rig.context, 0, &floats, &desc, NULL, &error));
	CALL(clEnqueueFillImage(rig.queue, flat, orange, AT(0, 0, 0), AT(8, 8, 1), 0, NULL, NULL));
	content("filled", flat, AT(8, 8, 1));
	CALL(clReleaseMemObject(flat));
}

static void maps(void) {
	cl_mem flat = image(CL_MEM_OBJECT_IMAGE2D, 32, 16, 0), deep = image(CL_MEM_OBJECT_IMAGE3D, 16, 8, 6);
	size_t row = 0, slice = 99;
	unsigned char *map = MAKE(clEnqueueMapImage(rig.queue, flat, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, AT(2, 3, 0),
						    AT(5, 6, 1), &row, &slice, 0, NULL, NULL, &error));
	vc_answer("pitches", "%zu %zu", row, slice);
	for (size_t y = 0; map && y < 6; y++) {
		vc_answer_bytes("row", map + y * row, 5 * 4);
		memset(map + y * row, (int)(0x20 + y), 5 * 4);
	}
	vc_answer_maps(flat, 1);
	CALL(clEnqueueUnmapMemObject(rig.queue, flat, map, 0, NULL, NULL));
	content("unmapped", flat, AT(32, 16, 1));
	vc_answer_maps(flat, 0);

	cl_event event = NULL;
	map = MAKE(clEnqueueMapImage(rig.queue, deep, CL_FALSE, CL_MAP_READ, AT(1, 1, 1), AT(3, 3, 3), &row, &slice, 0,
				     NULL, &event, &error));
	CALL(clWaitForEvents(1, &event));
	CALL(clReleaseEvent(event));
	vc_answer("pitches", "%zu %zu", row, slice);
	for (size_t z = 0; map && z < 3; z++)
		vc_answer_bytes("row", map + z * slice + 2 * row, 3 * 4);
	CALL(clEnqueueUnmapMemObject(rig.queue, deep, map, 0, NULL, NULL));

	map = MAKE(clEnqueueMapImage(rig.queue, flat, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, AT(0, 0, 0),
				     AT(32, 1, 1), &row, NULL, 0, NULL, NULL, &error));
	if (map) {
		memset(map, 0x99, 32 * 4);
		CALL(clEnqueueUnmapMemObject(rig.queue, flat, map, 0, NULL, NULL));
	}
	content("invalidated", flat, AT(32, 16, 1));
	MAKE(clEnqueueMapImage(rig.queue, flat, CL_TRUE, CL_MAP_READ, AT(0, 0, 0), AT(33, 1, 1), &row, &slice, 0, NULL,
			       NULL, &error));
	MAKE(clEnqueueMapImage(rig.queue, flat, CL_TRUE, CL_MAP_READ, AT(0, 0, 0), AT(3, 1, 1), NULL, &slice, 0, NULL,
			       NULL, &error));
	MAKE(clEnqueueMapImage(rig.queue, deep, CL_TRUE, CL_MAP_READ, AT(0, 0, 0), AT(3, 1, 1), &row, NULL, 0, NULL,
			       NULL, &error));
	MAKE(clEnqueueMapImage(rig.queue, NULL, CL_TRUE, CL_MAP_READ, AT(0, 0, 0), AT(3, 1, 1), &row, &slice, 0, NULL,
			       NULL, &error));
	CALL(clFinish(rig.queue));
	CALL(clReleaseMemObject(flat));
	CALL(clReleaseMemObject(deep));
}

int main(void) {
	vc_rig_init();
	if (!vc_device_number(CL_DEVICE_IMAGE_SUPPORT)) {
		vc_answer_not_offered("images");
		return vc_rig_finish();
	}
	read_and_write();
	copies();
	fills();
	maps();
	return vc_rig_finish();
}
