/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way to the screen: the connection to the compositor and the buffers that frames are drawn into. Connecting, and
 * making buffers for a new zone size, allocate; everything else neither allocates nor blocks.
 */
#ifndef VC_LINK_H
#define VC_LINK_H

#include "config.h"
#include "display-client.h"
#include "image.h"
#include "picture.h"

#define VC_LINK_BUFFERS 5 /* on the screen, on its way there, in a capture, with the output monitor, being drawn */

enum vc_link_state {
	VC_LINK_AWAY,     /* not connected */
	VC_LINK_OFFERING, /* buffers are offered, not all answers are here */
	VC_LINK_RUNNING,  /* frames flow */
};

struct vc_link_buffer {
	int fd; /* a sealed memfd */
	size_t size;
	struct vc_image image;
	bool ready;              /* the compositor has taken it */
	bool busy;               /* presented and not yet released */
	bool blank;              /* what it holds is nothing to go on from */
	struct vc_picture shown; /* what it holds, unless blank */
};

struct vc_link {
	const struct vc_config *config;
	struct vc_display_client client;
	enum vc_link_state state;
	int width, height; /* of the buffers; 0 before the first connection */
	struct vc_link_buffer buffer[VC_LINK_BUFFERS];
	int last; /* buffer presented last, -1 at first */
	bool due; /* the compositor waits for a frame */
	uint64_t seq, shown;
	uint64_t answered; /* seq of the last FRAME */
	int64_t flip_ns;   /* when that was on the screen, 0 if it never was */
	int64_t retry_ns, sent_ns;
	char told[VC_DISPLAY_REASON_MAX]; /* the last complaint, so that each is made once */
};

void vc_link_init(struct vc_link *link, const struct vc_config *config);
void vc_link_finish(struct vc_link *link);

/* Tries to connect if it is time for that. Returns true when just connected; width and height may be others than before then,
 * and all buffers are blank if so. */
bool vc_link_connect(struct vc_link *link, int64_t now_ns);

/* Takes in what the compositor says; goes AWAY when it is gone. */
void vc_link_dispatch(struct vc_link *link, int64_t now_ns);

/* The buffer to draw the next frame into, or NULL: none is due, or none is free. */
struct vc_link_buffer *vc_link_next(struct vc_link *link);

/* The number that the next frame will be presented with. */
static inline uint64_t vc_link_seq(const struct vc_link *link) {
	return link->seq + 1;
}

/* Shows @buffer, finished at @drawn_ns. @declare says what it holds; NULL if nothing is said. */
void vc_link_present(struct vc_link *link, struct vc_link_buffer *buffer, struct vc_display_declare *declare,
		     int64_t drawn_ns);

/* Says "I live" if nothing has been sent for the heartbeat's time. */
void vc_link_heartbeat(struct vc_link *link, int64_t now_ns);

#endif
