/* SPDX-License-Identifier: Apache-2.0 */
#include "layer.h"

#include "clock.h"
#include "fd-kind.h"
#include "ipc.h"
#include "log.h"
#include "messages.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

void vc_layer_init(struct vc_layer *layer, const struct vc_config_layer *config, unsigned index,
		   const struct vc_layer_backend *backend, struct vc_importer *importer) {
	*layer = (struct vc_layer){
		.config = config, .backend = backend, .importer = importer, .index = index, .source = {.sock = -1}};
	layer->rules =
		(struct vc_policy_rules){.role = config->role, .order = config->order, .hold_ns = config->hold_ns};
	vc_policy_state_init(&layer->policy);
	snprintf(layer->stats.name, sizeof(layer->stats.name), "%s", config->name);
	layer->stats.role = config->role;
	layer->stats.output = config->output;
	layer->stats.x = config->rect.x;
	layer->stats.y = config->rect.y;
	layer->stats.width = config->rect.width;
	layer->stats.height = config->rect.height;
}

void vc_source_send(struct vc_source *source, void *message, uint32_t type, size_t size) {
	if (source->sock < 0)
		return;
	*(struct vc_display_header *)message = (struct vc_display_header){.type = type, .size = (uint32_t)size};
	int err = vc_ipc_send(source->sock, message, size, NULL, 0);
	/* A source that is gone will be noticed when its socket is read. */
	if (err == -EAGAIN)
		source->stuck = true;
}

/* @fd came from a source, or is another descriptor of its memory; -1: none. */
static void discard(struct vc_layer *layer, int fd) {
	if (fd >= 0)
		vc_importer_discard(layer->importer, fd);
}

static void buffer_destroy(struct vc_buffer *buffer) {
	discard(buffer->layer, buffer->view);
	buffer->view = -1;
	buffer->state = VC_BUFFER_GOING;
	buffer->layer->backend->drop(buffer->layer->backend->data, buffer);
}

static void buffer_unref(struct vc_buffer *buffer) {
	if (--buffer->refs > 0)
		return;
	if (buffer->id == VC_BUFFER_NO_ID) {
		buffer_destroy(buffer);
		return;
	}
	struct vc_display_release release = {.id = (uint32_t)buffer->id, .seq = buffer->seq};
	vc_source_send(&buffer->layer->source, &release, VC_DISPLAY_RELEASE, sizeof(release));
}

/* One that is with the importer is destroyed when it comes back. */
static void buffer_forget(struct vc_buffer *buffer) {
	buffer->id = VC_BUFFER_NO_ID;
	if (buffer->state == VC_BUFFER_READY && buffer->refs == 0)
		buffer_destroy(buffer);
}

static struct vc_buffer *buffer_find(struct vc_layer *layer, uint32_t id) {
	for (unsigned i = 0; i < VC_LAYER_BUFFERS_MAX; i++)
		if (layer->buffer[i].state != VC_BUFFER_FREE && layer->buffer[i].id == (int)id)
			return &layer->buffer[i];
	return NULL;
}

static void frame_finish(struct vc_frame *frame) {
	discard(frame->buffer->layer, frame->fence);
	frame->fence = -1;
	buffer_unref(frame->buffer);
}

void vc_layer_connect(struct vc_layer *layer, int sock, int32_t pid, uint32_t uid, int64_t now_ns) {
	uint32_t number = layer->source.number + 1;
	layer->source = (struct vc_source){.sock = sock, .pid = pid, .uid = uid, .sign_ns = now_ns, .number = number};
	layer->broke_protocol = false;
}

void vc_layer_disconnect(struct vc_layer *layer, bool broke, int64_t now_ns) {
	if (!layer->foreign) {
		layer->foreign = true;
		layer->foreign_sign_ns = layer->source.sign_ns;
	}
	layer->source.sock = -1;
	layer->source.pid = 0;
	layer->source.stuck = layer->source.banned = false;
	layer->broke_protocol = broke;
	if (broke) {
		/* So that a broken source can't keep us busy reconnecting. The cluster may come back at once. */
		layer->closed_until_ns = now_ns + layer->config->retry_ns;
		vc_layer_note_error(layer, now_ns);
	}
	for (unsigned i = 0; i < layer->frames; i++)
		frame_finish(&layer->frame[i]);
	layer->stats.frames_dropped += layer->frames;
	layer->frames = 0;
	for (unsigned i = 0; i < VC_LAYER_BUFFERS_MAX; i++)
		if (layer->buffer[i].state != VC_BUFFER_FREE && layer->buffer[i].id != VC_BUFFER_NO_ID)
			buffer_forget(&layer->buffer[i]);
}

/* Unless the config says otherwise a picture may have twice its zone's bytes, or FULL_HD_BYTES if that is more. */
#define FULL_HD_BYTES (UINT64_C(8) << 20)

