/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker can't do. OpenCL implementations compile (they run linkers), open devices and caches and use threads, so a list
 * of what is allowed would be the union of all drivers' needs; instead what no implementation needs and an attacker wants is
 * refused: other processes, the network, new privileges, the kernel's less-travelled ways.
 */
#include "log.h"
#include "state.h"

#include <asm/sockios.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const int refused[] = {
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(process_madvise),
	SCMP_SYS(pidfd_getfd),
	SCMP_SYS(pidfd_open),
	SCMP_SYS(kcmp),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(open_tree),
	SCMP_SYS(move_mount),
	SCMP_SYS(fsopen),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(keyctl),
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(reboot),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(setuid),
	SCMP_SYS(setgid),
	SCMP_SYS(setresuid),
	SCMP_SYS(setresgid),
	SCMP_SYS(setgroups),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(name_to_handle_at),
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
	SCMP_SYS(modify_ldt),
	SCMP_SYS(lookup_dcookie),
	SCMP_SYS(fanotify_init),
	SCMP_SYS(syslog),
	SCMP_SYS(personality),
	SCMP_SYS(pidfd_send_signal),
	SCMP_SYS(tkill),
};

/* Processes and threads, but none in namespaces of their own, where it would have all privileges. clone3's flags lie in memory
 * where a filter can't see them: ENOSYS makes glibc use clone. */
static int refuse_namespaces(scmp_filter_ctx filter) {
	static const int flags[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
				    CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
	int err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]) && err == 0; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
				       SCMP_A0(SCMP_CMP_MASKED_EQ, (scmp_datum_t)flags[i], (scmp_datum_t)flags[i]));
	return err;
}

/* Sockets of all families but Unix and netlink (device discovery). */
static int refuse_families(scmp_filter_ctx filter) {
	const uint32_t refusal = SCMP_ACT_ERRNO(EAFNOSUPPORT);
	int err = seccomp_rule_add(filter, refusal, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_GT, AF_NETLINK));
	for (scmp_datum_t family = 0; family < AF_NETLINK && err == 0; family++)
		if (family != AF_UNIX)
			err = seccomp_rule_add(filter, refusal, SCMP_SYS(socket), 1, SCMP_A0(SCMP_CMP_EQ, family));
	return err;
}

/* Signals to nobody but this process, by whichever way, and nobody else's limits: workers may share a user. */
static int refuse_signals(scmp_filter_ctx filter) {
	static const int calls[] = {SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(rt_sigqueueinfo),
				    SCMP_SYS(rt_tgsigqueueinfo)};
	static const scmp_datum_t ways[] = {F_SETOWN, F_SETOWN_EX, F_SETSIG};
	static const scmp_datum_t requests[] = {FIOSETOWN, SIOCSPGRP};
	const uint32_t refusal = SCMP_ACT_ERRNO(EPERM);
	const scmp_datum_t self = (scmp_datum_t)getpid();
	int err = 0;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]) && err == 0; i++)
		err = seccomp_rule_add(filter, refusal, calls[i], 1, SCMP_A0_32(SCMP_CMP_NE, self));
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]) && err == 0; i++)
		err = seccomp_rule_add(filter, refusal, SCMP_SYS(fcntl), 1, SCMP_A1_32(SCMP_CMP_EQ, ways[i]));
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]) && err == 0; i++)
		err = seccomp_rule_add(filter, refusal, SCMP_SYS(ioctl), 1, SCMP_A1_32(SCMP_CMP_EQ, requests[i]));
	if (err == 0)
		err = seccomp_rule_add(filter, refusal, SCMP_SYS(prlimit64), 2, SCMP_A0_32(SCMP_CMP_NE, 0),
				       SCMP_A2(SCMP_CMP_NE, 0));
	return err;
}

bool vc_sandbox_enter(void) {
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return false;
	int err = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]) && err == 0; i++)
		err = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused[i], 0);
	if (err == 0)
		err = refuse_namespaces(filter);
	if (err == 0)
		err = refuse_families(filter);
	if (err == 0)
		err = refuse_signals(filter);
	if (err == 0)
		err = seccomp_load(filter);
	seccomp_release(filter);
	if (err != 0)
		vc_error("the system call filter can't be set: %s", strerror(-err));
	return err == 0;
}
