/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing an output up: memory, pictures, the check that all layers fit together, and the first commit. */
#include "output.h"

#include "clock.h"
#include "crc32.h"
#include "kms-mode.h"
#include "log.h"
#include "picture.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
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

/* Tells apart everything that a picture of @layer (NULL: the background) depends on, the program that drew it included. */
static uint32_t picture_key(const struct vc_output *o, const struct vc_config_layer *layer) {
	const struct vc_config_output *c = o->config;
	struct stat file[2] = {0};
	if (stat("/proc/self/exe", &file[0]) < 0 || (layer && layer->image[0] && stat(layer->image, &file[1]) < 0))
		vc_debug("output %s: a file that its pictures come from cannot be seen", c->name);
	uint32_t crc = vc_crc32(0, o->kms.card->path, sizeof(o->kms.card->path));
	for (int i = 0; i < 2; i++) {
		crc = vc_crc32(crc, &file[i].st_mtim, sizeof(file[i].st_mtim));
		crc = vc_crc32(crc, &file[i].st_ino, sizeof(file[i].st_ino));
	}
	crc = vc_crc32(crc, &c->background, sizeof(c->background));
	if (!layer) {
		const uint32_t size[2] = {c->width, c->height};
		return vc_crc32(crc, size, sizeof(size));
	}
	crc = vc_crc32(crc, &layer->rect, sizeof(layer->rect));
	crc = vc_crc32(crc, &layer->role, sizeof(layer->role));
	crc = vc_crc32(crc, &layer->fallback, sizeof(layer->fallback));
	crc = vc_crc32(crc, layer->image, sizeof(layer->image));
	crc = vc_crc32(crc, layer->title, sizeof(layer->title));
	return vc_crc32(crc, layer->message, sizeof(layer->message));
}

static bool draw_picture(const struct vc_output *o, struct vc_dumb *dumb, const struct vc_config_layer *layer) {
	if (layer && layer->fallback != VC_FALLBACK_NONE)
		return vc_picture_draw(dumb, layer);
	vc_picture_fill(dumb, o->config->background);
	return true;
}

/* The picture that shows when @layer (NULL: the background) has no frame: the last compositor's, if it's the same, which spares
 * the time to draw it. Returns 0 or -errno. */
static int prepare_picture(struct vc_output *o, struct vc_store *store, struct vc_dumb *dumb,
			   const struct vc_config_layer *layer, uint32_t width, uint32_t height) {
	const int card = o->kms.card->fd;
	char name[VC_STORE_NAME_MAX];
	const char *stride = "";
	int used = snprintf(name, sizeof(name), "picture-%s-%08x-", layer ? layer->name : o->config->name,
			    picture_key(o, layer));
	int fd = o->kms.card->stored ? vc_store_take(store, name, &stride) : -1;
	if (fd >= 0) {
		int err = vc_dumb_import(dumb, card, width, height, (uint32_t)strtoul(stride, NULL, 10), fd);
		close(fd);
		if (err == 0)
			return 0;
		/* Else the store would keep it, beside the one that is made now. */
		vc_store_remove(stride - used);
	}
	int err = vc_dumb_create(dumb, card, width, height, true);
	if (err < 0)
		return err;
	if (!draw_picture(o, dumb, layer))
		return -ENOMEM;
	snprintf(name + used, sizeof(name) - (size_t)used, "%u", dumb->stride);
	vc_store_put(name, dumb->dmabuf);
	close(dumb->dmabuf);
	dumb->dmabuf = -1;
	return 0;
}

static bool prepare_pictures(struct vc_output *o, struct vc_store *store, struct vc_kms_error *error) {
	const struct vc_config_output *c = o->config;
	int err = prepare_picture(o, store, &o->background, NULL, c->width, c->height);
	for (unsigned i = 0; err == 0 && i < o->layers; i++) {
		const struct vc_config_layer *layer = o->slot[i]->config;
		err = prepare_picture(o, store, &o->fallback[i], layer, layer->rect.width, layer->rect.height);
	}
	return err == 0 ? true : fail(error, "[output %s]: no memory for its pictures: %s", c->name, strerror(-err));
}

