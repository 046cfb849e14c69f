/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include "clock.h"
#include "direct.h"
#include "filter.h"
#include "ipc.h"
#include "listen.h"
#include "log.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <linux/virtio_gpu.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

/* ---- the gpu model's way out ---- */

static bool gpu_send(void *data, const struct vc_worker_command *command, const int *fds, unsigned nfds) {
	struct vc_device *d = data;
	return vc_worker_send(&d->worker, command, fds, nfds);
}

static void gpu_restart(void *data, const char *why) {
	struct vc_device *d = data;
	vc_worker_kill(&d->worker, why);
}

static bool gpu_show(void *data, const struct vc_worker_frame *frame, uint32_t resource, uint32_t width,
		     uint32_t height, int fd) {
	struct vc_device *d = data;
	return vc_scanout_show(&d->scanout, frame, resource, width, height, fd);
}

static bool gpu_show_direct(void *data, struct vc_resource *r, uint32_t x, uint32_t y, uint32_t width,
			    uint32_t height) {
	struct vc_device *d = data;
	if (d->udmabuf < 0 || vc_scanout_refused(&d->scanout, r->direct))
		return false;
	vc_frame_watch_flush(&d->scanout.watch, vc_clock_now());
	struct vc_worker_frame frame = {.kind = VC_DISPLAY_DMABUF,
					.width = r->create.width,
					.height = r->create.height,
					.fourcc = vc_gpu_opaque_fourcc(r->create.format),
					.stride = r->create.width * 4,
					.in_place = 1,
					.size = (uint64_t)r->create.width * 4 * r->create.height,
					.modifier = DRM_FORMAT_MOD_LINEAR,
					.x = x,
					.y = y};
	int fd = -1;
	if (!r->direct || !vc_scanout_knows(&d->scanout, r->direct)) {
		fd = vc_direct_wrap(d->udmabuf, &d->vhost.memory, r, frame.size);
		if (fd < 0) {
			vc_debug("resource %u can't be shown from guest memory: %s", r->id, strerror(-fd));
			return false;
		}
		if (!r->direct)
			r->direct = VC_SCANOUT_DIRECT | ++d->directs;
	}
	frame.export = r->direct;
	if (!vc_scanout_show(&d->scanout, &frame, r->id, width, height, fd))
		d->gpu.counters.frames_undelivered++;
	return !vc_scanout_refused(&d->scanout, r->direct);
}

static void gpu_forget(void *data, uint32_t resource) {
	struct vc_device *d = data;
	vc_scanout_forget(&d->scanout, resource);
}

static void gpu_plan(void *data, uint32_t resource, struct vc_worker_flush *flush) {
	struct vc_device *d = data;
	vc_scanout_plan(&d->scanout, resource, flush);
}

static bool gpu_paced(void *data) {
	struct vc_device *d = data;
	return vc_scanout_paced(&d->scanout);
}

static void gpu_zone(void *data, uint32_t *width, uint32_t *height, uint32_t *refresh_mhz) {
	struct vc_device *d = data;
	*width = d->scanout.width;
	*height = d->scanout.height;
	*refresh_mhz = d->scanout.refresh_mhz;
}

static int64_t gpu_now(void *data) {
	(void)data;
	return vc_clock_now();
}

static const struct vc_gpu_ops gpu_ops = {
	.send = gpu_send,
	.restart = gpu_restart,
	.show = gpu_show,
	.show_direct = gpu_show_direct,
	.forget = gpu_forget,
	.plan = gpu_plan,
	.paced = gpu_paced,
	.zone = gpu_zone,
	.now = gpu_now,
};

static bool picture_alive(void *data) {
	struct vc_device *d = data;
	return d->vhost.sock >= 0 && d->gpu.stage == VC_REBUILD_NONE && vc_gpu_scanout_lives(&d->gpu);
}

/* ---- QEMU ---- */

