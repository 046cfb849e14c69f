/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wayland-cluster: the instrument cluster as a Wayland client, for the benchmark against a Wayland compositor. The same car, the
 * same instruments and the same pixels as vcockpit-cluster (its libraries draw them); only the way to the screen differs:
 * wl_shm buffers, damage as small as the scene knows it, a frame whenever the compositor's frame callback asks for one.
 *
 * For each frame it writes a line "COMMIT_NS PRESENTED_NS" (CLOCK_MONOTONIC, as wp_presentation tells; 0: never shown).
 */
#include "can.h"
#include "clock.h"
#include "config.h"
#include "instruments.h"
#include "log.h"
#include "presentation-time-client.h"
#include "scene.h"
#include "xdg-shell-client.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <wayland-client.h>

#define BUFFERS 4
#define PENDING 16 /* frames whose fate isn't known yet; more than BUFFERS, since a release may come first */

struct buffer {
	struct wl_buffer *handle;
	struct vc_image image;
	bool busy;
	struct vc_picture shown;
};

struct pending {
	struct wp_presentation_feedback *feedback; /* NULL: free */
	int64_t commit_ns;
	struct client *client;
};

struct client {
	struct wl_display *display;
	struct wl_compositor *compositor;
	struct wl_shm *shm;
	struct xdg_wm_base *shell;
	struct wp_presentation *presentation;
	struct wl_surface *surface;
	int width, height;
	bool configured, due;
	uint32_t clock;
	struct buffer buffer[BUFFERS];
	struct pending pending[PENDING];
	struct vc_picture picture; /* committed last */
	bool committed;
	struct vc_config config;
	struct vc_can can;
	struct vc_vehicle vehicle;
	struct vc_instruments instruments;
	struct vc_scene *scene;
	FILE *log;
};

static void write_frame(struct client *c, struct pending *p, int64_t presented_ns) {
	fprintf(c->log, "%lld %lld\n", (long long)p->commit_ns, (long long)presented_ns);
	wp_presentation_feedback_destroy(p->feedback);
	p->feedback = NULL;
}

static void on_sync_output(void *data, struct wp_presentation_feedback *feedback, struct wl_output *output) {
	(void)data;
	(void)feedback;
	(void)output;
}

static void on_presented(void *data, struct wp_presentation_feedback *feedback, uint32_t sec_hi, uint32_t sec_lo,
			 uint32_t nsec, uint32_t refresh, uint32_t seq_hi, uint32_t seq_lo, uint32_t flags) {
	struct pending *p = data;
	(void)feedback;
	(void)refresh;
	(void)seq_hi;
	(void)seq_lo;
	(void)flags;
	write_frame(p->client, p, (int64_t)((uint64_t)sec_hi << 32 | sec_lo) * VC_NS_PER_S + nsec);
}

static void on_discarded(void *data, struct wp_presentation_feedback *feedback) {
	struct pending *p = data;
	(void)feedback;
	write_frame(p->client, p, 0);
}

static const struct wp_presentation_feedback_listener feedback_listener = {
	.sync_output = on_sync_output, .presented = on_presented, .discarded = on_discarded};

static void on_frame(void *data, struct wl_callback *callback, uint32_t ms) {
	struct client *c = data;
	(void)ms;
	wl_callback_destroy(callback);
	c->due = true;
}

static const struct wl_callback_listener frame_listener = {.done = on_frame};

static void on_release(void *data, struct wl_buffer *handle) {
	struct buffer *b = data;
	(void)handle;
	b->busy = false;
}

static const struct wl_buffer_listener buffer_listener = {.release = on_release};

static bool make_buffer(struct client *c, struct buffer *b) {
	size_t size = (size_t)c->width * (size_t)c->height * 4;
	int fd = memfd_create("wayland-cluster", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || posix_fallocate(fd, 0, (off_t)size) != 0)
		return false;
	void *pixels = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (pixels == MAP_FAILED)
		return false;
	b->image = (struct vc_image){.pixels = pixels, .width = c->width, .height = c->height, .stride = c->width};
	struct wl_shm_pool *pool = wl_shm_create_pool(c->shm, fd, (int32_t)size);
	b->handle = wl_shm_pool_create_buffer(pool, 0, c->width, c->height, c->width * 4, WL_SHM_FORMAT_XRGB8888);
	wl_buffer_add_listener(b->handle, &buffer_listener, b);
	wl_shm_pool_destroy(pool);
	close(fd);
	return true;
}

/* Everything that is made once, as soon as the size is known. */
static bool make_frames(struct client *c) {
	char why[256];
	c->scene = vc_scene_create(c->width, c->height, c->config.fonts, why, sizeof(why));
	if (!c->scene) {
		vc_error("%s", why);
		return false;
	}
	int64_t now_ns = vc_clock_now();
	vc_instruments_init(&c->instruments, now_ns, c->config.lamp_check_ms, c->config.needle_ms);
	vc_instruments_read(&c->instruments, &c->vehicle, now_ns, &c->picture);
	for (int i = 0; i < BUFFERS; i++) {
		if (!make_buffer(c, &c->buffer[i])) {
			vc_error("no memory for frames: %s", strerror(errno));
			return false;
		}
		vc_scene_draw_all(c->scene, &c->buffer[i].image, &c->picture);
		c->buffer[i].shown = c->picture;
	}
	return true;
}

