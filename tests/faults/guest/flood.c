/* SPDX-License-Identifier: Apache-2.0 */
/* Frames without end: two buffers in turn, each flip followed by damage of the whole, never waiting for a flip's event longer
 * than the kernel makes it wait. */
#include "guest-fault.h"
#include "screen.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <xf86drm.h>

#define AIM_NS 1000000 /* one frame a millisecond */

static void drain(const struct screen *screen) {
	struct pollfd p = {.fd = screen->fd, .events = POLLIN};
	drmEventContext context = {.version = 2};
	while (poll(&p, 1, 0) > 0)
		drmHandleEvent(screen->fd, &context);
}

int fault_flood(int64_t until_ns) {
	struct screen screen;
	struct dumb buffer[2] = {0};
	if (!screen_open(&screen))
		return 1;
	uint32_t w = screen.mode.hdisplay, h = screen.mode.vdisplay;
	if (!dumb_create(&screen, w, h, &buffer[0]) || !dumb_create(&screen, w, h, &buffer[1])) {
		fault_say("no buffers of %ux%u: %s", w, h, strerror(errno));
		return 1;
	}
	dumb_fill(&buffer[0], 0xffc02020);
	dumb_fill(&buffer[1], 0xff2020c0);
	int err = screen_show(&screen, buffer[0].fb, w, h);
	if (err < 0) {
		fault_say("the screen can't be set: %s", strerror(-err));
		return 1;
	}
	int64_t start = fault_now(), next = start;
	unsigned long flips = 0, damages = 0, busy = 0;
	for (unsigned n = 1; fault_now() < until_ns; n++) {
		struct dumb *b = &buffer[n % 2];
		if (drmModePageFlip(screen.fd, screen.crtc, b->fb, DRM_MODE_PAGE_FLIP_EVENT, NULL) == 0)
			flips++;
		else
			busy++;
		drmModeClip whole = {0, 0, (uint16_t)w, (uint16_t)h};
		if (drmModeDirtyFB(screen.fd, b->fb, &whole, 1) == 0)
			damages++;
		drain(&screen);
		next += AIM_NS;
		int64_t wait = next - fault_now();
		if (wait > 0)
			usleep((useconds_t)(wait / 1000));
		else
			next = fault_now();
	}
	int64_t ms = (fault_now() - start) / 1000000;
	fault_say("%lu flips, %lu damages, %lu refused as busy in %lld ms", flips, damages, busy, (long long)ms);
	dumb_destroy(&screen, &buffer[0]);
	dumb_destroy(&screen, &buffer[1]);
	screen_close(&screen);
	return flips + damages > 0 ? 0 : 1;
}
