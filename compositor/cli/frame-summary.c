/* SPDX-License-Identifier: Apache-2.0 */
#include "frame-summary.h"

#include <stdbool.h>

struct vc_frame_window vc_frame_window_cut(const struct vc_frame_record *record, size_t count, int64_t since_ns,
					   int64_t until_ns, int64_t period_ns) {
	size_t first = 0;
	while (first < count && record[first].vblank_ns < since_ns)
		first++;
	size_t end = first;
	while (end < count && record[end].vblank_ns <= until_ns)
		end++;
	struct vc_frame_window window = {.record = record + first, .count = end - first};
	for (size_t i = 0; i < window.count; i++) {
		const struct vc_frame_record *r = &window.record[i];
		window.refused += (r->flags & VC_FRAME_REFUSED) != 0;
		window.late += (r->flags & VC_FRAME_LATE) != 0;
		window.captures += (r->flags & VC_FRAME_CAPTURE) != 0;
		/* Unsigned, so that hostile times wrap instead of overflowing. */
		uint64_t step = i > 0 && r->vblank_ns > r[-1].vblank_ns
					? (uint64_t)r->vblank_ns - (uint64_t)r[-1].vblank_ns
					: 0;
		uint64_t periods = period_ns > 0 ? (step + (uint64_t)period_ns / 2) / (uint64_t)period_ns : 0;
		if (periods > 1)
			window.skipped += periods - 1;
	}
	return window;
}

/* Takes the picture that stayed from @from_ns to @to_ns into account. */
static void end_gap(struct vc_frame_layer_summary *summary, int64_t from_ns, int64_t to_ns) {
	if (to_ns <= from_ns)
		return;
	uint64_t gap = (uint64_t)to_ns - (uint64_t)from_ns;
	if (gap > INT64_MAX)
		gap = INT64_MAX;
	if ((int64_t)gap > summary->worst_gap_ns) {
		summary->worst_gap_ns = (int64_t)gap;
		summary->worst_gap_at_ns = from_ns;
	}
}

struct vc_frame_layer_summary vc_frame_layer_summarise(const struct vc_frame_window *window, uint32_t layer) {
	struct vc_frame_layer_summary summary = {0};
	if (layer >= VC_CONTROL_LAYERS_MAX)
		return summary;
	uint32_t bit = 1u << layer;
	bool was_live = false;
	int64_t from_ns = 0;
	for (size_t i = 0; i < window->count; i++) {
		const struct vc_frame_record *r = &window->record[i];
		bool live = (r->layer_live & bit) != 0;
		bool fresh = (r->layer_new & bit) != 0;
		summary.due += live;
		summary.shown += fresh;
		summary.missed += (r->layer_missed & bit) != 0;
		if (was_live && (fresh || !live))
			end_gap(&summary, from_ns, r->vblank_ns);
		if (live && (fresh || !was_live))
			from_ns = r->vblank_ns;
		was_live = live;
	}
	if (was_live)
		end_gap(&summary, from_ns, window->record[window->count - 1].vblank_ns);
	return summary;
}
