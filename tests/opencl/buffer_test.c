// SPDX-License-Identifier: Apache-2.0
// Buffers and sub-buffers: flags, properties, reads, writes, copies, fills, migration, bad arguments.
#include "answers.h"

#define SIZE ((size_t)4096)

static void describe(cl_mem buffer) {
	cl_mem_object_type type = 0;
	cl_mem_flags flags = 0;
	cl_mem parent = NULL;
	cl_uint number = 0;
	cl_bool svm = 0;
	size_t size = 0, offset = 0, length = 0;
	CALL(clGetMemObjectInfo(buffer, CL_MEM_TYPE, sizeof(type), &type, &size));
	CALL(clGetMemObjectInfo(buffer, CL_MEM_FLAGS, sizeof(flags), &flags, &size));
	CALL(clGetMemObjectInfo(buffer, CL_MEM_SIZE, sizeof(length), &length, &size));
	CALL(clGetMemObjectInfo(buffer, CL_MEM_OFFSET, sizeof(offset), &offset, &size));
	CALL(clGetMemObjectInfo(buffer, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof(parent), &parent, &size));
	CALL(clGetMemObjectInfo(buffer, CL_MEM_MAP_COUNT, sizeof(number), &number, &size));
	CALL(clGetMemObjectInfo(buffer, CL_MEM_USES_SVM_POINTER, sizeof(svm), &svm, &size));
	vc_answer("buffer", "type %#x, flags %#llx, size %zu, offset %zu, %s, maps %u, SVM %u, references %u", type,
		  (unsigned long long)flags, length, offset, parent ? "has a parent" : "no parent", number, svm,
		  REFERENCES(clGetMemObjectInfo, buffer, CL_MEM_REFERENCE_COUNT));
}

static void flags(void) {
	static const cl_mem_flags all[] = {
		0,
		CL_MEM_READ_WRITE,
		CL_MEM_READ_ONLY,
		CL_MEM_WRITE_ONLY,
		CL_MEM_ALLOC_HOST_PTR,
		CL_MEM_HOST_READ_ONLY,
		CL_MEM_HOST_WRITE_ONLY,
		CL_MEM_HOST_NO_ACCESS,
		CL_MEM_READ_ONLY | CL_MEM_ALLOC_HOST_PTR | CL_MEM_HOST_NO_ACCESS,
		CL_MEM_READ_ONLY | CL_MEM_WRITE_ONLY,
		CL_MEM_READ_WRITE | CL_MEM_READ_ONLY,
		CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_WRITE_ONLY,
		CL_MEM_HOST_READ_ONLY | CL_MEM_HOST_NO_ACCESS,
		CL_MEM_USE_HOST_PTR,
		CL_MEM_COPY_HOST_PTR,
		1u << 20,
	};
	char bytes[64] = {1, 2, 3};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		vc_answer("flags", "%#llx", (unsigned long long)all[i]);
		cl_mem buffer = MAKE(clCreateBuffer(rig.context, all[i], SIZE, NULL, &error));
		if (!buffer)
			continue;
		describe(buffer);
		CALL(clEnqueueWriteBuffer(rig.queue, buffer, CL_TRUE, 0, sizeof(bytes), bytes, 0, NULL, NULL));
		CALL(clEnqueueReadBuffer(rig.queue, buffer, CL_TRUE, 0, sizeof(bytes), bytes, 0, NULL, NULL));
		void *map = clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_READ, 0, 64, 0, NULL, NULL, &error);
		vc_answer("map to read", "%s", vc_code_name(error));
		if (map)
			CALL(clEnqueueUnmapMemObject(rig.queue, buffer, map, 0, NULL, NULL));
		map = clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_WRITE, 0, 64, 0, NULL, NULL, &error);
		vc_answer("map to write", "%s", vc_code_name(error));
		if (map)
			CALL(clEnqueueUnmapMemObject(rig.queue, buffer, map, 0, NULL, NULL));
		CALL(clFinish(rig.queue));
		CALL(clReleaseMemObject(buffer));
	}
	memset(bytes, 0x29, sizeof(bytes)); /* until here, what buffers without content held */
	MAKE(clCreateBuffer(rig.context, 0, SIZE, bytes, &error));
	MAKE(clCreateBuffer(rig.context, CL_MEM_USE_HOST_PTR | CL_MEM_ALLOC_HOST_PTR, 64, bytes, &error));
	MAKE(clCreateBuffer(rig.context, CL_MEM_USE_HOST_PTR | CL_MEM_COPY_HOST_PTR, 64, bytes, &error));
	MAKE(clCreateBuffer(rig.context, 0, 0, NULL, &error));
	MAKE(clCreateBuffer(rig.context, 0, (size_t)1 << 50, NULL, &error));
	cl_mem both =
		MAKE(clCreateBuffer(rig.context, CL_MEM_ALLOC_HOST_PTR | CL_MEM_COPY_HOST_PTR, 64, bytes, &error));
	vc_answer_buffer("copied", both, sizeof(bytes));
	CALL(clReleaseMemObject(both));
	cl_mem_properties none[] = {0}, unknown[] = {0xdead, 1, 0};
	both = MAKE(clCreateBufferWithProperties(rig.context, none, 0, SIZE, NULL, &error));
	size_t size = 0;
	CALL(clGetMemObjectInfo(both, CL_MEM_PROPERTIES, 0, NULL, &size));
	vc_answer("properties", "%zu bytes", size);
	CALL(clReleaseMemObject(both));
	MAKE(clCreateBufferWithProperties(rig.context, unknown, 0, SIZE, NULL, &error));
}

