/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures: what the CRTC really puts out. With a writeback connector the kernel writes the composed picture into a buffer
 * of ours and signals a fence; on composed outputs the composed buffer itself is lent out. One capture is on its way at a
 * time, the others queue. Nobody waits: the fence is polled by the event loop.
 *
 * One buffer is the output monitor's, and its captures go first: tools may keep theirs as long as they are allowed to, and the
 * output is checked all the same.
 *
 * While a writeback is on its way, the buffers in its picture are not released to their sources: the composer may still be
 * reading them. The cluster heeds that. A guest's driver cannot: virtio-gpu has no word for it, and the GPU device lets the guest
 * go on when its next frame is shown. So where a writeback takes longer than a frame, as vkms's does, a guest may draw into what
 * is being captured, and its zone may be half one frame and half another in the capture. On the screen it never is.
 */
#ifndef VC_CAPTURE_H
#define VC_CAPTURE_H

#include "layer.h"
#include "loop.h"

#define VC_CAPTURE_BUFFERS 3 /* the last is the output monitor's */
#define VC_CAPTURE_QUEUE 10

struct vc_capture_ticket;

struct vc_capture_result {
	const struct vc_dumb *dumb;
	int64_t vblank_ns;
	uint64_t number; /* counts the captures of this output, from 1 */
	/* by layer index, as in struct vc_control_captured */
	uint64_t seq[VC_LAYERS_MAX];
	uint32_t source[VC_LAYERS_MAX];
	const char *failed; /* why there is no picture, else NULL */
	int error;          /* positive errno then */
};

/* Somebody's wish for a capture; lives with its owner. */
struct vc_capture_ticket {
	enum { VC_TICKET_IDLE, VC_TICKET_QUEUED, VC_TICKET_FLYING, VC_TICKET_HOLDING } state;
	bool check; /* the output monitor's; set before the request */
	int buffer; /* held */
	/* Called once per request. On success the buffer is held until vc_capture_cancel(). */
	void (*done)(struct vc_capture_ticket *ticket, const struct vc_capture_result *result);
};

struct vc_capture {
	struct vc_loop *loop;
	int card;
	int64_t limit_ns;
	unsigned buffers; /* 0: this output has no writeback */
	struct vc_dumb dumb[VC_CAPTURE_BUFFERS];
	bool busy[VC_CAPTURE_BUFFERS];
	uint64_t number; /* of the last capture */
	int *lent;       /* set to -1 when a lent buffer comes back */
	unsigned queued;
	struct vc_capture_ticket *queue[VC_CAPTURE_QUEUE];
	/* the one on its way */
	int flying;                       /* buffer, -1: none */
	struct vc_capture_ticket *ticket; /* whose, NULL: nobody wants it any more */
	int64_t since_ns;
	struct vc_capture_result result;
	struct vc_layer *layer[VC_LAYERS_MAX];
	struct vc_content content[VC_LAYERS_MAX]; /* in the picture, referenced */
	struct vc_watch fence;
};

/* @writeback: allocate buffers for a writeback connector, which has @limit_ns to write. Returns 0 or -errno. */
int vc_capture_init(struct vc_capture *capture, struct vc_loop *loop, int card, uint32_t width, uint32_t height,
		    bool writeback, int64_t limit_ns);

/* Queues a wish. Returns false if the queue is full. */
bool vc_capture_request(struct vc_capture *capture, struct vc_capture_ticket *ticket);

/* The owner has read its capture, or doesn't want one any more. */
void vc_capture_cancel(struct vc_capture *capture, struct vc_capture_ticket *ticket);

/* The buffer for a capture that shall go with the next commit; -1 if none is wanted or possible now. */
int vc_capture_wanted(const struct vc_capture *capture);

/* The commit with @buffer was accepted; @fence (now ours) signals when it is written. Picture: @content of @layer, @count
 * of them. */
void vc_capture_started(struct vc_capture *capture, int buffer, int fence, struct vc_layer *const *layer,
			const struct vc_content *content, unsigned count, int64_t now_ns);

/* The picture appeared at @vblank_ns. */
void vc_capture_flipped(struct vc_capture *capture, int64_t vblank_ns);

/* The first in the queue gets @dumb, which is on the screen. Its ticket's buffer is VC_CAPTURE_LENT. */
#define VC_CAPTURE_LENT VC_CAPTURE_BUFFERS
void vc_capture_lend(struct vc_capture *capture, const struct vc_dumb *dumb, struct vc_layer *const *layer,
		     unsigned count, int64_t vblank_ns);

/* The one that was to get @buffer gets no picture, and is told why. */
void vc_capture_fail(struct vc_capture *capture, int buffer, int error, const char *why);

/* Gives up on a writeback that takes for ever. Call now and then. */
void vc_capture_check(struct vc_capture *capture, int64_t now_ns);

#endif