static int on_kick(sd_event_source *source, int fd, uint32_t revents, void *data) {
	(void)source;
	(void)revents;
	(void)data;
	uint64_t count;
	if (read(fd, &count, sizeof(count)) < 0) {
	}
	return 0; /* the pump does the rest */
}

static void on_ring_changed(void *data, unsigned index) {
	struct vc_device *d = data;
	d->kick[index] = sd_event_source_disable_unref(d->kick[index]);
	const struct vc_vring *ring = &d->vhost.ring[index];
	if (vc_vring_ready(ring) && sd_event_add_io(d->event, &d->kick[index], ring->kick, EPOLLIN, on_kick, d) < 0)
		vc_error("the kick descriptor of ring %u can't be watched", index);
}

static void on_settle(void *data) {
	struct vc_device *d = data;
	vc_gpu_settle(&d->gpu);
}

static void on_memory_changed(void *data) {
	struct vc_device *d = data;
	vc_gpu_memory_changed(&d->gpu);
}

static void on_driver_fresh(void *data) {
	struct vc_device *d = data;
	vc_gpu_driver_fresh(&d->gpu);
}

static const struct vc_vhost_ops vhost_ops = {
	.settle = on_settle,
	.memory_changed = on_memory_changed,
	.ring_changed = on_ring_changed,
	.driver_fresh = on_driver_fresh,
};

static int on_vhost(sd_event_source *source, int fd, uint32_t revents, void *data) {
	struct vc_device *d = data;
	(void)source;
	(void)fd;
	(void)revents;
	const char *why = vc_vhost_receive(&d->vhost);
	if (!why)
		return 0;
	if (*why) {
		d->gpu.counters.connection_faults++;
		vc_gpu_reason(&d->gpu, "QEMU's connection is ended: %s", why);
	} else {
		vc_info("QEMU has closed the connection");
	}
	d->connection = sd_event_source_disable_unref(d->connection);
	vc_vhost_close(&d->vhost);
	/* Nothing of this guest may be left for the next one. */
	vc_gpu_driver_fresh(&d->gpu);
	return 0;
}

static int on_vhost_connect(sd_event_source *source, int fd, uint32_t revents, void *data) {
	struct vc_device *d = data;
	(void)source;
	(void)revents;
	int sock = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock < 0)
		return 0;
	if (d->vhost.sock >= 0) {
		vc_warn("a second QEMU is refused: one device serves one guest");
		close(sock);
		return 0;
	}
	vc_info("QEMU has connected");
	d->gpu.counters.connections++;
	vc_vhost_open(&d->vhost, sock);
	if (sd_event_add_io(d->event, &d->connection, sock, EPOLLIN, on_vhost, d) < 0)
		vc_vhost_close(&d->vhost);
	return 0;
}

/* ---- status ---- */

static int fill_status(void *data, struct vc_gpu_status *s) {
	const struct vc_device *d = data;
	const struct vc_gpu *gpu = &d->gpu;
	*s = (struct vc_gpu_status){.version = VC_GPU_STATUS_VERSION,
				    .size = sizeof(*s),
				    .pid = getpid(),
				    .worker_pid = d->worker.pid,
				    .worker_ready = d->worker.ready && gpu->stage == VC_REBUILD_NONE,
				    .virgl = gpu->virgl,
				    .guest = d->vhost.sock >= 0,
				    .display = d->scanout.client.sock >= 0,
				    .width = d->scanout.width,
				    .height = d->scanout.height,
				    .refresh_mhz = d->scanout.refresh_mhz,
				    .scanout_resource = gpu->scanout.resource,
				    .scanout_width = gpu->scanout.width,
				    .scanout_height = gpu->scanout.height,
				    .scanout_lost = gpu->scanout.resource != 0 && !vc_gpu_scanout_lives(gpu),
				    .resources = gpu->tables.resources,
				    .contexts = gpu->tables.contexts,
				    .resets = d->events.resets,
				    .banned = d->worker.banned,
				    .recent_faults = vc_worker_recent_faults(&d->worker),
				    .max_faults = d->config.max_faults,
				    .readmit_in_ms = vc_worker_readmit_in_ms(&d->worker),
				    .backing_pieces = gpu->tables.pieces,
				    .resource_bytes = gpu->tables.bytes,
				    .counters = gpu->counters};
	s->counters.display_connections = d->scanout.connections;
	snprintf(s->renderer, sizeof(s->renderer), "%s", gpu->renderer);
	snprintf(s->last_reason, sizeof(s->last_reason), "%s", gpu->last_reason);
	return d->scanout.watch.fd;
}

