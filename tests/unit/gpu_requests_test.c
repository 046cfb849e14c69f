/* SPDX-License-Identifier: Apache-2.0 */
/* The status socket: status at once, then what may be asked. */
#include "requests.h"

#include "ipc.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static sd_event *event;
static struct vc_requests requests;
static char path[64];
static bool banned;

static int on_status(void *data, struct vc_gpu_status *status) {
	(void)data;
	*status = (struct vc_gpu_status){.version = VC_GPU_STATUS_VERSION, .size = sizeof(*status), .banned = banned};
	return -1;
}

static bool on_allow(void *data) {
	(void)data;
	bool was = banned;
	banned = false;
	return was;
}

static const struct vc_requests_ops ops = {.status = on_status, .allow = on_allow};

static int setup(void **state) {
	(void)state;
	snprintf(path, sizeof(path), "/tmp/vc-requests-%d", (int)getpid());
	return sd_event_new(&event) < 0 || vc_requests_init(&requests, event, path, &ops, NULL) < 0;
}

static int teardown(void **state) {
	(void)state;
	vc_requests_finish(&requests);
	sd_event_unref(event);
	unlink(path);
	return 0;
}

static void run(void) {
	while (sd_event_run(event, 2000) > 0)
		;
}

static int connect_and_read(struct vc_gpu_status *status) {
	int sock = vc_ipc_connect(path);
	assert_true(sock >= 0);
	run();
	assert_int_equal(vc_ipc_recv(sock, status, sizeof(*status), NULL, NULL), sizeof(*status));
	return sock;
}

struct asking {
	int err;
	char why[VC_GPU_REASON_MAX];
	volatile bool done;
};

static void *ask(void *data) {
	struct asking *a = data;
	a->err = vc_gpu_allow(path, NULL, 5000, a->why);
	__atomic_store_n(&a->done, true, __ATOMIC_RELEASE);
	return NULL;
}

static struct asking allow(void) {
	static struct asking a;
	pthread_t thread;
	memset(&a, 0, sizeof(a));
	assert_int_equal(pthread_create(&thread, NULL, ask, &a), 0);
	while (!__atomic_load_n(&a.done, __ATOMIC_ACQUIRE))
		run();
	pthread_join(thread, NULL);
	return a;
}

static void test_allow(void **state) {
	(void)state;
	banned = true;
	struct vc_gpu_status status;
	close(connect_and_read(&status));
	assert_int_equal(status.banned, 1);
	struct asking a = allow();
	assert_int_equal(a.err, 0);
	assert_false(banned);
	a = allow();
	assert_int_equal(a.err, -EALREADY);
	assert_non_null(strstr(a.why, "not banned"));
}

static void test_nonsense(void **state) {
	(void)state;
	struct vc_gpu_status status;
	struct vc_gpu_reply reply;
	struct vc_gpu_request odd[] = {{VC_GPU_STATUS_VERSION, 77}, {99, VC_GPU_ALLOW}};
	banned = true;
	for (unsigned i = 0; i < 2; i++) {
		int sock = connect_and_read(&status);
		assert_int_equal(vc_ipc_send(sock, &odd[i], sizeof(odd[i]), NULL, 0), 0);
		run();
		assert_int_equal(vc_ipc_recv(sock, &reply, sizeof(reply), NULL, NULL), sizeof(reply));
		assert_int_equal(reply.error, EINVAL);
		assert_int_equal(vc_ipc_recv(sock, &reply, sizeof(reply), NULL, NULL), 0);
		close(sock);
	}
	/* More bytes than any request has. */
	int sock = connect_and_read(&status);
	char much[512] = {0};
	assert_int_equal(vc_ipc_send(sock, much, sizeof(much), NULL, 0), 0);
	run();
	assert_int_equal(vc_ipc_recv(sock, &reply, sizeof(reply), NULL, NULL), 0);
	close(sock);
	assert_true(banned);
}

/* Any number of silent tools costs four places. */
static void test_crowd(void **state) {
	(void)state;
	struct vc_gpu_status status;
	int sock[20];
	char byte;
	for (unsigned i = 0; i < 20; i++)
		sock[i] = connect_and_read(&status);
	assert_int_equal(vc_ipc_recv(sock[15], &byte, 1, NULL, NULL), 0);
	banned = true;
	struct vc_gpu_request request = {VC_GPU_STATUS_VERSION, VC_GPU_ALLOW};
	assert_int_equal(vc_ipc_send(sock[19], &request, sizeof(request), NULL, 0), 0);
	run();
	assert_false(banned);
	for (unsigned i = 0; i < 20; i++)
		close(sock[i]);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {TEST(test_allow), TEST(test_nonsense), TEST(test_crowd)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
