/* SPDX-License-Identifier: Apache-2.0 */
#include "capture.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <linux/sync_file.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int vc_capture_init(struct vc_capture *capture, struct vc_loop *loop, int card, uint32_t width, uint32_t height,
		    bool writeback, int64_t limit_ns) {
	*capture = (struct vc_capture){
		.loop = loop, .card = card, .limit_ns = limit_ns, .flying = -1, .fence = {.fd = -1}};
	for (unsigned i = 0; writeback && i < VC_CAPTURE_BUFFERS; i++) {
		int err = vc_dumb_create(&capture->dumb[i], card, width, height, true);
		if (err < 0)
			return err;
		capture->buffers++;
	}
	return 0;
}

bool vc_capture_request(struct vc_capture *capture, struct vc_capture_ticket *ticket) {
	if (capture->queued == VC_CAPTURE_QUEUE)
		return false;
	unsigned at = ticket->check ? 0 : capture->queued;
	for (unsigned i = capture->queued++; i > at; i--)
		capture->queue[i] = capture->queue[i - 1];
	ticket->state = VC_TICKET_QUEUED;
	capture->queue[at] = ticket;
	return true;
}

static struct vc_capture_ticket *dequeue(struct vc_capture *capture, unsigned at) {
	struct vc_capture_ticket *ticket = capture->queue[at];
	capture->queued--;
	for (unsigned i = at; i < capture->queued; i++)
		capture->queue[i] = capture->queue[i + 1];
	return ticket;
}

void vc_capture_cancel(struct vc_capture *capture, struct vc_capture_ticket *ticket) {
	for (unsigned i = 0; i < capture->queued; i++)
		if (capture->queue[i] == ticket) {
			dequeue(capture, i);
			break;
		}
	if (ticket->state == VC_TICKET_HOLDING && ticket->buffer == VC_CAPTURE_LENT)
		*capture->lent = -1;
	else if (ticket->state == VC_TICKET_HOLDING)
		capture->busy[ticket->buffer] = false;
	if (capture->ticket == ticket)
		capture->ticket = NULL;
	ticket->state = VC_TICKET_IDLE;
}

static bool may_have(const struct vc_capture_ticket *ticket, unsigned buffer) {
	return ticket->check == (buffer == VC_CAPTURE_BUFFERS - 1);
}

int vc_capture_wanted(const struct vc_capture *capture) {
	if (capture->flying >= 0)
		return -1;
	for (unsigned i = 0; i < capture->queued; i++)
		for (unsigned k = 0; k < capture->buffers; k++)
			if (!capture->busy[k] && may_have(capture->queue[i], k))
				return (int)k;
	return -1;
}

/* The place in the queue of the one that @buffer, wanted a moment ago, is for. */
static unsigned find_heir(const struct vc_capture *capture, int buffer) {
	unsigned at = 0;
	while (!may_have(capture->queue[at], (unsigned)buffer))
		at++;
	return at;
}

/* What @content of @layer is, for whoever compares the picture with what was declared about it. */
static void note_content(struct vc_capture_result *result, const struct vc_layer *layer,
			 const struct vc_content *content) {
	if (content->kind == VC_CONTENT_FRAME) {
		result->seq[layer->index] = content->frame.seq;
		result->source[layer->index] = content->frame.source;
	} else if (content->kind == VC_CONTENT_ADOPTED) {
		result->seq[layer->index] = VC_CONTROL_ADOPTED;
	}
}

static void finish(struct vc_capture *capture, int error, const char *failed) {
	struct vc_capture_ticket *ticket = capture->ticket;
	capture->ticket = NULL;
	if (!ticket)
		return;
	capture->result.error = error;
	capture->result.failed = failed;
	ticket->buffer = capture->flying;
	ticket->state = failed ? VC_TICKET_IDLE : VC_TICKET_HOLDING;
	if (!failed)
		capture->busy[ticket->buffer] = true;
	ticket->done(ticket, &capture->result);
}

static void on_fence(void *data, uint32_t events) {
	struct vc_capture *capture = data;
	(void)events;
	struct sync_file_info info = {0};
	bool good = ioctl(capture->fence.fd, SYNC_IOC_FILE_INFO, &info) == 0 && info.status == 1;
	int fd = capture->fence.fd;
	vc_loop_remove(capture->loop, &capture->fence);
	close(fd);
	for (unsigned i = 0; i < VC_LAYERS_MAX; i++)
		if (capture->layer[i])
			vc_content_unref(&capture->content[i]);
	capture->busy[capture->flying] = false;
	finish(capture, good ? 0 : EIO, good ? NULL : "the writeback failed");
	capture->flying = -1;
}

void vc_capture_started(struct vc_capture *capture, int buffer, int fence, struct vc_layer *const *layer,
			const struct vc_content *content, unsigned count, int64_t now_ns) {
	capture->flying = buffer;
	capture->busy[buffer] = true;
	capture->ticket = dequeue(capture, find_heir(capture, buffer));
	capture->ticket->state = VC_TICKET_FLYING;
	capture->since_ns = now_ns;
	capture->result = (struct vc_capture_result){
		.dumb = &capture->dumb[buffer], .vblank_ns = now_ns, .number = ++capture->number};
	for (unsigned i = 0; i < VC_LAYERS_MAX; i++) {
		capture->layer[i] = i < count ? layer[i] : NULL;
		if (i >= count)
			continue;
		capture->content[i] = content[i];
		vc_content_ref(&capture->content[i]);
		note_content(&capture->result, layer[i], &content[i]);
	}
	capture->fence = (struct vc_watch){.fd = fence, .urgency = VC_URGENT_REST, .ready = on_fence, .data = capture};
	if (vc_loop_add(capture->loop, &capture->fence) < 0)
		vc_error("capture: its fence cannot be polled");
}

void vc_capture_lend(struct vc_capture *capture, const struct vc_dumb *dumb, struct vc_layer *const *layer,
		     unsigned count, int64_t vblank_ns) {
	struct vc_capture_ticket *ticket = dequeue(capture, 0);
	struct vc_capture_result result = {.dumb = dumb, .vblank_ns = vblank_ns, .number = ++capture->number};
	for (unsigned i = 0; i < count; i++)
		note_content(&result, layer[i], &layer[i]->screen);
	ticket->state = VC_TICKET_HOLDING;
	ticket->buffer = VC_CAPTURE_LENT;
	ticket->done(ticket, &result);
}

void vc_capture_flipped(struct vc_capture *capture, int64_t vblank_ns) {
	capture->result.vblank_ns = vblank_ns;
}

void vc_capture_fail(struct vc_capture *capture, int buffer, int error, const char *why) {
	struct vc_capture_ticket *ticket = dequeue(capture, find_heir(capture, buffer));
	const struct vc_capture_result result = {.failed = why, .error = error};
	ticket->state = VC_TICKET_IDLE;
	ticket->done(ticket, &result);
}

void vc_capture_check(struct vc_capture *capture, int64_t now_ns) {
	if (capture->flying < 0 || !capture->ticket || now_ns - capture->since_ns < capture->limit_ns)
		return;
	vc_warn("capture: the driver has not written the picture within %d ms",
		(int)(capture->limit_ns / VC_NS_PER_MS));
	finish(capture, ETIMEDOUT, "the driver did not write the picture in time");
}
