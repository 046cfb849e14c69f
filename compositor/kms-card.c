/* SPDX-License-Identifier: Apache-2.0 */
#include "kms-card.h"

#include "kms-buffer.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

__attribute__((format(printf, 3, 4))) static bool fail(struct vc_kms_error *error, bool config, const char *format,
						       ...) {
	va_list args;
	va_start(args, format);
	vsnprintf(error->text, sizeof(error->text), format, args);
	va_end(args);
	error->config = config;
	return false;
}

/* The name of property @id; empty if the kernel doesn't say. */
static const char *property_name(struct vc_card *card, uint32_t id) {
	for (unsigned i = 0; i < card->properties; i++)
		if (card->property[i].id == id)
			return card->property[i].name;
	drmModePropertyRes *prop = drmModeGetProperty(card->fd, id);
	/* When the table is full its last place is used over and over. */
	unsigned at = card->properties < VC_CARD_PROPERTIES_MAX ? card->properties++ : VC_CARD_PROPERTIES_MAX - 1;
	card->property[at].id = id;
	snprintf(card->property[at].name, sizeof(card->property[at].name), "%s", prop ? prop->name : "");
	drmModeFreeProperty(prop);
	return card->property[at].name;
}

unsigned vc_card_ask(struct vc_card *card, uint32_t object, uint32_t type, const struct vc_card_ask *ask,
		     unsigned count) {
	unsigned found = 0;
	drmModeObjectProperties *props = drmModeObjectGetProperties(card->fd, object, type);
	for (uint32_t i = 0; props && i < props->count_props; i++) {
		const char *name = property_name(card, props->props[i]);
		for (unsigned k = 0; k < count; k++) {
			if (strcmp(name, ask[k].name) != 0)
				continue;
			if (ask[k].id)
				*ask[k].id = props->props[i];
			if (ask[k].value)
				*ask[k].value = props->prop_values[i];
			found++;
		}
	}
	drmModeFreeObjectProperties(props);
	return found;
}

static void add_format(struct vc_plane *plane, uint32_t fourcc, uint64_t modifier) {
	if (plane->formats < VC_PLANE_FORMATS_MAX)
		plane->format[plane->formats++] = (struct vc_plane_format){fourcc, modifier};
}

/* IN_FORMATS is a struct drm_format_modifier_blob (drm_mode.h). */
static bool read_in_formats(const struct vc_card *card, struct vc_plane *plane, uint32_t blob_id) {
	drmModePropertyBlobRes *blob = drmModeGetPropertyBlob(card->fd, blob_id);
	if (!blob)
		return false;
	drmModeFormatModifierIterator iterator = {0};
	while (drmModeFormatModifierBlobIterNext(blob, &iterator))
		add_format(plane, iterator.fmt, iterator.mod);
	drmModeFreePropertyBlob(blob);
	return plane->formats > 0;
}

static void read_zpos(const struct vc_card *card, struct vc_plane *plane) {
	drmModePropertyRes *prop = plane->prop.zpos ? drmModeGetProperty(card->fd, plane->prop.zpos) : NULL;
	if (!prop)
		return;
	plane->has_zpos = true;
	plane->zpos_fixed = (prop->flags & DRM_MODE_PROP_IMMUTABLE) != 0;
	plane->zpos_min = prop->count_values >= 2 ? prop->values[0] : 0;
	plane->zpos_max = prop->count_values >= 2 ? prop->values[1] : 0;
	drmModeFreeProperty(prop);
}

/* Pixels are premultiplied with their alpha, which is the kernel's default; a plane that is told otherwise is told back. */
static void read_blend(const struct vc_card *card, struct vc_plane *plane) {
	drmModePropertyRes *prop = plane->prop.blend ? drmModeGetProperty(card->fd, plane->prop.blend) : NULL;
	bool found = false;
	for (int i = 0; prop && i < prop->count_enums && !found; i++) {
		found = strcmp(prop->enums[i].name, "Pre-multiplied") == 0;
		plane->premultiplied = prop->enums[i].value;
	}
	if (!found)
		plane->prop.blend = 0;
	drmModeFreeProperty(prop);
}

