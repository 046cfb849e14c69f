/* SPDX-License-Identifier: Apache-2.0 */
#include "compositor_fake_display.h"

#include "clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fake_imported(struct fake_display *fake, struct vc_buffer *buffer) {
	if (fake->refuse_imports) {
		vc_layer_buffer_imported(buffer, -EINVAL, "refused by the test");
		return;
	}
	buffer->import.fb = 1;
	fake->imported++;
	vc_layer_buffer_imported(buffer, 0, "");
}

static void fake_import(void *data, struct vc_buffer *buffer, const struct vc_display_buffer_add *add, int fd) {
	struct fake_display *fake = data;
	close(fd);
	if (add->width == 0 || add->stride == 0 || buffer->state != VC_BUFFER_COMING)
		abort(); /* vc_message_check_buffer() lets no such thing through */
	buffer->import = (struct vc_import){.dmabuf = -1};
	if (!fake->slow_imports)
		fake_imported(fake, buffer);
}

static void fake_drop(void *data, struct vc_buffer *buffer) {
	struct fake_display *fake = data;
	if (buffer->state != VC_BUFFER_GOING || buffer->refs != 0)
		abort();
	fake->imported -= (int)buffer->import.fb;
	buffer->import.fb = 0;
	vc_layer_buffer_dropped(buffer);
}

void fake_display_import(struct fake_display *fake) {
	for (unsigned l = 0; l < 2; l++)
		for (unsigned i = 0; i < VC_LAYER_BUFFERS_MAX; i++)
			if (fake->layer[l].buffer[i].state == VC_BUFFER_COMING)
				fake_imported(fake, &fake->layer[l].buffer[i]);
}

static int64_t fake_deadline(void *data, const struct vc_layer *layer) {
	struct fake_display *fake = data;
	(void)layer;
	return fake->now_ns + 1;
}

static uint32_t fake_refresh(void *data, const struct vc_layer *layer) {
	(void)data;
	(void)layer;
	return 60000;
}

void fake_display_init(struct fake_display *fake) {
	*fake = (struct fake_display){.now_ns = VC_NS_PER_S};
	fake->backend = (struct vc_layer_backend){.import = fake_import,
						  .drop = fake_drop,
						  .deadline_ns = fake_deadline,
						  .refresh_mhz = fake_refresh,
						  .data = fake};
	fake->common = (struct vc_config){.hello_ns = VC_NS_PER_S, .connects = 1000};
	fake->config[0] = (struct vc_config_layer){.name = "cluster",
						   .role = VC_ROLE_CLUSTER,
						   .rect = {0, 0, 64, 48},
						   .uid = getuid(),
						   .hold_ns = 100 * VC_NS_PER_MS,
						   .max_width = VC_DISPLAY_SIZE_MAX,
						   .max_height = VC_DISPLAY_SIZE_MAX,
						   .rate = 1000};
	fake->config[1] = (struct vc_config_layer){.name = "ivi",
						   .role = VC_ROLE_GUEST,
						   .rect = {64, 0, 64, 48},
						   .uid = getuid(),
						   .hold_ns = 1000 * VC_NS_PER_MS,
						   .max_width = VC_DISPLAY_SIZE_MAX,
						   .max_height = VC_DISPLAY_SIZE_MAX,
						   .retry_ns = VC_NS_PER_S / 2,
						   .rate = 100};
	for (unsigned i = 0; i < 2; i++) {
		vc_layer_init(&fake->layer[i], &fake->config[i], i, &fake->backend, &fake->importer[i]);
		fake->layer[i].screen.kind = VC_CONTENT_FALLBACK;
	}
	for (unsigned i = 0; i < VC_IMPORTERS; i++)
		fake->importer[i].wake = -1;
	vc_clients_init(&fake->clients, NULL, (int[]){-1, -1}, &fake->common, fake->importer, fake->layer, 2);
}

void fake_display_close(struct fake_display *fake) {
	for (unsigned i = 0; i < VC_IMPORTERS; i++)
		for (struct vc_discard_ring *ring = &fake->importer[i].discards; ring->taken < ring->put; ring->taken++)
			if (close(ring->fd[ring->taken % VC_IMPORTER_DISCARDS]) < 0)
				abort(); /* closed twice */
}

int fake_display_connect(struct fake_display *fake, unsigned door, struct vc_client **client) {
	fake_display_close(fake);
	int ends[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		abort();
	*client = vc_clients_accept(&fake->clients.door[door], ends[0], fake->now_ns);
	return ends[1];
}

void fake_display_flip(struct fake_display *fake) {
	for (unsigned i = 0; i < 2; i++) {
		struct vc_layer *layer = &fake->layer[i];
		struct vc_policy_input input;
		vc_layer_poll_fences(layer);
		vc_layer_input(layer, &input, fake->now_ns);
		struct vc_policy_choice choice = vc_policy_choose(&layer->rules, &layer->policy, &input, fake->now_ns);
		vc_policy_accept(&layer->policy, &choice);
		struct vc_content old = layer->screen;
		if (choice.frame == VC_POLICY_KEEP)
			continue;
		if (choice.frame >= 0)
			vc_layer_take_frame(layer, choice.frame, &layer->screen);
		else
			layer->screen = (struct vc_content){.kind = VC_CONTENT_FALLBACK};
		vc_content_unref(&old);
		if (choice.frame >= 0)
			vc_layer_send_frame(layer, layer->screen.frame.seq, fake->now_ns);
	}
	vc_clients_check(&fake->clients, fake->now_ns);
	fake_display_close(fake);
}

void fake_display_finish(struct fake_display *fake) {
	for (unsigned i = 0; i < VC_CLIENTS_MAX; i++)
		if (fake->clients.client[i].watch.fd >= 0)
			vc_client_close(&fake->clients.client[i], false, fake->now_ns);
	for (unsigned i = 0; i < 2; i++)
		vc_content_unref(&fake->layer[i].screen);
	fake_display_import(fake);
	fake_display_close(fake);
	for (unsigned i = 0; i < 2 * VC_LAYER_BUFFERS_MAX; i++)
		if (fake->layer[i % 2].buffer[i / 2].state != VC_BUFFER_FREE)
			abort(); /* a buffer leaked */
	if (fake->imported != 0)
		abort(); /* or its memory */
}
