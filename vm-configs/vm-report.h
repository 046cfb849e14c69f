/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest tells about itself, line by line, through a virtio-serial port: kept in a file for whoever wants to know. A guest may
 * write without end, and the file lies in the host's memory: so it is QEMU's watcher that writes it, never more than the limit
 * (then the older half goes) and never more in a while than VC_VM_REPORT_QUOTA (then the guest waits).
 */
#ifndef VC_VM_REPORT_H
#define VC_VM_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#define VC_VM_REPORT_QUOTA ((size_t)64 << 10)
#define VC_VM_REPORT_KB_MAX 4096

struct vc_vm_report {
	int sock; /* from QEMU; -1: it has closed, or there is no report */
	int file;
	const char *path;
	char *text; /* all that is in the file; room for limit bytes */
	size_t used, limit;
	size_t taken; /* since the last vc_vm_report_more() */
	bool complained;
};

/* Begins an empty report at @path, which stays the caller's, of @limit bytes at most. Takes @sock. Returns 0 or -errno. */
int vc_vm_report_open(struct vc_vm_report *report, const char *path, size_t limit, int sock);
void vc_vm_report_close(struct vc_vm_report *report);

/* Is it worth looking whether there is something to take? */
bool vc_vm_report_wants(const struct vc_vm_report *report);

/* Takes what has come, without waiting. */
void vc_vm_report_take(struct vc_vm_report *report);

/* A while is over: the next quota may be taken. */
void vc_vm_report_more(struct vc_vm_report *report);

#endif