static bool read_plane(struct vc_card *card, uint32_t id) {
	struct vc_plane *plane = &card->plane[card->planes];
	drmModePlane *kernel = drmModeGetPlane(card->fd, id);
	if (!kernel)
		return false;
	uint64_t type = DRM_PLANE_TYPE_CURSOR, blob = 0, crtc = 0;
	*plane = (struct vc_plane){.id = id, .possible_crtcs = kernel->possible_crtcs};
	const struct vc_card_ask ask[] = {
		{"FB_ID", &plane->prop.fb, NULL},
		{"CRTC_ID", &plane->prop.crtc, &crtc},
		{"SRC_X", &plane->prop.src_x, NULL},
		{"SRC_Y", &plane->prop.src_y, NULL},
		{"SRC_W", &plane->prop.src_w, NULL},
		{"SRC_H", &plane->prop.src_h, NULL},
		{"CRTC_X", &plane->prop.crtc_x, NULL},
		{"CRTC_Y", &plane->prop.crtc_y, NULL},
		{"CRTC_W", &plane->prop.crtc_w, NULL},
		{"CRTC_H", &plane->prop.crtc_h, NULL},
		{"IN_FENCE_FD", &plane->prop.in_fence, NULL},
		{"alpha", &plane->prop.alpha, NULL},
		{"pixel blend mode", &plane->prop.blend, NULL},
		{"zpos", &plane->prop.zpos, &plane->zpos},
		{"type", NULL, &type},
		{"IN_FORMATS", NULL, &blob},
	};
	vc_card_ask(card, id, DRM_MODE_OBJECT_PLANE, ask, sizeof(ask) / sizeof(ask[0]));
	plane->type = (uint32_t)type;
	plane->lit_crtc = (uint32_t)crtc;
	if (blob == 0 || !read_in_formats(card, plane, (uint32_t)blob))
		for (uint32_t i = 0; i < kernel->count_formats; i++)
			add_format(plane, kernel->formats[i], 0 /* DRM_FORMAT_MOD_LINEAR */);
	read_zpos(card, plane);
	read_blend(card, plane);
	drmModeFreePlane(kernel);
	card->planes++;
	return true;
}

/* A signalled fence, out of a dma-buf of ours that never had any. */
static int make_idle_fence(int fd) {
	struct drm_mode_create_dumb dumb = {.width = 16, .height = 16, .bpp = 32};
	if (drmIoctl(fd, DRM_IOCTL_MODE_CREATE_DUMB, &dumb) < 0)
		return -1;
	struct dma_buf_export_sync_file {
		uint32_t flags;
		int32_t fd;
	} export = {.flags = 3 /* DMA_BUF_SYNC_RW */, .fd = -1};
	int dmabuf = -1;
	if (drmPrimeHandleToFD(fd, dumb.handle, DRM_CLOEXEC, &dmabuf) == 0) {
		if (drmIoctl(dmabuf, _IOWR('b', 2, struct dma_buf_export_sync_file), &export) < 0)
			export.fd = -1;
		close(dmabuf);
	}
	drmCloseBufferHandle(fd, dumb.handle);
	return export.fd;
}

static bool read_card(struct vc_card *card, struct vc_kms_error *error) {
	drmVersion *version = drmGetVersion(card->fd);
	snprintf(card->driver, sizeof(card->driver), "%s", version ? version->name : "unknown");
	drmFreeVersion(version);
	if (drmSetClientCap(card->fd, DRM_CLIENT_CAP_ATOMIC, 1) < 0 ||
	    drmSetClientCap(card->fd, DRM_CLIENT_CAP_UNIVERSAL_PLANES, 1) < 0)
		return fail(error, true, "%s (%s): has no atomic KMS; name another card in [output …] card", card->path,
			    card->driver);
	/* Optional: without it there is no writeback connector to find. */
	drmSetClientCap(card->fd, DRM_CLIENT_CAP_WRITEBACK_CONNECTORS, 1);
	drmModePlaneRes *planes = drmModeGetPlaneResources(card->fd);
	for (uint32_t i = 0; planes && i < planes->count_planes && card->planes < VC_PLANES_MAX; i++)
		read_plane(card, planes->planes[i]);
	drmModeFreePlaneResources(planes);
	drmModeRes *resources = drmModeGetResources(card->fd);
	for (int i = 0; resources && i < resources->count_fbs && card->old_fbs < 256; i++)
		card->old_fb[card->old_fbs++] = resources->fbs[i];
	drmModeFreeResources(resources);
	card->idle_fence = make_idle_fence(card->fd);
	return true;
}