static const char *check_buffer(const struct vc_layer *layer, const struct vc_display_buffer_add *add) {
	const char *wrong = vc_message_check_buffer(add);
	if (wrong)
		return wrong;
	const struct vc_config_layer *config = layer->config;
	if (add->width > config->max_width || add->height > config->max_height)
		return "the picture is larger than the layer's max_size";
	uint64_t limit = config->max_bytes;
	if (limit == 0) {
		limit = UINT64_C(2) * 4 * config->rect.width * config->rect.height;
		if (limit < FULL_HD_BYTES)
			limit = FULL_HD_BYTES;
	}
	return (uint64_t)add->stride * add->height > limit ? "the picture takes more bytes than the layer's max_bytes"
							   : NULL;
}

static void reject(struct vc_layer *layer, uint32_t id, int error, const char *why) {
	struct vc_display_buffer_rejected answer = {.id = id, .error = error};
	snprintf(answer.reason, sizeof(answer.reason), "%s", why);
	vc_source_send(&layer->source, &answer, VC_DISPLAY_BUFFER_REJECTED, sizeof(answer));
}

bool vc_layer_buffer_add(struct vc_layer *layer, const struct vc_display_buffer_add *add, int fd) {
	struct vc_buffer *buffer = NULL;
	bool taken = buffer_find(layer, add->id) != NULL;
	const char *wrong = taken ? NULL : check_buffer(layer, add);
	for (unsigned i = 0; i < VC_LAYER_BUFFERS_MAX && !taken && !buffer; i++)
		if (layer->buffer[i].state == VC_BUFFER_FREE)
			buffer = &layer->buffer[i];
	if (taken || wrong || !buffer) {
		discard(layer, fd);
		if (wrong)
			reject(layer, add->id, EINVAL, wrong);
		else if (!taken)
			reject(layer, add->id, EBUSY, "removed buffers are still in use; try again");
		return !taken;
	}
	*buffer = (struct vc_buffer){.layer = layer,
				     .state = VC_BUFFER_COMING,
				     .id = (int)add->id,
				     .width = add->width,
				     .height = add->height,
				     .fourcc = add->fourcc,
				     .stride = add->stride,
				     .offset = add->offset,
				     .view = layer->config->role == VC_ROLE_CLUSTER ? vc_fd_view(fd) : -1,
				     .serial = ++layer->buffer_serial};
	layer->backend->import(layer->backend->data, buffer, add, fd);
	return true;
}

void vc_layer_buffer_imported(struct vc_buffer *buffer, int error, const char *why) {
	struct vc_layer *layer = buffer->layer;
	bool wanted = buffer->id != VC_BUFFER_NO_ID;
	if (error < 0) {
		if (wanted)
			reject(layer, (uint32_t)buffer->id, -error, why);
		buffer->id = VC_BUFFER_NO_ID;
		buffer_destroy(buffer);
	} else if (!wanted) {
		buffer_destroy(buffer);
	} else {
		struct vc_display_buffer_ready ready = {.id = (uint32_t)buffer->id};
		buffer->state = VC_BUFFER_READY;
		vc_source_send(&layer->source, &ready, VC_DISPLAY_BUFFER_READY, sizeof(ready));
	}
}

void vc_layer_buffer_dropped(struct vc_buffer *buffer) {
	buffer->state = VC_BUFFER_FREE;
}

bool vc_layer_buffer_remove(struct vc_layer *layer, uint32_t id) {
	struct vc_buffer *buffer = buffer_find(layer, id);
	if (!buffer)
		return false;
	buffer_forget(buffer);
	return true;
}

static const char *check_present(struct vc_layer *layer, const struct vc_display_present *present,
				 const struct vc_buffer *buffer, int fence) {
	if (!buffer)
		return "PRESENT: no such buffer";
	if (buffer->state != VC_BUFFER_READY)
		return "PRESENT: the buffer is not ready; wait for BUFFER_READY";
	if (present->seq <= layer->source.seq)
		return "PRESENT: seq does not rise";
	if (present->seq == VC_CONTROL_ADOPTED)
		return "PRESENT: seq is beyond all counting";
	if (present->width > buffer->width || present->x > buffer->width - present->width ||
	    present->height > buffer->height || present->y > buffer->height - present->height)
		return "PRESENT: the part to show reaches outside the buffer";
	if (layer->config->role == VC_ROLE_CLUSTER &&
	    (present->width != layer->config->rect.width || present->height != layer->config->rect.height))
		return "PRESENT: the cluster must fill its zone exactly";
	if (fence >= 0 && vc_fd_kind(fence) != VC_FD_SYNC_FILE)
		return "PRESENT: the fence is no sync_file";
	return NULL;
}