/* Of whole pages, many or few, so that the memory itself may be used or not. */
static void host_pointer(size_t size) {
	unsigned char *bytes = aligned_alloc(4096, size);
	for (size_t i = 0; i < size; i++)
		bytes[i] = (unsigned char)(3 * i);
	cl_mem buffer = MAKE(clCreateBuffer(rig.context, CL_MEM_USE_HOST_PTR, size, bytes, &error));
	describe(buffer);
	void *host = NULL;
	CALL(clGetMemObjectInfo(buffer, CL_MEM_HOST_PTR, sizeof(host), &host, NULL));
	CHECK(host == bytes);
	vc_answer_buffer("used", buffer, size);
	cl_uint pattern = 0x01020304;
	CALL(clEnqueueFillBuffer(rig.queue, buffer, &pattern, 4, 16, 64, 0, NULL, NULL));
	void *map = clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_READ, 0, size, 0, NULL, NULL, &error);
	/* The map of such a buffer is the program's own memory, and holds what the device wrote. */
	CHECK(map == bytes);
	vc_answer_bytes("mapped", map, size);
	CALL(clEnqueueUnmapMemObject(rig.queue, buffer, map, 0, NULL, NULL));
	map = clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_WRITE, 128, 256, 0, NULL, NULL, &error);
	CHECK(map == bytes + 128);
	memset(map, 0x77, 256);
	CALL(clEnqueueUnmapMemObject(rig.queue, buffer, map, 0, NULL, NULL));
	vc_answer_buffer("written through the map", buffer, size);
	CALL(clReleaseMemObject(buffer));
	CALL(clFinish(rig.queue));
	vc_answer_bytes("left in the program's memory", bytes, size);
	free(bytes);
}

static void odd_host_pointer(void) {
	cl_uint pattern = 0x01020304;
	/* Unaligned memory is allowed too. */
	unsigned char *odd = malloc(SIZE + 1);
	memset(odd, 9, SIZE + 1);
	cl_mem buffer = MAKE(clCreateBuffer(rig.context, CL_MEM_USE_HOST_PTR, SIZE, odd + 1, &error));
	CALL(clEnqueueFillBuffer(rig.queue, buffer, &pattern, 4, 0, SIZE, 0, NULL, NULL));
	void *map = clEnqueueMapBuffer(rig.queue, buffer, CL_TRUE, CL_MAP_READ, 0, SIZE, 0, NULL, NULL, &error);
	CHECK(map == odd + 1);
	vc_answer_bytes("unaligned", odd + 1, SIZE);
	CHECK(odd[0] == 9);
	CALL(clEnqueueUnmapMemObject(rig.queue, buffer, map, 0, NULL, NULL));
	CALL(clFinish(rig.queue));
	CALL(clReleaseMemObject(buffer));
	free(odd);
}

