/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a scene to an atomic commit. If the kernel refuses it, each new frame is tried alone with TEST_ONLY to find who is to
 * blame; the culprits go to their fallback, and the rest is committed for the same vblank. A busy kernel is no refusal: the
 * same scene is tried again at the next vblank.
 */
#include "output.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <string.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

static bool shows_nothing(const struct vc_layer *layer) {
	return layer->config->fallback == VC_FALLBACK_NONE;
}

static void request_fallback(struct vc_output *o, unsigned slot, bool test) {
	const struct vc_layer *layer = o->slot[slot];
	const struct vc_rect *zone = &layer->config->rect;
	const struct vc_rect all = {0, 0, zone->width, zone->height};
	uint32_t fb = shows_nothing(layer) && !test ? 0 : o->fallback[slot].fb;
	vc_kms_request_layer(&o->kms, &o->request, slot, fb, &all, zone);
}

static void request_slot(struct vc_output *o, unsigned slot, const struct vc_policy_choice *choice) {
	if (choice->frame < 0) {
		request_fallback(o, slot, false);
		return;
	}
	const struct vc_layer *layer = o->slot[slot];
	const struct vc_frame *frame = &layer->frame[choice->frame];
	struct vc_rect source, target;
	vc_layer_place(&layer->config->rect, &frame->part, &source, &target);
	vc_kms_request_layer(&o->kms, &o->request, slot, frame->buffer->import.fb, &source, &target);
}

/* Builds a request for the slots in @mask; the others keep what they show. */
static void build_planes(struct vc_output *o, const struct vc_scene *scene, uint32_t mask) {
	vc_request_init(&o->request);
	for (unsigned i = 0; i < o->layers; i++) {
		if (mask & (1u << i))
			request_slot(o, i, &scene->choice[i]);
		else if (o->slot[i]->screen.kind == VC_CONTENT_FRAME)
			vc_kms_request_keep(&o->kms, &o->request, i);
	}
}

static struct vc_compose_item compose_item(const struct vc_output *o, const struct vc_scene *scene, unsigned slot) {
	struct vc_layer *layer = o->slot[slot];
	const struct vc_rect *zone = &layer->config->rect;
	struct vc_compose_item item = {.layer = layer, .part = {0, 0, zone->width, zone->height}};
	const struct vc_frame *frame = NULL;
	if (scene->choice[slot].frame >= 0)
		frame = &layer->frame[scene->choice[slot].frame];
	else if (scene->choice[slot].frame == VC_POLICY_KEEP && layer->screen.kind == VC_CONTENT_FRAME)
		frame = &layer->screen.frame;
	if (frame) {
		item.part = frame->part;
		item.buffer = frame->buffer;
		item.image = frame->buffer->import.image;
	} else if (!shows_nothing(layer)) {
		item.image = o->compose.fallback[slot];
	}
	return item;
}

static void build_composed(struct vc_output *o, const struct vc_scene *scene) {
	struct vc_compose_item items[VC_LAYERS_MAX];
	vc_request_init(&o->request);
	o->compose_next = o->compose.front;
	if (scene->changed == 0)
		return;
	for (unsigned i = 0; i < o->layers; i++) {
		if (scene->changed & (1u << i))
			vc_compose_changed(&o->compose, i);
		items[i] = compose_item(o, scene, i);
	}
	o->compose_next = vc_compose_draw(&o->compose, items, o->layers);
	vc_kms_request_primary(&o->kms, &o->request, o->compose.buffer[o->compose_next].dumb.fb);
}

/* The last compositor's commit may still be on its way, or the driver short of something: not the scene's fault. */
static bool is_passing(int err) {
	return err == -EBUSY || err == -EAGAIN || err == -ENOMEM || err == -EACCES || err == -EPERM;
}

static bool is_refused(struct vc_output *o, const struct vc_scene *scene, uint32_t mask) {
	build_planes(o, scene, mask);
	int err = vc_request_commit(&o->request, o->kms.card->fd, DRM_MODE_ATOMIC_TEST_ONLY, 0);
	return err < 0 && !is_passing(err);
}

static void refuse(struct vc_output *o, struct vc_scene *scene, unsigned slot, int64_t now_ns) {
	struct vc_layer *layer = o->slot[slot];
	layer->stats.refused++;
	vc_policy_refuse(&layer->policy, &layer->rules, now_ns);
	vc_layer_note_error(layer, now_ns);
	vc_layer_drop_frames(layer, (unsigned)scene->choice[slot].frame + 1);
	vc_output_choose(o, scene, slot, now_ns);
}

static bool is_new_frame(const struct vc_scene *scene, unsigned slot) {
	return (scene->changed & (1u << slot)) && scene->choice[slot].frame >= 0;
}

/* Refuses all new frames of @role. Returns whether there was any. */
static bool refuse_all(struct vc_output *o, struct vc_scene *scene, enum vc_layer_role role, int64_t now_ns) {
	bool any = false;
	for (unsigned i = 0; i < o->layers; i++)
		if (is_new_frame(scene, i) && o->slot[i]->config->role == role) {
			refuse(o, scene, i, now_ns);
			any = true;
		}
	return any;
}

static void find_culprits(struct vc_output *o, struct vc_scene *scene, int64_t now_ns) {
	bool any = false;
	for (unsigned i = 0; i < o->layers; i++)
		if (is_new_frame(scene, i) && is_refused(o, scene, 1u << i)) {
			refuse(o, scene, i, now_ns);
			any = true;
		}
	/* Each alone would do, together they don't: the guests give way. */
	if (!any && !refuse_all(o, scene, VC_ROLE_GUEST, now_ns))
		refuse_all(o, scene, VC_ROLE_CLUSTER, now_ns);
}

