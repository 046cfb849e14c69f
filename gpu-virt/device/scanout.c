/* SPDX-License-Identifier: Apache-2.0 */
#include "scanout.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static int64_t period_ns(const struct vc_scanout *s) {
	return INT64_C(1000) * VC_NS_PER_S / s->refresh_mhz;
}

static void arm(sd_event_source *timer, int64_t at_ns) {
	sd_event_source_set_time(timer, (uint64_t)(at_ns / 1000 + 1));
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static void release(struct vc_scanout_buffer *b) {
	if (b->state != VC_SCANOUT_FREE)
		close(b->fd);
	*b = (struct vc_scanout_buffer){.fd = -1};
}

static void disconnect(struct vc_scanout *s, const char *why) {
	vc_warn("compositor: %s; trying again every %lld ms", why, (long long)s->config->reconnect_ms);
	s->complained = true;
	s->io = sd_event_source_disable_unref(s->io);
	vc_display_disconnect(&s->client);
	for (unsigned i = 0; i < VC_DISPLAY_BUFFERS_MAX; i++) {
		struct vc_scanout_buffer *b = &s->buffer[i];
		b->held = false;
		if (b->state == VC_SCANOUT_DROPPED)
			release(b);
		else if (b->state != VC_SCANOUT_FREE)
			b->state = VC_SCANOUT_IDLE;
	}
	arm(s->reconnect, vc_clock_now() + s->config->reconnect_ms * VC_NS_PER_MS);
}

/* A message that can't be sent means a compositor that doesn't read, or is gone. */
static bool sent(struct vc_scanout *s, int err) {
	if (err < 0)
		disconnect(s, strerror(-err));
	return err == 0;
}

static void offer(struct vc_scanout *s, struct vc_scanout_buffer *b) {
	if (s->client.sock < 0 || b->state != VC_SCANOUT_IDLE)
		return;
	b->state = VC_SCANOUT_OFFERED;
	sent(s, vc_display_buffer_add(&s->client, &b->add, b->fd));
}

static void drop(struct vc_scanout *s, struct vc_scanout_buffer *b) {
	if (b->state == VC_SCANOUT_OFFERED) {
		b->state = VC_SCANOUT_DROPPED;
		b->export = 0;
	} else if (b->state != VC_SCANOUT_DROPPED) {
		uint32_t id = b->add.id;
		bool known = b->state == VC_SCANOUT_READY;
		release(b);
		if (known && s->client.sock >= 0)
			sent(s, vc_display_buffer_remove(&s->client, id));
	}
}

static void present(struct vc_scanout *s) {
	struct vc_scanout_buffer *b = &s->buffer[s->last.id];
	s->pending = b->state != VC_SCANOUT_READY;
	if (s->pending)
		return;
	s->last.seq = b->seq = ++s->seq;
	s->framed = false;
	s->paced_ns = vc_clock_now() + 2 * period_ns(s);
	arm(s->pace, s->paced_ns);
	b->held = true;
	vc_frame_watch_present(&s->watch, s->seq, s->last.drawn_ns, s->last.bytes_copied);
	sent(s, vc_display_present(&s->client, &s->last, -1));
}

static void on_ready(struct vc_scanout *s, struct vc_scanout_buffer *b) {
	if (b->state == VC_SCANOUT_DROPPED) {
		b->state = VC_SCANOUT_READY;
		drop(s, b);
	} else if (b->state == VC_SCANOUT_OFFERED) {
		b->state = VC_SCANOUT_READY;
		if (s->pending && s->last.width && s->last.id == b->add.id)
			present(s);
	}
}

static void on_rejected(struct vc_scanout_buffer *b, const struct vc_display_buffer_rejected *no) {
	if (b->state == VC_SCANOUT_DROPPED) {
		release(b);
		return;
	}
	if (b->state != VC_SCANOUT_OFFERED)
		return;
	/* Too many buffers on the way out, or the kernel is short of something: the next frame tries again. */
	bool passing = no->error == EBUSY || no->error == EAGAIN || no->error == ENOMEM || no->error == EINTR;
	b->state = passing ? VC_SCANOUT_IDLE : VC_SCANOUT_REJECTED;
	if (b->state == VC_SCANOUT_IDLE)
		return;
	vc_warn("compositor rejects buffer %u: %.*s", no->id, VC_DISPLAY_REASON_MAX, no->reason);
}

static void handle(struct vc_scanout *s, const union vc_display_message *m) {
	/* All but FRAME and ERROR name a buffer at the same place. */
	uint32_t id = m->release.id;
	struct vc_scanout_buffer *b = id < VC_DISPLAY_BUFFERS_MAX ? &s->buffer[id] : NULL;
	switch (m->header.type) {
	case VC_DISPLAY_BUFFER_READY:
		if (b)
			on_ready(s, b);
		break;
	case VC_DISPLAY_BUFFER_REJECTED:
		if (b)
			on_rejected(b, &m->buffer_rejected);
		break;
	case VC_DISPLAY_RELEASE:
		if (b && b->seq == m->release.seq)
			b->held = false;
		break;
	case VC_DISPLAY_FRAME:
		vc_frame_watch_flip(&s->watch, m->frame.seq, m->frame.flip_ns);
		if (m->frame.seq >= s->seq && !s->pending)
			s->framed = true;
		break;
	case VC_DISPLAY_ERROR:
		vc_warn("compositor says: %.*s", VC_DISPLAY_REASON_MAX, m->error.reason);
		break;
	default:
		break;
	}
}

static int on_message(sd_event_source *source, int fd, uint32_t revents, void *data) {
	struct vc_scanout *s = data;
	(void)source;
	(void)fd;
	(void)revents;
	union vc_display_message message;
	int got = 0;
	while (s->client.sock >= 0 && (got = vc_display_receive(&s->client, &message)) > 0)
		handle(s, &message);
	if (got < 0 && s->client.sock >= 0)
		disconnect(s, got == -EPROTO ? "it sent nonsense" : strerror(-got));
	return 0;
}

static int on_reconnect(sd_event_source *source, uint64_t usec, void *data) {
	struct vc_scanout *s = data;
	(void)source;
	(void)usec;
	char why[VC_DISPLAY_REASON_MAX];
	int err = vc_display_connect(&s->client, s->config->display, s->config->layer, (int)s->config->connect_ms, why);
	if (err >= 0)
		err = sd_event_add_io(s->event, &s->io, s->client.sock, EPOLLIN, on_message, s);
	if (err < 0) {
		if (!s->complained)
			vc_warn("compositor: %s; trying again every %lld ms", why, (long long)s->config->reconnect_ms);
		s->complained = true;
		vc_display_disconnect(&s->client);
		arm(s->reconnect, vc_clock_now() + s->config->reconnect_ms * VC_NS_PER_MS);
		return 0;
	}
	s->complained = false;
	s->connections++;
	const struct vc_display_welcome *zone = &s->client.zone;
	if (zone->width >= 16 && zone->height >= 16 && zone->width <= 4095 && zone->height <= 4095 &&
	    zone->refresh_mhz >= 1000) {
		s->width = zone->width;
		s->height = zone->height;
		s->refresh_mhz = zone->refresh_mhz;
	}
	vc_info("compositor: layer \"%s\", %ux%u at %u.%03u Hz", s->config->layer, s->width, s->height,
		s->refresh_mhz / 1000, s->refresh_mhz % 1000);
	for (unsigned i = 0; i < VC_DISPLAY_BUFFERS_MAX; i++)
		offer(s, &s->buffer[i]);
	if (s->client.sock >= 0 && s->last.width && s->alive(s->data))
		present(s);
	return 0;
}

static int on_heartbeat(sd_event_source *source, uint64_t usec, void *data) {
	struct vc_scanout *s = data;
	(void)source;
	(void)usec;
	/* A buffer that the compositor had no place for is tried again, should no new frame come. */
	if (s->pending && s->last.width)
		offer(s, &s->buffer[s->last.id]);
	/* A still picture of a living guest stays; of a lost one, the layer's fallback takes over. If we were kept from running
	 * that may have happened to a living one, too, and only a frame leads back: the picture is presented again. */
	int64_t now = vc_clock_now(), every = s->config->heartbeat_ms * VC_NS_PER_MS;
	if (s->client.sock >= 0 && s->last.width && s->alive(s->data)) {
		if (now - s->beat_ns > 3 * every && s->beat_ns != 0)
			present(s);
		else
			sent(s, vc_display_heartbeat(&s->client, s->seq));
	}
	s->beat_ns = now;
	arm(s->heartbeat, now + every);
	return 0;
}

/* Only wakes the loop, which then asks vc_scanout_paced(). */
static int on_pace(sd_event_source *source, uint64_t usec, void *data) {
	(void)source;
	(void)usec;
	(void)data;
	return 0;
}

int vc_scanout_init(struct vc_scanout *scanout, sd_event *event, const struct vc_gpu_config *config,
		    bool (*alive)(void *data), void *data) {
	*scanout = (struct vc_scanout){.event = event,
				       .config = config,
				       .client = {.sock = -1},
				       .width = config->width,
				       .height = config->height,
				       .refresh_mhz = config->refresh_mhz,
				       .framed = true,
				       .alive = alive,
				       .data = data};
	for (unsigned i = 0; i < VC_DISPLAY_BUFFERS_MAX; i++)
		scanout->buffer[i].fd = -1;
	vc_frame_watch_init(&scanout->watch);
	uint64_t never = UINT64_MAX / 2;
	int err =
		sd_event_add_time_relative(event, &scanout->reconnect, CLOCK_MONOTONIC, 0, 1000, on_reconnect, scanout);
	if (err >= 0)
		err = sd_event_add_time_relative(event, &scanout->pace, CLOCK_MONOTONIC, never, 1000, on_pace, scanout);
	if (err >= 0)
		err = sd_event_add_time_relative(event, &scanout->heartbeat, CLOCK_MONOTONIC, 0, 1000, on_heartbeat,
						 scanout);
	return err < 0 ? err : 0;
}

void vc_scanout_finish(struct vc_scanout *scanout) {
	scanout->io = sd_event_source_disable_unref(scanout->io);
	scanout->reconnect = sd_event_source_disable_unref(scanout->reconnect);
	scanout->pace = sd_event_source_disable_unref(scanout->pace);
	scanout->heartbeat = sd_event_source_disable_unref(scanout->heartbeat);
	vc_display_disconnect(&scanout->client);
	for (unsigned i = 0; i < VC_DISPLAY_BUFFERS_MAX; i++)
		release(&scanout->buffer[i]);
	vc_frame_watch_finish(&scanout->watch);
}

/* Who numbered @export: the present worker, or the device, whose numbers hold for good. */
static uint32_t origin(const struct vc_scanout *s, uint64_t export) {
	return export & VC_SCANOUT_DIRECT ? 0 : s->worker;
}

static struct vc_scanout_buffer *find(struct vc_scanout *s, uint64_t export) {
	for (unsigned i = 0; i < VC_DISPLAY_BUFFERS_MAX; i++)
		if (s->buffer[i].export == export && export != 0 && s->buffer[i].worker == origin(s, export))
			return &s->buffer[i];
	return NULL;
}

/* A place for one more buffer: a free one, else the one shown longest ago. NULL if that one's answer must be awaited. */
static struct vc_scanout_buffer *make_place(struct vc_scanout *s) {
	struct vc_scanout_buffer *best = NULL;
	for (unsigned i = 0; i < VC_DISPLAY_BUFFERS_MAX; i++) {
		struct vc_scanout_buffer *b = &s->buffer[i];
		if (b->state == VC_SCANOUT_FREE)
			return b;
		if (b->state != VC_SCANOUT_DROPPED && (!best || b->seq < best->seq))
			best = b;
	}
	if (best)
		drop(s, best);
	return best && best->state == VC_SCANOUT_FREE ? best : NULL;
}

static struct vc_scanout_buffer *add(struct vc_scanout *s, const struct vc_worker_frame *frame, uint32_t resource,
				     int fd) {
	struct vc_scanout_buffer *b = make_place(s);
	if (!b) {
		close(fd);
		return NULL;
	}
	*b = (struct vc_scanout_buffer){.state = VC_SCANOUT_IDLE,
					.fd = fd,
					.export = frame->export,
					.worker = origin(s, frame->export),
					.resource = frame->in_place ? resource : 0,
					.add = {.id = (uint32_t)(b - s->buffer),
						.kind = frame->kind,
						.width = frame->width,
						.height = frame->height,
						.fourcc = frame->fourcc,
						.stride = frame->stride,
						.offset = frame->offset,
						.size = frame->size,
						.modifier = frame->modifier}};
	return b;
}

bool vc_scanout_show(struct vc_scanout *scanout, const struct vc_worker_frame *frame, uint32_t resource, uint32_t width,
		     uint32_t height, int fd) {
	/* Paces the guest even when there's nobody to show it. */
	scanout->framed = false;
	scanout->paced_ns = vc_clock_now() + period_ns(scanout);
	arm(scanout->pace, scanout->paced_ns);
	struct vc_scanout_buffer *b = find(scanout, frame->export);
	if (b && fd >= 0)
		close(fd);
	else if (!b && fd >= 0)
		b = add(scanout, frame, resource, fd);
	/* The part to show was checked against the frame's size, the compositor checks it against the buffer's. */
	if (!b || frame->width != b->add.width || frame->height != b->add.height)
		return false;
	if (!frame->in_place)
		scanout->slot_export[scanout->slot] = frame->export;
	scanout->last = (struct vc_display_present){.id = b->add.id,
						    .x = frame->x,
						    .y = frame->y,
						    .width = width,
						    .height = height,
						    .drawn_ns = vc_clock_now(),
						    .bytes_copied = frame->bytes_copied};
	offer(scanout, b);
	if (scanout->client.sock < 0 || b->state == VC_SCANOUT_REJECTED)
		return false;
	present(scanout);
	/* The last worker's buffers were kept until there was something to show instead. */
	for (unsigned i = 0; i < VC_DISPLAY_BUFFERS_MAX; i++)
		if (scanout->buffer[i].state != VC_SCANOUT_FREE &&
		    scanout->buffer[i].worker != origin(scanout, scanout->buffer[i].export))
			drop(scanout, &scanout->buffer[i]);
	return scanout->client.sock >= 0;
}

void vc_scanout_forget(struct vc_scanout *scanout, uint32_t resource) {
	for (unsigned i = 0; i < VC_DISPLAY_BUFFERS_MAX; i++) {
		struct vc_scanout_buffer *b = &scanout->buffer[i];
		if (b->state == VC_SCANOUT_FREE || (resource != 0 && b->resource != resource))
			continue;
		if (scanout->last.id == i)
			scanout->last.width = 0;
		drop(scanout, b);
	}
}

/* True if the memory of @resource itself doesn't suit this compositor; a copy may. */
static bool was_rejected(const struct vc_scanout *s, uint32_t resource) {
	for (unsigned i = 0; i < VC_DISPLAY_BUFFERS_MAX; i++)
		if (s->buffer[i].state == VC_SCANOUT_REJECTED && s->buffer[i].resource == resource &&
		    s->buffer[i].worker == s->worker)
			return true;
	return false;
}

void vc_scanout_plan(struct vc_scanout *scanout, uint32_t resource, struct vc_worker_flush *flush) {
	vc_frame_watch_flush(&scanout->watch, vc_clock_now());
	uint32_t best = 0;
	uint64_t oldest = UINT64_MAX;
	for (uint32_t i = 0; i < VC_WORKER_SLOTS; i++) {
		const struct vc_scanout_buffer *b = find(scanout, scanout->slot_export[i]);
		uint64_t age = !b || !b->held ? 0 : b->seq;
		if (age < oldest) {
			oldest = age;
			best = i;
		}
	}
	scanout->slot = flush->slot = best;
	flush->must_copy = was_rejected(scanout, resource);
}

bool vc_scanout_refused(struct vc_scanout *scanout, uint64_t export) {
	const struct vc_scanout_buffer *b = find(scanout, export);
	return b && b->state == VC_SCANOUT_REJECTED;
}

bool vc_scanout_knows(struct vc_scanout *scanout, uint64_t export) {
	return find(scanout, export) != NULL;
}

bool vc_scanout_paced(const struct vc_scanout *scanout) {
	int64_t now = vc_clock_now();
	return (scanout->client.sock >= 0 && scanout->framed) || now >= scanout->paced_ns;
}

void vc_scanout_next_worker(struct vc_scanout *scanout) {
	scanout->worker++;
	memset(scanout->slot_export, 0, sizeof(scanout->slot_export));
}
