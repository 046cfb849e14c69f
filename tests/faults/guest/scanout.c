/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Scanouts that are wrong, as far as the stock driver sends them on. It doesn't check a framebuffer against its buffer, so size,
 * stride and place reach the device; a format other than XRGB8888 does only as the format of a 3D resource below it.
 */
#include "guest-fault.h"
#include "screen.h"
#include "virgl.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

struct attempt {
	const char *what;
	uint32_t buffer_width, buffer_height; /* of the memory */
	uint32_t width, height;               /* as it is shown */
	uint32_t fourcc, pitch, offset;       /* pitch 0: the right one */
};

static const struct attempt attempts[] = {
	{"smaller than the zone", 320, 200, 320, 200, DRM_FORMAT_XRGB8888, 0, 0},
	{"larger than the zone", 2048, 1536, 2048, 1536, DRM_FORMAT_XRGB8888, 0, 0},
	{"one pixel wide", 8, 8, 1, 1, DRM_FORMAT_XRGB8888, 0, 0},
	{"a strip", 4096, 16, 4096, 16, DRM_FORMAT_XRGB8888, 0, 0},
	{"larger than its memory", 64, 64, 4000, 4000, DRM_FORMAT_XRGB8888, 0, 0},
	{"with rows longer than its memory", 960, 720, 960, 720, DRM_FORMAT_XRGB8888, 65536, 0},
	{"with rows shorter than its width", 960, 720, 960, 720, DRM_FORMAT_XRGB8888, 64, 0},
	{"with a stride that is no whole number of pixels", 960, 720, 960, 720, DRM_FORMAT_XRGB8888, 3841, 0},
	{"starting behind the end of its memory", 960, 720, 960, 720, DRM_FORMAT_XRGB8888, 0, 0x7fff0000},
	{"in NV12", 960, 720, 960, 720, DRM_FORMAT_NV12, 0, 0},
	{"in 16 bits a channel", 960, 720, 960, 720, DRM_FORMAT_XRGB16161616, 0, 0},
	{"in ABGR", 960, 720, 960, 720, DRM_FORMAT_ABGR8888, 0, 0},
};

/* Shows a framebuffer on @handle and damages it. Says how far it came. */
static bool try_show(const struct screen *s, const struct attempt *a, uint32_t handle, uint32_t right_pitch) {
	uint32_t handles[4] = {handle}, offsets[4] = {a->offset}, fb = 0;
	uint32_t pitches[4] = {a->pitch ? a->pitch : right_pitch};
	if (a->fourcc == DRM_FORMAT_NV12) {
		handles[1] = handle;
		pitches[1] = pitches[0];
	}
	if (drmModeAddFB2(s->fd, a->width, a->height, a->fourcc, handles, pitches, offsets, &fb, 0) != 0) {
		fault_say("%s: the guest's own kernel refuses the framebuffer: %s", a->what, strerror(errno));
		return false;
	}
	int err = screen_show(s, fb, a->width, a->height);
	drmModeClip whole = {0, 0, (uint16_t)a->width, (uint16_t)a->height};
	if (err == 0)
		drmModeDirtyFB(s->fd, fb, &whole, 1);
	fault_say("%s: %s", a->what, err == 0 ? "sent to the device" : strerror(-err));
	usleep(100000);
	drmModeRmFB(s->fd, fb);
	return err == 0;
}

/* 3D resources that can't be scanouts, behind framebuffers that look right. */
static unsigned show_odd_resources(const struct screen *s) {
	static const struct {
		const char *what;
		uint32_t target, format, depth;
	} odd[] = {
		{"a 3D texture", 3, VIRGL_FORMAT_BGRA, 4},
		{"a buffer", 0, VIRGL_FORMAT_R8, 1},
		{"a texture of floats", 2, VIRGL_FORMAT_RGBA_FLOAT, 1},
		{"a depth buffer", 2, VIRGL_FORMAT_Z24S8, 1},
	};
	unsigned sent = 0;
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		struct attempt a = {.what = odd[i].what, .width = 64, .height = 64, .fourcc = DRM_FORMAT_XRGB8888};
		struct virgl_resource r = {.target = odd[i].target,
					   .format = odd[i].format,
					   .bind = odd[i].format == VIRGL_FORMAT_Z24S8 ? VIRGL_BIND_DEPTH
										       : VIRGL_BIND_RENDER,
					   .width = odd[i].target == 0 ? 65536 : 64,
					   .height = odd[i].target == 0 ? 1 : 64,
					   .depth = odd[i].depth,
					   .bytes = 64 * 64 * 16 * 4};
		if (!virgl_resource_create(s->fd, &r)) {
			fault_say("%s: the guest's own kernel refuses the resource: %s", a.what, strerror(errno));
			continue;
		}
		sent += try_show(s, &a, r.handle, 256);
		drmCloseBufferHandle(s->fd, r.handle);
	}
	return sent;
}

int fault_bad_scanout(int64_t until_ns) {
	struct screen screen;
	if (!screen_open(&screen))
		return 1;
	unsigned sent = 0, rounds = 0;
	do {
		for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
			struct dumb buffer;
			if (!dumb_create(&screen, attempts[i].buffer_width, attempts[i].buffer_height, &buffer))
				continue;
			dumb_fill(&buffer, 0xff802080);
			sent += try_show(&screen, &attempts[i], buffer.handle, attempts[i].width * 4);
			dumb_destroy(&screen, &buffer);
		}
		sent += show_odd_resources(&screen);
		rounds++;
	} while (fault_now() < until_ns);
	fault_say("%u scanouts sent in %u rounds", sent, rounds);
	screen_close(&screen);
	return sent > 0 ? 0 : 1;
}

int fault_stale_buffer(int64_t until_ns) {
	struct screen screen;
	struct dumb old = {0}, fresh = {0};
	if (!screen_open(&screen))
		return 1;
	uint32_t w = screen.mode.hdisplay, h = screen.mode.vdisplay;
	if (!dumb_create(&screen, w, h, &old) || !dumb_create(&screen, w, h, &fresh)) {
		fault_say("no buffers: %s", strerror(errno));
		return 1;
	}
	dumb_fill(&old, 0xff404040);
	dumb_fill(&fresh, 0xff20a020);
	int err = screen_show(&screen, old.fb, w, h);
	if (err == 0)
		err = screen_show(&screen, fresh.fb, w, h);
	if (err < 0) {
		fault_say("the screen can't be set: %s", strerror(-err));
		return 1;
	}
	/* What was shown first comes back and stays, said to be new each time. */
	drmModeClip whole = {0, 0, (uint16_t)w, (uint16_t)h};
	unsigned long shown = 0;
	screen_show(&screen, old.fb, w, h);
	while (fault_now() < until_ns) {
		shown += drmModeDirtyFB(screen.fd, old.fb, &whole, 1) == 0;
		usleep(16000);
	}
	/* Its memory goes while it is on the screen. */
	uint32_t fb = old.fb;
	old.fb = 0;
	dumb_destroy(&screen, &old);
	drmModeDirtyFB(screen.fd, fb, &whole, 1);
	drmModeRmFB(screen.fd, fb);
	fault_say("the old buffer was shown %lu times, then freed", shown);
	dumb_destroy(&screen, &fresh);
	screen_close(&screen);
	return shown > 0 ? 0 : 1;
}
