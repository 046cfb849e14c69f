/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a scene to an atomic commit. If the kernel refuses it, less is asked for, all for the same vblank: without the frames
 * that TEST_ONLY says are to blame (their layers go to their fallback); then the cluster's change alone; then the cluster's
 * safe picture. A busy kernel is no refusal: the same scene is tried again at the next vblank.
 *
 * Which layers are composed is decided at start, and for the lowest guest once for each buffer (vc_output_admit()), not here: a
 * frame costs one commit.
 */
#include "output.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

static unsigned slot_of(const struct vc_output *o, const struct vc_layer *layer) {
	unsigned slot = 0;
	while (o->slot[slot] != layer)
		slot++;
	return slot;
}

static bool shows_nothing(const struct vc_layer *layer) {
	return layer->config->fallback == VC_FALLBACK_NONE;
}

/* The frame of its own source that @slot is to show, NULL if none. */
static const struct vc_frame *own_frame(const struct vc_output *o, const struct vc_scene *scene, unsigned slot) {
	const struct vc_layer *layer = o->slot[slot];
	int frame = scene->kept & (1u << slot) ? VC_POLICY_KEEP : scene->choice[slot].frame;
	if (frame >= 0)
		return &layer->frame[frame];
	return frame == VC_POLICY_KEEP && layer->screen.kind == VC_CONTENT_FRAME ? &layer->screen.frame : NULL;
}

/* The frame that it is to show, whosoever it is. Where a change is put off, that is what it shows now. */
static const struct vc_frame *chosen_frame(const struct vc_output *o, const struct vc_scene *scene, unsigned slot) {
	const struct vc_content *screen = &o->slot[slot]->screen;
	if ((scene->kept & (1u << slot)) && screen->kind == VC_CONTENT_LENT)
		return &screen->frame;
	return scene->lent[slot] ? scene->lent[slot] : own_frame(o, scene, slot);
}

static bool borrows(const struct vc_output *o, unsigned slot, const struct vc_layer *lender) {
	const struct vc_config_layer *config = o->slot[slot]->config;
	return config->fallback == VC_FALLBACK_LAYER && config->lender == lender->index;
}

/* What @slot may borrow: the frame that its lender shows, if it can be shown in this zone as well. */
static const struct vc_frame *find_loan(const struct vc_output *o, const struct vc_scene *scene, unsigned slot) {
	for (unsigned i = 0; i < o->layers; i++) {
		const struct vc_frame *frame = borrows(o, slot, o->slot[i]) ? own_frame(o, scene, i) : NULL;
		if (!frame)
			continue;
		const struct vc_import *import = &frame->buffer->import;
		bool shown = slot < scene->composed ? import->image != NULL : import->fb != 0;
		return shown && (import->lends & (1u << slot)) ? frame : NULL;
	}
	return NULL;
}

void vc_output_lend(struct vc_output *o, struct vc_scene *scene, int64_t now_ns) {
	for (unsigned i = 0; i < o->layers; i++) {
		const struct vc_layer *layer = o->slot[i];
		const struct vc_content *screen = &layer->screen;
		const uint32_t bit = 1u << i;
		scene->lent[i] = NULL;
		if (scene->choice[i].frame != VC_POLICY_FALLBACK || (scene->kept & bit) ||
		    now_ns < layer->no_loan_until_ns)
			continue;
		const struct vc_frame *frame = scene->lent[i] = find_loan(o, scene, i);
		if (frame && screen->kind == VC_CONTENT_LENT && screen->frame.buffer == frame->buffer &&
		    screen->frame.seq == frame->seq)
			scene->changed &= ~bit;
		else if (frame)
			scene->changed |= bit;
	}
}

static void request_fallback(struct vc_output *o, unsigned slot, bool test) {
	const struct vc_layer *layer = o->slot[slot];
	const struct vc_rect *zone = &layer->config->rect;
	const struct vc_rect all = {0, 0, zone->width, zone->height};
	uint32_t fb = shows_nothing(layer) && !test ? 0 : o->fallback[slot].fb;
	vc_kms_request_layer(&o->kms, &o->request, slot, fb, &all, zone, layer->config->alpha);
}

