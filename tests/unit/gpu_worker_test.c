/* SPDX-License-Identifier: Apache-2.0 */
/* The worker's life as the device sees it: killed, late, replaced sooner or later, banned from 3D and let back. */
#include "worker.h"

#include "clock.h"
#include "log.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIMIT_MS 20000

static struct vc_worker worker;
static struct vc_gpu_config config;
static sd_event *event;
static unsigned readies, deaths, faults, allowed;
static bool ready_virgl;
static int64_t deadline;

static void on_ready(void *data, const struct vc_worker_ready *ready) {
	(void)data;
	readies++;
	ready_virgl = ready->virgl;
}

static void on_answer(void *data, const union vc_worker_answer *answer, size_t size, int fd) {
	(void)data;
	(void)answer;
	(void)size;
	(void)fd;
}

static void on_died(void *data, const char *why) {
	(void)data;
	deaths++;
	faults += why != NULL;
}

static void on_allowed(void *data) {
	(void)data;
	allowed++;
}

static int64_t on_deadline(void *data) {
	(void)data;
	return deadline;
}

static const struct vc_worker_events events = {
	.ready = on_ready, .answer = on_answer, .died = on_died, .allowed = on_allowed, .deadline = on_deadline};

/* Runs the loop until @count of something is reached. */
static void await(const unsigned *value, unsigned count) {
	int64_t limit = vc_clock_now() + LIMIT_MS * VC_NS_PER_MS;
	while (*value < count) {
		assert_true(vc_clock_now() < limit);
		assert_true(sd_event_run(event, 100000) >= 0);
	}
}

static int setup(void **state) {
	(void)state;
	readies = deaths = faults = allowed = 0;
	deadline = INT64_MAX;
	vc_gpu_config_defaults(&config);
	config.respawn_ms = 1;
	config.respawn_max_ms = 4;
	config.max_faults = 3;
	unsetenv("FAKE_WORKER_LAZY");
	sigset_t child;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	return sd_event_new(&event) < 0 || vc_worker_init(&worker, event, &config, FAKE_WORKER, &events, NULL) < 0;
}

static int teardown(void **state) {
	(void)state;
	vc_worker_finish(&worker);
	sd_event_unref(event);
	return 0;
}

static void break_it(void) {
	unsigned before = readies;
	assert_int_equal(kill(worker.pid, SIGKILL), 0);
	await(&readies, before + 1);
}

static void test_ban(void **state) {
	(void)state;
	assert_int_equal(vc_worker_start(&worker), 0);
	await(&readies, 1);
	assert_true(ready_virgl);
	assert_false(vc_worker_allow(&worker));
	break_it();
	break_it();
	assert_true(ready_virgl);
	assert_int_equal(vc_worker_recent_faults(&worker), 2);
	break_it();
	assert_false(ready_virgl);
	assert_true(worker.banned);
	assert_int_equal(worker.bans, 1);
	assert_int_equal(vc_worker_readmit_in_ms(&worker), -1);
	/* In two dimensions it goes on being replaced. */
	break_it();
	assert_int_equal(worker.bans, 1);
	assert_true(vc_worker_allow(&worker));
	await(&readies, 6);
	assert_true(ready_virgl);
	assert_int_equal(allowed, 1);
	assert_int_equal(faults, 4); /* the last death was asked for */
	assert_int_equal(vc_worker_recent_faults(&worker), 0);
}

static void test_readmitted_by_time(void **state) {
	(void)state;
	config.max_faults = 1;
	config.readmit_ms = 50;
	assert_int_equal(vc_worker_start(&worker), 0);
	await(&readies, 1);
	break_it();
	assert_false(ready_virgl && !allowed);
	await(&allowed, 1);
	await(&readies, 3);
	assert_true(ready_virgl);
	assert_false(worker.banned);
}

/* Faults that lie apart don't count together. */
static void test_window(void **state) {
	(void)state;
	config.fault_window_ms = 0;
	assert_int_equal(vc_worker_start(&worker), 0);
	await(&readies, 1);
	for (int i = 0; i < 5; i++)
		break_it();
	assert_false(worker.banned);
}

/* A guest that resets its driver in a loop: each worker was asked to go, and the next ones come later and later. */
static void test_back_off(void **state) {
	(void)state;
	config.respawn_max_ms = 100000;
	assert_int_equal(vc_worker_start(&worker), 0);
	for (unsigned i = 0; i < 6; i++) {
		await(&readies, i + 1);
		vc_worker_kill(&worker, NULL);
		await(&deaths, i + 1);
		assert_int_equal(worker.delay_ms, INT64_C(1) << i);
	}
	await(&readies, 7);
	assert_int_equal(faults, 0);
	/* One that has lived long is replaced at once. */
	worker.started_ns -= config.respawn_max_ms * VC_NS_PER_MS;
	vc_worker_kill(&worker, NULL);
	await(&deaths, 7);
	assert_int_equal(worker.delay_ms, 0);
	await(&readies, 8);
	worker.delay_ms = 70000;
	vc_worker_kill(&worker, NULL);
	await(&deaths, 8);
	assert_int_equal(worker.delay_ms, config.respawn_max_ms);
}

static void test_late(void **state) {
	(void)state;
	setenv("FAKE_WORKER_LAZY", "1", 1);
	config.start_ms = 100;
	assert_int_equal(vc_worker_start(&worker), 0);
	await(&faults, 1);
	unsetenv("FAKE_WORKER_LAZY");
	await(&readies, 1);
	deadline = vc_clock_now() + 20 * VC_NS_PER_MS;
	vc_worker_watch(&worker);
	await(&deaths, 2);
	assert_int_equal(faults, 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {TEST(test_ban), TEST(test_readmitted_by_time), TEST(test_window),
					   TEST(test_back_off), TEST(test_late)};
	vc_log_init("gpu-worker-test", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
