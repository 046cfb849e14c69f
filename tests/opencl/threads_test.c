// SPDX-License-Identifier: Apache-2.0
// Two threads on one in-order queue: one fills a buffer over and over, the other reads it. A read shows one fill, never parts of two.
#include "answers.h"

#include <pthread.h>
#include <stdatomic.h>

enum { WORDS = 1 << 20, READS = 200 };

static cl_mem buffer;
static _Atomic bool stop;
static _Atomic int failures;

static void *fill(void *unused) {
	for (cl_uint value = 1; !stop; value++) {
		if (clEnqueueFillBuffer(rig.queue, buffer, &value, sizeof(value), 0, WORDS * sizeof(value), 0, NULL, NULL) !=
		    CL_SUCCESS)
			failures++;
		if (value % 4 == 0 && clFinish(rig.queue) != CL_SUCCESS)
			failures++;
	}
	return unused;
}

int main(void) {
	vc_rig_init();
	buffer = vc_buffer_counting(WORDS * sizeof(cl_uint), 0);
	cl_uint zero = 0, *words = calloc(WORDS, sizeof(*words));
	CHECK(words != NULL);
	MUST(clEnqueueFillBuffer(rig.queue, buffer, &zero, sizeof(zero), 0, WORDS * sizeof(zero), 0, NULL, NULL));
	pthread_t thread;
	CHECK(pthread_create(&thread, NULL, fill, NULL) == 0);
	int torn = 0;
	for (int i = 0; words && i < READS; i++) {
		MUST(clEnqueueReadBuffer(rig.queue, buffer, CL_TRUE, 0, WORDS * sizeof(*words), words, 0, NULL, NULL));
		int k = 1;
		while (k < WORDS && words[k] == words[0])
			k++;
		torn += k < WORDS;
		vc_alive();
	}
	stop = true;
	pthread_join(thread, NULL);
	vc_answer("torn reads", "%d", torn);
	vc_answer("failures", "%d", failures);
	CHECK(torn == 0);
	free(words);
	CALL(clReleaseMemObject(buffer));
	return vc_rig_finish();
}