/* A buffer that waits already is presented again: the newer frame stands for the older one. */
static void merge_frame(struct vc_layer *layer, const struct vc_buffer *buffer) {
	for (unsigned i = 0; i < layer->frames; i++) {
		if (layer->frame[i].buffer != buffer)
			continue;
		frame_finish(&layer->frame[i]);
		layer->stats.frames_dropped++;
		layer->frames--;
		memmove(&layer->frame[i], &layer->frame[i + 1], (layer->frames - i) * sizeof(layer->frame[0]));
		return;
	}
}

const char *vc_layer_present(struct vc_layer *layer, const struct vc_display_present *present, int fence,
			     int64_t now_ns) {
	struct vc_buffer *buffer = buffer_find(layer, present->id);
	const char *wrong = check_present(layer, present, buffer, fence);
	if (wrong) {
		discard(layer, fence);
		return wrong;
	}
	layer->source.seq = buffer->seq = present->seq;
	layer->source.sign_ns = now_ns;
	layer->stats.frames_received++;
	const struct vc_declared *declared = &layer->source.declared;
	if (declared->size > 0 && declared->seq == present->seq)
		buffer->declared = *declared;
	else
		buffer->declared.size = 0;
	buffer->refs++;
	/* How long fences have kept the source waiting is not forgotten when it presents again. */
	const int64_t since_ns = layer->frames > 0 ? layer->frame[0].presented_ns : now_ns;
	merge_frame(layer, buffer);
	/* There are as many places as ids, and each buffer waits once; removed ones may take up places, too. */
	if (layer->frames == VC_POLICY_FRAMES_MAX)
		vc_layer_drop_frames(layer, 1);
	layer->frame[layer->frames++] = (struct vc_frame){
		.buffer = buffer,
		.seq = present->seq,
		.source = layer->source.number,
		.part = {present->x, present->y, present->width, present->height},
		.presented_ns = now_ns,
		/* Times in the future would make nonsense of the latency figures. */
		.drawn_ns = present->drawn_ns <= now_ns ? present->drawn_ns : 0,
		.bytes_copied = present->bytes_copied,
		.fence = fence,
	};
	if (layer->frame[0].presented_ns > since_ns)
		layer->frame[0].presented_ns = since_ns;
	return NULL;
}

const char *vc_layer_declare(struct vc_layer *layer, const struct vc_display_declare *declare) {
	if (layer->config->role != VC_ROLE_CLUSTER)
		return "DECLARE: only the cluster declares what it shows";
	struct vc_declared *declared = &layer->source.declared;
	declared->seq = declare->seq;
	declared->size = declare->size;
	memcpy(declared->data, declare->data, sizeof(declared->data));
	return NULL;
}

void vc_layer_heartbeat(struct vc_layer *layer, int64_t now_ns) {
	layer->source.sign_ns = now_ns;
}

void vc_layer_poll_fences(struct vc_layer *layer) {
	struct pollfd fds[2 * VC_POLICY_FRAMES_MAX];
	unsigned frame_of[2 * VC_POLICY_FRAMES_MAX];
	nfds_t n = 0;
	for (unsigned i = 0; i < layer->frames; i++) {
		const struct vc_frame *frame = &layer->frame[i];
		const int asked[] = {frame->fence, frame->buffer->import.dmabuf};
		for (unsigned k = 0; k < 2 && !frame->ready; k++)
			if (asked[k] >= 0) {
				frame_of[n] = i;
				fds[n++] = (struct pollfd){.fd = asked[k], .events = POLLIN};
			}
	}
	bool pending[VC_POLICY_FRAMES_MAX] = {false};
	if (n > 0 && poll(fds, n, 0) < 0)
		return;
	for (nfds_t i = 0; i < n; i++)
		pending[frame_of[i]] |= !(fds[i].revents & POLLIN);
	for (unsigned i = 0; i < layer->frames; i++)
		layer->frame[i].ready |= !pending[i];
}

void vc_layer_note_error(struct vc_layer *layer, int64_t now_ns) {
	const struct vc_error_rules *rules = &layer->config->errors;
	if (!vc_errors_note(&layer->errors, rules, now_ns))
		return;
	layer->source.banned = layer->source.sock >= 0;
	if (rules->ban_ns > 0)
		vc_warn("layer %s: %u errors within %lld ms: banned for %lld ms", layer->config->name, rules->limit,
			(long long)(rules->window_ns / VC_NS_PER_MS), (long long)(rules->ban_ns / VC_NS_PER_MS));
	else
		vc_warn("layer %s: %u errors within %lld ms: banned until 'vcockpit allow %s'", layer->config->name,
			rules->limit, (long long)(rules->window_ns / VC_NS_PER_MS), layer->config->name);
}

void vc_layer_allow(struct vc_layer *layer) {
	vc_errors_allow(&layer->errors);
	layer->closed_until_ns = 0;
	vc_info("layer %s: allowed again", layer->config->name);
}

