/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest-fault: what an infotainment guest can do wrong, each as a function of its own. It runs in the guest, started by the
 * fault agent at a word from the host, and uses only what any program in a guest has: DRM ioctls, GL, /proc. What the stock
 * kernel driver won't let through is told on standard output, not counted as done.
 *
 * Each fault returns an exit code: 0, it was done; 1, it could not be done here (a line says why). The ones that end the guest
 * don't return.
 */
#ifndef GUEST_FAULT_H
#define GUEST_FAULT_H

#include <stdbool.h>
#include <stdint.h>

struct fault {
	const char *name;
	const char *what; /* what it does, for --list */
	bool screen;      /* needs the DRM master: the agent stops the demo for it */
	bool late; /* has much to make ready, and calls fault_begin() itself; for others it is called before run */
	int (*run)(int64_t until_ns);
};

/* CLOCK_MONOTONIC */
int64_t fault_now(void);

/* One line about how it goes. */
void fault_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says "started NAME" to the host, on the descriptor that the agent names in FAULT_ANSWER (none: to nobody): from now on it does harm. */
void fault_begin(void);

/* flood.c */
int fault_flood(int64_t until_ns);
/* scanout.c */
int fault_bad_scanout(int64_t until_ns);
int fault_stale_buffer(int64_t until_ns);
/* gl.c */
int fault_spin_shader(int64_t until_ns);
int fault_no_fence(int64_t until_ns);
/* virgl.c */
int fault_bad_virgl(int64_t until_ns);
int fault_leak(int64_t until_ns);
int fault_descriptors(int64_t until_ns);
/* kernel.c */
int fault_panic(int64_t until_ns);
int fault_reboot(int64_t until_ns);
int fault_hang(int64_t until_ns);

#endif