static bool allow(void *data) {
	struct vc_device *d = data;
	return vc_worker_allow(&d->worker);
}

static const struct vc_requests_ops requests_ops = {.status = fill_status, .allow = allow};

/* ---- the worker ---- */

/* Listens for the guest's sockets: only once the first worker has said what it can do, since QEMU asks at once. */
static int open_sockets(struct vc_device *d) {
	int sock = vc_listen_stream(d->vhost_path);
	if (sock < 0) {
		vc_error("%s: %s", d->vhost_path, strerror(-sock));
		return sock;
	}
	int err = sd_event_add_io(d->event, &d->listener, sock, EPOLLIN, on_vhost_connect, d);
	if (err < 0)
		return err;
	sd_event_source_set_io_fd_own(d->listener, 1);
	sd_notifyf(0, "READY=1\nSTATUS=%s", d->gpu.renderer);
	vc_info("waiting for QEMU at %s", d->vhost_path);
	return 0;
}

static void announce(struct vc_device *d) {
	d->vhost.device_features = UINT64_C(1) << VIRTIO_GPU_F_EDID;
	if (d->gpu.offers_virgl)
		d->vhost.device_features |= UINT64_C(1) << VIRTIO_GPU_F_VIRGL;
	/* virtio 1.3, 5.7.4; QEMU writes the other fields itself */
	struct virtio_gpu_config config = {.num_scanouts = 1, .num_capsets = d->gpu.capsets};
	memcpy(d->vhost.config, &config, sizeof(config));
	d->vhost.config_size = sizeof(config);
}

static void on_worker_ready(void *data, const struct vc_worker_ready *ready) {
	struct vc_device *d = data;
	vc_scanout_next_worker(&d->scanout);
	vc_gpu_worker_ready(&d->gpu, ready);
	/* Programs that found 3D broken are to try again. */
	if (d->tell_allowed && ready->virgl)
		vc_events_reset(&d->events);
	d->tell_allowed = false;
	if (d->listener)
		return;
	announce(d);
	if (open_sockets(d) < 0)
		sd_event_exit(d->event, 1);
}

static void on_worker_answer(void *data, const union vc_worker_answer *answer, size_t size, int fd) {
	struct vc_device *d = data;
	vc_gpu_worker_answer(&d->gpu, answer, size, fd);
}

static void on_worker_died(void *data, const char *why) {
	struct vc_device *d = data;
	d->gpu.counters.bans = d->worker.bans;
	if (why) {
		d->gpu.counters.worker_faults++;
		vc_gpu_reason(&d->gpu, "%s", why);
	}
	bool had_gl = d->gpu.tables.contexts > 0;
	vc_gpu_worker_died(&d->gpu);
	if (why && had_gl)
		vc_events_reset(&d->events);
}

static void on_worker_allowed(void *data) {
	struct vc_device *d = data;
	d->tell_allowed = true;
}

static int64_t worker_deadline(void *data) {
	struct vc_device *d = data;
	return vc_queue_deadline(&d->gpu.queue, d->config.command_ms * VC_NS_PER_MS);
}