void vc_layer_input(const struct vc_layer *layer, struct vc_policy_input *input, int64_t now_ns) {
	*input = (struct vc_policy_input){.connected = layer->source.sock >= 0,
					  .banned = vc_errors_banned(&layer->errors, now_ns),
					  .broke_protocol = layer->broke_protocol,
					  .sign_ns = layer->source.sign_ns,
					  .foreign = layer->foreign,
					  .foreign_sign_ns = layer->foreign_sign_ns,
					  .distrusted = layer->distrusted,
					  .distrust = layer->distrust,
					  .frames = layer->frames};
	for (unsigned i = 0; i < layer->frames; i++)
		input->frame[i] = (struct vc_policy_frame){.presented_ns = layer->frame[i].presented_ns,
							   .ready = layer->frame[i].ready};
}

/* Takes the @count oldest waiting frames off the queue. */
static void pop_frames(struct vc_layer *layer, unsigned count) {
	layer->frames -= count;
	memmove(&layer->frame[0], &layer->frame[count], layer->frames * sizeof(layer->frame[0]));
}

void vc_layer_take_frame(struct vc_layer *layer, int index, struct vc_content *content) {
	unsigned count = (unsigned)index;
	for (unsigned i = 0; i < count; i++)
		frame_finish(&layer->frame[i]);
	layer->stats.frames_dropped += count;
	*content = (struct vc_content){.kind = VC_CONTENT_FRAME, .frame = layer->frame[index]};
	discard(layer, content->frame.fence);
	content->frame.fence = -1;
	layer->foreign = false;
	pop_frames(layer, count + 1);
}

void vc_layer_drop_frames(struct vc_layer *layer, unsigned count) {
	if (count == 0)
		return;
	uint64_t seq = layer->frame[count - 1].seq;
	for (unsigned i = 0; i < count; i++)
		frame_finish(&layer->frame[i]);
	layer->stats.frames_dropped += count;
	pop_frames(layer, count);
	vc_layer_send_frame(layer, seq, 0);
}

bool vc_content_has_buffer(const struct vc_content *content) {
	return content->kind == VC_CONTENT_FRAME || content->kind == VC_CONTENT_LENT;
}

void vc_content_ref(const struct vc_content *content) {
	if (vc_content_has_buffer(content))
		content->frame.buffer->refs++;
}

void vc_content_unref(struct vc_content *content) {
	if (vc_content_has_buffer(content))
		buffer_unref(content->frame.buffer);
	*content = (struct vc_content){.kind = VC_CONTENT_NOTHING};
}

void vc_layer_send_frame(struct vc_layer *layer, uint64_t seq, int64_t flip_ns) {
	struct vc_display_frame frame = {.seq = seq,
					 .flip_ns = flip_ns,
					 .deadline_ns = layer->backend->deadline_ns(layer->backend->data, layer)};
	vc_source_send(&layer->source, &frame, VC_DISPLAY_FRAME, sizeof(frame));
}

/* One axis, pixel for pixel. */
static void centre(uint32_t zone_at, uint32_t zone, uint32_t part_at, uint32_t part, uint32_t *source, uint32_t *target,
		   uint32_t *size) {
	*size = part < zone ? part : zone;
	*source = part_at + (part - *size) / 2;
	*target = zone_at + (zone - *size) / 2;
}

/* @a times @b over @c, at least 1. */
static uint32_t share(uint32_t a, uint32_t b, uint32_t c) {
	uint32_t n = (uint32_t)((uint64_t)a * b / c);
	return n > 0 ? n : 1;
}

void vc_layer_place(const struct vc_config_layer *config, const struct vc_rect *part, struct vc_rect *source,
		    struct vc_rect *target) {
	const struct vc_rect *zone = &config->rect;
	if (config->scale == VC_SCALE_NONE || part->width == 0 || part->height == 0) {
		centre(zone->x, zone->width, part->x, part->width, &source->x, &target->x, &target->width);
		centre(zone->y, zone->height, part->y, part->height, &source->y, &target->y, &target->height);
		source->width = target->width;
		source->height = target->height;
		return;
	}
	/* Wider in shape than the zone? */
	bool wider = (uint64_t)part->width * zone->height > (uint64_t)zone->width * part->height;
	*source = *part;
	*target = *zone;
	if (config->scale == VC_SCALE_FIT && wider)
		target->height = share(zone->width, part->height, part->width);
	else if (config->scale == VC_SCALE_FIT)
		target->width = share(zone->height, part->width, part->height);
	else if (wider)
		source->width = share(part->height, zone->width, zone->height);
	else
		source->height = share(part->width, zone->height, zone->width);
	target->x += (zone->width - target->width) / 2;
	target->y += (zone->height - target->height) / 2;
	source->x += (part->width - source->width) / 2;
	source->y += (part->height - source->height) / 2;
}
