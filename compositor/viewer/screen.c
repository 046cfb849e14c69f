/* SPDX-License-Identifier: Apache-2.0 */
#include "screen.h"

#include "clock.h"
#include "fit.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

#define MASTER_TRIES 20
#define MASTER_PAUSE_MS 100
#define FLIP_MS 1000

static bool create_buffer(const struct vc_screen *screen, struct vc_screen_buffer *buffer) {
	uint32_t pitch;
	if (drmModeCreateDumbBuffer(screen->fd, screen->mode.hdisplay, screen->mode.vdisplay, 32, 0, &buffer->handle,
				    &pitch, &buffer->size) < 0)
		return false;
	uint32_t handles[4] = {buffer->handle};
	uint32_t pitches[4] = {pitch};
	uint32_t offsets[4] = {0};
	uint64_t offset;
	if (drmModeAddFB2(screen->fd, screen->mode.hdisplay, screen->mode.vdisplay, DRM_FORMAT_XRGB8888, handles,
			  pitches, offsets, &buffer->fb, 0) < 0 ||
	    drmModeMapDumbBuffer(screen->fd, buffer->handle, &offset) < 0)
		return false;
	void *memory = mmap(NULL, buffer->size, PROT_READ | PROT_WRITE, MAP_SHARED, screen->fd, (off_t)offset);
	if (memory == MAP_FAILED)
		return false;
	buffer->memory = memory;
	buffer->image = pixman_image_create_bits_no_clear(PIXMAN_x8r8g8b8, screen->mode.hdisplay, screen->mode.vdisplay,
							  memory, (int)pitch);
	return buffer->image != NULL;
}

/* A CRTC that can feed @connector: the one that does already, or the first that could. */
static uint32_t find_crtc(int fd, const drmModeRes *resources, const drmModeConnector *connector) {
	uint32_t crtc = 0;
	for (int i = -1; i < connector->count_encoders && crtc == 0; i++) {
		uint32_t id = i < 0 ? connector->encoder_id : connector->encoders[i];
		drmModeEncoder *encoder = id ? drmModeGetEncoder(fd, id) : NULL;
		if (!encoder)
			continue;
		crtc = i < 0 ? encoder->crtc_id : 0;
		for (int c = 0; c < resources->count_crtcs && c < 32 && crtc == 0; c++)
			if (encoder->possible_crtcs & 1u << c)
				crtc = resources->crtcs[c];
		drmModeFreeEncoder(encoder);
	}
	return crtc;
}

static bool take_connector(struct vc_screen *screen, const drmModeRes *resources, drmModeConnector *connector,
			   uint32_t width, uint32_t height) {
	if (connector->connection != DRM_MODE_CONNECTED || connector->count_modes <= 0 ||
	    connector->connector_type == DRM_MODE_CONNECTOR_WRITEBACK)
		return false;
	screen->crtc = find_crtc(screen->fd, resources, connector);
	screen->connector = connector->connector_id;
	screen->mode = connector->modes[vc_fit_mode(connector->modes, (size_t)connector->count_modes, width, height)];
	return screen->crtc != 0;
}

static bool find_connector(struct vc_screen *screen, uint32_t width, uint32_t height) {
	drmModeRes *resources = drmModeGetResources(screen->fd);
	if (!resources)
		return false;
	bool found = false;
	for (int i = 0; i < resources->count_connectors && !found; i++) {
		drmModeConnector *connector = drmModeGetConnector(screen->fd, resources->connectors[i]);
		if (!connector)
			continue;
		found = take_connector(screen, resources, connector, width, height);
		drmModeFreeConnector(connector);
	}
	drmModeFreeResources(resources);
	return found;
}

/* A program that looks through all cards is master of this one for a moment; one that stays is another matter. */
static bool become_master(int fd) {
	for (int i = 0; i < MASTER_TRIES; i++) {
		if (drmIsMaster(fd) || drmSetMaster(fd) == 0)
			return true;
		poll(NULL, 0, MASTER_PAUSE_MS);
	}
	return false;
}

bool vc_screen_open(struct vc_screen *screen, const char *path, uint32_t width, uint32_t height, char *why,
		    size_t size) {
	*screen = (struct vc_screen){.fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)};
	if (screen->fd < 0) {
		snprintf(why, size, "%s can't be opened: %s%s", path, strerror(errno),
			 errno == EACCES ? " (be root or a member of the group video)" : "");
		return false;
	}
	uint64_t dumb = 0;
	bool good = false;
	if (!become_master(screen->fd))
		snprintf(why, size, "%s is in use: another program is its master", path);
	else if (drmGetCap(screen->fd, DRM_CAP_DUMB_BUFFER, &dumb) < 0 || !dumb)
		snprintf(why, size, "%s has no dumb buffers to draw into", path);
	else if (!find_connector(screen, width, height))
		snprintf(why, size, "%s has no connected connector with a mode", path);
	else if (!create_buffer(screen, &screen->buffer[0]) || !create_buffer(screen, &screen->buffer[1]))
		snprintf(why, size, "%s has no room for two buffers of %ux%u: %s", path, screen->mode.hdisplay,
			 screen->mode.vdisplay, strerror(errno));
	else
		good = true;
	if (!good)
		vc_screen_close(screen, false);
	return good;
}