static void request_slot(struct vc_output *o, const struct vc_scene *scene, unsigned slot) {
	const struct vc_layer *layer = o->slot[slot];
	const struct vc_frame *frame = chosen_frame(o, scene, slot);
	struct vc_rect source, target;
	if (!frame) {
		request_fallback(o, slot, false);
		return;
	}
	vc_layer_place(layer->config, &frame->part, &source, &target);
	vc_kms_request_layer(&o->kms, &o->request, slot, frame->buffer->import.fb, &source, &target,
			     layer->config->alpha);
}

/* Planes show what is in @mask; the others keep what they show. */
static void request_planes(struct vc_output *o, const struct vc_scene *scene, uint32_t mask) {
	for (unsigned i = scene->composed; i < o->layers; i++) {
		if (mask & (1u << i))
			request_slot(o, scene, i);
		else if (vc_content_has_buffer(&o->slot[i]->screen))
			vc_kms_request_keep(&o->kms, &o->request, i);
	}
	for (unsigned i = o->full ? o->kms.plan.composed : o->composed; i < scene->composed; i++)
		vc_kms_request_layer(&o->kms, &o->request, i, 0, NULL, NULL, 0);
}

static struct vc_compose_item compose_item(const struct vc_output *o, const struct vc_scene *scene, unsigned slot) {
	struct vc_layer *layer = o->slot[slot];
	const struct vc_rect *zone = &layer->config->rect;
	const bool keeps = scene->choice[slot].frame == VC_POLICY_KEEP || (scene->kept & (1u << slot));
	const struct vc_frame *frame = chosen_frame(o, scene, slot);
	struct vc_compose_item item = {.layer = layer, .target = *zone};
	if (slot >= scene->composed)
		return item;
	if (frame) {
		item.buffer = frame->buffer;
		item.image = frame->buffer->import.image;
		item.mask = o->compose.mask[slot];
		vc_layer_place(layer->config, &frame->part, &item.source, &item.target);
	} else if (keeps && layer->screen.kind == VC_CONTENT_ADOPTED) {
		/* Blended already. */
		item.image = o->compose.buffer[VC_COMPOSE_ADOPTED].image;
		item.source = *zone;
	} else if (!shows_nothing(layer)) {
		item.image = o->compose.fallback[slot];
		item.mask = o->compose.mask[slot];
		item.source = (struct vc_rect){0, 0, zone->width, zone->height};
	}
	return item;
}

/* Draws the composed layers if any of them changed, and puts the primary plane's picture in the request if it's another. */
static void request_primary(struct vc_output *o, const struct vc_scene *scene) {
	uint32_t composed = (1u << scene->composed) - 1;
	o->compose_next = VC_COMPOSE_NONE;
	if (scene->composed == 0) {
		if (o->composed > 0 || o->full)
			vc_kms_request_primary(&o->kms, &o->request, o->background.fb);
		return;
	}
	if (((scene->changed | scene->moved) & composed) || scene->composed != o->composed) {
		struct vc_compose_item items[VC_LAYERS_MAX];
		for (unsigned i = 0; i < o->layers; i++) {
			if ((scene->changed | scene->moved) & (1u << i))
				vc_compose_changed(&o->compose, i);
			items[i] = compose_item(o, scene, i);
		}
		o->compose_next = vc_compose_draw(&o->compose, items, scene->composed, o->layers);
	}
	int shown = o->compose_next != VC_COMPOSE_NONE ? o->compose_next : o->compose.front;
	/* The last compositor's picture is on the screen already, and its framebuffer isn't ours. */
	if ((o->compose_next != VC_COMPOSE_NONE || o->full) && shown != VC_COMPOSE_ADOPTED)
		vc_kms_request_primary(&o->kms, &o->request, o->compose.buffer[shown].dumb.fb);
}

static void build(struct vc_output *o, const struct vc_scene *scene) {
	vc_request_init(&o->request);
	if (o->full) {
		vc_kms_request_mode(&o->kms, &o->request);
		vc_kms_request_others_off(&o->kms, &o->request);
	}
	request_primary(o, scene);
	request_planes(o, scene, scene->changed | scene->moved);
}

