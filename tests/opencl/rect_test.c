// SPDX-License-Identifier: Apache-2.0
// Rectangles of buffers: read, write, copy, with all kinds of pitches; bad regions.
#include "answers.h"

#define SIZE ((size_t)8192)

struct at {
	size_t xyz[3];
};
#define AT(x, y, z) ((struct at){{x, y, z}}.xyz)

static cl_int read_rect(cl_mem buffer, const size_t *from, const size_t *to, const size_t *region, size_t row,
			size_t slice, size_t host_row, size_t host_slice, unsigned char *bytes) {
	return clEnqueueReadBufferRect(rig.queue, buffer, CL_TRUE, from, to, region, row, slice, host_row, host_slice,
				       bytes, 0, NULL, NULL);
}

static cl_int write_rect(cl_mem buffer, const size_t *to, const size_t *from, const size_t *region, size_t row,
			 size_t slice, size_t host_row, size_t host_slice, const unsigned char *bytes) {
	return clEnqueueWriteBufferRect(rig.queue, buffer, CL_TRUE, to, from, region, row, slice, host_row, host_slice,
					bytes, 0, NULL, NULL);
}

static cl_int copy_rect(cl_mem from, cl_mem to, const size_t *source, const size_t *target, const size_t *region,
			size_t row, size_t slice, size_t to_row, size_t to_slice) {
	return clEnqueueCopyBufferRect(rig.queue, from, to, source, target, region, row, slice, to_row, to_slice, 0,
				       NULL, NULL);
}

int main(void) {
	vc_rig_init();
	cl_mem buffer = vc_buffer_counting(SIZE, 0), other = vc_buffer_counting(SIZE, 50);
	unsigned char bytes[8192];
	memset(bytes, 0xcc, sizeof(bytes));

	CALL(read_rect(buffer, AT(3, 2, 1), AT(1, 1, 1), AT(10, 5, 3), 64, 64 * 16, 32, 32 * 10, bytes));
	vc_answer_bytes("read", bytes, sizeof(bytes));
	CALL(read_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(16, 4, 2), 0, 0, 0, 0, bytes));
	vc_answer_bytes("read without pitches", bytes, sizeof(bytes));
	CALL(read_rect(buffer, AT(5, 0, 0), AT(7, 0, 0), AT(100, 1, 1), 0, 0, 0, 0, bytes));
	vc_answer_bytes("read one row", bytes, sizeof(bytes));
	CALL(write_rect(buffer, AT(2, 3, 1), AT(4, 1, 0), AT(20, 6, 4), 50, 50 * 20, 40, 40 * 12, bytes));
	vc_answer_buffer("written", buffer, SIZE);
	CALL(write_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(8, 8, 8), 0, 0, 0, 0, bytes));
	vc_answer_buffer("written without pitches", buffer, SIZE);
	CALL(copy_rect(buffer, other, AT(1, 1, 1), AT(2, 2, 2), AT(7, 6, 5), 30, 30 * 20, 40, 40 * 10));
	vc_answer_buffer("copied", other, SIZE);
	CALL(copy_rect(other, other, AT(0, 0, 0), AT(32, 0, 0), AT(16, 16, 1), 64, 0, 64, 0));
	vc_answer_buffer("copied within", other, SIZE);

	/* One that does not wait. */
	cl_event event = NULL;
	CALL(clEnqueueReadBufferRect(rig.queue, other, CL_FALSE, AT(0, 0, 0), AT(0, 0, 0), AT(33, 9, 2), 64, 1024, 33,
				     33 * 9, bytes, 0, NULL, &event));
	CALL(clWaitForEvents(1, &event));
	CALL(clReleaseEvent(event));
	vc_answer_bytes("read later", bytes, sizeof(bytes));

	CALL(read_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(0, 1, 1), 0, 0, 0, 0, bytes));
	CALL(read_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(1, 0, 1), 0, 0, 0, 0, bytes));
	CALL(read_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(1, 1, 0), 0, 0, 0, 0, bytes));
	CALL(read_rect(buffer, AT(SIZE, 0, 0), AT(0, 0, 0), AT(1, 1, 1), 0, 0, 0, 0, bytes));
	CALL(read_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(16, 2, 1), 15, 0, 0, 0, bytes));
	CALL(read_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(16, 2, 1), 0, 0, 15, 0, bytes));
	CALL(read_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(16, 4, 2), 16, 63, 0, 0, bytes));
	CALL(read_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(16, 4, 2), 16, 70, 0, 0, bytes));
	CALL(read_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(16, 4, 2), 0, 0, 16, 63, bytes));
	CALL(read_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(16, 4, 2), 4096, 0, 0, 0, bytes));
	CALL(read_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(16, 1, 1), 0, 0, 0, 0, NULL));
	CALL(write_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(16, 1, 1), 0, 0, 0, 0, NULL));
	CALL(write_rect(buffer, AT(SIZE - 1, 0, 0), AT(0, 0, 0), AT(2, 1, 1), 0, 0, 0, 0, bytes));
	CALL(write_rect(buffer, AT((size_t)-1, 0, 0), AT(0, 0, 0), AT(2, 1, 1), 0, 0, 0, 0, bytes));
	CALL(write_rect(buffer, AT(0, 0, 0), AT(0, 0, 0), AT(0, 0, 0), 0, 0, 0, 0, bytes));
	CALL(copy_rect(buffer, buffer, AT(0, 0, 0), AT(8, 1, 0), AT(16, 16, 1), 64, 0, 64, 0));
	CALL(copy_rect(buffer, buffer, AT(0, 0, 0), AT(0, 0, 0), AT(16, 16, 1), 64, 0, 64, 0));
	CALL(copy_rect(buffer, other, AT(0, 0, 0), AT(0, 0, 0), AT(16, 0, 1), 64, 0, 64, 0));
	CALL(copy_rect(buffer, other, AT(0, 0, 0), AT(0, 0, 100), AT(16, 16, 1), 64, 0, 64, 0));
	CALL(copy_rect(buffer, buffer, AT(0, 0, 0), AT(0, 32, 0), AT(16, 16, 1), 64, 0, 32, 0));
	vc_answer_buffer("at last", buffer, SIZE);
	CALL(clReleaseMemObject(buffer));
	CALL(clReleaseMemObject(other));
	return vc_rig_finish();
}
