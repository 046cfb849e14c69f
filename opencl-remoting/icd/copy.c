/* SPDX-License-Identifier: Apache-2.0 */
#include "copy.h"

#include "call.h"
#include "notes.h"

#include <pthread.h>
#include <sched.h>
#include <string.h>

enum { LEAST = 512 << 10, SLICE = 128 << 10, HELPERS = 3, CORES_MIN = 4 };

/* The copy under way; there is one at a time. */
static struct {
	uint8_t *to;
	const uint8_t *from;
	size_t size, at; /* bytes that somebody has taken */
	unsigned busy;   /* threads with a slice */
} job;

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER; /* of having a job */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the job */
static pthread_cond_t more = PTHREAD_COND_INITIALIZER, done = PTHREAD_COND_INITIALIZER;
static unsigned helpers; /* that were started, under turn */

/* Takes slices until there are none. With the lock. */
static void help(void) {
	while (job.at < job.size) {
		size_t at = job.at, size = job.size - at < SLICE ? job.size - at : SLICE;
		job.at += size;
		job.busy++;
		pthread_mutex_unlock(&lock);
		memcpy(job.to + at, job.from + at, size);
		pthread_mutex_lock(&lock);
		if (--job.busy == 0 && job.at == job.size)
			pthread_cond_signal(&done);
	}
}

static void *run_helper(void *unused) {
	(void)unused;
	pthread_mutex_lock(&lock);
	for (;;) {
		help();
		pthread_cond_wait(&more, &lock);
	}
	return NULL;
}

static bool have_cores(void) {
	static _Atomic int cores;
	int n = atomic_load_explicit(&cores, memory_order_relaxed);
	if (n == 0) {
		cpu_set_t cpus;
		n = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
		atomic_store_explicit(&cores, n, memory_order_relaxed);
	}
	return n >= CORES_MIN;
}

void vc_copy(void *to, const void *from, size_t size) {
	if (size < LEAST || !have_cores() || pthread_mutex_trylock(&turn) != 0) {
		memcpy(to, from, size);
		return;
	}
	while (helpers < HELPERS && vc_thread_start(run_helper, NULL))
		helpers++;
	pthread_mutex_lock(&lock);
	job.to = to;
	job.from = from;
	job.at = 0;
	job.size = size;
	pthread_cond_broadcast(&more);
	help();
	while (job.busy > 0)
		pthread_cond_wait(&done, &lock);
	pthread_mutex_unlock(&lock);
	pthread_mutex_unlock(&turn);
}

void vc_copy_count(size_t bytes) {
	struct vc_link *link = vc_call_link_alive();
	if (!link)
		return;
	atomic_fetch_add_explicit(&link->channel->counters.copies, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&link->channel->counters.bytes_copied, bytes, memory_order_relaxed);
}

void vc_copy_counted(void *to, const void *from, size_t size) {
	vc_copy(to, from, size);
	vc_copy_count(size);
}

void vc_copy_after_fork(void) {
	pthread_mutex_init(&turn, NULL);
	pthread_mutex_init(&lock, NULL);
	pthread_cond_init(&more, NULL);
	pthread_cond_init(&done, NULL);
	memset(&job, 0, sizeof(job));
	helpers = 0;
}
