/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a guest's last frames passed which stage: memory that the device process writes and "vcockpit-gpu --frames" reads. The
 * descriptor comes with the answer on the status socket.
 */
#ifndef VC_FRAME_TIMES_PROTO_H
#define VC_FRAME_TIMES_PROTO_H

#include <stdint.h>

#define VC_FRAME_TIMES_MAX 4096u

/* Nanoseconds of CLOCK_MONOTONIC. */
struct vc_frame_time {
	int64_t flush_ns; /* the guest's RESOURCE_FLUSH was taken from its ring */
	int64_t ready_ns; /* its drawing was finished and went to the compositor */
	int64_t flip_ns;  /* the vblank at which it came to the screen */
	uint64_t bytes_copied;
};

/* The device writes frame[head % VC_FRAME_TIMES_MAX], then head with release order. */
struct vc_frame_times {
	uint32_t version, reserved;
	_Atomic uint64_t head; /* frames shown since start */
	struct vc_frame_time frame[VC_FRAME_TIMES_MAX];
};
#define VC_FRAME_TIMES_VERSION 1u

#endif
