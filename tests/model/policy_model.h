/* SPDX-License-Identifier: Apache-2.0 */
/* Any rules, any state that the policy can be in, and any input. */
#ifndef VC_POLICY_MODEL_H
#define VC_POLICY_MODEL_H

#include "model.h"
#include "policy.h"

static struct vc_policy_rules any_rules(void) {
	struct vc_policy_rules rules = {.role = nondet_bool() ? VC_ROLE_CLUSTER : VC_ROLE_GUEST,
					.order = nondet_uint32(),
					.hold_ns = nondet_int64()};
	ASSUME(rules.order <= VC_ORDER_MAX);
	ASSUME(rules.hold_ns >= MS && rules.hold_ns <= 60000 * MS);
	return rules;
}

/* What must be true of a layer's state after each decision: the invariant that the proofs rest on, and prove. */
static bool is_state(const struct vc_policy_state *s) {
	return s->state >= VC_STATE_WAITING && s->state <= VC_STATE_FALLBACK && s->reason >= VC_REASON_NONE &&
	       s->reason <= VC_REASON_BANNED &&
	       s->source_shown == (s->state == VC_STATE_LIVE || s->state == VC_STATE_HOLD) &&
	       (s->state == VC_STATE_LIVE) == (s->reason == VC_REASON_NONE) && s->refused_until_ns >= 0 &&
	       s->refused_until_ns <= TIME_MAX + 60000 * MS;
}

static struct vc_policy_state any_state(void) {
	uint32_t shows = nondet_uint32(), why = nondet_uint32();
	ASSUME(shows >= VC_STATE_WAITING && shows <= VC_STATE_FALLBACK && why <= VC_REASON_BANNED);
	struct vc_policy_state state = {.state = (enum vc_layer_state)shows,
					.reason = (enum vc_layer_reason)why,
					.source_shown = nondet_bool(),
					.refused_until_ns = nondet_int64()};
	ASSUME(is_state(&state));
	return state;
}

static struct vc_policy_input any_input(void) {
	struct vc_policy_input input = {.connected = nondet_bool(),
					.banned = nondet_bool(),
					.broke_protocol = nondet_bool(),
					.sign_ns = nondet_int64(),
					.foreign = nondet_bool(),
					.foreign_sign_ns = nondet_int64(),
					.distrusted = nondet_bool(),
					.distrust = nondet_bool() ? VC_REASON_WRONG : VC_REASON_UNWATCHED,
					.frames = nondet_uint32()};
	ASSUME(IS_TIME(input.sign_ns) && IS_TIME(input.foreign_sign_ns));
	ASSUME(input.frames <= VC_POLICY_FRAMES_MAX);
	for (unsigned i = 0; i < VC_POLICY_FRAMES_MAX; i++) {
		input.frame[i] = (struct vc_policy_frame){.presented_ns = nondet_int64(), .ready = nondet_bool()};
		ASSUME(IS_TIME(input.frame[i].presented_ns));
	}
	return input;
}

static int64_t any_time(void) {
	int64_t ns = nondet_int64();
	ASSUME(IS_TIME(ns));
	return ns;
}

#endif
