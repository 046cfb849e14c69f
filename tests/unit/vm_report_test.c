/* SPDX-License-Identifier: Apache-2.0 */
/* A guest that tells little, and one that tells without end. */
#include "vm-report.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT ((size_t)16 << 10)

static struct vc_vm_report report;
static char folder[] = "/tmp/vm-report.XXXXXX", path[64];
static int guest;

static int set_up(void **state) {
	(void)state;
	int pair[2];
	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/report", folder);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(vc_vm_report_open(&report, path, LIMIT, pair[0]), 0);
	guest = pair[1];
	return 0;
}

static int tidy(void **state) {
	(void)state;
	vc_vm_report_close(&report);
	if (guest >= 0)
		close(guest);
	unlink(path);
	return rmdir(folder); /* nothing else was left there */
}

static size_t size_of_file(void) {
	struct stat st;
	assert_return_code(stat(path, &st), errno);
	return (size_t)st.st_size;
}

/* All that is in the file, in a static buffer. */
static const char *text_of_file(void) {
	static char text[LIMIT + 1];
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, LIMIT, file)] = '\0';
	fclose(file);
	return text;
}

static void what_a_guest_tells_is_kept(void **state) {
	(void)state;
	assert_int_equal(write(guest, "boot\ngl-ra", 10), 10);
	vc_vm_report_take(&report);
	assert_string_equal(text_of_file(), "boot\ngl-ra");
	assert_int_equal(write(guest, "te 30\n", 6), 6);
	vc_vm_report_take(&report);
	assert_string_equal(text_of_file(), "boot\ngl-rate 30\n");
	assert_true(vc_vm_report_wants(&report));
	close(guest);
	guest = -1;
	vc_vm_report_take(&report);
	assert_false(vc_vm_report_wants(&report));
	assert_string_equal(text_of_file(), "boot\ngl-rate 30\n");
}

static void a_guest_that_writes_without_end_fills_nothing(void **state) {
	(void)state;
	char line[32];
	size_t sent = 0;
	for (unsigned i = 0; sent < 64 * LIMIT; i++) {
		int size = snprintf(line, sizeof(line), "line %u\n", i);
		assert_int_equal(send(guest, line, (size_t)size, 0), size);
		sent += (size_t)size;
		vc_vm_report_more(&report);
		vc_vm_report_take(&report);
		assert_true(size_of_file() <= LIMIT);
	}
	/* The newest is there, in whole lines. */
	const char *text = text_of_file();
	assert_int_equal(strncmp(text, "line ", 5), 0);
	assert_non_null(strstr(text, line));
	assert_true(size_of_file() >= LIMIT / 2 - sizeof(line));
	/* Without a line's end, too. */
	static char junk[LIMIT];
	memset(junk, 'x', sizeof(junk));
	for (int i = 0; i < 8; i++) {
		assert_int_equal(send(guest, junk, sizeof(junk), 0), sizeof(junk));
		vc_vm_report_more(&report);
		vc_vm_report_take(&report);
		assert_true(size_of_file() <= LIMIT);
	}
}

/* The guest waits: neither does the watcher read all the time, nor does anything grow. */
static void in_a_while_only_so_much_is_taken(void **state) {
	(void)state;
	static char junk[4096];
	size_t sent = 0;
	for (;;) {
		ssize_t n = send(guest, junk, sizeof(junk), MSG_DONTWAIT);
		if (n < 0)
			break;
		sent += (size_t)n;
		vc_vm_report_take(&report);
		assert_true(sent < 64 * VC_VM_REPORT_QUOTA);
	}
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(report.taken, VC_VM_REPORT_QUOTA);
	assert_false(vc_vm_report_wants(&report));
	vc_vm_report_more(&report);
	assert_true(vc_vm_report_wants(&report));
	vc_vm_report_take(&report);
	assert_int_equal(report.taken, VC_VM_REPORT_QUOTA);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_a_guest_tells_is_kept, set_up, tidy),
		cmocka_unit_test_setup_teardown(a_guest_that_writes_without_end_fills_nothing, set_up, tidy),
		cmocka_unit_test_setup_teardown(in_a_while_only_so_much_is_taken, set_up, tidy),
	};
	return cmocka_run_group_tests_name("vm.report", tests, NULL, NULL);
}
