/* SPDX-License-Identifier: Apache-2.0 */
#include "link.h"

#include "clock.h"
#include "layout.h"
#include "log.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STRIDE_ALIGN 64 /* pixels: display controllers like rows on 256 bytes */

void vc_link_init(struct vc_link *link, const struct vc_config *config) {
	*link = (struct vc_link){.config = config, .client.sock = -1, .last = -1};
	for (int i = 0; i < VC_LINK_BUFFERS; i++)
		link->buffer[i].fd = -1;
}

static void drop_buffers(struct vc_link *link) {
	for (int i = 0; i < VC_LINK_BUFFERS; i++) {
		struct vc_link_buffer *b = &link->buffer[i];
		if (b->image.pixels)
			munmap(b->image.pixels, b->size);
		if (b->fd >= 0)
			close(b->fd);
		*b = (struct vc_link_buffer){.fd = -1};
	}
	link->width = link->height = 0;
	link->last = -1;
}

void vc_link_finish(struct vc_link *link) {
	vc_display_disconnect(&link->client);
	drop_buffers(link);
	link->state = VC_LINK_AWAY;
}

static void complain(struct vc_link *link, const char *why) {
	if (strcmp(link->told, why) == 0)
		return;
	snprintf(link->told, sizeof(link->told), "%s", why);
	vc_warn("not on the display: %s; trying on", why);
}

/* Goes AWAY and tries again in @retry_ms. The buffers stay, and so does what they show. */
static void leave(struct vc_link *link, const char *why, int64_t retry_ms) {
	vc_display_disconnect(&link->client);
	link->state = VC_LINK_AWAY;
	link->retry_ns = vc_clock_now() + retry_ms * VC_NS_PER_MS;
	complain(link, why);
}