pixman_image_t *vc_screen_back(const struct vc_screen *screen) {
	return screen->buffer[screen->back].image;
}

static void on_flip(int fd, unsigned sequence, unsigned seconds, unsigned microseconds, void *data) {
	(void)fd;
	(void)sequence;
	(void)seconds;
	(void)microseconds;
	((struct vc_screen *)data)->flipping = false;
}

/* Waits for the event of the last flip. Returns 0 or -ETIMEDOUT. */
static int await_flip(struct vc_screen *screen) {
	drmEventContext context = {.version = 2, .page_flip_handler = on_flip};
	int64_t deadline_ns = vc_clock_now() + FLIP_MS * VC_NS_PER_MS;
	while (screen->flipping) {
		int64_t left_ns = deadline_ns - vc_clock_now();
		struct pollfd p = {.fd = screen->fd, .events = POLLIN};
		if (left_ns <= 0) {
			/* Setting the mode afresh is the way out. */
			screen->flipping = screen->lit = false;
			return -ETIMEDOUT;
		}
		if (poll(&p, 1, (int)(left_ns / VC_NS_PER_MS) + 1) == 1)
			drmHandleEvent(screen->fd, &context);
	}
	return 0;
}

/* Sets the mode with the back buffer. Memory that is short may be held by the picture that another program left behind. */
static int light(struct vc_screen *screen) {
	uint32_t fb = screen->buffer[screen->back].fb;
	int err = drmModeSetCrtc(screen->fd, screen->crtc, fb, 0, 0, &screen->connector, 1, &screen->mode);
	if (err == -ENOMEM && drmModeSetCrtc(screen->fd, screen->crtc, 0, 0, 0, NULL, 0, NULL) == 0)
		err = drmModeSetCrtc(screen->fd, screen->crtc, fb, 0, 0, &screen->connector, 1, &screen->mode);
	screen->lit = err == 0;
	if (screen->lit)
		screen->back ^= 1;
	return err;
}

/* Copies the back buffer over the one that shows. */
static int copy_to_front(struct vc_screen *screen) {
	const struct vc_screen_buffer *front = &screen->buffer[screen->back ^ 1];
	pixman_image_composite32(PIXMAN_OP_SRC, screen->buffer[screen->back].image, NULL, front->image, 0, 0, 0, 0, 0,
				 0, screen->mode.hdisplay, screen->mode.vdisplay);
	int err = drmModeDirtyFB(screen->fd, front->fb, NULL, 0);
	return err == -ENOSYS ? 0 : err; /* drivers without it scan the memory out as it is */
}

int vc_screen_show(struct vc_screen *screen) {
	if (!screen->lit)
		return light(screen);
	if (screen->copies)
		return copy_to_front(screen);
	uint32_t fb = screen->buffer[screen->back].fb;
	int err = drmModePageFlip(screen->fd, screen->crtc, fb, DRM_MODE_PAGE_FLIP_EVENT, screen);
	if (err == -ENOMEM) {
		/* Cards with little memory (bochs) can't hold both buffers at a time. */
		screen->copies = true;
		return copy_to_front(screen);
	}
	if (err < 0)
		return light(screen); /* somebody switched it off meanwhile */
	screen->flipping = true;
	screen->back ^= 1;
	return await_flip(screen);
}

void vc_screen_close(struct vc_screen *screen, bool keep) {
	if (screen->fd < 0)
		return;
	for (unsigned i = 0; i < 2; i++) {
		struct vc_screen_buffer *buffer = &screen->buffer[i];
		if (buffer->image)
			pixman_image_unref(buffer->image);
		if (buffer->memory)
			munmap(buffer->memory, buffer->size);
		if (buffer->fb && (!keep || drmModeCloseFB(screen->fd, buffer->fb) < 0))
			drmModeRmFB(screen->fd, buffer->fb);
		if (buffer->handle)
			drmModeDestroyDumbBuffer(screen->fd, buffer->handle);
	}
	close(screen->fd);
	*screen = (struct vc_screen){.fd = -1};
}
