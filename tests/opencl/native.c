// SPDX-License-Identifier: Apache-2.0
// opencl-native MODE: an OpenCL kernel is native code in the worker, where the device is a CPU. This one makes system calls there, to see
// what the worker's walls hold. x86-64 only.
//
//   filter       calls that the system call filter refuses are refused, in a worker that goes on working
//   leave        leaves processes behind, prints their numbers, and waits for the end of standard input
//   signal PID   tries to reach that process by all ways there are
//   forge TEXT   writes TEXT to the worker's standard error, and then 10,000 lines
//   hoard MIB    fills memory files of 16 MiB; prints how many MiB there were when it ended
//   mark PATH    makes that file; prints 0, or -errno when it was there or may not be made
#include "answers.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char source[] =
	"long call(long n, long a, long b, long c, long d, long e, long f) {\n"
	"  long result;\n"
	"  __asm__ volatile(\"movq %5, %%r10; movq %6, %%r8; movq %7, %%r9; syscall\" : \"=a\"(result)\n"
	"    : \"a\"(n), \"D\"(a), \"S\"(b), \"d\"(c), \"r\"(d), \"r\"(e), \"r\"(f) : \"rcx\", \"r8\", \"r9\", "
	"\"r10\", \"r11\", \"memory\");\n"
	"  return result;\n"
	"}\n"
	"kernel void one(global long *x) { x[7] = call(x[0], x[1], x[2], x[3], x[4], x[5], x[6]); }\n"
	"kernel void with_bytes(global long *x, global char *bytes) { x[7] = call(x[0], x[1], (long)bytes, x[3], x[4], "
	"x[5], x[6]); }\n"
	/* clone(); the child leaves the session, becomes an orphan's parent, and both sleep for ever. */
	"kernel void leave(global volatile long *x) {\n"
	"  long child = call(56, 17, 0, 0, 0, 0, 0);\n"
	"  if (child != 0) { x[0] = child; return; }\n"
	"  call(112, 0, 0, 0, 0, 0, 0);\n"
	"  x[1] = call(56, 17, 0, 0, 0, 0, 0);\n"
	"  for (;;) call(34, 0, 0, 0, 0, 0, 0);\n"
	"}\n"
	"kernel void hoard(global volatile long *x, global char *name) {\n"
	"  long files = x[0];\n"
	"  for (x[1] = 0; x[1] < files; x[1]++) {\n"
	"    long fd = call(319, (long)name, 0, 0, 0, 0, 0), done = 0;\n"
	"    if (fd < 0) { x[2] = fd; return; }\n"
	"    if ((x[2] = call(285, fd, 0, 0, 16 << 20, 0, 0)) < 0) return;\n"
	"  }\n"
	"}\n";

static cl_program program;

static void run(cl_kernel kernel, long *x, cl_mem extra) {
	cl_mem buffer = clCreateBuffer(rig.context, CL_MEM_COPY_HOST_PTR, 8 * sizeof(*x), x, &error);
	size_t one = 1;
	MUST(error);
	MUST(clSetKernelArg(kernel, 0, sizeof(buffer), &buffer));
	if (extra)
		MUST(clSetKernelArg(kernel, 1, sizeof(extra), &extra));
	MUST(clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL));
	MUST(clEnqueueReadBuffer(rig.queue, buffer, CL_TRUE, 0, 8 * sizeof(*x), x, 0, NULL, NULL));
	clReleaseMemObject(buffer);
}

/* What the worker's call gives: its result, or -errno. */
static long call(long n, long a, long b, long c, long d, long e, long f) {
	static cl_kernel kernel;
	long x[8] = {n, a, b, c, d, e, f, 0};
	if (!kernel)
		kernel = vc_kernel(program, "one");
	run(kernel, x, NULL);
	return x[7];
}

/* Likewise, with the second argument pointing to @bytes. */
static long call_with(long n, long a, const void *bytes, size_t size, long c, long d, long e, long f) {
	cl_kernel kernel = vc_kernel(program, "with_bytes");
	long x[8] = {n, a, 0, c, d, e, f, 0};
	cl_mem extra = clCreateBuffer(rig.context, CL_MEM_COPY_HOST_PTR, size, (void *)(uintptr_t)bytes, &error);
	MUST(error);
	run(kernel, x, extra);
	clReleaseMemObject(extra);
	clReleaseKernel(kernel);
	return x[7];
}

