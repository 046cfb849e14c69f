/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A second guest's picture, drawn without a guest: stripes that wander, at the display's pace. SIGUSR1 lets it go wrong in the
 * way that it was started for, SIGUSR2 makes it behave again. It runs as the user that the layer belongs to, so the compositor
 * sees what it would see of a GPU device that a guest has taken over. Thrown out, it comes back, as an attacker would.
 */
#include "clock.h"
#include "display-client.h"
#include "ipc.h"
#include "log.h"
#include "recording.h"

#include <drm/vgem_drm.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#define BUFFERS 3
#define SLOW_ID BUFFERS /* the buffer whose fence never signals */
#define AGAIN_MS 20     /* from one connection's end to the next attempt */

struct source {
	struct vc_display_client client;
	uint32_t width, height, stride;
	int fd[BUFFERS];
	uint32_t *pixels[BUFFERS];
	bool ready[BUFFERS], busy[BUFFERS];
	bool due;
	uint64_t seq, frames;
	int vgem, slow; /* card and dma-buf */
	uint32_t slow_handle;
};

static volatile sig_atomic_t misbehave;

static void on_signal(int number) {
	misbehave = number == SIGUSR1;
}

static size_t buffer_size(const struct source *s) {
	return ((size_t)s->stride * s->height + 4095) & ~(size_t)4095;
}

