/* SPDX-License-Identifier: Apache-2.0 */
#include "importer.h"

#include "compose.h"
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* With mlockall() all of a thread's stack is resident. */
#define STACK_BYTES (128 * 1024)

static void ring_put(struct vc_import_ring *ring, struct vc_import_job *job) {
	unsigned at = atomic_load_explicit(&ring->put, memory_order_relaxed);
	ring->job[at % VC_IMPORTER_JOBS] = job;
	atomic_store_explicit(&ring->put, at + 1, memory_order_release);
}

static struct vc_import_job *ring_take(struct vc_import_ring *ring) {
	unsigned at = atomic_load_explicit(&ring->taken, memory_order_relaxed);
	if (at == atomic_load_explicit(&ring->put, memory_order_acquire))
		return NULL;
	struct vc_import_job *job = ring->job[at % VC_IMPORTER_JOBS];
	atomic_store_explicit(&ring->taken, at + 1, memory_order_release);
	return job;
}

/* An eventfd's counter can't overflow from as few jobs as there are. */
static void wake(int fd) {
	const uint64_t one = 1;
	if (write(fd, &one, sizeof(one)) < 0)
		return;
}

static void create(const struct vc_importer *importer, struct vc_import_job *job) {
	struct vc_import *import = job->import;
	const struct vc_display_buffer_add *add = &job->add;
	job->error = vc_import_create(import, job->card, importer->udmabuf, add, job->fd, job->ways, job->why);
	close(job->fd);
	job->fd = -1;
	if (job->error < 0)
		return;
	if (import->map && add->modifier == 0)
		import->image =
			vc_compose_image(add->fourcc, add->width, add->height, import->map, add->stride, job->scaled);
	if (import->image || import->fb)
		return;
	snprintf(job->why, sizeof(job->why),
		 "this layer is composed on the CPU, which cannot read that format or modifier");
	job->error = -EINVAL;
	vc_import_destroy(import, job->card);
}

static void destroy(struct vc_import_job *job) {
	if (job->import->image)
		pixman_image_unref(job->import->image);
	vc_import_destroy(job->import, job->card);
}

/* Returns -1 when none waits. */
static int take_discard(struct vc_discard_ring *ring) {
	unsigned at = atomic_load_explicit(&ring->taken, memory_order_relaxed);
	if (at == atomic_load_explicit(&ring->put, memory_order_acquire))
		return -1;
	int fd = ring->fd[at % VC_IMPORTER_DISCARDS];
	atomic_store_explicit(&ring->taken, at + 1, memory_order_release);
	return fd;
}

static void do_jobs(struct vc_importer *importer) {
	for (struct vc_import_job *job; (job = ring_take(&importer->asked)) != NULL;) {
		if (job->task == VC_IMPORT_CREATE)
			create(importer, job);
		else
			destroy(job);
		ring_put(&importer->answered, job);
		wake(importer->done.fd);
	}
}

static void *work(void *data) {
	struct vc_importer *importer = data;
	struct pollfd work_comes = {.fd = importer->wake, .events = POLLIN};
	for (;;) {
		uint64_t count;
		poll(&work_comes, 1, -1);
		if (read(importer->wake, &count, sizeof(count)) < 0 && errno != EINTR && errno != EAGAIN) {
			vc_error("importer: eventfd: %s", strerror(errno));
			return NULL;
		}
		do_jobs(importer);
		/* Somebody waits for jobs, nobody for these. */
		for (int fd; (fd = take_discard(&importer->discards)) >= 0; do_jobs(importer))
			close(fd);
	}
}

static void on_done(void *data, uint32_t events) {
	struct vc_importer *importer = data;
	uint64_t count;
	(void)events;
	if (read(importer->done.fd, &count, sizeof(count)) < 0)
		return;
	for (struct vc_import_job *job; (job = ring_take(&importer->answered)) != NULL;)
		importer->finished(importer->data, job);
}

void vc_importer_submit(struct vc_importer *importer, struct vc_import_job *job) {
	ring_put(&importer->asked, job);
	wake(importer->wake);
}

void vc_importer_discard(struct vc_importer *importer, int fd) {
	struct vc_discard_ring *ring = &importer->discards;
	if (vc_importer_room(importer) == 0) {
		vc_error("importer: no room for one more descriptor to be closed; it stays open");
		return;
	}
	unsigned at = atomic_load_explicit(&ring->put, memory_order_relaxed);
	ring->fd[at % VC_IMPORTER_DISCARDS] = fd;
	atomic_store_explicit(&ring->put, at + 1, memory_order_release);
	wake(importer->wake);
}

unsigned vc_importer_room(const struct vc_importer *importer) {
	const struct vc_discard_ring *ring = &importer->discards;
	return VC_IMPORTER_DISCARDS - (atomic_load_explicit(&ring->put, memory_order_relaxed) -
				       atomic_load_explicit(&ring->taken, memory_order_acquire));
}

/* Signals are the loop's, and so is real-time priority, which a thread would inherit. */
static int start_thread(struct vc_importer *importer) {
	const struct sched_param calm = {.sched_priority = 0};
	pthread_attr_t attr;
	sigset_t all, old;
	int err = pthread_attr_init(&attr);
	if (err != 0)
		return -err;
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_OTHER);
	pthread_attr_setschedparam(&attr, &calm);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(&importer->thread, &attr, work, importer);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	if (err == 0)
		pthread_setname_np(importer->thread, "importer");
	return -err;
}

int vc_importer_init(struct vc_importer *importer, struct vc_loop *loop, enum vc_urgency urgency, int udmabuf,
		     void (*finished)(void *data, struct vc_import_job *job), void *data) {
	*importer = (struct vc_importer){.udmabuf = udmabuf, .finished = finished, .data = data};
	importer->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	importer->done = (struct vc_watch){
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .urgency = urgency, .ready = on_done, .data = importer};
	if (importer->wake < 0 || importer->done.fd < 0)
		return -errno;
	int err = vc_loop_add(loop, &importer->done);
	return err < 0 ? err : start_thread(importer);
}
