/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's one screen, by KMS. */
#ifndef GUEST_SCREEN_H
#define GUEST_SCREEN_H

#include <stdbool.h>
#include <stdint.h>
#include <xf86drmMode.h>

struct screen {
	int fd; /* the card; this process is its master */
	uint32_t connector, crtc;
	drmModeModeInfo mode;
};

/* A buffer drawn by the CPU. */
struct dumb {
	uint32_t handle, fb, width, height, pitch;
	uint64_t size;
	uint32_t *map;
};

/* Waits up to 10 s for the card and for whoever still is its master. */
bool screen_open(struct screen *screen);
void screen_close(struct screen *screen);

bool dumb_create(const struct screen *screen, uint32_t width, uint32_t height, struct dumb *dumb);
void dumb_destroy(const struct screen *screen, struct dumb *dumb);
void dumb_fill(struct dumb *dumb, uint32_t colour);

/* Shows @fb in a mode of its own size. Returns 0 or -errno. */
int screen_show(const struct screen *screen, uint32_t fb, uint32_t width, uint32_t height);

#endif