/* What slot @i shows once the commit is through. */
static const struct vc_content *coming(const struct vc_layer *layer) {
	return layer->in_flight ? &layer->next : &layer->screen;
}

static void accept_scene(struct vc_output *o, const struct vc_scene *scene, int capture, int32_t fence,
			 int64_t now_ns) {
	struct vc_content content[VC_LAYERS_MAX];
	for (unsigned i = 0; i < o->layers; i++) {
		struct vc_layer *layer = o->slot[i];
		if (scene->changed & (1u << i)) {
			if (scene->choice[i].frame >= 0)
				vc_layer_take_frame(layer, scene->choice[i].frame, &layer->next);
			else
				layer->next = (struct vc_content){.kind = VC_CONTENT_FALLBACK};
			layer->in_flight = true;
		}
		content[i] = *coming(layer);
	}
	if (capture >= 0) {
		vc_capture_started(&o->capture, capture, fence, o->slot, content, o->layers, now_ns);
		o->stats.captures++;
		o->commit_flags |= VC_FRAME_CAPTURE;
	}
	o->pending = true;
	o->commit_ns = now_ns;
	o->commit_target_ns = o->target_ns;
	o->stats.commits++;
}

static int try_commit(struct vc_output *o, const struct vc_scene *scene, int capture) {
	int32_t fence = -1;
	if (o->composed)
		build_composed(o, scene);
	else
		build_planes(o, scene, scene->changed);
	if (capture >= 0)
		vc_kms_request_writeback(&o->kms, &o->request, o->capture.dumb[capture].fb, &fence);
	/* The low half counts, the high half was drawn at start. */
	o->cookie++;
	int64_t start_ns = vc_clock_now();
	int err = vc_request_commit(&o->request, o->kms.card->fd, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT,
				    o->cookie);
	int64_t end_ns = vc_clock_now();
	o->stats.commit_ns_sum += end_ns - start_ns;
	if (end_ns - start_ns > o->stats.commit_ns_max)
		o->stats.commit_ns_max = end_ns - start_ns;
	if (err == 0)
		accept_scene(o, scene, capture, fence, start_ns);
	return err;
}

static void complain(struct vc_output *o, int err, int64_t now_ns) {
	if (o->complain_ns != 0 && now_ns - o->complain_ns < VC_NS_PER_S)
		return;
	o->complain_ns = now_ns;
	vc_error("output %s: the kernel takes no commit: %s", o->config->name, strerror(-err));
}

int vc_output_commit(struct vc_output *o, struct vc_scene *scene, int64_t now_ns) {
	int capture = vc_capture_wanted(&o->capture);
	o->commit_flags = 0;
	if (scene->changed == 0 && capture < 0)
		return 0;
	int err = try_commit(o, scene, capture);
	if (err < 0 && !is_passing(err) && capture >= 0) {
		/* Perhaps it's the writeback that is refused. */
		o->stats.commits_refused++;
		capture = -1;
		vc_capture_fail_next(&o->capture, -err, "the kernel refused the writeback");
		err = scene->changed ? try_commit(o, scene, capture) : 0;
	}
	for (int attempt = 0; err < 0 && !is_passing(err) && attempt < 2 && scene->changed; attempt++) {
		o->stats.commits_refused++;
		o->commit_flags |= VC_FRAME_REFUSED;
		if (attempt == 0 && !o->composed) {
			find_culprits(o, scene, now_ns);
		} else {
			refuse_all(o, scene, VC_ROLE_GUEST, now_ns);
			refuse_all(o, scene, VC_ROLE_CLUSTER, now_ns);
		}
		err = scene->changed ? try_commit(o, scene, -1) : 0;
	}
	if (err == -EBUSY)
		o->stats.commits_late++;
	else if (err < 0)
		complain(o, err, now_ns);
	return err;
}

int vc_output_light(struct vc_output *o, uint32_t flags) {
	bool test = (flags & DRM_MODE_ATOMIC_TEST_ONLY) != 0;
	vc_request_init(&o->request);
	vc_kms_request_mode(&o->kms, &o->request);
	vc_kms_request_primary(&o->kms, &o->request,
			       o->composed ? o->compose.buffer[o->compose.front].dumb.fb : o->background.fb);
	for (unsigned i = 0; i < o->layers && !o->composed; i++)
		if (o->slot[i]->screen.kind != VC_CONTENT_ADOPTED)
			request_fallback(o, i, test);
	vc_kms_request_others_off(&o->kms, &o->request);
	return vc_request_commit(&o->request, o->kms.card->fd, flags, 0);
}

int vc_output_test_buffer(struct vc_output *o, const struct vc_layer *layer, uint32_t fb, uint32_t width,
			  uint32_t height) {
	const struct vc_rect part = {0, 0, width, height};
	struct vc_rect source, target;
	unsigned slot = 0;
	while (o->slot[slot] != layer)
		slot++;
	vc_layer_place(&layer->config->rect, &part, &source, &target);
	vc_request_init(&o->request);
	vc_kms_request_layer(&o->kms, &o->request, slot, fb, &source, &target);
	int err = vc_request_commit(&o->request, o->kms.card->fd, DRM_MODE_ATOMIC_TEST_ONLY, 0);
	return is_passing(err) ? 0 : err;
}
