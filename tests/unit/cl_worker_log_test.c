/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of a worker's lines on their way to the log. */
#include "worker-log.h"

#include "clock.h"
#include "log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct vc_worker_log worker;
static char said[1 << 20];
static int log_fd, saved;

static int set_up(void **state) {
	(void)state;
	worker = (struct vc_worker_log){.worker = 7};
	log_fd = memfd_create("log", 0);
	saved = dup(STDERR_FILENO);
	return log_fd < 0 || dup2(log_fd, STDERR_FILENO) < 0;
}

/* What was logged; standard error is the test's again. */
static const char *heard(void) {
	ssize_t n = pread(log_fd, said, sizeof(said) - 1, 0);
	said[n > 0 ? n : 0] = '\0';
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(log_fd);
	return said;
}

static void take(const char *text, int64_t ms) {
	vc_worker_log_take(&worker, text, strlen(text), ms * VC_NS_PER_MS);
}

static void test_lines(void **state) {
	(void)state;
	take("half a ", 0);
	take("line\n\nanother\x1b[2J\r\n<3>urgent\n<9>odd\nlast", 0);
	vc_worker_log_finish(&worker);
	assert_string_equal(heard(),
			    "test: worker 7: half a line\ntest: worker 7: another?[2J?\ntest: worker 7: urgent\n"
			    "test: worker 7: <9>odd\ntest: worker 7: last\n");
}

static void test_long(void **state) {
	(void)state;
	for (int i = 0; i < 3000; i++)
		take("x", 0);
	vc_worker_log_finish(&worker);
	const char *text = heard();
	unsigned lines = 0, xs = 0;
	for (; *text; text++) {
		lines += *text == '\n';
		xs += *text == 'x';
	}
	assert_int_equal(xs, 3000);
	assert_int_equal(lines, 3000 / (VC_WORKER_LOG_LINE - 1) + 1);
}

static void test_rate(void **state) {
	(void)state;
	for (int i = 0; i < VC_WORKER_LOG_BURST + 20; i++)
		take("spam\n", 0);
	take("later\n", VC_WORKER_LOG_PERIOD_MS);
	const char *text = heard();
	assert_non_null(strstr(text, "test: worker 7: 20 more lines dropped\ntest: worker 7: later\n"));
	unsigned lines = 0;
	for (; *text; text++)
		lines += *text == '\n';
	assert_int_equal(lines, VC_WORKER_LOG_BURST + 2);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_lines, set_up),
					   cmocka_unit_test_setup(test_long, set_up),
					   cmocka_unit_test_setup(test_rate, set_up)};
	vc_log_init("test", 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
