/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keeps a real-time thread from its work while it works: page faults, and system calls that wait. The kernel counts both
 * for each thread (getrusage(2), RUSAGE_THREAD): a thread that blocks in a system call gives the CPU up voluntarily, so
 * between waking up and going to sleep again its count of voluntary switches must not move. The thread's own waiting for
 * events lies outside, and pre-emption by others is not voluntary. A call that could have waited and didn't is not seen.
 *
 * Two system calls a turn, a microsecond or so. One thread's alone.
 */
#ifndef VC_STALLS_H
#define VC_STALLS_H

#include <stdint.h>

struct vc_stalls {
	uint64_t turns;
	uint64_t minor_faults, major_faults;
	uint64_t waits;        /* but for the following */
	uint64_t waits_commit; /* in the commit's ioctl: for locks in the kernel that its other users hold */
	struct {
		long minor, major, switches;
	} at; /* when the turn began */
	long commit_switches;
};

/* The thread has waited for events, and works now. */
void vc_stalls_wake(struct vc_stalls *stalls);

/* It is about to wait again. */
void vc_stalls_sleep(struct vc_stalls *stalls);

/* Around a commit. */
void vc_stalls_commit_begin(struct vc_stalls *stalls);
void vc_stalls_commit_end(struct vc_stalls *stalls);

#endif
