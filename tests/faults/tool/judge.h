/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Judging one fault. What is measured goes into a table of figures by name, from the recording and from what the fault's
 * script noted; the budget names figures and their bounds. Every bound needs its figure: one that was not measured fails.
 */
#ifndef VC_JUDGE_H
#define VC_JUDGE_H

#include "recording.h"

#define VC_FIGURES_MAX 64
#define VC_BOUNDS_MAX 32
#define VC_CUTS_MAX 64
#define VC_WORD_MAX 40

struct vc_figure {
	char name[VC_WORD_MAX];
	double value;
};

struct vc_figures {
	unsigned count;
	struct vc_figure figure[VC_FIGURES_MAX];
};

/* Adds or replaces. */
void vc_figures_set(struct vc_figures *figures, const char *name, double value);
const struct vc_figure *vc_figures_find(const struct vc_figures *figures, const char *name);

enum vc_bound_kind { VC_AT_MOST, VC_AT_LEAST };

/* "34", ">= 1", "baseline + 20": what is added to the figure "baseline_NAME". */
struct vc_bound {
	char name[VC_WORD_MAX];
	enum vc_bound_kind kind;
	bool over_baseline;
	double value;
};

/* The sections of the budget file that hold for one fault, later ones over earlier ones: [all], [CLASS], [fault NAME]. */
struct vc_budget {
	const char *fault, *class;
	unsigned column; /* of "KVM | TCG": 0 or 1 */
	unsigned count;
	struct vc_bound bound[VC_BOUNDS_MAX];
};

/* Returns false with a line in @error. */
bool vc_budget_read(struct vc_budget *budget, const char *path, char *error, size_t size);

/* Is it kept? Returns false also if the figure is missing. @limit: what the bound comes to. */
bool vc_bound_holds(const struct vc_bound *bound, const struct vc_figures *figures, double *limit);

/* When things happened, from the fault's script. */
struct vc_marks {
	char subject[VC_DISPLAY_NAME_MAX], class[VC_WORD_MAX];
	int64_t baseline_ns; /* from when on it was quiet */
	int64_t inject_ns;   /* when the fault began */
	int64_t end_ns;      /* the window's end */
	int64_t horizon_ns;  /* up to when recovery counts; 0: no limit */
};

/* What the frames of one layer did in a stretch of time. */
struct vc_stretch {
	uint64_t due, shown, missed;
	uint64_t held; /* of the missed ones, those that a screenshot held up; not counted in missed */
	uint64_t captures, refused, late;
	double worst_gap_ms; /* without those that a screenshot made */
};

/* Reads all of a recording into memory, which is the caller's to free. Returns the number of entries. */
size_t vc_entries_read(struct vc_recording *recording, struct vc_recording_entry **entries);

/* The cluster's frames from @from_ns to @to_ns. Vblanks that no compositor counted are due and missed, too. */
struct vc_stretch vc_stretch_measure(const struct vc_recording_entry *entries, size_t count, int64_t period_ns,
				     int layer, int64_t from_ns, int64_t to_ns);

/* Puts all that the recording tells into @figures. */
void vc_judge_measure(const struct vc_recording *recording, const struct vc_recording_entry *entries, size_t count,
		      int subject, const struct vc_marks *marks, struct vc_figures *figures);

#endif
