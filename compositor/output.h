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
#include "store.h"

/* What the layers shall show: the policy's answers, by slot (lowest layer first). */
struct vc_scene {
	struct vc_policy_choice choice[VC_LAYERS_MAX];
	uint32_t changed;  /* bit per slot: shows something else than now */
	uint32_t moved;    /* bit per slot: goes on its plane or off it, into the composed picture */
	uint32_t kept;     /* bit per slot: what it was to show is put off */
	unsigned composed; /* so many of the lowest layers are composed */
	/* What a layer in its fallback borrows, by slot; NULL: nothing. */
	const struct vc_frame *lent[VC_LAYERS_MAX];
};

struct vc_output {
	const struct vc_config_output *config;
	unsigned index;
	struct vc_loop *loop;
	struct vc_kms kms;
	unsigned layers;
	struct vc_layer *slot[VC_LAYERS_MAX]; /* lowest first */
	/* So many of the lowest layers are drawn into the primary plane's picture; the others are on planes of their own. At
	 * least @composed_min are: for want of planes, or because the planes lack what the config asks for. */
	unsigned composed, composed_min;
	bool full; /* the next commit carries the whole state, not only what changed */
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
	int compose_next;      /* the composed picture in it, VC_COMPOSE_NONE: the one before */
	uint32_t commit_flags; /* VC_FRAME_* */
	int64_t complain_ns;   /* when a failing commit was logged last */
	int64_t paths_log_ns;  /* when a change of paths was logged last */
	int64_t stuck_ns;      /* since when the kernel takes no commit at all; 0: it does */
	struct vc_control_output stats;
	/* Called at each tick, after the commit: work that can wait until then. */
	void (*after_tick)(void *data, int64_t now_ns);
	void *data;
};

/* Finds the KMS objects, draws the fallback pictures, checks by TEST_ONLY that all layers can show together, and lights the
 * output or takes it over. @layers: all layers; those of this output are picked. Returns false with @error. */
bool vc_output_init(struct vc_output *output, const struct vc_config *config, unsigned index, struct vc_card *card,
		    struct vc_store *store, struct vc_layer *layers, struct vc_loop *loop, struct vc_kms_error *error);

/* Starts the frame clock. Returns 0 or -errno. */
int vc_output_start(struct vc_output *output);

/* A flip event with @cookie: ours, or left over from a compositor before us. Returns true if it was this output's. */
bool vc_output_flipped(struct vc_output *output, uint64_t cookie, int64_t vblank_ns);

/* When a frame must have come to be shown at the next vblank. */
int64_t vc_output_deadline(const struct vc_output *output);

/* What is to be made of the memory that @layer's source offers: VC_IMPORT_*. */
unsigned vc_output_import_ways(const struct vc_output *output, const struct vc_layer *layer);

/* Decides once how @buffer, just made, will be shown: on its layer's plane if TEST_ONLY says that this would do, else
 * composed, where that moves no other layer. Returns 0, or -errno with a sentence in @why (of VC_DISPLAY_REASON_MAX bytes) if it can't be shown at all. */
int vc_output_admit(struct vc_output *output, struct vc_buffer *buffer, char *why);

/* How many of the lowest layers have to be composed, by what was decided for their buffers. */
unsigned vc_output_wanted_composed(const struct vc_output *output);

/* output-commit.c: gives layers in their fallback what others show, where the config says so. Last, when all is chosen. */
void vc_output_lend(struct vc_output *output, struct vc_scene *scene, int64_t now_ns);

/* output-commit.c: tells the kernel. Returns 0 when @scene is on its way or nothing was to do, -EBUSY when it must be tried
 * again at the next vblank, or another -errno when even the safety layers were refused. */
int vc_output_commit(struct vc_output *output, struct vc_scene *scene, int64_t now_ns);

/* output-commit.c: a commit of the whole state, with the fallback pictures but where the screen shows what was taken over. */
int vc_output_light(struct vc_output *output, uint32_t flags);

/* output-commit.c: draws the fallback pictures of the composed layers, to be lit. */
void vc_output_compose_fallbacks(struct vc_output *output);

/* output-init.c: all layers show what vc_output_light() asked for. */
void vc_output_note_lit(struct vc_output *output, int64_t now_ns);

/* output-init.c: notes where each layer is, for the tools. */
void vc_output_note_paths(struct vc_output *output);

/* Asks the policy about the layer in @slot and notes it in @scene. */
void vc_output_choose(const struct vc_output *output, struct vc_scene *scene, unsigned slot, int64_t now_ns);

#endif