/* The last compositor's commit may still be on its way, or the driver short of something: not the scene's fault. */
static bool is_passing(int err) {
	return err == -EBUSY || err == -EAGAIN || err == -ENOMEM || err == -EACCES || err == -EPERM;
}

/* What is in o->request. */
static int test_request(struct vc_output *o) {
	return vc_request_commit(&o->request, o->kms.card->fd, DRM_MODE_ATOMIC_TEST_ONLY, 0);
}

static bool is_refused(struct vc_output *o, const struct vc_scene *scene, unsigned slot) {
	vc_request_init(&o->request);
	request_slot(o, scene, slot);
	int err = test_request(o);
	return err < 0 && !is_passing(err);
}

/* @slot's frame is refused: because of what it is, or because of trouble that its source has no part in? A kernel in trouble
 * refuses the layer's own fallback as well. */
static bool is_to_blame(struct vc_output *o, unsigned slot) {
	vc_request_init(&o->request);
	request_fallback(o, slot, true);
	return test_request(o) == 0;
}

/* @blame: it was refused by itself, which is its source's error; otherwise it gave way to what it was shown with, or the kernel
 * takes nothing. */
static void refuse(struct vc_output *o, struct vc_scene *scene, unsigned slot, bool blame, int64_t now_ns) {
	struct vc_layer *layer = o->slot[slot];
	layer->stats.refused++;
	vc_policy_refuse(&layer->policy, &layer->rules, now_ns);
	if (blame)
		vc_layer_note_error(layer, now_ns);
	vc_layer_drop_frames(layer, (unsigned)scene->choice[slot].frame + 1);
	vc_output_choose(o, scene, slot, now_ns);
}

/* Shows a new frame on a plane? Composed frames are never the kernel's to refuse. */
static bool is_new_frame(const struct vc_scene *scene, unsigned slot) {
	return (scene->changed & (1u << slot)) && scene->choice[slot].frame >= 0 && slot >= scene->composed;
}

static bool drop_frames_of(struct vc_output *o, struct vc_scene *scene, enum vc_layer_role role, int64_t now_ns) {
	bool any = false;
	for (unsigned i = 0; i < o->layers; i++)
		if (is_new_frame(scene, i) && o->slot[i]->config->role == role) {
			refuse(o, scene, i, false, now_ns);
			any = true;
		}
	return any;
}

/* Shows a loan that is not on the screen yet? Then it's nobody's fault that the kernel refuses it. */
static bool drop_loans(struct vc_output *o, struct vc_scene *scene, int64_t now_ns) {
	bool any = false;
	for (unsigned i = scene->composed; i < o->layers; i++)
		if ((scene->changed & (1u << i)) && scene->lent[i] && is_refused(o, scene, i)) {
			o->slot[i]->no_loan_until_ns = now_ns + o->slot[i]->rules.hold_ns;
			any = true;
		}
	return any;
}

/* The first remedy: the frames that the kernel refuses when asked about them alone go. If there is none such, it is all
 * together that is too much, and the guests give way. Each remedy returns whether it asks for less. */
static bool drop_culprits(struct vc_output *o, struct vc_scene *scene, int64_t now_ns) {
	bool any = drop_loans(o, scene, now_ns);
	for (unsigned i = 0; i < o->layers; i++)
		if (is_new_frame(scene, i) && is_refused(o, scene, i)) {
			refuse(o, scene, i, is_to_blame(o, i), now_ns);
			any = true;
		}
	return any || drop_frames_of(o, scene, VC_ROLE_GUEST, now_ns);
}

/* The second: nothing but the cluster changes. What the guests were to show waits for the next vblank. */
static bool keep_guests(struct vc_output *o, struct vc_scene *scene) {
	bool any = scene->moved != 0;
	scene->composed = o->composed;
	scene->moved = 0;
	for (unsigned i = 0; i < o->layers; i++)
		if (o->slot[i]->config->role == VC_ROLE_GUEST && (scene->changed & (1u << i))) {
			scene->changed &= ~(1u << i);
			scene->kept |= 1u << i;
			any = true;
		}
	return any;
}

