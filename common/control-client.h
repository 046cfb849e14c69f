/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tool's side of the control protocol (control-proto.h): asks the compositor and believes nothing it answers before
 * sizes, counts, ranges and texts are checked. No call blocks longer than the time-out given at connect.
 */
#ifndef VC_CONTROL_CLIENT_H
#define VC_CONTROL_CLIENT_H

#include "control-proto.h"

#include <stddef.h>

#define VC_CONTROL_TIMEOUT_MS 5000
#define VC_CONTROL_WHY_MAX 256 /* room for a sentence about a failure, with its NUL */

struct vc_control_client {
	int sock; /* -1 when not connected */
	int timeout_ms;
	char why[VC_CONTROL_WHY_MAX]; /* after a failure: one sentence with the remedy where there is one */
};

/* A captured picture, mapped read-only. */
struct vc_control_picture {
	struct vc_control_captured info; /* checked: pixels + stride * y + 4 * x is readable inside width and height */
	const uint8_t *pixels;           /* XRGB8888 or ARGB8888 */
	int fd;
	uint32_t is_dmabuf;
};

/* A private copy of the frame log. */
struct vc_control_records {
	size_t count;  /* of record, oldest first */
	uint64_t lost; /* records since start that the ring has overwritten */
	struct vc_frame_record record[VC_FRAME_LOG_MAX];
};

/* All functions return 0 or -errno with client->why set. After any error but the compositor's own FAILED (an answer like
 * others) the connection is closed: a late answer must not be taken for the next one's. */

/* Connects to @path (NULL: VC_CONTROL_SOCKET). */
int vc_control_connect(struct vc_control_client *client, const char *path, int timeout_ms);

/* Closes the socket; harmless on a closed one. */
void vc_control_disconnect(struct vc_control_client *client);

/* Every string in @status is NUL-terminated printable ASCII, every enum known and every index inside its table. */
int vc_control_get_status(struct vc_control_client *client, struct vc_control_status *status);

/* Captures what @output shows. On success @picture must be given back with vc_control_release(). The pixels may be read
 * at once: the dma-buf's writers are done and its caches are in order. */
int vc_control_capture(struct vc_control_client *client, uint32_t output, struct vc_control_picture *picture);

/* Unmaps @picture and tells the compositor that its buffer is free. */
void vc_control_release(struct vc_control_client *client, struct vc_control_picture *picture);

/* Maps the frame log of @output, which lives on in the caller's mapping when the compositor dies. */
int vc_control_open_frames(struct vc_control_client *client, uint32_t output, const struct vc_frame_log **log);
void vc_control_close_frames(const struct vc_frame_log *log);

/* Copies the frame log of @output into @records. */
int vc_control_get_frames(struct vc_control_client *client, uint32_t output, struct vc_control_records *records);

/* Ends the ban of the layer with that index. */
int vc_control_allow(struct vc_control_client *client, uint32_t layer);

/* Copies the records of a log that is being written meanwhile; drops those overwritten during the copy. */
void vc_control_copy_log(const struct vc_frame_log *log, struct vc_control_records *records);

#endif
