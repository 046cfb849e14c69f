/* SPDX-License-Identifier: Apache-2.0 */
/* The importer: jobs come back in order, however long they take, and whoever hands them over never waits. */
#include "importer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_MS 20000
#define FREE 50 /* a buffer that no gate holds up */

static struct vc_importer importer;
static struct vc_loop loop;
static struct vc_import_job job[VC_IMPORTER_JOBS];
static struct vc_import import[VC_IMPORTER_JOBS];
static unsigned finished[VC_IMPORTER_JOBS], count;
static sem_t gate;       /* each job passes it once */
static int policy_there; /* scheduling of the importer's thread */
static sigset_t blocked_there;

int __wrap_vc_import_create(struct vc_import *made, int card, int udmabuf, const struct vc_display_buffer_add *add,
			    int fd, unsigned ways, char *why);
int __wrap_vc_import_create(struct vc_import *made, int card, int udmabuf, const struct vc_display_buffer_add *add,
			    int fd, unsigned ways, char *why) {
	(void)card;
	(void)udmabuf;
	(void)ways;
	while (add->id != FREE && sem_wait(&gate) < 0)
		;
	policy_there = sched_getscheduler(0);
	pthread_sigmask(SIG_SETMASK, NULL, &blocked_there);
	*made = (struct vc_import){.dmabuf = -1};
	if (fcntl(fd, F_GETFD) < 0 || add->id == 3) {
		strcpy(why, "no such thing");
		return -EINVAL;
	}
	made->fb = 100 + add->id;
	return 0;
}

void __wrap_vc_import_destroy(struct vc_import *made, int card);
void __wrap_vc_import_destroy(struct vc_import *made, int card) {
	(void)card;
	while (sem_wait(&gate) < 0)
		;
	made->fb = 0;
}

static void on_finished(void *data, struct vc_import_job *done) {
	finished[count++] = data == &importer ? (unsigned)(done - job) : FREE;
	loop.quit = true;
}

static void await(unsigned jobs) {
	struct pollfd p = {.fd = loop.epoll, .events = POLLIN};
	while (count < jobs) {
		assert_int_equal(poll(&p, 1, LIMIT_MS), 1);
		loop.quit = false;
		assert_int_equal(vc_loop_run(&loop), 0);
	}
}

static void submit(unsigned i, int fd) {
	job[i] = (struct vc_import_job){.task = fd >= 0 ? VC_IMPORT_CREATE : VC_IMPORT_DESTROY,
					.fd = fd,
					.add = {.id = i},
					.import = &import[i]};
	vc_importer_submit(&importer, &job[i]);
}

static void jobs_come_back_in_order(void **state) {
	(void)state;
	int fds[5];
	count = 0;
	for (unsigned i = 0; i < 5; i++) {
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		submit(i, fds[i]);
	}
	/* The importer stands at the gate, and submit() has returned all the same. */
	struct pollfd p = {.fd = loop.epoll, .events = POLLIN};
	assert_int_equal(poll(&p, 1, 0), 0);
	for (unsigned i = 0; i < 5; i++)
		sem_post(&gate);
	await(5);
	for (unsigned i = 0; i < 5; i++) {
		assert_int_equal(finished[i], i);
		assert_int_equal(job[i].error, i == 3 ? -EINVAL : 0);
		assert_int_equal(import[i].fb, i == 3 ? 0 : 100 + i);
		assert_int_equal(fcntl(fds[i], F_GETFD), -1);
	}
	assert_string_equal(job[3].why, "no such thing");
	assert_int_equal(policy_there & ~SCHED_RESET_ON_FORK, SCHED_OTHER);
	assert_true(sigismember(&blocked_there, SIGTERM));
}

static void the_ring_holds_all_jobs(void **state) {
	(void)state;
	/* Several times around. */
	for (int round = 0; round < 5; round++) {
		count = 0;
		for (unsigned i = 0; i < VC_IMPORTER_JOBS; i++)
			submit(i, -1);
		for (unsigned i = 0; i < VC_IMPORTER_JOBS; i++)
			sem_post(&gate);
		await(VC_IMPORTER_JOBS);
		for (unsigned i = 0; i < VC_IMPORTER_JOBS; i++)
			assert_int_equal(finished[i], i);
	}
}

/* Closing waits for no job, and no job for what is to be closed after it. */
static void descriptors_are_closed_there(void **state) {
	(void)state;
	int ends[2];
	assert_int_equal(pipe(ends), 0);
	count = 0;
	submit(0, -1);
	vc_importer_discard(&importer, ends[1]);
	struct pollfd seen = {.fd = ends[0], .events = POLLIN};
	assert_int_equal(poll(&seen, 1, 0), 0); /* the importer stands at the gate */
	assert_int_equal(vc_importer_room(&importer), VC_IMPORTER_DISCARDS - 1);
	sem_post(&gate);
	assert_int_equal(poll(&seen, 1, LIMIT_MS), 1);
	assert_true(seen.revents & POLLHUP);
	await(1);
	close(ends[0]);
}

/* One source's memory takes for ever; another's comes in meanwhile. */
static void importers_do_not_wait_for_each_other(void **state) {
	(void)state;
	static struct vc_importer other;
	static struct vc_import made;
	static struct vc_import_job quick;
	assert_int_equal(vc_importer_init(&other, &loop, VC_URGENT_REST, -1, on_finished, &other), 0);
	count = 0;
	submit(1, open("/dev/null", O_RDONLY | O_CLOEXEC)); /* stands at the gate */
	quick = (struct vc_import_job){.task = VC_IMPORT_CREATE, .fd = eventfd(0, EFD_CLOEXEC), .add = {.id = FREE}};
	quick.import = &made;
	vc_importer_submit(&other, &quick);
	await(1);
	assert_int_equal(made.fb, 100 + FREE);
	assert_int_equal(import[1].fb, 0);
	sem_post(&gate);
	await(2);
	assert_int_equal(import[1].fb, 101);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_come_back_in_order),
		cmocka_unit_test(the_ring_holds_all_jobs),
		cmocka_unit_test(descriptors_are_closed_there),
		cmocka_unit_test(importers_do_not_wait_for_each_other),
	};
	/* As under systemd, where the process starts with real-time priority; needs no success. */
	const struct sched_param urgent = {.sched_priority = 1};
	sched_setscheduler(0, SCHED_FIFO, &urgent);
	assert_int_equal(sem_init(&gate, 0, 0), 0);
	assert_int_equal(vc_loop_init(&loop), 0);
	assert_int_equal(vc_importer_init(&importer, &loop, VC_URGENT_REST, -1, on_finished, &importer), 0);
	return cmocka_run_group_tests_name("compositor.importer", tests, NULL, NULL);
}