/* The kernel refuses the safe picture, too: it wasn't the cluster's frame. Its next one is tried at the next vblank, and once
 * that has gone on for flip_limit_ms the whole state is set anew, as at start: something else may have changed it. */
static void get_unstuck(struct vc_output *o, int err, int64_t now_ns) {
	for (unsigned i = 0; i < o->layers; i++)
		if (o->slot[i]->config->role == VC_ROLE_CLUSTER)
			vc_policy_forgive(&o->slot[i]->policy);
	if (now_ns - o->stuck_ns < o->config->flip_limit_ns)
		return;
	o->stuck_ns = now_ns;
	int front = o->compose.front;
	vc_output_compose_fallbacks(o);
	if (vc_output_light(o, DRM_MODE_ATOMIC_ALLOW_MODESET) < 0) {
		if (o->compose.front != front)
			vc_compose_spoilt(&o->compose, o->compose.front);
		o->compose.front = front;
		return;
	}
	vc_warn("output %s: the kernel took no commit (%s): set up anew", o->config->name, strerror(-err));
	vc_output_note_lit(o, now_ns);
	o->stuck_ns = 0;
}

/* What slot @i shows once the commit is through. */
static const struct vc_content *coming(const struct vc_layer *layer) {
	return layer->in_flight ? &layer->next : &layer->screen;
}

