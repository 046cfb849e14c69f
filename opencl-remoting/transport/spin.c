/* SPDX-License-Identifier: Apache-2.0 */
#include "spin.h"

#include "clock.h"

#include <sched.h>
#include <stdlib.h>

enum {
	RETRY = 16,        /* waits that are not spun for until one is again */
	TAKEN_NS = 200000, /* between two looks at the clock: the core was somebody else's */
	LONGEST_US = 1000,
};

static int64_t limit(enum vc_spin_who who) {
	const char *text = getenv("VCOCKPIT_CL_SPIN_US");
	if (text) {
		int64_t us = strtoll(text, NULL, 10);
		return (us < 0 ? 0 : (us > LONGEST_US ? LONGEST_US : us)) * 1000;
	}
	cpu_set_t cpus;
	int count = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? CPU_COUNT(&cpus) : 1;
	if (count == 1)
		return 0;
	if (count >= 4)
		return 150000;
	return who == VC_SPIN_CLIENT ? 5000 : 40000;
}

int64_t vc_spin_most(enum vc_spin_who who) {
	static _Atomic int64_t cached[2] = {-1, -1};
	int64_t ns = atomic_load_explicit(&cached[who], memory_order_relaxed);
	if (ns < 0) {
		ns = limit(who);
		atomic_store_explicit(&cached[who], ns, memory_order_relaxed);
	}
	return ns;
}

int64_t vc_spin_for(struct vc_spin *spin, int64_t most) {
	if (atomic_load_explicit(&spin->mean, memory_order_relaxed) <= most)
		return most;
	uint32_t slept = atomic_load_explicit(&spin->slept, memory_order_relaxed);
	atomic_store_explicit(&spin->slept, slept + 1, memory_order_relaxed);
	return slept % RETRY == RETRY - 1 ? most : 0;
}

/* A long wait counts as one of a few times @most: it must not take many short ones to forget it. */
void vc_spin_learn(struct vc_spin *spin, int64_t ns, int64_t most) {
	int64_t mean = atomic_load_explicit(&spin->mean, memory_order_relaxed);
	if (ns > 4 * most)
		ns = 4 * most;
	atomic_store_explicit(&spin->mean, mean + (ns - mean) / 4, memory_order_relaxed);
}

void vc_spin_begin(struct vc_spinning *s, int64_t ns) {
	s->began = s->last = vc_clock_now();
	s->until = s->began + ns;
}

static void pause_once(void) {
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

bool vc_spin_on(struct vc_spinning *s) {
	pause_once();
	int64_t now = vc_clock_now();
	bool taken = now - s->last > TAKEN_NS;
	s->last = now;
	return now < s->until && !taken;
}
