/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each layer shows, and why. Pure functions of (config, state, inputs, now): nothing here makes a system call, reads a
 * clock, allocates or prints, so that all of it can be tested in a loop and checked by a model checker.
 *
 * A layer is WAITING until its first frame, LIVE while its source gives signs of life, on HOLD when it is late or gone (the
 * last frame stays), and in FALLBACK when that lasted longer than hold_ns. Only a new frame whose fence has signalled
 * leads back to LIVE. The kernel's refusal of a frame leads to FALLBACK at once and keeps the layer there for hold_ns, so
 * that a source of bad frames costs a retry now and then and not at each vblank.
 */
#ifndef VC_POLICY_H
#define VC_POLICY_H

#include "config.h"

/* As many frames as there are buffers may wait, each for its fence. */
#define VC_POLICY_FRAMES_MAX VC_DISPLAY_BUFFERS_MAX

/* The rules of one layer, from the config. */
struct vc_policy_rules {
	enum vc_layer_role role;
	uint32_t order; /* among guests: higher lies over lower */
	int64_t hold_ns;
};

/* What was decided last for a layer and accepted by the kernel. */
struct vc_policy_state {
	enum vc_layer_state state;
	enum vc_layer_reason reason;
	bool source_shown;        /* a frame of the source is on the screen (else the fallback) */
	int64_t refused_until_ns; /* no frame is eligible before; 0 if none was refused */
};

struct vc_policy_frame {
	int64_t presented_ns;
	bool ready; /* all its fences have signalled */
};

/* What is known about a layer's source now. */
struct vc_policy_input {
	bool connected;
	bool banned;         /* its sources made too many errors: nothing of them is shown */
	bool broke_protocol; /* how the last source went, when none is connected */
	int64_t sign_ns;     /* its last sign of life: connecting, a frame or a heartbeat */
	/* What is on the screen was drawn by a source before this one, whose last sign of life was then: a newcomer's
	 * heartbeats don't make an old picture true. */
	bool foreign;
	int64_t foreign_sign_ns;
	/* The output monitor found the picture wrong, or is missing: the fallback shows whatever the source does. */
	bool distrusted;
	enum vc_layer_reason distrust; /* why: VC_REASON_WRONG or VC_REASON_UNWATCHED */
	unsigned frames;               /* waiting, oldest first */
	struct vc_policy_frame frame[VC_POLICY_FRAMES_MAX];
};

#define VC_POLICY_FALLBACK (-2) /* show the fallback picture */
#define VC_POLICY_KEEP (-1)     /* keep the source's frame that is on the screen */

/* What a layer shall show from the next vblank on. */
struct vc_policy_choice {
	int frame; /* index of a waiting frame, VC_POLICY_KEEP or VC_POLICY_FALLBACK */
	enum vc_layer_state state;
	enum vc_layer_reason reason;
};

void vc_policy_state_init(struct vc_policy_state *state);

/* Decides for one layer. Never chooses a frame that isn't ready, and of the ready ones the newest. */
struct vc_policy_choice vc_policy_choose(const struct vc_policy_rules *rules, const struct vc_policy_state *state,
					 const struct vc_policy_input *input, int64_t now_ns);

/* The kernel accepted @choice: it is the layer's state now. */
void vc_policy_accept(struct vc_policy_state *state, const struct vc_policy_choice *choice);

/* The kernel refused the layer's frame: nothing of it is eligible for hold_ns. */
void vc_policy_refuse(struct vc_policy_state *state, const struct vc_policy_rules *rules, int64_t now_ns);

/* The refusal was not the frame's fault: frames are eligible again. */
void vc_policy_forgive(struct vc_policy_state *state);

/* The order in which @count layers lie on each other: fills @order with their indices, lowest first. Guests lie by
 * their order, equals as in the config; the cluster is on top of all, whatever its order. */
void vc_policy_stack(const struct vc_policy_rules *rules, unsigned count, unsigned *order);

const char *vc_policy_state_name(enum vc_layer_state state);
const char *vc_policy_reason_name(enum vc_layer_reason reason);

#endif
