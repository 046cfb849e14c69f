/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing an output up: memory, pictures, the check that all layers fit together, and the first commit. */
#include "output.h"

#include "clock.h"
#include "kms-mode.h"
#include "log.h"
#include "picture.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xf86drmMode.h>

__attribute__((format(printf, 2, 3))) static bool fail(struct vc_kms_error *error, const char *format, ...) {
	va_list args;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	error->config = false;
	return false;
}

/* Picks this output's layers, lowest first. */
static void pick_layers(struct vc_output *o, const struct vc_config *config, struct vc_layer *layers,
			struct vc_planes_wish *wish) {
	struct vc_policy_rules rules[VC_LAYERS_MAX];
	unsigned order[VC_LAYERS_MAX];
	for (unsigned i = 0; i < config->layers; i++)
		rules[i] = layers[i].rules;
	vc_policy_stack(rules, config->layers, order);
	for (unsigned i = 0; i < config->layers; i++) {
		struct vc_layer *layer = &layers[order[i]];
		if (layer->config->output != o->index)
			continue;
		wish->layer[wish->layers].name = layer->config->name;
		wish->layer[wish->layers++].plane = layer->config->plane;
		o->slot[o->layers++] = layer;
	}
}

static bool draw_pictures(struct vc_output *o, struct vc_kms_error *error) {
	const struct vc_config_output *c = o->config;
	int card = o->kms.card->fd;
	int err = vc_dumb_create(&o->background, card, c->width, c->height, false);
	if (err == 0)
		vc_picture_fill(&o->background, c->background);
	for (unsigned i = 0; err == 0 && i < o->layers; i++) {
		const struct vc_config_layer *layer = o->slot[i]->config;
		err = vc_dumb_create(&o->fallback[i], card, layer->rect.width, layer->rect.height, false);
		if (err == 0 && layer->fallback != VC_FALLBACK_NONE && !vc_picture_draw(&o->fallback[i], layer))
			err = -ENOMEM;
		if (err == 0 && layer->fallback == VC_FALLBACK_NONE)
			vc_picture_fill(&o->fallback[i], c->background);
	}
	return err == 0 ? true : fail(error, "[output %s]: no memory for its pictures: %s", c->name, strerror(-err));
}

static bool init_compose(struct vc_output *o, struct vc_kms_error *error) {
	const struct vc_config_output *c = o->config;
	if (!vc_compose_init(&o->compose, o->kms.card->fd, c->width, c->height, c->background))
		return fail(error, "[output %s]: no memory for composition", c->name);
	struct vc_compose_item items[VC_LAYERS_MAX];
	for (unsigned i = 0; i < o->layers; i++) {
		const struct vc_dumb *dumb = &o->fallback[i];
		o->compose.fallback[i] =
			vc_compose_image(DRM_FORMAT_XRGB8888, dumb->width, dumb->height, dumb->map, dumb->stride);
		if (!o->compose.fallback[i])
			return fail(error, "[output %s]: no memory for composition", c->name);
		items[i] = (struct vc_compose_item){
			.layer = o->slot[i],
			.image = o->slot[i]->config->fallback == VC_FALLBACK_NONE ? NULL : o->compose.fallback[i],
			.part = {0, 0, dumb->width, dumb->height}};
	}
	o->compose.front = vc_compose_draw(&o->compose, items, o->layers);
	o->composed = true;
	return true;
}

/* Is the output lit as the config wants it, by the compositor before us? Then only what it shows has to be noted. */
static bool try_adopt(struct vc_output *o) {
	if (!o->kms.card->stored || o->composed)
		return false;
	for (unsigned i = 0; i < o->layers; i++)
		if (vc_kms_layer_is_lit(&o->kms, i, &o->slot[i]->config->rect))
			o->slot[i]->screen.kind = VC_CONTENT_ADOPTED;
	if (vc_output_light(o, DRM_MODE_ATOMIC_TEST_ONLY) == 0)
		return true;
	for (unsigned i = 0; i < o->layers; i++)
		o->slot[i]->screen.kind = VC_CONTENT_NOTHING;
	return false;
}

/* Gives up what the driver can't do, from the least to the most missed, until the kernel takes it all together. */
static bool find_way(struct vc_output *o, struct vc_kms_error *error) {
	const uint32_t test = DRM_MODE_ATOMIC_TEST_ONLY | DRM_MODE_ATOMIC_ALLOW_MODESET;
	const uint32_t writeback = o->kms.writeback;
	int err;
	for (;;) {
		o->kms.writeback = writeback;
		err = vc_output_light(o, test);
		if (err < 0 && writeback) {
			o->kms.writeback = 0;
			int without = vc_output_light(o, test);
			if (without == 0)
				vc_warn("output %s: the driver refuses its writeback connector together with %s: no "
					"captures",
					o->config->name, o->kms.connector_name);
			err = without;
		}
		if (err == 0 || o->composed)
			break;
		vc_warn("output %s: the kernel refuses a plane per layer (%s): composing on the CPU instead",
			o->config->name, strerror(-err));
		o->kms.planes_found = false;
		if (!init_compose(o, error))
			return false;
	}
	return err == 0 ? true
			: fail(error, "[output %s] mode: %s (%s) refuses %ux%u@%u.%03u: %s", o->config->name,
			       o->kms.card->path, o->kms.card->driver, o->config->width, o->config->height,
			       o->config->refresh_mhz / 1000, o->config->refresh_mhz % 1000, strerror(-err));
}

