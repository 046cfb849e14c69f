/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of what the CRTC puts out: a thread that now and then has the compositor make a capture, and compares the place of
 * each watched layer in it with what the captured frame declared. It finds what the check of the frames themselves can't: a
 * cluster that is covered, a plane in a wrong place or state. A capture costs the display's driver time, so this is a sample.
 *
 * Ordinary priority; waits for the compositor as long as that takes.
 */
#ifndef VC_OUTPUT_CHECK_H
#define VC_OUTPUT_CHECK_H

#include "check.h"
#include "config.h"
#include "watched.h"

#include <stdatomic.h>

struct vc_output_result {
	bool fresh; /* not yet taken */
	struct vc_check check;
	uint64_t ticket; /* of the capture */
	uint64_t seq;    /* of the frame in it, 0 for the safe picture */
	uint32_t source; /* and of its source */
};

struct vc_output_check {
	const struct vc_monitor_config *config;
	struct vc_watched *watched;
	pthread_t thread;
	int ready, stop; /* eventfds: a result is there; it's time to end */
	pthread_mutex_t lock;
	struct vc_output_result result[VC_CONTROL_LAYERS_MAX];
};

/* Starts the thread, unless the config says that there are no such checks. Returns 0 or -errno. */
int vc_output_check_start(struct vc_output_check *check, const struct vc_monitor_config *config,
			  struct vc_watched *watched);
void vc_output_check_stop(struct vc_output_check *check);

/* What @captured shows of @info's layer, found in @zone: true, and what was found in @check, if anything is known about it. */
bool vc_output_check_zone(struct vc_watched *watched, const struct vc_control_captured *captured,
			  const struct vc_monitor_layer *info, const struct vc_references *references,
			  const struct vc_pixels *zone, struct vc_check *check);

/* Takes the result about @layer. Returns false if there is no new one. */
bool vc_output_check_take(struct vc_output_check *check, uint32_t layer, struct vc_output_result *result);

#endif
