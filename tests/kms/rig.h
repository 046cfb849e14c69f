/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the KMS tests stand on: a compositor of their own with its config and sockets in a folder of its own, sources that
 * paint colours, and captures of what the CRTC puts out. Everything that waits has a limit and fails the test behind it.
 */
#ifndef VC_RIG_H
#define VC_RIG_H

#include "control-client.h"
#include "display-client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#define RIG_LIMIT_MS 20000
#define RIG_SKIPPED 77
#define RIG_STORE_MAX 32
#define RIG_RED 0xc81e32u
#define RIG_GREEN 0x14a03cu
#define RIG_BLUE 0x1e46d2u
#define RIG_GOLD 0xe6b41eu
#define RIG_BACKGROUND 0x203040u

struct rig {
	char dir[64], config[96], display[96], cluster[96], control[96], notify[96];
	char preload[256]; /* LD_PRELOAD of the compositor, "": none */
	pid_t pid;
	int notify_sock; /* plays systemd: takes what the compositor puts in the fd store */
	unsigned stored; /* what it keeps there */
	struct {
		char name[96];
		int fd;
	} store[RIG_STORE_MAX];
	struct vc_control_client tool;
};

/* Cluster at 0,0 and guest "ivi" beside it, on 1280x480 at 30 Hz, so that a machine without KVM keeps up. @extra: more keys
 * for [output main] ("" for none), @cluster and @ivi: for the layers. */
void rig_configure(struct rig *rig, const char *card, const char *extra, const char *cluster, const char *ivi);

/* Appends @text, whole sections, to the config. */
void rig_add(const struct rig *rig, const char *text);

/* Puts the module @name, which lies beside the test program, before the compositor. */
void rig_preload(struct rig *rig, const char *name);

/* Starts the compositor and waits until it answers. */
void rig_start(struct rig *rig);

/* Runs it to its end: returns the exit code, with what it logged in @log. */
int rig_run(struct rig *rig, char *log, size_t size);

/* Does a sign of life for the watchdog come within @limit_ms? */
bool rig_lives(struct rig *rig, int limit_ms);

/* What the compositor has put in the fd store under @name, -1: nothing. Stays the rig's. */
int rig_stored(struct rig *rig, const char *name);

/* SIGKILL; what is in the fd store stays with the rig, as it would with systemd. */
void rig_kill(struct rig *rig);

/* SIGTERM, expects exit code 0, and tidies up. */
void rig_stop(struct rig *rig);

/* A card of that driver is there? */
bool rig_has_card(const char *driver);

/* The test can't run without a card of that driver: says so. The exit code is then RIG_SKIPPED. */
bool rig_skips(const char *driver);

/* The user that owns @layer: 40001 "cluster", 40002 "ivi", 40003 "nav", 40004 "under"; one made of the name for others. */
uid_t rig_user(const char *layer);

/* Connects as that user, as vc_display_connect() does; a cluster, whose name tells it, at the socket for clusters. */
int rig_connect(const struct rig *rig, struct vc_display_client *client, const char *layer, char *why);

/* A source of pictures with two memfd buffers of one size. */
struct painter {
	struct vc_display_client client;
	uint32_t width, height;
	int fd[2];
	uint32_t *pixels[2];
	bool free[VC_DISPLAY_BUFFERS_MAX]; /* ready and not with the compositor; the first two are the painter's own */
	uint64_t seq, answered;            /* the last PRESENT, and the last that FRAME answered */
	int64_t flip_ns;                   /* of the last FRAME */
};

/* Connects as @layer and adds buffers of @width x @height (0: the zone's size). */
void painter_open(struct painter *painter, const struct rig *rig, const char *layer, uint32_t width, uint32_t height);
void painter_close(struct painter *painter);

/* Waits until buffer @id is free. */
void painter_await(struct painter *painter, uint32_t id);

/* Presents one frame filled with @colour; does not wait for it to show. */
void painter_present(struct painter *painter, uint32_t colour);

/* The same, and waits until FRAME answers it. Returns the flip's time, 0 if it never showed. */
int64_t painter_show(struct painter *painter, uint32_t colour);

/* Handles what has come; waits at most @timeout_ms for something. Returns false when the connection is over. */
bool painter_listen(struct painter *painter, int timeout_ms);

void rig_status(struct rig *rig, struct vc_control_status *status);
struct vc_control_layer rig_layer(struct rig *rig, const char *name);

/* Waits until layer @name is in @state for @reason. */
void rig_await(struct rig *rig, const char *name, enum vc_layer_state state, enum vc_layer_reason reason);

/* A capture's pixels at some places. */
struct rig_probe {
	uint32_t x, y, colour;
};
void rig_expect(struct rig *rig, const struct rig_probe *probes, unsigned count);
void rig_expect_on(struct rig *rig, unsigned output, const struct rig_probe *probes, unsigned count);

/* The colour at one place, from a capture. */
uint32_t rig_pixel(struct rig *rig, uint32_t x, uint32_t y);

#endif
