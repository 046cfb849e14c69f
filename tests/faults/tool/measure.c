/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "judge.h"

#include <stdlib.h>
#include <string.h>

/* A gap that a screenshot began and that is longer than this has another cause as well, and counts. */
#define CAPTURE_LIMIT_NS VC_NS_PER_S

size_t vc_entries_read(struct vc_recording *recording, struct vc_recording_entry **entries) {
	size_t count = 0, room = 0;
	struct vc_recording_entry entry;
	*entries = NULL;
	while (vc_recording_next(recording, &entry)) {
		if (count == room) {
			room = room ? 2 * room : 4096;
			struct vc_recording_entry *more = realloc(*entries, room * sizeof(entry));
			if (!more)
				abort();
			*entries = more;
		}
		(*entries)[count++] = entry;
	}
	return count;
}

/* A picture of the layer stayed from the vblank at @from_ns to the one at @to_ns. */
static void count_gap(struct vc_stretch *s, int64_t period_ns, int64_t from_ns, int64_t to_ns, bool captured) {
	int64_t gap_ns = to_ns - from_ns;
	if (gap_ns <= 0)
		return;
	uint64_t periods = (uint64_t)((gap_ns + period_ns / 2) / period_ns);
	uint64_t missed = periods > 1 ? periods - 1 : 0;
	if (captured && gap_ns <= CAPTURE_LIMIT_NS) {
		s->held += missed;
		return;
	}
	s->missed += missed;
	double ms = (double)gap_ns / (double)VC_NS_PER_MS;
	if (ms > s->worst_gap_ms)
		s->worst_gap_ms = ms;
}

struct vc_stretch vc_stretch_measure(const struct vc_recording_entry *entries, size_t count, int64_t period_ns,
				     int layer, int64_t from_ns, int64_t to_ns) {
	struct vc_stretch s = {0};
	const uint32_t bit = 1u << layer;
	bool captured = false, any = false;
	int64_t last_ns = from_ns;
	for (size_t i = 0; i < count; i++) {
		const struct vc_frame_record *f = &entries[i].frame;
		if (f->vblank_ns < from_ns || f->vblank_ns > to_ns) {
			/* The gap begins with the last frame before the stretch. */
			if (f->vblank_ns < from_ns && f->layer_new & bit && from_ns - f->vblank_ns < VC_NS_PER_S)
				last_ns = f->vblank_ns;
			continue;
		}
		s.captures += (f->flags & VC_FRAME_CAPTURE) != 0;
		s.refused += (f->flags & VC_FRAME_REFUSED) != 0;
		s.late += (f->flags & VC_FRAME_LATE) != 0;
		if (f->layer_new & bit) {
			s.shown++;
			count_gap(&s, period_ns, last_ns, f->vblank_ns, captured);
			last_ns = f->vblank_ns;
			captured = false;
			any = true;
		}
		captured |= (f->flags & VC_FRAME_CAPTURE) != 0;
	}
	if (any && to_ns - last_ns > period_ns)
		count_gap(&s, period_ns, last_ns, to_ns - period_ns / 2, captured);
	else if (!any)
		count_gap(&s, period_ns, last_ns, to_ns, false);
	s.due = s.shown + s.missed + s.held;
	return s;
}

static double ms_after(int64_t ns, int64_t from_ns) {
	return (double)(ns - from_ns) / (double)VC_NS_PER_MS;
}

static void put_stretch(struct vc_figures *figures, const char *prefix, const struct vc_stretch *s, int64_t period_ns) {
	const struct {
		const char *name;
		double value;
	} values[] = {
		{"due", (double)s->due},
		{"shown", (double)s->shown},
		{"missed", (double)s->missed},
		{"held", (double)s->held},
		{"captures", (double)s->captures},
		{"refused", (double)s->refused},
		{"missed_percent", s->due ? 100.0 * (double)s->missed / (double)s->due : 0},
		{"gap_ms", s->worst_gap_ms},
		{"gap_periods", s->worst_gap_ms * (double)VC_NS_PER_MS / (double)period_ns},
	};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		char name[VC_WORD_MAX];
		strcpy(name, prefix);
		strncat(name, values[i].name, sizeof(name) - strlen(name) - 1);
		vc_figures_set(figures, name, values[i].value);
	}
}

