/* SPDX-License-Identifier: Apache-2.0 */
/* The device's side of frame-times-proto.h. One frame is under way at a time: the guest is paced by its flush. */
#ifndef VC_FRAME_TIMES_H
#define VC_FRAME_TIMES_H

#include "frame-times-proto.h"

struct vc_frame_watch {
	int fd;                      /* a sealed memfd; -1: no memory, nothing is kept */
	struct vc_frame_times *kept; /* mapped from it */
	struct vc_frame_time now;    /* the frame under way */
	uint64_t seq;                /* its PRESENT's, 0: not presented */
};

void vc_frame_watch_init(struct vc_frame_watch *watch);
void vc_frame_watch_finish(struct vc_frame_watch *watch);

void vc_frame_watch_flush(struct vc_frame_watch *watch, int64_t now_ns);
/* The frame went to the compositor as its PRESENT @seq, which may be its second. */
void vc_frame_watch_present(struct vc_frame_watch *watch, uint64_t seq, int64_t ready_ns, uint64_t bytes_copied);
void vc_frame_watch_flip(struct vc_frame_watch *watch, uint64_t seq, int64_t flip_ns);

/* Prints what is kept in @fd as JSON. Returns the program's exit code. */
int vc_frame_times_print(int fd);

#endif
