/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the vblanks are, worked out from the last flip's time stamp and the mode's period; and when to wake up before one.
 * Pure.
 */
#ifndef VC_FRAME_CLOCK_H
#define VC_FRAME_CLOCK_H

#include <stdint.h>

struct vc_frame_clock {
	int64_t period_ns, margin_ns;
	int64_t base_ns; /* some vblank; the last one that a flip told */
};

static inline void vc_frame_clock_init(struct vc_frame_clock *clock, int64_t period_ns, int64_t margin_ns,
				       int64_t now_ns) {
	clock->period_ns = period_ns;
	clock->margin_ns = margin_ns > 0 && margin_ns < period_ns ? margin_ns : period_ns / 4;
	clock->base_ns = now_ns;
}

/* A flip happened at @vblank_ns: the clock runs from there. */
static inline void vc_frame_clock_lock(struct vc_frame_clock *clock, int64_t vblank_ns) {
	clock->base_ns = vblank_ns;
}

/* The first vblank after @ns. */
static inline int64_t vc_frame_clock_next(const struct vc_frame_clock *clock, int64_t ns) {
	int64_t since = ns - clock->base_ns;
	int64_t n = since / clock->period_ns;
	if (since < 0 && n * clock->period_ns != since)
		n--; /* round down, also before the base */
	return clock->base_ns + (n + 1) * clock->period_ns;
}

/* How many vblanks lie between two times, rounded to whole ones. */
static inline int64_t vc_frame_clock_count(const struct vc_frame_clock *clock, int64_t from_ns, int64_t to_ns) {
	return (to_ns - from_ns + clock->period_ns / 2) / clock->period_ns;
}

#endif