static struct buffer *free_buffer(struct client *c) {
	for (int i = 0; i < BUFFERS; i++)
		if (!c->buffer[i].busy)
			return &c->buffer[i];
	return NULL;
}

static struct pending *free_pending(struct client *c) {
	for (int i = 0; i < PENDING; i++)
		if (!c->pending[i].feedback)
			return &c->pending[i];
	return NULL;
}

static void damage(struct client *c, const struct vc_picture *picture) {
	if (!c->committed) {
		wl_surface_damage_buffer(c->surface, 0, 0, c->width, c->height);
		return;
	}
	struct vc_rect rect[VC_SCENE_DAMAGE];
	int count = vc_scene_damage(c->scene, &c->picture, picture, rect);
	for (int i = 0; i < count; i++)
		if (!vc_rect_empty(rect[i]))
			wl_surface_damage_buffer(c->surface, rect[i].x, rect[i].y, rect[i].width, rect[i].height);
}

static void draw(struct client *c, struct buffer *b, struct pending *p) {
	struct vc_picture picture;
	int64_t now_ns = vc_clock_now();
	vc_can_receive(&c->can, &c->vehicle, &c->config.rules, now_ns);
	vc_vehicle_check(&c->vehicle, &c->config.rules, now_ns);
	vc_instruments_read(&c->instruments, &c->vehicle, now_ns, &picture);
	vc_scene_draw(c->scene, &b->image, &b->shown, &picture);
	b->shown = picture;
	b->busy = true;
	wl_surface_attach(c->surface, b->handle, 0, 0);
	damage(c, &picture);
	c->picture = picture;
	c->committed = true;
	wl_callback_add_listener(wl_surface_frame(c->surface), &frame_listener, c);
	*p = (struct pending){.feedback = wp_presentation_feedback(c->presentation, c->surface), .client = c};
	wp_presentation_feedback_add_listener(p->feedback, &feedback_listener, p);
	p->commit_ns = vc_clock_now();
	wl_surface_commit(c->surface);
	c->due = false;
}

static void on_ping(void *data, struct xdg_wm_base *shell, uint32_t serial) {
	(void)data;
	xdg_wm_base_pong(shell, serial);
}

static const struct xdg_wm_base_listener shell_listener = {.ping = on_ping};

static void on_clock(void *data, struct wp_presentation *presentation, uint32_t clock) {
	struct client *c = data;
	(void)presentation;
	c->clock = clock;
}

static const struct wp_presentation_listener presentation_listener = {.clock_id = on_clock};

static void on_global(void *data, struct wl_registry *registry, uint32_t name, const char *interface,
		      uint32_t version) {
	struct client *c = data;
	if (strcmp(interface, wl_compositor_interface.name) == 0 && version >= 4) {
		c->compositor = wl_registry_bind(registry, name, &wl_compositor_interface, 4);
	} else if (strcmp(interface, wl_shm_interface.name) == 0) {
		c->shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
	} else if (strcmp(interface, xdg_wm_base_interface.name) == 0) {
		c->shell = wl_registry_bind(registry, name, &xdg_wm_base_interface, 1);
		xdg_wm_base_add_listener(c->shell, &shell_listener, c);
	} else if (strcmp(interface, wp_presentation_interface.name) == 0) {
		c->presentation = wl_registry_bind(registry, name, &wp_presentation_interface, 1);
		wp_presentation_add_listener(c->presentation, &presentation_listener, c);
	}
}

static void on_global_remove(void *data, struct wl_registry *registry, uint32_t name) {
	(void)data;
	(void)registry;
	(void)name;
}

static const struct wl_registry_listener registry_listener = {.global = on_global, .global_remove = on_global_remove};

static void on_toplevel_configure(void *data, struct xdg_toplevel *toplevel, int32_t width, int32_t height,
				  struct wl_array *states) {
	struct client *c = data;
	(void)toplevel;
	(void)states;
	if (!c->configured && width > 0 && height > 0) {
		c->width = width;
		c->height = height;
	}
}

static void on_close(void *data, struct xdg_toplevel *toplevel) {
	(void)data;
	(void)toplevel;
	raise(SIGTERM);
}

static const struct xdg_toplevel_listener toplevel_listener = {.configure = on_toplevel_configure, .close = on_close};

static void on_configure(void *data, struct xdg_surface *surface, uint32_t serial) {
	struct client *c = data;
	xdg_surface_ack_configure(surface, serial);
	if (!c->configured)
		c->due = true;
	c->configured = true;
}

static const struct xdg_surface_listener surface_listener = {.configure = on_configure};