/* Whether any layer is composed or may come to be. */
static bool may_compose(const struct vc_output *o) {
	bool may = o->composed > 0;
	for (unsigned i = 0; i < o->layers; i++)
		may |= o->slot[i]->config->role == VC_ROLE_GUEST && o->slot[i]->config->compose;
	return may;
}

static bool init_compose(struct vc_output *o, struct vc_kms_error *error) {
	const struct vc_config_output *c = o->config;
	return vc_compose_init(&o->compose, o->kms.card->fd, c->width, c->height, c->background, o->fallback, o->slot,
			       o->layers)
		       ? true
		       : fail(error, "[output %s]: no memory for composition", c->name);
}

/* Layers whose alpha their plane doesn't have are composed, and so are those below. */
static bool find_composed(struct vc_output *o, const char *why, struct vc_kms_error *error) {
	o->composed = o->kms.plan.composed;
	if (o->composed > 0)
		vc_warn("output %s: %s: composing %u of %u layers on the CPU", o->config->name, why, o->composed,
			o->layers);
	for (unsigned i = o->composed; i < o->layers; i++) {
		const struct vc_config_layer *layer = o->slot[i]->config;
		if (layer->alpha == 100 || vc_kms_plane(&o->kms, i)->prop.alpha)
			continue;
		if (!layer->compose) {
			fail(error, "[layer %s] alpha: plane %u has none; use compose = yes", layer->name,
			     vc_kms_plane(&o->kms, i)->id);
			error->config = true;
			return false;
		}
		vc_info("layer %s: its plane has no alpha: composed on the CPU", layer->name);
		o->composed = i + 1;
	}
	o->composed_min = o->composed;
	return true;
}

/* Can the plane of @slot scale? Asked with its fallback picture. @lit: the output is; else it would be for this. */
static bool plane_scales(struct vc_output *o, unsigned slot, bool lit) {
	const struct vc_config_layer *layer = o->slot[slot]->config;
	const struct vc_rect half = {0, 0, (layer->rect.width + 1) / 2, (layer->rect.height + 1) / 2};
	const uint32_t writeback = o->kms.writeback;
	uint32_t flags = DRM_MODE_ATOMIC_TEST_ONLY;
	vc_request_init(&o->request);
	if (!lit) {
		/* Whether the driver takes that, too, is another question. */
		o->kms.writeback = 0;
		vc_kms_request_mode(&o->kms, &o->request);
		o->kms.writeback = writeback;
		vc_kms_request_primary(&o->kms, &o->request, o->background.fb);
		flags |= DRM_MODE_ATOMIC_ALLOW_MODESET;
	}
	vc_kms_request_layer(&o->kms, &o->request, slot, o->fallback[slot].fb, &half, &layer->rect, layer->alpha);
	if (!lit)
		vc_kms_request_others_off(&o->kms, &o->request);
	return vc_request_commit(&o->request, o->kms.card->fd, flags, 0) == 0;
}

/* Guests whose pictures are to be scaled by planes that can't are composed, and so are those below. For good: whether a picture
 * fits is its source's choice, and no source is to move another off its plane. The lowest one with a plane moves nobody: where it
 * is shown goes by its buffers, see vc_output_admit(). */
static void find_scaled(struct vc_output *o, bool lit) {
	for (unsigned i = o->composed_min + 1; i < o->layers; i++) {
		const struct vc_config_layer *layer = o->slot[i]->config;
		if (layer->scale == VC_SCALE_NONE || !layer->compose || plane_scales(o, i, lit))
			continue;
		vc_info("layer %s: its plane cannot scale: composed on the CPU", layer->name);
		o->composed_min = i + 1;
	}
	if (o->composed < o->composed_min)
		o->composed = o->composed_min;
}

/* Is the output lit as the config wants it, by the compositor before us? Then only what it shows has to be noted. Its lowest
 * layers without a plane were composed. */
