/* SPDX-License-Identifier: Apache-2.0 */
#include "policy.h"

void vc_policy_state_init(struct vc_policy_state *state) {
	*state = (struct vc_policy_state){.state = VC_STATE_WAITING, .reason = VC_REASON_NO_SOURCE};
}

static int newest_ready(const struct vc_policy_input *input) {
	for (unsigned i = input->frames; i > 0; i--)
		if (input->frame[i - 1].ready)
			return (int)(i - 1);
	return -1;
}

/* What is wrong with the source, and for how long already. */
struct trouble {
	enum vc_layer_reason reason;
	int64_t age_ns;
};

static struct trouble find_trouble(const struct vc_policy_state *state, const struct vc_policy_input *input,
				   int64_t now_ns) {
	struct trouble gone = {input->broke_protocol ? VC_REASON_PROTOCOL : VC_REASON_GONE, now_ns - input->sign_ns};
	if (state->source_shown && input->foreign) {
		gone.age_ns = now_ns - input->foreign_sign_ns;
		return gone;
	}
	if (!input->connected)
		return gone;
	/* Frames keep a stuck source from being silent; the oldest of them tells how long it has been stuck. */
	if (input->frames > 0)
		return (struct trouble){VC_REASON_FENCE, now_ns - input->frame[0].presented_ns};
	return (struct trouble){VC_REASON_SILENT, now_ns - input->sign_ns};
}

static struct vc_policy_choice show(int frame, enum vc_layer_state state, enum vc_layer_reason reason) {
	return (struct vc_policy_choice){.frame = frame, .state = state, .reason = reason};
}

/* No frame of the source is on the screen and none is ready: the fallback stays, perhaps for another reason. */
static struct vc_policy_choice stay_in_fallback(const struct vc_policy_rules *rules,
						const struct vc_policy_state *state,
						const struct vc_policy_input *input, struct trouble trouble) {
	enum vc_layer_reason reason = state->reason;
	if (trouble.age_ns >= rules->hold_ns || (!input->connected && state->reason != VC_REASON_REFUSED))
		reason = trouble.reason;
	if (state->state != VC_STATE_WAITING)
		return show(VC_POLICY_FALLBACK, VC_STATE_FALLBACK, reason);
	/* Before the first frame a source that isn't there was never there, whatever it did. */
	if (!input->connected && reason != VC_REASON_PROTOCOL)
		reason = VC_REASON_NO_SOURCE;
	return show(VC_POLICY_FALLBACK, VC_STATE_WAITING, reason);
}

struct vc_policy_choice vc_policy_choose(const struct vc_policy_rules *rules, const struct vc_policy_state *state,
					 const struct vc_policy_input *input, int64_t now_ns) {
	if (input->distrusted)
		return show(VC_POLICY_FALLBACK, VC_STATE_FALLBACK, input->distrust);
	if (input->banned)
		return show(VC_POLICY_FALLBACK, VC_STATE_FALLBACK, VC_REASON_BANNED);
	if (now_ns < state->refused_until_ns)
		return show(VC_POLICY_FALLBACK, VC_STATE_FALLBACK, VC_REASON_REFUSED);
	int ready = newest_ready(input);
	if (ready >= 0)
		return show(ready, VC_STATE_LIVE, VC_REASON_NONE);
	struct trouble trouble = find_trouble(state, input, now_ns);
	if (!state->source_shown)
		return stay_in_fallback(rules, state, input, trouble);
	if (trouble.age_ns >= rules->hold_ns)
		return show(VC_POLICY_FALLBACK, VC_STATE_FALLBACK, trouble.reason);
	/* A source may take half of its hold time between two signs of life without being called late. */
	if (!input->connected || input->foreign || trouble.age_ns >= rules->hold_ns / 2)
		return show(VC_POLICY_KEEP, VC_STATE_HOLD, trouble.reason);
	return show(VC_POLICY_KEEP, VC_STATE_LIVE, VC_REASON_NONE);
}

void vc_policy_accept(struct vc_policy_state *state, const struct vc_policy_choice *choice) {
	state->state = choice->state;
	state->reason = choice->reason;
	state->source_shown = choice->frame != VC_POLICY_FALLBACK;
	if (choice->frame >= 0)
		state->refused_until_ns = 0;
}

void vc_policy_refuse(struct vc_policy_state *state, const struct vc_policy_rules *rules, int64_t now_ns) {
	state->refused_until_ns = now_ns + rules->hold_ns;
}

void vc_policy_forgive(struct vc_policy_state *state) {
	state->refused_until_ns = 0;
}

void vc_policy_stack(const struct vc_policy_rules *rules, unsigned count, unsigned *order) {
	unsigned n = 0;
	for (unsigned i = 0; i < count; i++) {
		if (rules[i].role == VC_ROLE_CLUSTER)
			continue;
		unsigned at = n++;
		for (; at > 0 && rules[order[at - 1]].order > rules[i].order; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	for (unsigned i = 0; i < count; i++)
		if (rules[i].role == VC_ROLE_CLUSTER)
			order[n++] = i;
}

const char *vc_policy_state_name(enum vc_layer_state state) {
	static const char *const names[] = {"?", "waiting", "live", "hold", "fallback"};
	return names[state <= VC_STATE_FALLBACK ? state : 0];
}

const char *vc_policy_reason_name(enum vc_layer_reason reason) {
	static const char *const names[] = {"none",
					    "no source connected",
					    "source is silent",
					    "source is gone",
					    "frames come, but their fences do not signal",
					    "the kernel refused the frame",
					    "source broke the protocol",
					    "the output monitor found the picture wrong",
					    "the output monitor is silent",
					    "banned: too many errors"};
	return names[reason <= VC_REASON_BANNED ? reason : 0];
}