/* Connects and asks for a window; its size comes with the first configure. */
static bool open_window(struct client *c) {
	c->display = wl_display_connect(NULL);
	if (!c->display) {
		vc_error("no Wayland compositor: %s; set WAYLAND_DISPLAY and XDG_RUNTIME_DIR", strerror(errno));
		return false;
	}
	struct wl_registry *registry = wl_display_get_registry(c->display);
	wl_registry_add_listener(registry, &registry_listener, c);
	c->clock = UINT32_MAX;
	if (wl_display_roundtrip(c->display) < 0 || wl_display_roundtrip(c->display) < 0 || !c->compositor || !c->shm ||
	    !c->shell || c->clock != CLOCK_MONOTONIC) {
		vc_error("the compositor lacks wl_compositor 4, wl_shm, xdg_wm_base, or wp_presentation on the "
			 "monotonic clock");
		return false;
	}
	c->surface = wl_compositor_create_surface(c->compositor);
	struct xdg_surface *surface = xdg_wm_base_get_xdg_surface(c->shell, c->surface);
	xdg_surface_add_listener(surface, &surface_listener, c);
	struct xdg_toplevel *toplevel = xdg_surface_get_toplevel(surface);
	xdg_toplevel_add_listener(toplevel, &toplevel_listener, c);
	xdg_toplevel_set_title(toplevel, "cluster");
	xdg_toplevel_set_app_id(toplevel, "vcockpit-cluster");
	wl_surface_commit(c->surface);
	while (!c->configured)
		if (wl_display_dispatch(c->display) < 0) {
			vc_error("the compositor closed the connection");
			return false;
		}
	return true;
}

/* Waits for the compositor or the end. Returns false when it's time to end. */
static bool wait(struct client *c, int stop_fd) {
	while (wl_display_prepare_read(c->display) != 0)
		wl_display_dispatch_pending(c->display);
	struct pollfd fds[2] = {{.fd = wl_display_get_fd(c->display), .events = POLLIN},
				{.fd = stop_fd, .events = POLLIN}};
	if (wl_display_flush(c->display) < 0 && errno == EAGAIN)
		fds[0].events |= POLLOUT;
	if (poll(fds, 2, -1) < 0 || fds[1].revents) {
		wl_display_cancel_read(c->display);
		return errno == EINTR && !fds[1].revents;
	}
	return wl_display_read_events(c->display) >= 0 && wl_display_dispatch_pending(c->display) >= 0;
}

static bool run(struct client *c, int stop_fd) {
	vc_can_init(&c->can, c->config.can, c->config.can_retry_ms * VC_NS_PER_MS, vc_clock_now());
	if (!open_window(c) || !make_frames(c))
		return false;
	if (c->config.priority > 0) {
		struct sched_param param = {.sched_priority = (int)c->config.priority};
		if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0 || sched_setscheduler(0, SCHED_FIFO, &param) < 0)
			vc_warn("not real time: %s", strerror(errno));
	}
	for (;;) {
		struct buffer *b = free_buffer(c);
		struct pending *p = free_pending(c);
		if (c->due && b && p)
			draw(c, b, p);
		if (!wait(c, stop_fd))
			return wl_display_get_error(c->display) == 0;
	}
}

static const char help[] =
	"usage: wayland-cluster [--config FILE] --frames FILE\n"
	"\n"
	"Draws the instrument cluster as a client of the Wayland compositor in WAYLAND_DISPLAY, and\n"
	"writes when each frame was committed and shown.\n"
	"\n"
	"  --config FILE  the cluster's (default " VC_CLUSTER_CONFIG ")\n"
	"  --frames FILE  gets a line \"COMMIT_NS PRESENTED_NS\" a frame; 0: never shown\n"
	"  --help, --version\n";

int main(int argc, char **argv) {
	static const struct option known[] = {{"config", required_argument, NULL, 'c'},
					      {"frames", required_argument, NULL, 'f'},
					      {"help", no_argument, NULL, 'h'},
					      {"version", no_argument, NULL, 'V'},
					      {0}};
	static struct client client;
	const char *config = VC_CLUSTER_CONFIG, *frames = NULL;
	char error[512];
	vc_log_init("wayland-cluster", false);
	for (int o; (o = getopt_long(argc, argv, "c:f:hV", known, NULL)) >= 0;)
		switch (o) {
		case 'c':
			config = optarg;
			break;
		case 'f':
			frames = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			puts("wayland-cluster " VC_VERSION);
			return 0;
		default:
			return 2;
		}
	if (!frames || optind < argc) {
		vc_error("--frames FILE is needed and nothing besides; see --help");
		return 2;
	}
	vc_config_defaults(&client.config);
	if (!vc_config_read(&client.config, config, error, sizeof(error))) {
		vc_error("%s", error);
		return 2;
	}
	client.log = fopen(frames, "we");
	if (!client.log) {
		vc_error("%s: %s", frames, strerror(errno));
		return 2;
	}
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	bool good = run(&client, signalfd(-1, &signals, SFD_CLOEXEC));
	return fclose(client.log) == 0 && good ? 0 : 1;
}
