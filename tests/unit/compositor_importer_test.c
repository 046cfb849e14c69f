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
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_MS 20000

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
	while (sem_wait(&gate) < 0)
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
	assert_ptr_equal(data, &importer);
	finished[count++] = (unsigned)(done - job);
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

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jobs_come_back_in_order),
		cmocka_unit_test(the_ring_holds_all_jobs),
	};
	/* As under systemd, where the process starts with real-time priority; needs no success. */
	const struct sched_param urgent = {.sched_priority = 1};
	sched_setscheduler(0, SCHED_FIFO, &urgent);
	assert_int_equal(sem_init(&gate, 0, 0), 0);
	assert_int_equal(vc_loop_init(&loop), 0);
	assert_int_equal(vc_importer_init(&importer, &loop, VC_URGENT_REST, -1, on_finished, &importer), 0);
	return cmocka_run_group_tests_name("compositor.importer", tests, NULL, NULL);
}