/* When the subject left LIVE, when its fallback was on the screen, when its frames were back: after the fallback if there was
 * one, for frames that were on their way may still show before it. */
static void measure_states(const struct vc_recording_entry *entries, size_t count, int subject,
			   const struct vc_marks *marks, struct vc_figures *figures) {
	const uint32_t bit = 1u << subject;
	size_t detected = count, fallback = count;
	for (size_t i = 0; i < count && fallback == count; i++) {
		const struct vc_frame_record *f = &entries[i].frame;
		if (f->vblank_ns < marks->inject_ns || f->vblank_ns > marks->end_ns)
			continue;
		if (detected == count && f->state[subject] != VC_STATE_LIVE)
			detected = i;
		if (f->state[subject] == VC_STATE_FALLBACK && !(f->layer_live & bit))
			fallback = i;
	}
	vc_figures_set(figures, "stayed_live", detected == count);
	if (detected < count)
		vc_figures_set(figures, "detect_ms", ms_after(entries[detected].frame.vblank_ns, marks->inject_ns));
	if (fallback < count)
		vc_figures_set(figures, "fallback_ms", ms_after(entries[fallback].frame.vblank_ns, marks->inject_ns));
	for (size_t i = fallback < count ? fallback : detected; i < count; i++) {
		const struct vc_frame_record *f = &entries[i].frame;
		if (marks->horizon_ns && f->vblank_ns > marks->horizon_ns)
			return;
		if (f->state[subject] == VC_STATE_LIVE && f->layer_new & bit) {
			vc_figures_set(figures, "recover_ms", ms_after(f->vblank_ns, marks->inject_ns));
			return;
		}
	}
}

/* When a compositor died and the next one took over, within the window. */
static void measure_takeover(const struct vc_recording_entry *entries, size_t count, int cluster,
			     const struct vc_marks *marks, struct vc_figures *figures) {
	for (size_t i = 1; i < count; i++) {
		const struct vc_frame_record *f = &entries[i].frame;
		if (entries[i].epoch == entries[i - 1].epoch || f->vblank_ns < marks->inject_ns ||
		    f->vblank_ns > marks->end_ns)
			continue;
		bool committed = false;
		for (size_t j = i; j < count && entries[j].epoch == entries[i].epoch; j++) {
			const struct vc_frame_record *g = &entries[j].frame;
			if (!committed && g->commit_ns > marks->inject_ns) {
				vc_figures_set(figures, "commit_ms", ms_after(g->commit_ns, marks->inject_ns));
				committed = true;
			}
			if (g->layer_new & 1u << cluster) {
				vc_figures_set(figures, "frame_ms", ms_after(g->vblank_ns, marks->inject_ns));
				break;
			}
		}
		vc_figures_set(figures, "takeovers", 1);
		return;
	}
	vc_figures_set(figures, "takeovers", 0);
}

void vc_judge_measure(const struct vc_recording *recording, const struct vc_recording_entry *entries, size_t count,
		      int subject, const struct vc_marks *marks, struct vc_figures *figures) {
	int64_t period_ns = recording->header.period_ns;
	int cluster = vc_recording_layer(recording, NULL);
	struct vc_stretch quiet =
		vc_stretch_measure(entries, count, period_ns, cluster, marks->baseline_ns, marks->inject_ns);
	struct vc_stretch during =
		vc_stretch_measure(entries, count, period_ns, cluster, marks->inject_ns, marks->end_ns);
	put_stretch(figures, "baseline_cluster_", &quiet, period_ns);
	put_stretch(figures, "cluster_", &during, period_ns);
	vc_figures_set(figures, "baseline_ms", ms_after(marks->inject_ns, marks->baseline_ns));
	vc_figures_set(figures, "window_ms", ms_after(marks->end_ns, marks->inject_ns));
	measure_states(entries, count, subject, marks, figures);
	measure_takeover(entries, count, cluster, marks, figures);
	uint32_t lost = 0;
	for (size_t i = 0; i < count; i++)
		if (entries[i].frame.vblank_ns >= marks->inject_ns && entries[i].frame.vblank_ns <= marks->end_ns)
			lost += entries[i].lost;
	vc_figures_set(figures, "unrecorded", lost);
}
