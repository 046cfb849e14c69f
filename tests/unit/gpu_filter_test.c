/* SPDX-License-Identifier: Apache-2.0 */
/* The device's system call filter: what it needs goes on, what only an attacker needs does not. Each try in a process of its own. */
#include "filter.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static long socket_unix(void) {
	return socket(AF_UNIX, SOCK_SEQPACKET, 0);
}

static long start_program(void) {
	pid_t pid = fork();
	if (pid == 0) {
		execl("/bin/true", "true", (char *)NULL);
		_exit(9);
	}
	int status = -1;
	return waitpid(pid, &status, 0) == pid && status == 0 ? 0 : -1;
}

static long shared_memory(void) {
	return memfd_create("x", MFD_CLOEXEC);
}

static long socket_inet(void) {
	return socket(AF_INET, SOCK_STREAM, 0);
}

static long socket_netlink(void) {
	return socket(AF_NETLINK, SOCK_RAW, 0);
}

static long look_into_parent(void) {
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL);
}

static long new_namespace(void) {
	return unshare(CLONE_NEWUSER);
}

static long clone_namespace(void) {
	return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
}

static long mounts(void) {
	return mount("none", "/mnt", "tmpfs", 0, NULL);
}

static long io_ring(void) {
	return syscall(SYS_io_uring_setup, 1, NULL);
}

static long other_user(void) {
	return setuid(12345);
}

static long keys(void) {
	return syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_PROCESS_KEYRING, 1);
}

static long renames(void) {
	return rename("/tmp/vc-no-such-file", "/tmp/vc-no-such-file-2");
}

/* Returns the errno of @call under the filter, 0 if it works. */
static int under_filter(long (*call)(void)) {
	pid_t pid = fork();
	if (pid == 0) {
		if (vc_filter_enter() != 0)
			_exit(200);
		errno = 0;
		_exit(call() >= 0 ? 0 : errno);
	}
	int status;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_needed(void **state) {
	(void)state;
	assert_int_equal(under_filter(socket_unix), 0);
	assert_int_equal(under_filter(start_program), 0);
	assert_int_equal(under_filter(shared_memory), 0);
}

static void test_refused(void **state) {
	(void)state;
	long (*const calls[])(void) = {socket_inet, socket_netlink, look_into_parent, new_namespace, clone_namespace,
				       mounts,      io_ring,        other_user,       keys,          renames};
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		assert_int_equal(under_filter(calls[i]), EPERM);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_needed), cmocka_unit_test(test_refused)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
