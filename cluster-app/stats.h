/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the running cluster tells about itself: a structure of fixed layout in a file under /run, mapped by the cluster at
 * start and updated in place, so that telling costs the loop no system call. "vcockpit-cluster --stats" maps it read-only.
 */
#ifndef VC_STATS_H
#define VC_STATS_H

#include "vehicle.h"

#define VC_STATS_MAGIC 0x54534356u /* "VCST" in memory */
#define VC_STATS_VERSION 3u
#define VC_STATS_PICTURES_MAX 4096 /* more than two minutes' worth at 30 Hz */

struct vc_stats_message {
	_Atomic uint32_t status; /* enum vc_e2e_status */
	uint32_t reserved;
	_Atomic uint64_t received, crc_errors, counter_errors, malformed, timeouts;
};

/* One picture that came on the screen, and how long what is new in it took from the bus. 0: nothing of the kind in it. */
struct vc_stats_picture {
	int64_t flip_ns;
	int64_t arrival_ns; /* from the arrival of the oldest frame that it shows first, protected messages only */
	int64_t loss_ns;    /* from the last good frame of a message that it shows as unknown first */
};

struct vc_stats {
	uint32_t magic, version;
	int32_t pid;
	_Atomic uint32_t connected;     /* to the compositor */
	_Atomic uint32_t width, height; /* of the zone, 0 before the first connection */
	_Atomic uint32_t can_up;
	uint32_t messages;            /* of the table below; VC_DBC_MESSAGES */
	_Atomic uint64_t heartbeat;   /* rounds of the loop */
	_Atomic int64_t heartbeat_ns; /* when it last came round, vc_clock_now() */
	_Atomic uint64_t frames_received;
	_Atomic uint64_t frames_drawn, frames_shown; /* shown: flipped to the screen, as the compositor says */
	_Atomic uint64_t frames_waited;              /* no free buffer when a frame was due */
	_Atomic uint64_t pixels_drawn;
	_Atomic int64_t draw_ns_max, draw_ns_sum; /* taking in CAN and drawing, a frame */
	_Atomic uint64_t connects;
	/* what kept the loop from its work in rounds that had a display (stalls.h) */
	_Atomic uint64_t rounds, minor_faults, major_faults, waits;
	struct vc_stats_message message[VC_DBC_MESSAGES];
	/* A ring like the compositor's frame log: picture[pictures % MAX] is written, then the count with release order. */
	_Atomic uint64_t pictures;
	struct vc_stats_picture picture[VC_STATS_PICTURES_MAX];
};

/* Creates @path and maps it, zero but for what never changes. Returns NULL after telling why. */
struct vc_stats *vc_stats_create(const char *path);
void vc_stats_destroy(struct vc_stats *stats);

/* Copies the counters of @vehicle. */
void vc_stats_update(struct vc_stats *stats, const struct vc_vehicle *vehicle);

/* Adds one picture to the ring. */
void vc_stats_add_picture(struct vc_stats *stats, const struct vc_stats_picture *picture);

/* Prints what the cluster behind @path says; latencies are of pictures that came on the screen from @since_ns to @until_ns.
 * Returns the program's exit code. */
int vc_stats_print(const char *path, bool json, int64_t since_ns, int64_t until_ns);

#endif
