/* SPDX-License-Identifier: Apache-2.0 */
/* Time as all of vcockpit counts it: nanoseconds of CLOCK_MONOTONIC, the clock of DRM's flip events. */
#ifndef VC_CLOCK_H
#define VC_CLOCK_H

#include <stdint.h>
#include <time.h>

#define VC_NS_PER_S INT64_C(1000000000)
#define VC_NS_PER_MS INT64_C(1000000)

static inline int64_t vc_clock_now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * VC_NS_PER_S + t.tv_nsec;
}

static inline struct timespec vc_clock_timespec(int64_t ns) {
	return (struct timespec){.tv_sec = ns / VC_NS_PER_S, .tv_nsec = ns % VC_NS_PER_S};
}

#endif