static void sub_buffers(void) {
	cl_mem parent = vc_buffer_counting(SIZE, 0);
	cl_buffer_region region = {1024, 512}, odd = {1, 512}, outside = {SIZE, 1}, empty = {0, 0};
	cl_mem sub = MAKE(clCreateSubBuffer(parent, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &error));
	describe(sub);
	vc_answer("references of the parent", "%u", REFERENCES(clGetMemObjectInfo, parent, CL_MEM_REFERENCE_COUNT));
	vc_answer_buffer("sub-buffer", sub, 512);
	cl_uchar pattern = 0xee;
	CALL(clEnqueueFillBuffer(rig.queue, sub, &pattern, 1, 128, 128, 0, NULL, NULL));
	vc_answer_buffer("parent", parent, SIZE);
	CALL(clEnqueueCopyBuffer(rig.queue, parent, sub, 0, 0, 512, 0, NULL, NULL));
	vc_answer_buffer("parent", parent, SIZE);
	CALL(clEnqueueCopyBuffer(rig.queue, parent, sub, 1024, 0, 512, 0, NULL, NULL));
	unsigned char *map =
		clEnqueueMapBuffer(rig.queue, sub, CL_TRUE, CL_MAP_READ | CL_MAP_WRITE, 0, 512, 0, NULL, NULL, &error);
	vc_answer("map", "%s", vc_code_name(error));
	if (map) {
		vc_answer_bytes("mapped", map, 512);
		map[0] = 0xab;
		CALL(clEnqueueUnmapMemObject(rig.queue, sub, map, 0, NULL, NULL));
		vc_answer_buffer("parent", parent, SIZE);
	}
	MAKE(clCreateSubBuffer(parent, 0, CL_BUFFER_CREATE_TYPE_REGION, &odd, &error));
	MAKE(clCreateSubBuffer(parent, 0, CL_BUFFER_CREATE_TYPE_REGION, &outside, &error));
	MAKE(clCreateSubBuffer(parent, 0, CL_BUFFER_CREATE_TYPE_REGION, &empty, &error));
	MAKE(clCreateSubBuffer(parent, 0, CL_BUFFER_CREATE_TYPE_REGION, NULL, &error));
	MAKE(clCreateSubBuffer(parent, 0, 0xdead, &region, &error));
	MAKE(clCreateSubBuffer(parent, CL_MEM_ALLOC_HOST_PTR, CL_BUFFER_CREATE_TYPE_REGION, &region, &error));
	MAKE(clCreateSubBuffer(sub, 0, CL_BUFFER_CREATE_TYPE_REGION, &empty, &error));
	cl_mem reader = MAKE(clCreateBuffer(rig.context, CL_MEM_READ_ONLY, SIZE, NULL, &error));
	MAKE(clCreateSubBuffer(reader, CL_MEM_READ_WRITE, CL_BUFFER_CREATE_TYPE_REGION, &region, &error));
	CALL(clReleaseMemObject(reader));
	/* The sub-buffer keeps its parent. */
	CALL(clReleaseMemObject(parent));
	CALL(clEnqueueFillBuffer(rig.queue, sub, &pattern, 1, 0, 512, 0, NULL, NULL));
	vc_answer_buffer("sub-buffer", sub, 512);
	CALL(clReleaseMemObject(sub));
}