static void describe(struct vc_output *o) {
	const struct vc_card *card = o->kms.card;
	struct vc_control_output *s = &o->stats;
	snprintf(s->name, sizeof(s->name), "%s", o->config->name);
	snprintf(s->card, sizeof(s->card), "%s", card->path);
	snprintf(s->driver, sizeof(s->driver), "%s", card->driver);
	snprintf(s->connector, sizeof(s->connector), "%s", o->kms.connector_name);
	s->crtc = o->kms.crtc;
	s->width = o->kms.mode.hdisplay;
	s->height = o->kms.mode.vdisplay;
	s->refresh_mhz = vc_mode_refresh_mhz(&o->kms.mode);
	s->writeback = o->kms.writeback != 0;
	vc_info("output %s: %s on %s (%s), %ux%u at %u.%03u Hz, %s, %s", s->name, s->connector, s->card, s->driver,
		s->width, s->height, s->refresh_mhz / 1000, s->refresh_mhz % 1000,
		s->writeback  ? "captures by writeback"
		: o->composed ? "captures from the composed picture"
			      : "no captures",
		s->adopted ? "taken over lit" : "lit anew");
	for (unsigned i = 0; i < o->layers; i++) {
		struct vc_control_layer *l = &o->slot[i]->stats;
		const struct vc_plane *plane = vc_kms_plane(&o->kms, i);
		l->path = o->composed ? VC_PATH_COMPOSED : VC_PATH_PLANE;
		l->plane = plane->id;
		l->plane_type = plane->type;
		vc_info("layer %s: %s %u of output %s, %ux%u at %u,%u", l->name,
			o->composed ? "composed into plane" : "on plane", plane->id, s->name, l->width, l->height, l->x,
			l->y);
	}
}

static bool light(struct vc_output *o, struct vc_kms_error *error) {
	bool adopted = try_adopt(o);
	if (!adopted && !find_way(o, error))
		return false;
	int err = vc_output_light(o, adopted ? 0 : DRM_MODE_ATOMIC_ALLOW_MODESET);
	if (err < 0)
		return fail(error, "[output %s]: %s (%s) cannot be lit: %s", o->config->name, o->kms.card->path,
			    o->kms.card->driver, strerror(-err));
	int64_t now_ns = vc_clock_now();
	for (unsigned i = 0; i < o->layers; i++) {
		struct vc_layer *layer = o->slot[i];
		/* What was taken over counts as a frame of a source that has just gone: it has its hold time. */
		layer->source.sign_ns = layer->foreign_sign_ns = now_ns;
		layer->foreign = true;
		if (layer->screen.kind != VC_CONTENT_ADOPTED) {
			layer->screen.kind = VC_CONTENT_FALLBACK;
			continue;
		}
		layer->policy = (struct vc_policy_state){
			.state = VC_STATE_HOLD, .reason = VC_REASON_GONE, .source_shown = true};
	}
	o->stats.adopted = adopted;
	return true;
}

bool vc_output_init(struct vc_output *o, const struct vc_config *config, unsigned index, struct vc_card *card,
		    struct vc_layer *layers, struct vc_loop *loop, struct vc_kms_error *error) {
	struct vc_planes_wish wish = {0};
	char why[192] = "";
	*o = (struct vc_output){.config = &config->output[index], .index = index, .loop = loop, .timer = {.fd = -1}};
	pick_layers(o, config, layers, &wish);
	if (!vc_kms_init(&o->kms, card, o->config, &wish, why, sizeof(why), error) || !draw_pictures(o, error))
		return false;
	if (!o->kms.planes_found) {
		vc_warn("output %s: %s: composing on the CPU", o->config->name, why);
		if (!init_compose(o, error))
			return false;
	}
	if (!light(o, error))
		return false;
	int err = vc_frame_log_init(&o->log, index);
	if (err == 0)
		err = vc_capture_init(&o->capture, loop, card->fd, o->config->width, o->config->height,
				      o->kms.writeback != 0, o->config->capture_limit_ns);
	if (err < 0)
		return fail(error, "[output %s]: no memory for frame log and captures: %s", o->config->name,
			    strerror(-err));
	o->capture.lent = &o->compose.lent;
	int64_t now_ns = vc_clock_now();
	vc_frame_clock_init(&o->clock, o->kms.period_ns, o->config->margin_ns, now_ns);
	/* Flip events of a compositor before us must not look like ours. */
	o->cookie = (uint64_t)now_ns << 20 ^ (uint64_t)index << 60;
	describe(o);
	return true;
}
