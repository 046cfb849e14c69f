/* SPDX-License-Identifier: Apache-2.0 */
#include "latency.h"

static int64_t earlier(int64_t a, int64_t b) {
	return a == 0 || (b != 0 && b < a) ? b : a;
}

void vc_latency_drawn(struct vc_latency *l, struct vc_vehicle *vehicle, uint64_t seq) {
	l->seq = seq;
	l->arrived_ns = earlier(l->arrived_ns, vehicle->arrived_ns);
	l->lost_ns = earlier(l->lost_ns, vehicle->lost_ns);
	vehicle->arrived_ns = vehicle->lost_ns = 0;
}

void vc_latency_answered(struct vc_latency *l, struct vc_stats *stats, uint64_t seq, int64_t flip_ns) {
	if (l->seq == 0 || l->seq != seq)
		return;
	l->seq = 0;
	if (flip_ns == 0)
		return;
	const struct vc_stats_picture picture = {.flip_ns = flip_ns,
						 .arrival_ns = l->arrived_ns ? flip_ns - l->arrived_ns : 0,
						 .loss_ns = l->lost_ns ? flip_ns - l->lost_ns : 0};
	l->arrived_ns = l->lost_ns = 0;
	vc_stats_add_picture(stats, &picture);
}