/* A part of a buffer: what the program may do with it, and may be given. */
static void host_access(void) {
	static const cl_mem_flags rights[] = {CL_MEM_HOST_WRITE_ONLY, CL_MEM_HOST_READ_ONLY, CL_MEM_HOST_NO_ACCESS, 0};
	static const cl_map_flags maps[] = {CL_MAP_READ, CL_MAP_WRITE, CL_MAP_WRITE_INVALIDATE_REGION};
	const cl_buffer_region region = {1024, 512};
	for (int i = 0; i < 4; i++) {
		cl_mem parent = MAKE(clCreateBuffer(rig.context, rights[i], SIZE, NULL, &error));
		for (int j = 0; j < 4; j++) {
			cl_mem sub = MAKE(
				clCreateSubBuffer(parent, rights[j], CL_BUFFER_CREATE_TYPE_REGION, &region, &error));
			for (int k = 0; sub && k < 3; k++) {
				void *map = clEnqueueMapBuffer(rig.queue, sub, CL_TRUE, maps[k], 0, 512, 0, NULL, NULL,
							       &error);
				vc_answer("map", "%s", vc_code_name(error));
				if (map)
					CALL(clEnqueueUnmapMemObject(rig.queue, sub, map, 0, NULL, NULL));
			}
			if (sub)
				CALL(clReleaseMemObject(sub));
		}
		CALL(clReleaseMemObject(parent));
	}
	CALL(clFinish(rig.queue));
}

static void transfers(void) {
	unsigned char bytes[256], back[256] = {0};
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(255 - i);
	cl_mem buffer = vc_buffer_counting(SIZE, 7), other = vc_buffer_counting(SIZE, 99);
	cl_event event = NULL;
	CALL(clEnqueueWriteBuffer(rig.queue, buffer, CL_FALSE, 100, 256, bytes, 0, NULL, &event));
	CALL(clEnqueueReadBuffer(rig.queue, buffer, CL_FALSE, 90, 256, back, 1, &event, NULL));
	CALL(clFinish(rig.queue));
	vc_answer_bytes("written and read", back, sizeof(back));
	CALL(clReleaseEvent(event));
	CALL(clEnqueueCopyBuffer(rig.queue, buffer, other, 64, 1000, 2000, 0, NULL, NULL));
	vc_answer_buffer("copied", other, SIZE);
	CALL(clEnqueueCopyBuffer(rig.queue, other, other, 0, 2048, 1024, 0, NULL, NULL));
	vc_answer_buffer("copied within", other, SIZE);
	CALL(clEnqueueMigrateMemObjects(rig.queue, 1, &other, 0, 0, NULL, NULL));
	CALL(clEnqueueMigrateMemObjects(rig.queue, 1, &other, CL_MIGRATE_MEM_OBJECT_HOST, 0, NULL, NULL));
	CALL(clEnqueueMigrateMemObjects(rig.queue, 1, &other, CL_MIGRATE_MEM_OBJECT_CONTENT_UNDEFINED, 0, NULL, NULL));
	CALL(clEnqueueMigrateMemObjects(rig.queue, 0, NULL, 0, 0, NULL, NULL));
	CALL(clEnqueueMigrateMemObjects(rig.queue, 1, &other, 1u << 10, 0, NULL, NULL));

	CALL(clEnqueueWriteBuffer(rig.queue, buffer, CL_TRUE, SIZE - 10, 11, bytes, 0, NULL, NULL));
	CALL(clEnqueueWriteBuffer(rig.queue, buffer, CL_TRUE, SIZE, 1, bytes, 0, NULL, NULL));
	CALL(clEnqueueWriteBuffer(rig.queue, buffer, CL_TRUE, 0, 16, NULL, 0, NULL, NULL));
	CALL(clEnqueueWriteBuffer(rig.queue, buffer, CL_TRUE, (size_t)-1, 2, bytes, 0, NULL, NULL));
	CALL(clEnqueueReadBuffer(rig.queue, buffer, CL_TRUE, 0, SIZE + 1, back, 0, NULL, NULL));
	CALL(clEnqueueReadBuffer(rig.queue, buffer, CL_TRUE, 0, 16, NULL, 0, NULL, NULL));
	CALL(clEnqueueReadBuffer(rig.queue, buffer, CL_TRUE, 0, 16, back, 1, NULL, NULL));
	CALL(clEnqueueReadBuffer(rig.queue, buffer, CL_TRUE, 0, 16, back, 0, &event, NULL));
	CALL(clEnqueueReadBuffer(NULL, buffer, CL_TRUE, 0, 16, back, 0, NULL, NULL));
	CALL(clEnqueueReadBuffer(rig.queue, NULL, CL_TRUE, 0, 16, back, 0, NULL, NULL));
	CALL(clEnqueueCopyBuffer(rig.queue, buffer, buffer, 0, 10, 20, 0, NULL, NULL));
	CALL(clEnqueueCopyBuffer(rig.queue, buffer, other, SIZE - 1, 0, 2, 0, NULL, NULL));
	CALL(clEnqueueCopyBuffer(rig.queue, buffer, other, 0, SIZE - 1, 2, 0, NULL, NULL));
	CALL(clEnqueueCopyBuffer(rig.queue, buffer, NULL, 0, 0, 2, 0, NULL, NULL));
	cl_context stranger = clCreateContext(NULL, 1, &rig.device, NULL, NULL, &error);
	cl_mem foreign = MAKE(clCreateBuffer(stranger, 0, SIZE, NULL, &error));
	CALL(clEnqueueCopyBuffer(rig.queue, buffer, foreign, 0, 0, 2, 0, NULL, NULL));
	CALL(clEnqueueReadBuffer(rig.queue, foreign, CL_TRUE, 0, 16, back, 0, NULL, NULL));
	CALL(clReleaseMemObject(foreign));
	CALL(clReleaseContext(stranger));
	CALL(clReleaseMemObject(buffer));
	CALL(clReleaseMemObject(other));
}

