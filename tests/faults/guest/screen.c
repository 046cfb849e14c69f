/* SPDX-License-Identifier: Apache-2.0 */
#include "screen.h"

#include "guest-fault.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

static int open_card(void) {
	char path[32];
	for (int i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		int fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd >= 0 && drmSetMaster(fd) == 0)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

bool screen_open(struct screen *screen) {
	int64_t limit = fault_now() + INT64_C(10000000000);
	*screen = (struct screen){.fd = -1};
	while ((screen->fd = open_card()) < 0 && fault_now() < limit)
		usleep(50000);
	if (screen->fd < 0) {
		fault_say("no card whose master this could be: %s", strerror(errno));
		return false;
	}
	drmModeRes *res = drmModeGetResources(screen->fd);
	for (int i = 0; res && i < res->count_connectors && !screen->connector; i++) {
		drmModeConnector *c = drmModeGetConnector(screen->fd, res->connectors[i]);
		if (c && c->connection == DRM_MODE_CONNECTED && c->count_modes > 0 && res->count_crtcs > 0) {
			screen->connector = c->connector_id;
			screen->crtc = res->crtcs[0];
			screen->mode = c->modes[0];
		}
		drmModeFreeConnector(c);
	}
	drmModeFreeResources(res);
	if (screen->connector)
		return true;
	fault_say("no connected screen");
	screen_close(screen);
	return false;
}

void screen_close(struct screen *screen) {
	close(screen->fd);
	screen->fd = -1;
}

bool dumb_create(const struct screen *screen, uint32_t width, uint32_t height, struct dumb *dumb) {
	*dumb = (struct dumb){.width = width, .height = height};
	uint64_t offset;
	if (drmModeCreateDumbBuffer(screen->fd, width, height, 32, 0, &dumb->handle, &dumb->pitch, &dumb->size) != 0)
		return false;
	uint32_t handles[4] = {dumb->handle}, pitches[4] = {dumb->pitch}, offsets[4] = {0};
	bool good = drmModeMapDumbBuffer(screen->fd, dumb->handle, &offset) == 0;
	void *map = good ? mmap(NULL, dumb->size, PROT_READ | PROT_WRITE, MAP_SHARED, screen->fd, (off_t)offset)
			 : MAP_FAILED;
	good = map != MAP_FAILED;
	dumb->map = good ? map : NULL;
	good = good && drmModeAddFB2(screen->fd, width, height, DRM_FORMAT_XRGB8888, handles, pitches, offsets,
				     &dumb->fb, 0) == 0;
	if (!good)
		dumb_destroy(screen, dumb);
	return good;
}

void dumb_destroy(const struct screen *screen, struct dumb *dumb) {
	if (dumb->fb)
		drmModeRmFB(screen->fd, dumb->fb);
	if (dumb->map)
		munmap(dumb->map, dumb->size);
	if (dumb->handle)
		drmModeDestroyDumbBuffer(screen->fd, dumb->handle);
	*dumb = (struct dumb){0};
}

void dumb_fill(struct dumb *dumb, uint32_t colour) {
	for (uint64_t i = 0; i < dumb->size / 4; i++)
		dumb->map[i] = colour;
}

int screen_show(const struct screen *screen, uint32_t fb, uint32_t width, uint32_t height) {
	drmModeModeInfo mode = screen->mode;
	if (mode.hdisplay != width || mode.vdisplay != height) {
		/* Blanking of any kind does: a virtual screen has none. */
		mode = (drmModeModeInfo){.hdisplay = (uint16_t)width,
					 .hsync_start = (uint16_t)(width + 16),
					 .hsync_end = (uint16_t)(width + 32),
					 .htotal = (uint16_t)(width + 64),
					 .vdisplay = (uint16_t)height,
					 .vsync_start = (uint16_t)(height + 4),
					 .vsync_end = (uint16_t)(height + 8),
					 .vtotal = (uint16_t)(height + 16),
					 .vrefresh = 60};
		mode.clock = (uint32_t)mode.htotal * mode.vtotal * 60 / 1000;
		snprintf(mode.name, sizeof(mode.name), "%ux%u", width, height);
	}
	uint32_t connector = screen->connector;
	return drmModeSetCrtc(screen->fd, screen->crtc, fb, 0, 0, &connector, 1, &mode) == 0 ? 0 : -errno;
}