static void accept_scene(struct vc_output *o, const struct vc_scene *scene, int capture, int32_t fence,
			 int64_t now_ns) {
	struct vc_content content[VC_LAYERS_MAX];
	/* First, while the frames are still where they are. */
	for (unsigned i = 0; i < o->layers; i++)
		if ((scene->changed & (1u << i)) && scene->lent[i]) {
			o->slot[i]->next = (struct vc_content){.kind = VC_CONTENT_LENT, .frame = *scene->lent[i]};
			vc_content_ref(&o->slot[i]->next);
		}
	for (unsigned i = 0; i < o->layers; i++) {
		struct vc_layer *layer = o->slot[i];
		if (scene->changed & (1u << i)) {
			if (scene->choice[i].frame >= 0)
				vc_layer_take_frame(layer, scene->choice[i].frame, &layer->next);
			else if (!scene->lent[i])
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
	if (scene->composed != o->composed) {
		o->composed = scene->composed;
		vc_output_note_paths(o);
	}
	if (o->stats.first_commit_ns == 0)
		o->stats.first_commit_ns = vc_clock_now();
	o->full = false;
	o->stuck_ns = 0;
	o->pending = true;
	o->commit_ns = now_ns;
	o->commit_target_ns = o->target_ns;
	o->stats.commits++;
}

static bool has_work(const struct vc_output *o, const struct vc_scene *scene) {
	return scene->changed || scene->moved || o->full;
}

static int try_commit(struct vc_output *o, const struct vc_scene *scene, int capture) {
	int32_t fence = -1;
	build(o, scene);
	if (capture >= 0)
		vc_kms_request_writeback(&o->kms, &o->request, o->capture.dumb[capture].fb, &fence);
	/* The low half counts, the high half was drawn at start. */
	o->cookie++;
	int64_t start_ns = vc_clock_now();
	vc_stalls_commit_begin(&o->loop->stalls);
	int err = vc_request_commit(&o->request, o->kms.card->fd, DRM_MODE_ATOMIC_NONBLOCK | DRM_MODE_PAGE_FLIP_EVENT,
				    o->cookie);
	vc_stalls_commit_end(&o->loop->stalls);
	int64_t end_ns = vc_clock_now();
	o->stats.commit_ns_sum += end_ns - start_ns;
	if (end_ns - start_ns > o->stats.commit_ns_max)
		o->stats.commit_ns_max = end_ns - start_ns;
	if (err == 0)
		accept_scene(o, scene, capture, fence, start_ns);
	else if (o->compose_next != VC_COMPOSE_NONE)
		vc_compose_spoilt(&o->compose, o->compose_next);
	return err;
}

static void complain(struct vc_output *o, int err, int64_t now_ns) {
	if (o->complain_ns != 0 && now_ns - o->complain_ns < VC_NS_PER_S)
		return;
	o->complain_ns = now_ns;
	vc_error("output %s: the kernel takes no commit (%s); trying on", o->config->name, strerror(-err));
}

/* No commit was taken at this vblank. A busy kernel is still at the last one; it may be for a while, but not for long. */
static void note_failure(struct vc_output *o, int err, int64_t now_ns) {
	if (o->stuck_ns == 0)
		o->stuck_ns = now_ns;
	if (err == -EBUSY)
		o->stats.commits_late++;
	if (err != -EBUSY || now_ns - o->stuck_ns >= o->config->flip_limit_ns)
		complain(o, err, now_ns);
	if (!is_passing(err))
		get_unstuck(o, err, now_ns);
}

int vc_output_commit(struct vc_output *o, struct vc_scene *scene, int64_t now_ns) {
	int capture = vc_capture_wanted(&o->capture);
	o->commit_flags = 0;
	if (!has_work(o, scene) && capture < 0)
		return 0;
	int err = try_commit(o, scene, capture);
	if (err < 0 && !is_passing(err) && capture >= 0) {
		/* Perhaps it's the writeback that is refused. */
		o->stats.commits_refused++;
		vc_capture_fail(&o->capture, capture, -err, "the kernel refused the writeback");
		err = has_work(o, scene) ? try_commit(o, scene, -1) : 0;
	}
	for (int attempt = 0; err < 0 && !is_passing(err) && attempt < 3; attempt++) {
		o->stats.commits_refused++;
		o->commit_flags |= VC_FRAME_REFUSED;
		bool less = attempt == 0   ? drop_culprits(o, scene, now_ns)
			    : attempt == 1 ? keep_guests(o, scene)
					   /* The third: the cluster's safe picture. */
					   : drop_frames_of(o, scene, VC_ROLE_CLUSTER, now_ns);
		vc_output_lend(o, scene, now_ns);
		if (less && has_work(o, scene))
			err = try_commit(o, scene, -1);
		else if (less && attempt == 0)
			return 0; /* What was refused was all there was. */
	}
	if (err < 0)
		note_failure(o, err, now_ns);
	return err;
}

void vc_output_compose_fallbacks(struct vc_output *o) {
	struct vc_scene scene = {.composed = o->composed};
	struct vc_compose_item items[VC_LAYERS_MAX];
	for (unsigned i = 0; i < o->layers; i++) {
		scene.choice[i].frame = VC_POLICY_FALLBACK;
		vc_compose_changed(&o->compose, i);
		items[i] = compose_item(o, &scene, i);
	}
	if (o->composed > 0)
		o->compose.front = vc_compose_draw(&o->compose, items, o->composed, o->layers);
}

int vc_output_light(struct vc_output *o, uint32_t flags) {
	bool test = (flags & DRM_MODE_ATOMIC_TEST_ONLY) != 0;
	vc_request_init(&o->request);
	vc_kms_request_mode(&o->kms, &o->request);
	if (o->composed == 0)
		vc_kms_request_primary(&o->kms, &o->request, o->background.fb);
	else if (o->compose.front != VC_COMPOSE_ADOPTED)
		vc_kms_request_primary(&o->kms, &o->request, o->compose.buffer[o->compose.front].dumb.fb);
	for (unsigned i = o->kms.plan.composed; i < o->composed; i++)
		vc_kms_request_layer(&o->kms, &o->request, i, 0, NULL, NULL, 0);
	for (unsigned i = o->composed; i < o->layers; i++)
		if (o->slot[i]->screen.kind != VC_CONTENT_ADOPTED)
			request_fallback(o, i, test);
	vc_kms_request_others_off(&o->kms, &o->request);
	return vc_request_commit(&o->request, o->kms.card->fd, flags, 0);
}

unsigned vc_output_import_ways(const struct vc_output *o, const struct vc_layer *layer) {
	unsigned slot = slot_of(o, layer);
	if (slot < o->composed_min)
		return VC_IMPORT_MAP;
	return VC_IMPORT_FB | (layer->config->role == VC_ROLE_GUEST && layer->config->compose ? VC_IMPORT_MAP : 0);
}

/* All layers up to @slot can be composed, as far as what they show or may show goes? */
static bool may_compose(const struct vc_output *o, unsigned slot) {
	for (unsigned i = 0; i <= slot; i++)
		for (unsigned k = 0; k < VC_LAYER_BUFFERS_MAX; k++) {
			const struct vc_buffer *b = &o->slot[i]->buffer[k];
			if (b->state == VC_BUFFER_READY && !b->import.image)
				return false;
		}
	return o->compose.ready;
}

/* Has it a buffer that its plane does not show? */
static bool has_buffer_off_plane(const struct vc_layer *layer) {
	for (unsigned k = 0; k < VC_LAYER_BUFFERS_MAX; k++)
		if (layer->buffer[k].state == VC_BUFFER_READY && !layer->buffer[k].import.on_plane)
			return true;
	return false;
}

/* The slots that borrow from the buffer's layer: may they show it, too? */
static void admit_loans(struct vc_output *o, struct vc_buffer *buffer) {
	const struct vc_rect part = {0, 0, buffer->width, buffer->height};
	struct vc_import *import = &buffer->import;
	struct vc_rect source, target;
	import->lends = 0;
	for (unsigned i = 0; i < o->layers; i++) {
		const struct vc_config_layer *config = o->slot[i]->config;
		if (!borrows(o, i, buffer->layer))
			continue;
		bool can = import->image != NULL;
		if (import->fb && i >= o->composed_min) {
			vc_layer_place(config, &part, &source, &target);
			vc_request_init(&o->request);
			vc_kms_request_layer(&o->kms, &o->request, i, import->fb, &source, &target, config->alpha);
			can = test_request(o) == 0;
		}
		import->lends |= can ? 1u << i : 0;
	}
}

/* Why can't @buffer be shown? NULL: it can. What is composed takes all that lies below it off its plane. So beside the layers that
 * are composed for good, only the lowest one that has a plane may leave it: no guest moves another. */
static const char *find_obstacle(const struct vc_output *o, const struct vc_buffer *buffer, unsigned slot) {
	const struct vc_import *import = &buffer->import;
	if (import->on_plane)
		return has_buffer_off_plane(buffer->layer) && !import->image
			       ? "this layer's other buffers are composed on the CPU, which cannot read this one"
			       : NULL;
	if (slot > o->composed_min)
		return "the layer's plane cannot show such a buffer, and composing it would take others off their "
		       "planes";
	return import->image && may_compose(o, slot)
		       ? NULL
		       : "the layer's plane cannot show such a buffer, and it cannot be composed";
}

int vc_output_admit(struct vc_output *o, struct vc_buffer *buffer, char *why) {
	const struct vc_layer *layer = buffer->layer;
	const struct vc_rect part = {0, 0, buffer->width, buffer->height};
	struct vc_rect source, target;
	unsigned slot = slot_of(o, layer);
	int err = -EINVAL;
	if (buffer->import.fb && slot >= o->composed_min) {
		vc_layer_place(layer->config, &part, &source, &target);
		vc_request_init(&o->request);
		vc_kms_request_layer(&o->kms, &o->request, slot, buffer->import.fb, &source, &target,
				     layer->config->alpha);
		err = test_request(o);
		buffer->import.on_plane = err == 0 || is_passing(err);
	}
	const char *obstacle = find_obstacle(o, buffer, slot);
	if (!obstacle) {
		admit_loans(o, buffer);
		return 0;
	}
	snprintf(why, VC_DISPLAY_REASON_MAX, "%s", obstacle);
	return err < 0 ? err : -EINVAL;
}

/* Shows it what was taken over in a composed picture? That goes where a source's new frames couldn't be composed with it. */
static bool is_adopted_composed(const struct vc_output *o, unsigned slot) {
	return slot < o->composed && coming(o->slot[slot])->kind == VC_CONTENT_ADOPTED && may_compose(o, slot);
}

unsigned vc_output_wanted_composed(const struct vc_output *o) {
	unsigned wanted = o->composed_min;
	for (unsigned i = wanted; i < o->layers; i++)
		if (is_adopted_composed(o, i) || (i == o->composed_min && has_buffer_off_plane(o->slot[i])))
			wanted = i + 1;
	return wanted;
}