static void refused(const char *what, long result, int wanted) {
	printf("%s: %ld\n", what, result);
	vc_check(result == -wanted, what, __FILE__, __LINE__);
}

#define REFUSED(n, a, b, c, d, wanted) refused(#n, call(SYS_##n, a, b, c, d, 0, 0), wanted)

/* Arguments are such that each call would succeed, or fail with another code, were it not for the filter. */
static int filter(void) {
	long pid = call(SYS_getpid, 0, 0, 0, 0, 0, 0);
	CHECK(pid > 0);
	CHECK(call(SYS_prctl, 3 /* PR_GET_DUMPABLE */, 0, 0, 0, 0, 0) == 0);
	CHECK(call(SYS_prctl, 39 /* PR_GET_NO_NEW_PRIVS */, 0, 0, 0, 0, 0) == 1);
	REFUSED(ptrace, 0, 0, 0, 0, EPERM);
	REFUSED(process_vm_readv, pid, 0, 0, 0, EPERM);
	REFUSED(process_vm_writev, pid, 0, 0, 0, EPERM);
	REFUSED(pidfd_open, pid, 0, 0, 0, EPERM);
	REFUSED(pidfd_getfd, -1, 0, 0, 0, EPERM);
	REFUSED(pidfd_send_signal, -1, 0, 0, 0, EPERM);
	REFUSED(kcmp, pid, pid, 0, 0, EPERM);
	REFUSED(unshare, 0, 0, 0, 0, EPERM);
	REFUSED(setns, -1, 0, 0, 0, EPERM);
	REFUSED(clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, EPERM);
	REFUSED(clone3, 0, 0, 0, 0, ENOSYS);
	REFUSED(io_uring_setup, 0, 0, 0, 0, EPERM);
	REFUSED(add_key, 0, 0, 0, 0, EPERM);
	REFUSED(keyctl, 0, -1, 0, 0, EPERM);
	REFUSED(userfaultfd, 1, 0, 0, 0, EPERM);
	REFUSED(personality, 0xffffffff, 0, 0, 0, EPERM);
	REFUSED(modify_ldt, 0, 0, 0, 0, EPERM);
	REFUSED(setresuid, -1, -1, -1, 0, EPERM);
	REFUSED(setresgid, -1, -1, -1, 0, EPERM);
	REFUSED(name_to_handle_at, -1, 0, 0, 0, EPERM);
	REFUSED(kill, 1, 0, 0, 0, EPERM);
	REFUSED(kill, 0, 0, 0, 0, EPERM);
	REFUSED(kill, -1, 0, 0, 0, EPERM);
	REFUSED(tkill, pid, 0, 0, 0, EPERM);
	REFUSED(fcntl, 0, F_SETOWN, 0, 0, EPERM);
	REFUSED(ioctl, 3, SIOCSPGRP, 0, 0, EPERM);
	REFUSED(socket, AF_INET, SOCK_STREAM, 0, 0, EAFNOSUPPORT);
	REFUSED(socket, AF_PACKET, SOCK_RAW, 0, 0, EAFNOSUPPORT);
	/* What it needs it may. */
	CHECK(call(SYS_kill, pid, 0, 0, 0, 0, 0) == 0);
	CHECK(call(SYS_tgkill, pid, pid, 0, 0, 0, 0) == 0);
	long sock = call(SYS_socket, AF_UNIX, SOCK_STREAM, 0, 0, 0, 0);
	CHECK(sock > 0);
	CHECK(call(SYS_close, sock, 0, 0, 0, 0, 0) == 0);
	return 0;
}

static void await_end(void) {
	while (getchar() != EOF)
		;
}

static int leave(void) {
	cl_kernel kernel = vc_kernel(program, "leave");
	long x[8] = {0};
	run(kernel, x, NULL);
	CHECK(x[0] > 0);
	printf("left %ld\n", x[0]);
	await_end();
	return 0;
}

