/* SPDX-License-Identifier: Apache-2.0 */
#include "output.h"

#include "clock.h"
#include "kms-mode.h"
#include "log.h"

#include <errno.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <xf86drm.h>

/* Changes of state that a layer may have logged at once, and one more per second. */
#define LOG_BURST 8
/* Vblanks that are counted one by one after a long sleep; more are a clock that jumped. */
#define CATCH_UP_MAX 1000

static void log_change(struct vc_layer *layer, const struct vc_policy_choice *choice, int64_t now_ns) {
	const struct vc_policy_state *old = &layer->policy;
	if (old->state == choice->state && old->reason == choice->reason)
		return;
	int64_t earned = (now_ns - layer->log_ns) / VC_NS_PER_S;
	if (earned > 0) {
		layer->log_ns = now_ns;
		layer->log_used = earned < layer->log_used ? layer->log_used - (unsigned)earned : 0;
	}
	/* The cluster's fall into the safe picture is never left out. */
	bool grave = layer->config->role == VC_ROLE_CLUSTER && choice->state == VC_STATE_FALLBACK;
	if (layer->log_used >= LOG_BURST && !grave) {
		layer->log_skipped++;
		return;
	}
	layer->log_used++;
	const char *from = vc_policy_state_name(old->state), *to = vc_policy_state_name(choice->state);
	const char *why = choice->reason == VC_REASON_NONE ? "frames come" : vc_policy_reason_name(choice->reason);
	if (layer->log_skipped > 0)
		vc_info("layer %s: %s -> %s: %s (%u changes before this not logged)", layer->config->name, from, to,
			why, layer->log_skipped);
	else
		vc_info("layer %s: %s -> %s: %s", layer->config->name, from, to, why);
	layer->log_skipped = 0;
}

static void accept_choice(struct vc_layer *layer, const struct vc_policy_choice *choice, int64_t now_ns) {
	log_change(layer, choice, now_ns);
	if (choice->state == VC_STATE_FALLBACK && layer->policy.state != VC_STATE_FALLBACK) {
		layer->stats.fallbacks++;
		if (choice->reason == VC_REASON_FENCE)
			vc_layer_note_error(layer, now_ns);
	}
	vc_policy_accept(&layer->policy, choice);
}

void vc_output_choose(const struct vc_output *o, struct vc_scene *scene, unsigned slot, int64_t now_ns) {
	const struct vc_layer *layer = o->slot[slot];
	struct vc_policy_input input;
	vc_layer_input(layer, &input, now_ns);
	struct vc_policy_choice *choice = &scene->choice[slot];
	*choice = vc_policy_choose(&layer->rules, &layer->policy, &input, now_ns);
	bool changed = choice->frame >= 0 || (choice->frame == VC_POLICY_FALLBACK &&
					      (layer->screen.kind != VC_CONTENT_FALLBACK || layer->distrusted));
	scene->changed = (scene->changed & ~(1u << slot)) | (changed ? 1u << slot : 0);
}

/* Counts one vblank for all layers and logs it. @fresh: bit per layer index that got a new frame. */
static void count_vblank(struct vc_output *o, int64_t vblank_ns, uint32_t fresh, int64_t commit_ns, uint32_t flags) {
	struct vc_frame_record record = {
		.vblank_ns = vblank_ns, .commit_ns = commit_ns, .layer_new = fresh, .flags = flags};
	for (unsigned i = 0; i < o->layers; i++) {
		struct vc_layer *layer = o->slot[i];
		const uint32_t bit = 1u << layer->index;
		record.state[layer->index] = (uint8_t)layer->policy.state;
		record.reason[layer->index] = (uint8_t)layer->policy.reason;
		if (layer->screen.kind == VC_CONTENT_FRAME || layer->screen.kind == VC_CONTENT_ADOPTED)
			record.layer_live |= bit;
		if (layer->policy.state != VC_STATE_LIVE && layer->policy.state != VC_STATE_HOLD)
			continue;
		layer->stats.frames_due++;
		if (layer->config->role == VC_ROLE_CLUSTER && !(fresh & bit)) {
			layer->stats.frames_missed++;
			record.layer_missed |= bit;
		}
	}
	o->stats.vblanks++;
	o->last_vblank_ns = vblank_ns;
	vc_frame_log_write(&o->log, &record);
}

