/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output at run time: once per vblank, asks the policy what its layers show, and commits what changed. One commit at most
 * is on its way; what it carries becomes the layers' state only when the kernel accepted it, and is on the screen when its
 * flip event came.
 */
#ifndef VC_OUTPUT_H
#define VC_OUTPUT_H

#include "capture.h"
#include "compose.h"
#include "frame-clock.h"
#include "frame-log.h"
#include "kms.h"
#include "layer.h"
#include "loop.h"

/* What the layers shall show: the policy's answers, by slot (lowest layer first). */
struct vc_scene {
	struct vc_policy_choice choice[VC_LAYERS_MAX];
	uint32_t changed; /* bit per slot: shows something else than now */
};

struct vc_output {
	const struct vc_config_output *config;
	unsigned index;
	struct vc_loop *loop;
	struct vc_kms kms;
	bool composed;
	unsigned layers;
	struct vc_layer *slot[VC_LAYERS_MAX]; /* lowest first */
	struct vc_dumb background, fallback[VC_LAYERS_MAX];
	struct vc_compose compose;
	struct vc_capture capture;
	struct vc_frame_clock clock;
	struct vc_frame_log_writer log;
	struct vc_watch timer;
	struct vc_request request;
	int64_t target_ns;      /* the vblank that the last tick worked for */
	int64_t last_vblank_ns; /* up to where vblanks have been counted; 0 before the first flip */
	/* the commit on its way */
	bool pending;
	uint64_t cookie; /* tells its flip event from others' */
	int64_t commit_ns, commit_target_ns;
	int compose_next;
	uint32_t commit_flags; /* VC_FRAME_* */
	int64_t complain_ns;   /* when a failing commit was logged last */
	struct vc_control_output stats;
	/* Called at each tick, after the commit: work that can wait until then. */
	void (*after_tick)(void *data, int64_t now_ns);
	void *data;
};

/* Finds the KMS objects, draws the fallback pictures, checks by TEST_ONLY that all layers can show together, and lights the
 * output or takes it over. @layers: all layers; those of this output are picked. Returns false with @error. */
bool vc_output_init(struct vc_output *output, const struct vc_config *config, unsigned index, struct vc_card *card,
		    struct vc_layer *layers, struct vc_loop *loop, struct vc_kms_error *error);

/* Starts the frame clock. Returns 0 or -errno. */
int vc_output_start(struct vc_output *output);

/* A flip event with @cookie: ours, or left over from a compositor before us. Returns true if it was this output's. */
bool vc_output_flipped(struct vc_output *output, uint64_t cookie, int64_t vblank_ns);

/* When a frame must have come to be shown at the next vblank. */
int64_t vc_output_deadline(const struct vc_output *output);

/* Would the plane of @layer show @fb, of that size? TEST_ONLY. Returns 0 or -errno. */
int vc_output_test_buffer(struct vc_output *output, const struct vc_layer *layer, uint32_t fb, uint32_t width,
			  uint32_t height);

/* output-commit.c: tells the kernel. Returns 0 when @scene is on its way or nothing was to do, -EBUSY when it must be tried
 * again at the next vblank, or another -errno when even the safety layers were refused. */
int vc_output_commit(struct vc_output *output, struct vc_scene *scene, int64_t now_ns);

/* output-commit.c: the commit that lights the output, with all planes' states. */
int vc_output_light(struct vc_output *output, uint32_t flags);

/* Asks the policy about the layer in @slot and notes it in @scene. */
void vc_output_choose(const struct vc_output *output, struct vc_scene *scene, unsigned slot, int64_t now_ns);

#endif