static const struct vc_worker_events worker_events = {
	.ready = on_worker_ready,
	.answer = on_worker_answer,
	.died = on_worker_died,
	.allowed = on_worker_allowed,
	.deadline = worker_deadline,
};

/* ---- the loop ---- */

/* After each event: whatever can go on goes on. */
static int on_pump(sd_event_source *source, void *data) {
	struct vc_device *d = data;
	(void)source;
	if (vc_gpu_pump(&d->gpu))
		sd_event_source_set_enabled(d->again, SD_EVENT_ONESHOT);
	vc_worker_watch(&d->worker);
	return 0;
}

/* Only makes the loop come round. */
static int on_again(sd_event_source *source, void *data) {
	(void)source;
	(void)data;
	return 0;
}

static int start_loop(struct vc_device *d, const char *worker_path) {
	int err = sd_event_new(&d->event);
	if (err < 0)
		return err;
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	err = sd_event_add_signal(d->event, NULL, SIGTERM, NULL, NULL);
	if (err >= 0)
		err = sd_event_add_signal(d->event, NULL, SIGINT, NULL, NULL);
	if (err >= 0)
		err = sd_event_set_watchdog(d->event, 1);
	if (err >= 0)
		err = sd_event_add_post(d->event, &d->pump, on_pump, d);
	if (err >= 0)
		err = sd_event_add_defer(d->event, &d->again, on_again, d);
	/* After what has come in from outside. */
	if (err >= 0)
		err = sd_event_source_set_priority(d->again, SD_EVENT_PRIORITY_IDLE);
	if (err < 0)
		return err;
	return vc_worker_init(&d->worker, d->event, &d->config, worker_path, &worker_events, d);
}

static int start_parts(struct vc_device *d) {
	vc_vhost_init(&d->vhost, &vhost_ops, d);
	d->udmabuf = d->config.direct ? vc_direct_open() : -1;
	if (!vc_gpu_init(&d->gpu, &d->config, &gpu_ops, d, &d->vhost.memory, &d->vhost.ring[VC_VHOST_CONTROL],
			 &d->vhost.ring[VC_VHOST_CURSOR], d->worker.arena))
		return -ENOMEM;
	int err = vc_scanout_init(&d->scanout, d->event, &d->config, picture_alive, d);
	if (err < 0)
		return err;
	int sock = vc_listen_stream(d->events_path);
	if (sock < 0) {
		vc_error("%s: %s", d->events_path, strerror(-sock));
		return sock;
	}
	err = vc_events_init(&d->events, d->event, sock);
	if (err < 0)
		return err;
	err = vc_requests_init(&d->requests, d->event, d->status_path, &requests_ops, d);
	if (err < 0)
		return err;
	return vc_worker_start(&d->worker);
}

static void finish(struct vc_device *d) {
	vc_vhost_close(&d->vhost);
	vc_worker_finish(&d->worker);
	d->listener = sd_event_source_disable_unref(d->listener);
	d->connection = sd_event_source_disable_unref(d->connection);
	d->pump = sd_event_source_disable_unref(d->pump);
	d->again = sd_event_source_disable_unref(d->again);
	vc_scanout_finish(&d->scanout);
	vc_events_finish(&d->events);
	vc_requests_finish(&d->requests);
	vc_gpu_finish(&d->gpu);
	if (d->udmabuf >= 0)
		close(d->udmabuf);
	sd_event_unref(d->event);
	unlink(d->vhost_path);
	unlink(d->events_path);
	unlink(d->status_path);
}

int vc_device_run(struct vc_device *device, const char *worker_path) {
	int err = vc_filter_enter();
	if (err == 0)
		err = start_loop(device, worker_path);
	if (err == 0)
		err = start_parts(device);
	if (err < 0) {
		vc_error("cannot start: %s", strerror(-err));
		return 1;
	}
	int code = sd_event_loop(device->event);
	sd_notify(0, "STOPPING=1");
	finish(device);
	return code < 0 ? 1 : code;
}