/* Counts the vblanks after the last one and before @before_ns, at which nothing was flipped. */
static void count_idle(struct vc_output *o, int64_t before_ns) {
	if (o->last_vblank_ns == 0)
		return;
	int64_t n = vc_frame_clock_count(&o->clock, o->last_vblank_ns, before_ns) - 1;
	if (n > CATCH_UP_MAX)
		o->last_vblank_ns = before_ns - (CATCH_UP_MAX + 1) * o->clock.period_ns;
	for (int64_t i = 0; i < n && i < CATCH_UP_MAX; i++)
		count_vblank(o, o->last_vblank_ns + o->clock.period_ns, 0, 0, 0);
}

/* A new frame of @layer is on the screen since @vblank_ns. */
static void note_frame(struct vc_layer *layer, int64_t vblank_ns) {
	const struct vc_frame *frame = &layer->screen.frame;
	struct vc_control_layer *stats = &layer->stats;
	stats->frames_shown++;
	/* Gaps count only while the source's frames were on the screen all along. */
	if (layer->gap_from_ns != 0 && vblank_ns - layer->gap_from_ns > stats->worst_gap_ns)
		stats->worst_gap_ns = vblank_ns - layer->gap_from_ns;
	layer->gap_from_ns = stats->last_flip_ns = vblank_ns;
	stats->bytes_copied += frame->bytes_copied;
	if (frame->bytes_copied > 0 || stats->path == VC_PATH_COMPOSED)
		stats->frames_copied++;
	if (frame->drawn_ns > 0 && vblank_ns > frame->drawn_ns) {
		int64_t latency_ns = vblank_ns - frame->drawn_ns;
		stats->latency_ns_sum += latency_ns;
		if (latency_ns > stats->latency_ns_max)
			stats->latency_ns_max = latency_ns;
	}
	vc_layer_send_frame(layer, frame->seq, vblank_ns);
}

/* What was on its way is on the screen. */
static void finish_flip(struct vc_output *o, int64_t vblank_ns) {
	uint32_t fresh = 0;
	o->pending = false;
	/* A driver whose vblank interrupt came late stamps the flip with a vblank from before the commit. What was committed
	 * shows from the one after. */
	while (vblank_ns < o->commit_ns)
		vblank_ns += o->clock.period_ns;
	if (vc_frame_clock_count(&o->clock, o->commit_target_ns, vblank_ns) > 0 && o->last_vblank_ns != 0) {
		o->stats.commits_late++;
		o->commit_flags |= VC_FRAME_LATE;
	}
	vc_frame_clock_lock(&o->clock, vblank_ns);
	count_idle(o, vblank_ns);
	if (o->commit_flags & VC_FRAME_CAPTURE)
		vc_capture_flipped(&o->capture, vblank_ns);
	if (o->compose_next != VC_COMPOSE_NONE)
		o->compose.front = o->compose_next;
	for (unsigned i = 0; i < o->layers; i++) {
		struct vc_layer *layer = o->slot[i];
		if (!layer->in_flight)
			continue;
		struct vc_content old = layer->screen;
		layer->screen = layer->next;
		layer->in_flight = false;
		vc_content_unref(&old);
		if (layer->screen.kind == VC_CONTENT_FRAME) {
			fresh |= 1u << layer->index;
			note_frame(layer, vblank_ns);
		} else {
			layer->gap_from_ns = 0;
		}
	}
	count_vblank(o, vblank_ns, fresh, o->commit_ns, o->commit_flags);
}

bool vc_output_flipped(struct vc_output *o, uint64_t cookie, int64_t vblank_ns) {
	if (!o->pending || cookie != o->cookie)
		return false;
	finish_flip(o, vblank_ns);
	return true;
}

int64_t vc_output_deadline(const struct vc_output *o) {
	int64_t vblank_ns = vc_frame_clock_next(&o->clock, o->target_ns + o->clock.period_ns / 2);
	/* Between a tick and its vblank, the next tick is the one after. */
	return vblank_ns - o->clock.margin_ns;
}

