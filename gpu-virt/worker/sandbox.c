/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox.h"

#include "log.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

bool vc_sandbox_limit(uint32_t memory_mb, uint32_t files) {
	struct rlimit memory = {(rlim_t)memory_mb << 20, (rlim_t)memory_mb << 20};
	struct rlimit descriptors = {files, files}, none = {0, 0};
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && setrlimit(RLIMIT_AS, &memory) == 0 &&
	       setrlimit(RLIMIT_NOFILE, &descriptors) == 0 && setrlimit(RLIMIT_CORE, &none) == 0;
}

/* Memory, threads, time, the one socket, and what GL drivers do with descriptors they hold. No open, no socket, no exec, no
 * signal to others, nothing that names a path. */
static const int allowed[] = {
	SCMP_SYS(mmap),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(mprotect),
	SCMP_SYS(madvise),
	SCMP_SYS(brk),
	SCMP_SYS(memfd_create),
	SCMP_SYS(ftruncate),
	SCMP_SYS(fallocate),
	SCMP_SYS(fcntl),
	SCMP_SYS(ioctl),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat), /* what glibc's fstat() is; without open it finds nothing new */
	SCMP_SYS(lseek),
	SCMP_SYS(dup),
	SCMP_SYS(close),
	SCMP_SYS(read),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(eventfd2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(sendmsg),
	SCMP_SYS(recvmsg),
	SCMP_SYS(futex),
	SCMP_SYS(rseq),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(membarrier),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_setaffinity),
	SCMP_SYS(getcpu),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getrandom),
	SCMP_SYS(getrusage),
	SCMP_SYS(sysinfo),
	SCMP_SYS(prctl), /* names of threads */
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

/* More threads yes, more processes no. clone3's flags lie in memory where a filter can't see them: ENOSYS makes glibc use
 * clone. abort() may signal itself. */
static int add_special(scmp_filter_ctx filter) {
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	if (err == 0)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				       SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
	/* Drivers look for configuration and caches when they feel like it; there are none. */
	const int absent[] = {SCMP_SYS(openat), SCMP_SYS(access), SCMP_SYS(readlink),
			      SCMP_SYS(statx),  SCMP_SYS(stat),   SCMP_SYS(faccessat2)};
	for (size_t i = 0; i < sizeof(absent) / sizeof(absent[0]) && err == 0; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOENT), absent[i], 0);
	return err;
}

bool vc_sandbox_enter(void) {
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	if (!filter)
		return false;
	int err = add_special(filter);
	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]) && err == 0; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	/* Threads that GL has started already are held to it too. */
	if (err == 0)
		err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	if (err == 0)
		err = seccomp_load(filter);
	seccomp_release(filter);
	if (err != 0)
		vc_error("the system call filter can't be set: %s", strerror(-err));
	return err == 0;
}