static void fills(void) {
	cl_mem buffer = vc_buffer_counting(SIZE, 0);
	unsigned char pattern[128];
	for (size_t i = 0; i < sizeof(pattern); i++)
		pattern[i] = (unsigned char)(17 * i);
	for (size_t size = 1; size <= 128; size *= 2) {
		vc_answer("pattern", "%zu bytes", size);
		CALL(clEnqueueFillBuffer(rig.queue, buffer, pattern, size, 2 * size, 8 * size, 0, NULL, NULL));
		vc_answer_buffer("filled", buffer, SIZE);
	}
	CALL(clEnqueueFillBuffer(rig.queue, buffer, pattern, 3, 0, 9, 0, NULL, NULL));
	CALL(clEnqueueFillBuffer(rig.queue, buffer, pattern, 0, 0, 8, 0, NULL, NULL));
	CALL(clEnqueueFillBuffer(rig.queue, buffer, pattern, 4, 2, 8, 0, NULL, NULL));
	CALL(clEnqueueFillBuffer(rig.queue, buffer, pattern, 4, 0, 10, 0, NULL, NULL));
	CALL(clEnqueueFillBuffer(rig.queue, buffer, NULL, 4, 0, 8, 0, NULL, NULL));
	CALL(clEnqueueFillBuffer(rig.queue, buffer, pattern, 4, SIZE, 8, 0, NULL, NULL));
	CALL(clEnqueueFillBuffer(rig.queue, buffer, pattern, 256, 0, 256, 0, NULL, NULL));
	CALL(clReleaseMemObject(buffer));
}

int main(void) {
	vc_rig_init();
	flags();
	host_pointer(SIZE);
	host_pointer(1 << 20);
	odd_host_pointer();
	sub_buffers();
	host_access();
	transfers();
	fills();
	cl_mem buffer = vc_buffer(0, 64);
	char bytes[8];
	CALL(clGetMemObjectInfo(buffer, 0xdead, sizeof(bytes), bytes, NULL));
	CALL(clGetMemObjectInfo(buffer, CL_MEM_SIZE, 1, bytes, NULL));
	CALL(clGetImageInfo(buffer, CL_IMAGE_WIDTH, sizeof(bytes), bytes, NULL));
	CALL(clReleaseMemObject(buffer));
	CALL(clRetainMemObject(NULL));
	CALL(clReleaseMemObject(NULL));
	CALL(clGetMemObjectInfo(NULL, CL_MEM_SIZE, sizeof(bytes), bytes, NULL));
	return vc_rig_finish();
}
