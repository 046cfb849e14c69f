/* SPDX-License-Identifier: Apache-2.0 */
#include "output-check.h"

#include "control-client.h"
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void post(struct vc_output_check *c, uint32_t layer, const struct vc_control_captured *captured,
		 struct vc_check check) {
	pthread_mutex_lock(&c->lock);
	c->result[layer] = (struct vc_output_result){.fresh = true,
						     .check = check,
						     .ticket = captured->ticket,
						     .seq = captured->seq[layer],
						     .source = captured->source[layer]};
	pthread_mutex_unlock(&c->lock);
	const uint64_t one = 1;
	if (write(c->ready, &one, sizeof(one)) != sizeof(one))
		vc_error("eventfd: %s", strerror(errno));
}

/* The part of a capture where @info's layer belongs. Returns false if it reaches outside. */
static bool find_zone(const struct vc_control_picture *picture, const struct vc_monitor_layer *info,
		      struct vc_pixels *zone) {
	const struct vc_control_captured *c = &picture->info;
	if (info->x + info->width > c->width || info->y + info->height > c->height)
		return false;
	const void *first = picture->pixels + (size_t)c->stride * info->y + (size_t)4 * info->x;
	*zone = (struct vc_pixels){
		.first = first, .stride = c->stride / 4, .width = info->width, .height = info->height};
	return true;
}

bool vc_output_check_zone(struct vc_watched *watched, const struct vc_control_captured *captured,
			  const struct vc_monitor_layer *info, const struct vc_references *references,
			  const struct vc_pixels *zone, struct vc_check *check) {
	uint64_t seq = captured->seq[info->layer];
	struct vc_declaration declaration;
	*check = (struct vc_check){.finding = VC_FOUND_GOOD};
	/* What the compositor before this one left: its declaration went with it, and it won't stay long. */
	if (seq == VC_CONTROL_ADOPTED)
		return false;
	/* A fallback that nothing is known about is not wrong. */
	if (seq == 0) {
		if (info->safe_image)
			*check = vc_check_safe(references, zone);
		return true;
	}
	/* A frame that the check of the frames found unsound or was too busy for is not known; the next capture will tell. */
	if (!vc_watched_find(watched, info->layer, captured->source[info->layer], seq, &declaration))
		return false;
	*check = vc_check_picture(references, &declaration, zone);
	return true;
}

static void check_layer(struct vc_output_check *c, const struct vc_control_picture *picture,
			const struct vc_monitor_layer *info, const struct vc_references *references) {
	struct vc_pixels zone;
	struct vc_check check = {.finding = VC_FOUND_UNREADABLE};
	if (!find_zone(picture, info, &zone) ||
	    vc_output_check_zone(c->watched, &picture->info, info, references, &zone, &check))
		post(c, info->layer, &picture->info, check);
}

/* Captures @output and checks its layers. Returns false when the connection is over. */
static bool check_output(struct vc_output_check *c, struct vc_control_client *client, uint32_t output) {
	struct vc_control_picture picture;
	struct vc_monitor_layer info;
	struct vc_references references;
	if (vc_control_capture(client, output, &picture) < 0) {
		vc_debug("output %u: %s", output, client->why);
		return client->sock >= 0;
	}
	for (uint32_t i = 0; i < VC_CONTROL_LAYERS_MAX; i++)
		if (vc_watched_get(c->watched, i, &info, &references) && info.output == output)
			check_layer(c, &picture, &info, &references);
	vc_control_release(client, &picture);
	return client->sock >= 0;
}

static void check_all(struct vc_output_check *c, struct vc_control_client *client) {
	uint32_t outputs = 0;
	struct vc_monitor_layer info;
	struct vc_references references;
	for (uint32_t i = 0; i < VC_CONTROL_LAYERS_MAX; i++)
		if (vc_watched_get(c->watched, i, &info, &references))
			outputs |= 1u << info.output;
	if (outputs == 0)
		return;
	if (client->sock < 0 && vc_control_connect(client, c->config->socket, (int)c->config->capture_ms) < 0)
		return;
	for (uint32_t i = 0; i < VC_CONTROL_OUTPUTS_MAX; i++)
		if ((outputs & 1u << i) && !check_output(c, client, i))
			return;
}

static void *run(void *data) {
	struct vc_output_check *c = data;
	struct vc_control_client client = {.sock = -1};
	struct pollfd stop = {.fd = c->stop, .events = POLLIN};
	while (poll(&stop, 1, (int)c->config->output_ms) <= 0)
		check_all(c, &client);
	vc_control_disconnect(&client);
	return NULL;
}

int vc_output_check_start(struct vc_output_check *c, const struct vc_monitor_config *config,
			  struct vc_watched *watched) {
	*c = (struct vc_output_check){.config = config, .watched = watched};
	pthread_mutex_init(&c->lock, NULL);
	c->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	c->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->ready < 0 || c->stop < 0)
		return -errno;
	return config->output_ms > 0 ? -pthread_create(&c->thread, NULL, run, c) : 0;
}

void vc_output_check_stop(struct vc_output_check *c) {
	const uint64_t one = 1;
	if (c->config->output_ms > 0 && write(c->stop, &one, sizeof(one)) == sizeof(one))
		pthread_join(c->thread, NULL);
	close(c->ready);
	close(c->stop);
}

bool vc_output_check_take(struct vc_output_check *c, uint32_t layer, struct vc_output_result *result) {
	pthread_mutex_lock(&c->lock);
	*result = c->result[layer];
	c->result[layer].fresh = false;
	pthread_mutex_unlock(&c->lock);
	return result->fresh;
}