static bool try_adopt(struct vc_output *o) {
	uint32_t primary = o->kms.card->stored ? vc_kms_primary_is_lit(&o->kms) : 0;
	bool adopted = primary != 0, lit[VC_LAYERS_MAX] = {false};
	if (adopted)
		find_scaled(o, true);
	for (unsigned i = o->composed_min; i < o->layers; i++)
		lit[i] = vc_kms_layer_is_lit(&o->kms, i, &o->slot[i]->config->rect);
	while (o->composed < o->layers && !lit[o->composed])
		o->composed++;
	for (unsigned i = 0; i < o->layers; i++)
		if (i < o->composed || lit[i])
			o->slot[i]->screen.kind = VC_CONTENT_ADOPTED;
	if (adopted && o->composed > 0)
		adopted = vc_compose_adopt(&o->compose, o->kms.card->fd, primary, o->config->width,
					   o->config->height) == 0;
	if (adopted && vc_output_light(o, DRM_MODE_ATOMIC_TEST_ONLY) == 0)
		return true;
	for (unsigned i = 0; i < o->layers; i++)
		o->slot[i]->screen.kind = VC_CONTENT_NOTHING;
	o->composed = o->composed_min;
	return false;
}

/* Gives up what the driver can't do, from the least to the most missed, until the kernel takes it all together. */
static bool find_way(struct vc_output *o, struct vc_kms_error *error) {
	const uint32_t test = DRM_MODE_ATOMIC_TEST_ONLY | DRM_MODE_ATOMIC_ALLOW_MODESET;
	const uint32_t writeback = o->kms.writeback;
	int err;
	find_scaled(o, false);
	for (;; o->composed++) {
		if (o->composed > 0 && !init_compose(o, error))
			return false;
		vc_output_compose_fallbacks(o);
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
		if (err == 0 || o->composed == o->layers)
			break;
		vc_warn("output %s: the kernel refuses %u planes besides the primary one (%s): composing %u of %u "
			"layers on the CPU",
			o->config->name, o->layers - o->composed, strerror(-err), o->composed + 1, o->layers);
	}
	o->composed_min = o->composed;
	return err == 0 ? true
			: fail(error, "[output %s] mode: %s (%s) refuses %ux%u@%u.%03u: %s", o->config->name,
			       o->kms.card->path, o->kms.card->driver, o->config->width, o->config->height,
			       o->config->refresh_mhz / 1000, o->config->refresh_mhz % 1000, strerror(-err));
}

void vc_output_note_paths(struct vc_output *o) {
	/* A source can bring this about; the log isn't to grow with it. */
	int64_t now_ns = vc_clock_now();
	bool may_log = o->paths_log_ns == 0 || now_ns - o->paths_log_ns >= VC_NS_PER_S;
	o->paths_log_ns = now_ns;
	for (unsigned i = 0; i < o->layers; i++) {
		struct vc_control_layer *l = &o->slot[i]->stats;
		bool composed = i < o->composed;
		const struct vc_plane *plane =
			composed ? &o->kms.card->plane[o->kms.plan.primary] : vc_kms_plane(&o->kms, i);
		uint32_t path = composed ? VC_PATH_COMPOSED : VC_PATH_PLANE;
		if (l->path != path && may_log)
			vc_info("layer %s: %s %u of output %s, %ux%u at %u,%u", l->name,
				composed ? "composed into plane" : "on plane", plane->id, o->stats.name, l->width,
				l->height, l->x, l->y);
		l->path = path;
		l->plane = plane->id;
		l->plane_type = plane->type;
	}
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
		s->writeback               ? "captures by writeback"
		: o->composed == o->layers ? "captures from the composed picture"
					   : "no captures",
		s->adopted ? "taken over lit" : "lit anew");
	vc_output_note_paths(o);
}

void vc_output_note_lit(struct vc_output *o, int64_t now_ns) {
	const struct vc_policy_choice fallback = {VC_POLICY_FALLBACK, VC_STATE_FALLBACK, VC_REASON_REFUSED};
	for (unsigned i = 0; i < o->layers; i++) {
		struct vc_layer *layer = o->slot[i];
		if (layer->screen.kind == VC_CONTENT_ADOPTED && i >= o->composed)
			continue;
		vc_content_unref(&layer->screen);
		layer->screen.kind = VC_CONTENT_FALLBACK;
		layer->gap_from_ns = 0;
		if (layer->policy.source_shown)
			vc_policy_accept(&layer->policy, &fallback);
	}
	o->complain_ns = now_ns;
}