/* Opens @path if it is a card with atomic KMS and that driver ("auto": any). Returns the descriptor or -errno. */
static int open_if_driver(const char *path, const char *driver) {
	int fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	drmVersion *version = drmGetVersion(fd);
	bool atomic = drmSetClientCap(fd, DRM_CLIENT_CAP_ATOMIC, 1) == 0;
	bool good = atomic && version && (strcmp(driver, "auto") == 0 || strcmp(version->name, driver) == 0);
	drmFreeVersion(version);
	if (good)
		return fd;
	close(fd);
	return -ENODEV;
}

static bool find_card(struct vc_card *card, const char *wish, struct vc_kms_error *error) {
	if (wish[0] == '/') {
		snprintf(card->path, sizeof(card->path), "%s", wish);
		card->fd = open(wish, O_RDWR | O_CLOEXEC);
		if (card->fd >= 0)
			return true;
		return fail(error, errno == ENOENT, "card = %s: %s", wish, strerror(errno));
	}
	int denied = 0;
	for (int i = 0; i < 64; i++) {
		snprintf(card->path, sizeof(card->path), "/dev/dri/card%d", i);
		card->fd = open_if_driver(card->path, wish);
		if (card->fd >= 0)
			return true;
		if (card->fd == -EACCES)
			denied++;
	}
	card->fd = -1;
	if (strcmp(wish, "auto") == 0)
		return fail(error, false, "no card with atomic KMS in /dev/dri%s",
			    denied ? " (some may not be opened by this user)" : "; is the display's driver loaded?");
	return fail(error, true, "card = %s: no card in /dev/dri has that driver%s", wish,
		    denied ? " (some may not be opened by this user)" : "; is it loaded?");
}

bool vc_card_open(struct vc_card *card, const char *wish, int fd, struct vc_kms_error *error) {
	*card = (struct vc_card){.fd = fd, .idle_fence = -1, .stored = fd >= 0};
	if (fd >= 0) {
		char *name = drmGetDeviceNameFromFd2(fd);
		snprintf(card->path, sizeof(card->path), "%s", name ? name : "stored");
		free(name);
	} else if (!find_card(card, wish, error)) {
		return false;
	}
	if (drmSetMaster(card->fd) < 0 && !drmIsMaster(card->fd)) {
		fail(error, false, "%s: another process holds the display; stop it first", card->path);
	} else if (read_card(card, error)) {
		/* Events are read when the loop says so, and never waited for. */
		if (fcntl(card->fd, F_SETFL, O_NONBLOCK) == 0)
			return true;
		fail(error, false, "%s: %s", card->path, strerror(errno));
	}
	close(card->fd);
	card->fd = -1;
	return false;
}

bool vc_card_matches(const struct vc_card *card, const char *wish) {
	struct stat a, b;
	if (strcmp(wish, "auto") == 0 || strcmp(wish, card->driver) == 0)
		return true;
	return wish[0] == '/' && stat(wish, &a) == 0 && fstat(card->fd, &b) == 0 && a.st_rdev == b.st_rdev;
}

void vc_card_drop_old(struct vc_card *card) {
	unsigned kept = 0;
	/* Kernels before 6.8 know only how to remove a framebuffer, which darkens the plane that shows it. */
	for (unsigned i = 0; i < card->old_fbs; i++)
		kept += drmModeCloseFB(card->fd, card->old_fb[i]) < 0;
	if (card->old_fbs > 0)
		vc_debug("%s: gave back %u framebuffers of the last compositor, kept %u", card->path,
			 card->old_fbs - kept, kept);
	card->old_fbs = 0;
}
