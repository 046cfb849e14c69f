/* SPDX-License-Identifier: Apache-2.0 */
/* QEMU as its watcher sees it: a child that speaks as much QMP as is asked for, and then goes wrong in one way. */
#include "vm-watch.h"

#include "clock.h"
#include "log.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum manner { GOES, FALLS_SILENT, NEVER_SPEAKS, STANDS_STILL, PAUSES_BRIEFLY, SPINS, TALKS_NONSENSE };

static const struct vc_vm_limits limits = {
	.check_ms = 20, .answer_ms = 600, .pause_ms = 300, .spin_ms = 400, .spin_percent = 60};

static void put(int sock, const char *text) {
	if (write(sock, text, strlen(text)) < 0)
		_exit(1);
}

static void spin(void) {
	int64_t end = vc_clock_now() + 200 * VC_NS_PER_MS;
	while (vc_clock_now() < end)
		;
}

static _Noreturn void be_qemu(int sock, enum manner manner) {
	char question[256] = {0};
	unsigned asked = 0;
	if (manner == NEVER_SPEAKS)
		pause();
	put(sock, "{\"QMP\": {\"version\": {}}}\r\n");
	while (read(sock, memset(question, 0, sizeof(question)), sizeof(question) - 1) > 0) {
		asked++;
		if (strstr(question, "qmp_capabilities")) {
			put(sock, "{\"return\": {}}\r\n{\"event\": \"RESUME\"}\r\n");
			continue;
		}
		if (asked > 12 && manner == GOES)
			break;
		if (asked > 5 && manner == FALLS_SILENT)
			pause();
		if (asked > 2 && manner == TALKS_NONSENSE) {
			static char junk[20000];
			memset(junk, 'x', sizeof(junk) - 1);
			put(sock, junk);
			put(sock, "\n[1,2]\n{\"return\": 7}\n{{{\n");
			if (asked > 20)
				break;
		}
		if (manner == SPINS)
			spin();
		bool still = manner == STANDS_STILL || (manner == PAUSES_BRIEFLY && asked < 6);
		put(sock, still ? "{\"return\": {\"status\": \"paused\", \"running\": false}}\r\n"
				: "{\"return\": {\"status\": \"running\", \"running\": true}}\r\n");
		if (asked > 20)
			break; /* long enough for all but SPINS, which takes 4 s until here */
	}
	_exit(0);
}

static const char *watch(enum manner manner, const struct vc_vm_limits *l) {
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid_t pid = fork();
	if (pid == 0) {
		close(pair[0]);
		be_qemu(pair[1], manner);
	}
	close(pair[1]);
	struct vc_notify notify;
	struct vc_vm_report report = {.sock = -1, .file = -1};
	vc_notify_init(&notify);
	const char *why = vc_vm_watch(l, pid, pair[0], &report, &notify);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(pair[0]);
	return why;
}

static void expect(enum manner manner, const char *word) {
	const char *why = watch(manner, &limits);
	assert_non_null(why);
	if (!strstr(why, word))
		fail_msg("\"%s\" has no \"%s\"", why, word);
}

static void test_good(void **state) {
	(void)state;
	assert_null(watch(GOES, &limits));
	assert_null(watch(PAUSES_BRIEFLY, &limits));
	assert_null(watch(TALKS_NONSENSE, &limits));
}

static void test_hangs(void **state) {
	(void)state;
	expect(FALLS_SILENT, "not answered for 600 ms");
	expect(NEVER_SPEAKS, "not answered for 600 ms");
}

static void test_stands_still(void **state) {
	(void)state;
	expect(STANDS_STILL, "stood still for 300 ms (paused)");
}

static void test_spins(void **state) {
	(void)state;
	struct vc_vm_limits patient = limits;
	patient.answer_ms = 5000;
	const char *why = watch(SPINS, &patient);
	assert_non_null(why);
	assert_non_null(strstr(why, "it spins"));
	patient.spin_percent = 0;
	assert_null(watch(SPINS, &patient));
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_hangs),
					   cmocka_unit_test(test_stands_still), cmocka_unit_test(test_spins)};
	vc_log_init("vm-watch-test", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