/* What was taken over counts as a frame of a source that has just gone: it has its hold time. */
static void note_adopted(struct vc_output *o, int64_t now_ns) {
	for (unsigned i = 0; i < o->layers; i++) {
		struct vc_layer *layer = o->slot[i];
		layer->source.sign_ns = layer->foreign_sign_ns = now_ns;
		layer->foreign = true;
		if (layer->screen.kind == VC_CONTENT_ADOPTED)
			layer->policy = (struct vc_policy_state){
				.state = VC_STATE_HOLD, .reason = VC_REASON_GONE, .source_shown = true};
		else
			layer->screen.kind = VC_CONTENT_FALLBACK;
	}
}

/* The first commit of an output that was taken over changes nothing that can be seen, and waits for nothing. If the last
 * compositor's commit is still on its way, the frame clock tries again. */
static void commit_adopted(struct vc_output *o, int64_t now_ns) {
	struct vc_scene scene = {.composed = o->composed};
	for (unsigned i = 0; i < o->layers; i++)
		scene.choice[i] = (struct vc_policy_choice){VC_POLICY_KEEP, VC_STATE_HOLD, VC_REASON_GONE};
	o->stats.adopted = true;
	o->full = true;
	o->target_ns = vc_frame_clock_next(&o->clock, now_ns);
	vc_output_commit(o, &scene, now_ns);
}

static bool light(struct vc_output *o, struct vc_kms_error *error) {
	bool adopted = try_adopt(o);
	if (!adopted) {
		if (!find_way(o, error))
			return false;
		int err = vc_output_light(o, DRM_MODE_ATOMIC_ALLOW_MODESET);
		if (err < 0)
			return fail(error, "[output %s]: %s (%s) cannot be lit: %s", o->config->name, o->kms.card->path,
				    o->kms.card->driver, strerror(-err));
		o->stats.first_commit_ns = vc_clock_now();
	}
	/* Flip events of a compositor before us must not look like ours. */
	int64_t now_ns = vc_clock_now(), vblank_ns = vc_kms_last_vblank(&o->kms);
	o->cookie = (uint64_t)now_ns << 20 ^ (uint64_t)o->index << 60;
	vc_frame_clock_init(&o->clock, o->kms.period_ns, o->config->margin_ns, vblank_ns > 0 ? vblank_ns : now_ns);
	note_adopted(o, now_ns);
	if (adopted)
		commit_adopted(o, now_ns);
	return true;
}

bool vc_output_init(struct vc_output *o, const struct vc_config *config, unsigned index, struct vc_card *card,
		    struct vc_store *store, struct vc_layer *layers, struct vc_loop *loop, struct vc_kms_error *error) {
	struct vc_planes_wish wish = {0};
	char why[192] = "";
	*o = (struct vc_output){.config = &config->output[index],
				.index = index,
				.loop = loop,
				.timer = {.fd = -1},
				.compose = {.front = VC_COMPOSE_NONE, .lent = VC_COMPOSE_NONE}};
	pick_layers(o, config, layers, &wish);
	if (!vc_kms_init(&o->kms, card, o->config, &wish, why, sizeof(why), error) || !find_composed(o, why, error) ||
	    !prepare_pictures(o, store, error) || !light(o, error))
		return false;
	/* The picture is lit; from here on there is time. */
	if (may_compose(o) && !init_compose(o, error))
		return false;
	int err = vc_frame_log_init(&o->log, index);
	if (err == 0)
		err = vc_capture_init(&o->capture, loop, card->fd, o->config->width, o->config->height,
				      o->kms.writeback != 0, o->config->capture_limit_ns);
	if (err < 0)
		return fail(error, "[output %s]: no memory for frame log and captures: %s", o->config->name,
			    strerror(-err));
	o->capture.lent = &o->compose.lent;
	describe(o);
	return true;
}