static int reach(long pid) {
	long ways[] = {
		call(SYS_kill, pid, SIGKILL, 0, 0, 0, 0),
		call(SYS_tgkill, pid, pid, SIGKILL, 0, 0, 0),
		call(SYS_tkill, pid, SIGKILL, 0, 0, 0, 0),
		call(SYS_kill, -pid, SIGKILL, 0, 0, 0, 0),
		call_with(SYS_prlimit64, pid, (long[]){0, 0}, 16, 0, 0, 0, 0),
		call(SYS_ptrace, 16 /* PTRACE_ATTACH */, pid, 0, 0, 0, 0),
	};
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		printf("way %zu: %ld\n", i, ways[i]);
		CHECK(ways[i] < 0);
	}
	return 0;
}

static int forge(const char *text) {
	char line[300];
	int n = snprintf(line, sizeof(line), "%s\n", text);
	CHECK(call_with(SYS_write, STDERR_FILENO, line, (size_t)n, n, 0, 0, 0) == n);
	for (int i = 0; i < 10000; i++)
		line[i % 250] = i % 50 == 49 ? '\n' : 'x';
	for (int i = 0; i < 2000; i++)
		CHECK(call_with(SYS_write, STDERR_FILENO, line, 250, 250, 0, 0, 0) == 250);
	return 0;
}

static int hoard(long mib) {
	cl_kernel kernel = vc_kernel(program, "hoard");
	const char name[] = "hoard";
	cl_mem text = clCreateBuffer(rig.context, CL_MEM_COPY_HOST_PTR, sizeof(name), (void *)(uintptr_t)name, &error);
	MUST(error);
	MUST(clSetKernelArg(kernel, 1, sizeof(text), &text));
	long x[8] = {mib / 16};
	cl_mem buffer = clCreateBuffer(rig.context, CL_MEM_COPY_HOST_PTR, sizeof(x), x, &error);
	size_t one = 1;
	MUST(error);
	MUST(clSetKernelArg(kernel, 0, sizeof(buffer), &buffer));
	cl_int code = clEnqueueNDRangeKernel(rig.queue, kernel, 1, NULL, &one, NULL, 0, NULL, NULL);
	if (code == CL_SUCCESS)
		code = clEnqueueReadBuffer(rig.queue, buffer, CL_TRUE, 0, sizeof(x), x, 0, NULL, NULL);
	if (code == CL_SUCCESS)
		printf("hoarded %ld MiB (%ld)\n", x[1] * 16, x[2]);
	else
		printf("ended by %s\n", vc_code_name(code));
	return 0;
}

static int mark(const char *path) {
	char name[300];
	snprintf(name, sizeof(name), "%s", path);
	long fd = call_with(SYS_openat, AT_FDCWD, name, sizeof(name), O_CREAT | O_EXCL | O_WRONLY, 0600, 0, 0);
	printf("marked %ld\n", fd < 0 ? fd : 0);
	return 0;
}

int main(int argc, char **argv) {
	const char *mode = argc > 1 ? argv[1] : "";
#ifndef __x86_64__
	return 77;
#endif
	setvbuf(stdout, NULL, _IOLBF, 0);
	vc_rig_init();
	program = vc_build(source, "");
	int code = 2;
	if (strcmp(mode, "filter") == 0)
		code = filter();
	else if (strcmp(mode, "leave") == 0)
		code = leave();
	else if (strcmp(mode, "signal") == 0 && argc == 3)
		code = reach(atol(argv[2]));
	else if (strcmp(mode, "forge") == 0 && argc == 3)
		code = forge(argv[2]);
	else if (strcmp(mode, "hoard") == 0 && argc == 3)
		code = hoard(atol(argv[2]));
	else if (strcmp(mode, "mark") == 0 && argc == 3)
		code = mark(argv[2]);
	else
		fprintf(stderr, "Usage: opencl-native filter|leave|signal PID|forge TEXT|hoard MIB|mark PATH\n");
	int failed = vc_rig_finish();
	return code != 0 ? code : failed;
}
