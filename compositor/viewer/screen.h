/* SPDX-License-Identifier: Apache-2.0 */
/* The visible screen: one connector of a card, lit with two dumb buffers that take turns (drm-kms(7)). Not thread-safe. */
#ifndef VC_VIEWER_SCREEN_H
#define VC_VIEWER_SCREEN_H

#include <pixman.h>
#include <stdbool.h>
#include <stdint.h>
#include <xf86drmMode.h>

struct vc_screen_buffer {
	uint32_t handle, fb;
	void *memory;
	uint64_t size;
	pixman_image_t *image; /* x8r8g8b8, over memory */
};

struct vc_screen {
	int fd; /* -1 when closed */
	uint32_t connector, crtc;
	drmModeModeInfo mode;
	struct vc_screen_buffer buffer[2];
	unsigned back; /* the buffer that isn't on the screen */
	bool lit;      /* the mode is set */
	bool flipping; /* a page flip's event is to come */
	bool copies;   /* flips don't work here: the back buffer is copied to the front */
};

/* Opens @path, becomes master, and picks the first connected connector, a CRTC and the mode that suits a picture of
 * @width x @height. Nothing shows yet. On failure returns false with a sentence in @why. */
bool vc_screen_open(struct vc_screen *screen, const char *path, uint32_t width, uint32_t height, char *why,
		    size_t size);

/* The buffer to draw into; valid until the next vc_screen_show(). */
pixman_image_t *vc_screen_back(const struct vc_screen *screen);

/* Puts the back buffer on the screen and waits until it is there, for a second at most. Returns 0 or -errno. */
int vc_screen_show(struct vc_screen *screen);

/* Closes the card. @keep: the picture stays until another program sets one, if the kernel can do that (6.8). */
void vc_screen_close(struct vc_screen *screen, bool keep);

#endif
