/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic over the frame log. Pure: records in, figures out. */
#ifndef VC_CLI_FRAME_SUMMARY_H
#define VC_CLI_FRAME_SUMMARY_H

#include "control-proto.h"

#include <stddef.h>

/* The vblanks of a window of time. */
struct vc_frame_window {
	const struct vc_frame_record *record; /* the caller's, oldest first */
	size_t count;
	uint64_t refused, late, captures;
	uint64_t skipped; /* vblanks between the first and the last that have no record */
};

/* One layer in that window. A gap is how long one picture of the layer stayed: from a new frame, or from when the layer came
 * live or the window began, until the next new frame, or until the layer left live or the window ended. */
struct vc_frame_layer_summary {
	uint64_t due;    /* vblanks at which the layer was live or held */
	uint64_t shown;  /* of all, those with a new frame */
	uint64_t missed; /* of the due, those the compositor counted as missed */
	int64_t worst_gap_ns;
	int64_t worst_gap_at_ns; /* the vblank it began at, 0 if there was none */
};

/* Cuts the records with @since_ns <= vblank_ns <= @until_ns out of @count records. @period_ns: of a vblank, 0 if unknown. */
struct vc_frame_window vc_frame_window_cut(const struct vc_frame_record *record, size_t count, int64_t since_ns,
					   int64_t until_ns, int64_t period_ns);

/* @layer: index as in vc_control_status. */
struct vc_frame_layer_summary vc_frame_layer_summarise(const struct vc_frame_window *window, uint32_t layer);

#endif