/* Where all is composed and there is no writeback, the picture on the screen is lent out as it is. */
static void lend_composed(struct vc_output *o) {
	struct vc_capture *c = &o->capture;
	if (o->composed < o->layers || c->buffers > 0 || c->queued == 0 || o->compose.lent != VC_COMPOSE_NONE)
		return;
	o->compose.lent = o->compose.front;
	o->stats.captures++;
	vc_capture_lend(c, &o->compose.buffer[o->compose.front].dumb, o->slot, o->layers, o->last_vblank_ns);
}

/* Layers whose buffers' kind asks for it go off their planes or back on them. */
static void choose_paths(const struct vc_output *o, struct vc_scene *scene) {
	scene->composed = vc_output_wanted_composed(o);
	for (unsigned i = 0; i < o->layers; i++) {
		if ((i < scene->composed) == (i < o->composed))
			continue;
		scene->moved |= 1u << i;
		/* What was taken over stays where it was found, or goes. */
		if (o->slot[i]->screen.kind == VC_CONTENT_ADOPTED && scene->choice[i].frame == VC_POLICY_KEEP) {
			scene->choice[i].frame = VC_POLICY_FALLBACK;
			scene->changed |= 1u << i;
		}
	}
}

static void decide_and_commit(struct vc_output *o, int64_t now_ns) {
	struct vc_scene scene = {0};
	for (unsigned i = 0; i < o->layers; i++) {
		vc_layer_poll_fences(o->slot[i]);
		vc_output_choose(o, &scene, i, now_ns);
	}
	choose_paths(o, &scene);
	vc_output_lend(o, &scene, now_ns);
	if (vc_output_commit(o, &scene, now_ns) < 0)
		return;
	for (unsigned i = 0; i < o->layers; i++)
		if (!(scene.kept & (1u << i)))
			accept_choice(o->slot[i], &scene.choice[i], now_ns);
}

static void arm(struct vc_output *o, int64_t after_ns) {
	o->target_ns = vc_frame_clock_next(&o->clock, after_ns);
	const struct itimerspec when = {.it_value = vc_clock_timespec(o->target_ns - o->clock.margin_ns)};
	if (timerfd_settime(o->timer.fd, TFD_TIMER_ABSTIME, &when, NULL) < 0)
		vc_error("output %s: frame clock: %s", o->config->name, strerror(errno));
}

/* A flip event that did not come for so long is lost. On slow displays it takes up to two periods. */
static int64_t flip_limit(const struct vc_output *o) {
	int64_t least_ns = 3 * o->clock.period_ns;
	return o->config->flip_limit_ns > least_ns ? o->config->flip_limit_ns : least_ns;
}

static void on_tick(void *data, uint32_t events) {
	struct vc_output *o = data;
	(void)events;
	uint64_t expirations;
	if (read(o->timer.fd, &expirations, sizeof(expirations)) != sizeof(expirations))
		return;
	int64_t now_ns = vc_clock_now();
	int64_t wake_ns = now_ns - (o->target_ns - o->clock.margin_ns);
	if (wake_ns > o->stats.wake_ns_max)
		o->stats.wake_ns_max = wake_ns;
	/* Woken behind the vblank: work for the one that comes. */
	if (now_ns >= o->target_ns)
		o->target_ns = vc_frame_clock_next(&o->clock, now_ns);
	if (o->pending && now_ns - o->commit_ns > flip_limit(o)) {
		vc_warn("output %s: the flip event of a commit %lld ms ago was lost", o->config->name,
			(long long)((now_ns - o->commit_ns) / VC_NS_PER_MS));
		finish_flip(o, o->target_ns - o->clock.period_ns);
	}
	if (!o->pending) {
		count_idle(o, o->target_ns);
		decide_and_commit(o, now_ns);
	}
	lend_composed(o);
	arm(o, o->target_ns + o->clock.period_ns / 2);
	vc_capture_check(&o->capture, now_ns);
	o->after_tick(o->data, now_ns);
}

int vc_output_start(struct vc_output *o) {
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	o->timer = (struct vc_watch){.fd = fd, .urgency = VC_URGENT_CLOCK, .ready = on_tick, .data = o};
	int err = vc_loop_add(o->loop, &o->timer);
	if (err == 0)
		arm(o, vc_clock_now() + o->clock.margin_ns);
	return err;
}
