/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster.h"

#include "clock.h"
#include "declare.h"
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#define ROUND_MS 50
#define STACK_BYTES (256 * 1024) /* more than the loop ever uses */

bool vc_cluster_init(struct vc_cluster *c, const struct vc_config *config, int stop_fd) {
	*c = (struct vc_cluster){.config = config, .stop_fd = stop_fd};
	vc_link_init(&c->link, config);
	vc_notify_init(&c->notify);
	c->stats = vc_stats_create(config->stats);
	if (!c->stats) {
		vc_notify_finish(&c->notify);
		return false;
	}
	vc_can_init(&c->can, config->can, config->can_retry_ms * VC_NS_PER_MS, vc_clock_now());
	return true;
}

void vc_cluster_finish(struct vc_cluster *c) {
	vc_can_finish(&c->can);
	vc_link_finish(&c->link);
	vc_notify_finish(&c->notify);
	vc_scene_destroy(c->scene);
	vc_stats_destroy(c->stats);
}

/* Draws what is drawn once, for the zone that the compositor has given us. That takes long and is not urgent: at real-time
 * priority it would keep the kernel's own threads off this CPU, and the compositor waits for one on each CPU while it takes
 * our buffers (udmabuf pins pages behind lru_add_drain_all()). */
static bool make_scene(struct vc_cluster *c) {
	char why[256];
	struct sched_param urgent = {0}, calm = {0};
	int policy = sched_getscheduler(0);
	if (policy >= 0 && sched_getparam(0, &urgent) == 0)
		sched_setscheduler(0, SCHED_OTHER | (policy & SCHED_RESET_ON_FORK), &calm);
	vc_scene_destroy(c->scene);
	c->scene = vc_scene_create(c->link.width, c->link.height, c->config->fonts, why, sizeof(why));
	if (policy >= 0 && sched_setscheduler(0, policy, &urgent) < 0)
		vc_warn("cannot return to real-time priority %d: %s; set LimitRTPRIO=", urgent.sched_priority,
			strerror(errno));
	if (!c->scene)
		vc_error("%s", why);
	atomic_store_explicit(&c->stats->width, (uint32_t)c->link.width, memory_order_relaxed);
	atomic_store_explicit(&c->stats->height, (uint32_t)c->link.height, memory_order_relaxed);
	return c->scene != NULL;
}

/* Connects if it's time to. Returns false when the scene for a new zone can't be made. */
static bool connect_display(struct vc_cluster *c, int64_t now_ns) {
	int width = c->link.width, height = c->link.height;
	if (!vc_link_connect(&c->link, now_ns))
		return true;
	atomic_fetch_add_explicit(&c->stats->connects, 1, memory_order_relaxed);
	if (c->scene && c->link.width == width && c->link.height == height)
		return true;
	return make_scene(c);
}

static void draw(struct vc_cluster *c, struct vc_link_buffer *buffer, int64_t now_ns) {
	struct vc_picture picture;
	uint64_t pixels;
	vc_instruments_read(&c->instruments, &c->vehicle, now_ns, &picture);
	const uint64_t seq = vc_link_seq(&c->link);
	picture.counter = (uint32_t)seq;
	if (buffer->blank) {
		vc_scene_draw_all(c->scene, &buffer->image, &picture);
		pixels = (uint64_t)c->link.width * (uint64_t)c->link.height;
	} else {
		pixels = vc_scene_draw(c->scene, &buffer->image, &buffer->shown, &picture);
	}
	buffer->blank = false;
	buffer->shown = picture;
	struct vc_display_declare declare;
	vc_declare_frame(c->scene, &buffer->image, &picture, seq, &declare);
	int64_t drawn_ns = vc_clock_now(), took = drawn_ns - now_ns;
	vc_link_present(&c->link, buffer, &declare, drawn_ns);
	vc_latency_drawn(&c->latency, &c->vehicle, c->link.seq);
	struct vc_stats *s = c->stats;
	atomic_fetch_add_explicit(&s->frames_drawn, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->pixels_drawn, pixels, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->draw_ns_sum, took, memory_order_relaxed);
	if (took > atomic_load_explicit(&s->draw_ns_max, memory_order_relaxed))
		atomic_store_explicit(&s->draw_ns_max, took, memory_order_relaxed);
	if (!c->started) {
		c->started = true;
		vc_notify_send(&c->notify, "READY=1\nSTATUS=Showing frames");
	}
}

