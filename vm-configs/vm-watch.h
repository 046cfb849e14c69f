/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Looks after a running QEMU from a process of its own: QEMU's main loop must answer on its monitor (QMP), the guest's processors must
 * run, and the main loop must not spin, as it does when a vhost-user back-end has gone. What a guest does inside is its own watchdog's
 * business.
 *
 * This finds out a QEMU that hangs, not one that lies: both run as the same user.
 */
#ifndef VC_VM_WATCH_H
#define VC_VM_WATCH_H

#include "notify.h"
#include "vm-report.h"

#include <stdint.h>
#include <sys/types.h>

struct vc_vm_limits {
	int64_t check_ms;     /* how often it is asked */
	int64_t answer_ms;    /* no answer for so long */
	int64_t pause_ms;     /* processors that stand still for so long */
	int64_t spin_ms;      /* a main loop that doesn't sleep for spin_percent of so long a time */
	int64_t spin_percent; /* 0: don't look */
};

/* Watches process @qemu, whose monitor is at the other end of @qmp, and tells systemd that it lives; meanwhile keeps @report. Returns
 * NULL once it has gone, or why it must go, in a static buffer. */
const char *vc_vm_watch(const struct vc_vm_limits *limits, pid_t qemu, int qmp, struct vc_vm_report *report,
			struct vc_notify *notify);

#endif