static bool make_buffers(struct source *s) {
	s->width = s->client.zone.width;
	s->height = s->client.zone.height;
	s->stride = s->width * 4;
	for (int i = 0; i < BUFFERS; i++) {
		s->fd[i] = memfd_create("source", MFD_CLOEXEC | MFD_ALLOW_SEALING);
		if (s->fd[i] < 0 || posix_fallocate(s->fd[i], 0, (off_t)buffer_size(s)) != 0 ||
		    fcntl(s->fd[i], F_ADD_SEALS, F_SEAL_SHRINK) < 0)
			return false;
		void *map = mmap(NULL, buffer_size(s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, s->fd[i], 0);
		if (map == MAP_FAILED)
			return false;
		s->pixels[i] = map;
	}
	return true;
}

static struct vc_display_buffer_add describe(const struct source *s, uint32_t id) {
	return (struct vc_display_buffer_add){.id = id,
					      .kind = VC_DISPLAY_MEMFD,
					      .width = s->width,
					      .height = s->height,
					      .fourcc = DRM_FORMAT_XRGB8888,
					      .stride = s->stride,
					      .size = buffer_size(s),
					      .modifier = DRM_FORMAT_MOD_LINEAR};
}

static bool connect_display(struct source *s, const char *layer) {
	char why[VC_DISPLAY_REASON_MAX];
	if (vc_display_connect(&s->client, NULL, layer, 1000, why) < 0)
		return false;
	if (s->width == 0 && !make_buffers(s)) {
		vc_error("no memory for pictures: %s", strerror(errno));
		exit(1);
	}
	s->due = true;
	for (uint32_t i = 0; i < BUFFERS; i++) {
		struct vc_display_buffer_add add = describe(s, i);
		s->ready[i] = s->busy[i] = false;
		vc_display_buffer_add(&s->client, &add, s->fd[i]);
	}
	return true;
}

/* Handles what has come. Returns false when the connection is over. */
static bool listen_display(struct source *s, int timeout_ms) {
	union vc_display_message m;
	struct pollfd p = {.fd = s->client.sock, .events = POLLIN};
	poll(&p, 1, timeout_ms);
	int got;
	while ((got = vc_display_receive(&s->client, &m)) > 0) {
		if (m.header.type == VC_DISPLAY_BUFFER_READY && m.buffer_ready.id < BUFFERS)
			s->ready[m.buffer_ready.id] = true;
		else if (m.header.type == VC_DISPLAY_RELEASE && m.release.id < BUFFERS)
			s->busy[m.release.id] = false;
		else if (m.header.type == VC_DISPLAY_FRAME)
			s->due = true;
		else if (m.header.type == VC_DISPLAY_ERROR)
			vc_info("told: %s", m.error.reason);
	}
	if (got < 0)
		vc_display_disconnect(&s->client);
	return got == 0;
}

static void paint(const struct source *s, uint32_t *pixels) {
	static const uint32_t stripe[] = {0x16324f, 0x1d4568};
	for (uint32_t y = 0; y < s->height; y++)
		for (uint32_t x = 0; x < s->width; x++)
			pixels[(size_t)y * s->width + x] = stripe[((x + y + s->frames * 2) / 48) % 2];
}

static int present(struct source *s, uint32_t id, int fence) {
	struct vc_display_present p = {
		.id = id, .seq = ++s->seq, .width = s->width, .height = s->height, .drawn_ns = vc_clock_now()};
	return vc_display_present(&s->client, &p, fence);
}

/* One round of good behaviour. */
static bool behave(struct source *s) {
	if (!listen_display(s, 50))
		return false;
	for (uint32_t i = 0; s->due && i < BUFFERS; i++) {
		if (!s->ready[i] || s->busy[i])
			continue;
		paint(s, s->pixels[i]);
		s->frames++;
		s->busy[i] = true;
		s->due = false;
		present(s, i, -1);
	}
	return true;
}

static bool flood(struct source *s) {
	for (uint32_t i = 0; i < 50; i++)
		present(s, i % BUFFERS, -1);
	poll(NULL, 0, 10);
	return listen_display(s, 0);
}

/* Offers buffers as they must not be. */
static bool offer_wrong(struct source *s) {
	static unsigned turn;
	struct vc_display_buffer_add add = describe(s, BUFFERS + 1);
	switch (turn++ % 6) {
	case 0:
		add.width = 9000;
		break;
	case 1:
		add.height = 0;
		break;
	case 2:
		add.fourcc = 0x12345678;
		break;
	case 3:
		add.stride = 16;
		break;
	case 4:
		add.stride = 0x7fffffff;
		break;
	default:
		add.offset = UINT64_MAX - 4095;
		break;
	}
	vc_display_buffer_add(&s->client, &add, s->fd[0]);
	return listen_display(s, 20);
}

/* Shows buffers that aren't there or aren't its own any more. */
static bool show_stale(struct source *s) {
	static unsigned turn;
	vc_display_buffer_remove(&s->client, 0);
	present(s, turn++ % 2 ? 0 : 7, -1);
	return listen_display(s, 20);
}

static bool open_slow(struct source *s) {
	for (int i = 0; i < 16 && s->vgem < 0; i++) {
		char path[32];
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		int fd = open(path, O_RDWR | O_CLOEXEC);
		drmVersion *version = fd >= 0 ? drmGetVersion(fd) : NULL;
		if (version && strcmp(version->name, "vgem") == 0)
			s->vgem = fd;
		else if (fd >= 0)
			close(fd);
		drmFreeVersion(version);
	}
	struct drm_mode_create_dumb create = {.width = s->width, .height = s->height, .bpp = 32};
	if (s->vgem < 0 || drmIoctl(s->vgem, DRM_IOCTL_MODE_CREATE_DUMB, &create) < 0)
		return false;
	s->slow_handle = create.handle;
	return drmPrimeHandleToFD(s->vgem, create.handle, DRM_CLOEXEC | DRM_RDWR, &s->slow) == 0;
}

/* A buffer with a fence that nobody signals; vgem would after ten seconds, so it's renewed before that. */
static bool withhold_fence(struct source *s) {
	static int64_t next_ns;
	if (s->slow < 0) {
		if (!open_slow(s)) {
			vc_error("no vgem card, which fences are made with: %s", strerror(errno));
			exit(1);
		}
		struct vc_display_buffer_add add = describe(s, SLOW_ID);
		add.kind = VC_DISPLAY_DMABUF;
		add.size = (uint64_t)s->stride * s->height;
		vc_display_buffer_add(&s->client, &add, s->slow);
	}
	if (vc_clock_now() >= next_ns) {
		struct drm_vgem_fence_attach attach = {.handle = s->slow_handle, .flags = VGEM_FENCE_WRITE};
		drmIoctl(s->vgem, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach);
		next_ns = vc_clock_now() + 5 * VC_NS_PER_S;
	}
	present(s, SLOW_ID, -1);
	return listen_display(s, 30);
}

/* As many descriptors as fit, with messages that want none. */
static bool flood_descriptors(struct source *s) {
	int fds[VC_IPC_FDS_MAX];
	for (int i = 0; i < VC_IPC_FDS_MAX; i++)
		fds[i] = s->fd[i % BUFFERS];
	struct vc_display_heartbeat beat = {.header = {.type = VC_DISPLAY_HEARTBEAT, .size = sizeof(beat)}};
	for (int i = 0; i < 20; i++)
		vc_ipc_send(s->client.sock, &beat, sizeof(beat), fds, VC_IPC_FDS_MAX);
	return listen_display(s, 1);
}

/* Says that it is the cluster. */
static bool impersonate(struct source *s) {
	char why[VC_DISPLAY_REASON_MAX];
	struct vc_display_client other;
	if (vc_display_connect(&other, NULL, "cluster", 1000, why) == 0)
		vc_error("the compositor believed it");
	vc_display_disconnect(&other);
	return behave(s);
}

int vc_fault_source(int argc, char **argv) {
	static const struct {
		const char *name;
		bool (*round)(struct source *s);
	} faults[] = {{"flood", flood},
		      {"wrong-buffers", offer_wrong},
		      {"stale-buffers", show_stale},
		      {"no-fence", withhold_fence},
		      {"descriptors", flood_descriptors},
		      {"impersonate", impersonate}};
	bool (*fault)(struct source *s) = NULL;
	for (size_t i = 0; argc == 3 && i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strcmp(argv[2], faults[i].name) == 0)
			fault = faults[i].round;
	if (!fault) {
		vc_error("source: LAYER flood|wrong-buffers|stale-buffers|no-fence|descriptors|impersonate are needed");
		return 2;
	}
	const struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	struct source s = {.client.sock = -1, .vgem = -1, .slow = -1};
	for (;;) {
		if (s.client.sock < 0 && !connect_display(&s, argv[1])) {
			poll(NULL, 0, AGAIN_MS);
			continue;
		}
		if (!misbehave)
			behave(&s);
		else if (!fault(&s) && s.slow >= 0) {
			close(s.slow);
			s.slow = -1; /* offered anew on the next connection */
		}
	}
}