static void publish(struct vc_cluster *c, int64_t now_ns) {
	struct vc_stats *s = c->stats;
	vc_stats_update(s, &c->vehicle);
	atomic_store_explicit(&s->connected, c->link.state == VC_LINK_RUNNING, memory_order_relaxed);
	atomic_store_explicit(&s->can_up, c->can.sock >= 0, memory_order_relaxed);
	atomic_store_explicit(&s->frames_shown, c->link.shown, memory_order_relaxed);
	atomic_store_explicit(&s->rounds, c->stalls.turns, memory_order_relaxed);
	atomic_store_explicit(&s->minor_faults, c->stalls.minor_faults, memory_order_relaxed);
	atomic_store_explicit(&s->major_faults, c->stalls.major_faults, memory_order_relaxed);
	atomic_store_explicit(&s->waits, c->stalls.waits, memory_order_relaxed);
	atomic_fetch_add_explicit(&s->heartbeat, 1, memory_order_relaxed);
	atomic_store_explicit(&s->heartbeat_ns, now_ns, memory_order_relaxed);
}

/* Sleeps until the compositor says something, @ms at most. Returns false when it's time to stop. */
static bool sleep_until_asked(struct vc_cluster *c, int ms) {
	struct pollfd fds[2] = {{.fd = c->stop_fd, .events = POLLIN}, {.fd = c->link.client.sock, .events = POLLIN}};
	if (poll(fds, 2, ms) < 0 && errno != EINTR)
		return false;
	return fds[0].revents == 0;
}

bool vc_cluster_round(struct vc_cluster *c) {
	int64_t reconnect_ms = c->config->reconnect_ms;
	bool away = c->link.state == VC_LINK_AWAY;
	if (!sleep_until_asked(c, away && reconnect_ms < ROUND_MS ? (int)reconnect_ms : ROUND_MS))
		return false;
	int64_t now_ns = vc_clock_now();
	if (c->link.state == VC_LINK_AWAY && !connect_display(c, now_ns))
		return false;
	vc_stalls_wake(&c->stalls);
	vc_link_dispatch(&c->link, now_ns);
	vc_latency_answered(&c->latency, c->stats, c->link.answered, c->link.flip_ns);
	/* Connecting may have taken a while. */
	now_ns = vc_clock_now();
	vc_can_receive(&c->can, &c->vehicle, &c->config->rules, now_ns);
	vc_vehicle_check(&c->vehicle, &c->config->rules, now_ns);
	struct vc_link_buffer *buffer = vc_link_next(&c->link);
	if (buffer)
		draw(c, buffer, now_ns);
	else if (c->link.state == VC_LINK_RUNNING && c->link.due)
		atomic_fetch_add_explicit(&c->stats->frames_waited, 1, memory_order_relaxed);
	vc_link_heartbeat(&c->link, now_ns);
	publish(c, now_ns);
	vc_notify_alive(&c->notify, now_ns);
	if (c->link.state == VC_LINK_RUNNING)
		vc_stalls_sleep(&c->stalls);
	return true;
}

/* Touches the stack that the loop will use, so that it is there before pages are locked. */
static void touch_stack(void) {
	volatile char stack[STACK_BYTES];
	for (size_t i = 0; i < sizeof(stack); i += 1024)
		stack[i] = 0;
}

static void become_real_time(const struct vc_config *config) {
	if (config->priority == 0) {
		vc_info("not real time: [cluster] priority is 0");
		return;
	}
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		vc_warn("memory can't be locked: %s; raise LimitMEMLOCK=, or set [cluster] priority = 0",
			strerror(errno));
	touch_stack();
	struct sched_param param = {.sched_priority = (int)config->priority};
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) < 0)
		vc_warn("no real-time priority: %s; raise LimitRTPRIO= to %d, or set [cluster] priority = 0",
			strerror(errno), (int)config->priority);
}

bool vc_cluster_start(struct vc_cluster *c) {
	while (!c->scene) {
		int64_t now_ns = vc_clock_now();
		if (!connect_display(c, now_ns))
			return false;
		vc_can_receive(&c->can, &c->vehicle, &c->config->rules, now_ns);
		vc_vehicle_check(&c->vehicle, &c->config->rules, now_ns);
		vc_notify_alive(&c->notify, now_ns);
		publish(c, now_ns);
		if (!c->scene && !sleep_until_asked(c, (int)c->config->reconnect_ms))
			return false;
	}
	/* Once before it matters, so that every page and every lazily bound symbol of the drawing is there. */
	struct vc_picture picture;
	struct vc_instruments scratch;
	struct vc_display_declare declare;
	vc_instruments_init(&scratch, vc_clock_now(), 0, 0);
	vc_instruments_read(&scratch, &c->vehicle, vc_clock_now(), &picture);
	for (int i = 0; i < VC_LINK_BUFFERS; i++) {
		vc_scene_draw_all(c->scene, &c->link.buffer[i].image, &picture);
		c->link.buffer[i].shown = picture;
		c->link.buffer[i].blank = false;
		vc_declare_frame(c->scene, &c->link.buffer[i].image, &picture, 0, &declare);
	}
	become_real_time(c->config);
	vc_instruments_init(&c->instruments, vc_clock_now(), c->config->lamp_check_ms, c->config->needle_ms);
	return true;
}