/* A memfd that can't shrink under the compositor's eyes, mapped and touched. */
static bool make_buffer(struct vc_link_buffer *b, int width, int height) {
	int stride = (width + STRIDE_ALIGN - 1) / STRIDE_ALIGN * STRIDE_ALIGN;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	b->size = ((size_t)stride * 4 * (size_t)height + page - 1) / page * page;
	b->fd = memfd_create("cluster-frame", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (b->fd < 0 || posix_fallocate(b->fd, 0, (off_t)b->size) != 0 ||
	    fcntl(b->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return false;
	void *pixels = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, b->fd, 0);
	if (pixels == MAP_FAILED)
		return false;
	b->image = (struct vc_image){.pixels = pixels, .width = width, .height = height, .stride = stride};
	b->blank = true;
	return true;
}

static bool make_buffers(struct vc_link *link, int width, int height) {
	drop_buffers(link);
	for (int i = 0; i < VC_LINK_BUFFERS; i++)
		if (!make_buffer(&link->buffer[i], width, height)) {
			drop_buffers(link);
			return false;
		}
	link->width = width;
	link->height = height;
	return true;
}

static bool offer_buffers(struct vc_link *link) {
	for (uint32_t i = 0; i < VC_LINK_BUFFERS; i++) {
		struct vc_link_buffer *b = &link->buffer[i];
		struct vc_display_buffer_add add = {.id = i,
						    .kind = VC_DISPLAY_MEMFD,
						    .width = (uint32_t)b->image.width,
						    .height = (uint32_t)b->image.height,
						    .fourcc = DRM_FORMAT_XRGB8888,
						    .stride = (uint32_t)b->image.stride * 4,
						    .size = b->size,
						    .modifier = DRM_FORMAT_MOD_LINEAR};
		b->ready = b->busy = false;
		if (vc_display_buffer_add(&link->client, &add, b->fd) < 0)
			return false;
	}
	return true;
}

bool vc_link_connect(struct vc_link *link, int64_t now_ns) {
	char why[VC_DISPLAY_REASON_MAX];
	if (link->state != VC_LINK_AWAY || now_ns < link->retry_ns)
		return false;
	int err = vc_display_connect(&link->client, link->config->socket, link->config->layer,
				     (int)link->config->welcome_ms, why);
	if (err < 0) {
		leave(link, why, err == -EACCES ? link->config->refused_ms : link->config->reconnect_ms);
		return false;
	}
	const struct vc_display_welcome *zone = &link->client.zone;
	if (zone->width > VC_DISPLAY_SIZE_MAX || zone->height > VC_DISPLAY_SIZE_MAX ||
	    zone->width < VC_ZONE_WIDTH_MIN || zone->height < VC_ZONE_HEIGHT_MIN) {
		snprintf(why, sizeof(why), "the layer's rectangle is %ux%u; the cluster needs %dx%d to %dx%d",
			 zone->width, zone->height, VC_ZONE_WIDTH_MIN, VC_ZONE_HEIGHT_MIN, VC_DISPLAY_SIZE_MAX,
			 VC_DISPLAY_SIZE_MAX);
		leave(link, why, link->config->refused_ms);
		return false;
	}
	if (zone->buffers_max < VC_LINK_BUFFERS) {
		snprintf(why, sizeof(why), "the compositor allows %u buffers; the cluster needs %d", zone->buffers_max,
			 VC_LINK_BUFFERS);
		leave(link, why, link->config->refused_ms);
		return false;
	}
	bool same = link->width == (int)zone->width && link->height == (int)zone->height;
	if (!same && !make_buffers(link, (int)zone->width, (int)zone->height)) {
		leave(link, "no memory for the frames", link->config->refused_ms);
		return false;
	}
	if (!offer_buffers(link)) {
		leave(link, "the compositor closed the connection", link->config->reconnect_ms);
		return false;
	}
	link->state = VC_LINK_OFFERING;
	link->due = false;
	link->sent_ns = now_ns;
	return true;
}

static void on_ready(struct vc_link *link, uint32_t id) {
	if (id >= VC_LINK_BUFFERS || link->state != VC_LINK_OFFERING)
		return;
	link->buffer[id].ready = true;
	for (int i = 0; i < VC_LINK_BUFFERS; i++)
		if (!link->buffer[i].ready)
			return;
	link->state = VC_LINK_RUNNING;
	link->due = true;
	link->told[0] = '\0';
	vc_info("on the display as layer %s, %dx%d at %.2f Hz", link->config->layer, link->width, link->height,
		link->client.zone.refresh_mhz / 1000.0);
}

/* The compositor shows something else. Perhaps the picture was found wrong; what is drawn anew is not what went wrong. */
static void draw_anew(struct vc_link *link) {
	for (int i = 0; i < VC_LINK_BUFFERS; i++)
		link->buffer[i].blank = true;
}

static void on_message(struct vc_link *link, union vc_display_message *m) {
	char why[VC_DISPLAY_REASON_MAX];
	switch (m->header.type) {
	case VC_DISPLAY_BUFFER_READY:
		on_ready(link, m->buffer_ready.id);
		break;
	case VC_DISPLAY_BUFFER_REJECTED:
		snprintf(why, sizeof(why), "frame memory refused: %.96s", m->buffer_rejected.reason);
		leave(link, why, link->config->refused_ms);
		break;
	case VC_DISPLAY_RELEASE:
		if (m->release.id < VC_LINK_BUFFERS)
			link->buffer[m->release.id].busy = false;
		break;
	case VC_DISPLAY_FRAME:
		link->due = true;
		link->answered = m->frame.seq;
		link->flip_ns = m->frame.flip_ns;
		if (m->frame.flip_ns != 0)
			link->shown++;
		else
			draw_anew(link);
		break;
	case VC_DISPLAY_ERROR:
		snprintf(why, sizeof(why), "%.*s", VC_DISPLAY_REASON_MAX - 1, m->error.reason);
		leave(link, why, link->config->refused_ms);
		break;
	default:
		break;
	}
}

void vc_link_dispatch(struct vc_link *link, int64_t now_ns) {
	union vc_display_message message;
	while (link->state != VC_LINK_AWAY) {
		int got = vc_display_receive(&link->client, &message);
		if (got == 0)
			return;
		if (got > 0) {
			on_message(link, &message);
			continue;
		}
		leave(link, got == -EPROTO ? "the compositor sent nonsense" : "the compositor closed the connection",
		      0);
		link->retry_ns = now_ns;
	}
}

struct vc_link_buffer *vc_link_next(struct vc_link *link) {
	if (link->state != VC_LINK_RUNNING || !link->due)
		return NULL;
	/* In turn, so that after a restart of the compositor the buffer still on the screen comes last. */
	for (int i = 1; i <= VC_LINK_BUFFERS; i++) {
		struct vc_link_buffer *b = &link->buffer[(link->last + i) % VC_LINK_BUFFERS];
		if (!b->busy)
			return b;
	}
	return NULL;
}

void vc_link_present(struct vc_link *link, struct vc_link_buffer *buffer, struct vc_display_declare *declare,
		     int64_t drawn_ns) {
	struct vc_display_present present = {.id = (uint32_t)(buffer - link->buffer),
					     .seq = ++link->seq,
					     .width = (uint32_t)buffer->image.width,
					     .height = (uint32_t)buffer->image.height,
					     .drawn_ns = drawn_ns};
	link->last = (int)present.id;
	int err = declare ? vc_display_declare(&link->client, declare) : 0;
	if (err == 0)
		err = vc_display_present(&link->client, &present, -1);
	if (err == -EAGAIN)
		return; /* its queue is full: still due, the next round tries again */
	if (err < 0) {
		leave(link, "the compositor closed the connection", 0);
		return;
	}
	buffer->busy = true;
	link->due = false;
	link->sent_ns = drawn_ns;
}

void vc_link_heartbeat(struct vc_link *link, int64_t now_ns) {
	if (link->state != VC_LINK_RUNNING || now_ns - link->sent_ns < link->config->heartbeat_ms * VC_NS_PER_MS)
		return;
	link->sent_ns = now_ns;
	int err = vc_display_heartbeat(&link->client, link->seq);
	if (err < 0 && err != -EAGAIN)
		leave(link, "the compositor closed the connection", 0);
}
