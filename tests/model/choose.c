/* SPDX-License-Identifier: Apache-2.0 */
/* One layer, one decision: what may be chosen, whatever the source did before. */
#include "policy_model.h"

int main(void) {
	const struct vc_policy_rules rules = any_rules();
	struct vc_policy_state state = any_state();
	const struct vc_policy_state before = state;
	const struct vc_policy_input input = any_input();
	int64_t now_ns = any_time();

	struct vc_policy_choice c = vc_policy_choose(&rules, &state, &input, now_ns);

	bool frame = c.frame >= 0, keep = c.frame == VC_POLICY_KEEP, fallback = c.frame == VC_POLICY_FALLBACK;
	PROVE("a decision is a frame, the frame on the screen, or the fallback: nothing is nothing",
	      frame || keep || fallback);
	PROVE("every decision carries the cluster layer or the safe picture",
	      IMPLIES(rules.role == VC_ROLE_CLUSTER,
		      (frame && c.frame < (int)input.frames && input.frame[c.frame].ready) ||
			      (keep && before.source_shown) || fallback));
	PROVE("a chosen frame is one that waits", IMPLIES(frame, c.frame < (int)input.frames));
	PROVE("an unready frame is never chosen", IMPLIES(frame, input.frame[frame ? c.frame : 0].ready));
	for (int i = 0; i < VC_POLICY_FRAMES_MAX; i++)
		PROVE("of the ready frames the newest is chosen",
		      IMPLIES(frame && i > c.frame && i < (int)input.frames, !input.frame[i].ready));
	PROVE("only what is on the screen is kept there", IMPLIES(keep, before.source_shown));
	PROVE("a picture that is distrusted is not shown", IMPLIES(input.distrusted, fallback));
	PROVE("and the reason says why", IMPLIES(input.distrusted, c.reason == input.distrust));
	PROVE("a banned source is not shown", IMPLIES(input.banned, fallback));
	PROVE("a refused source is not shown before its time is over",
	      IMPLIES(now_ns < before.refused_until_ns, fallback));
	int64_t sign_ns = input.foreign ? input.foreign_sign_ns : input.sign_ns;
	PROVE("no picture outlives its source's last sign of life by hold_ms",
	      IMPLIES(keep && (input.foreign || !input.connected || input.frames == 0),
		      now_ns - sign_ns < rules.hold_ns));
	PROVE("nor the first of the frames that stay unready",
	      IMPLIES(keep && input.connected && !input.foreign && input.frames > 0,
		      now_ns - input.frame[0].presented_ns < rules.hold_ns));
	PROVE("state and decision agree", fallback == (c.state == VC_STATE_WAITING || c.state == VC_STATE_FALLBACK));
	PROVE("every refusal carries its reason", (c.state == VC_STATE_LIVE) == (c.reason == VC_REASON_NONE));
	PROVE("a ready frame of a source in good standing is shown",
	      IMPLIES(input.frames > 0 && input.frame[0].ready && !input.distrusted && !input.banned &&
			      now_ns >= before.refused_until_ns,
		      frame));

	if (nondet_bool())
		vc_policy_accept(&state, &c);
	else
		vc_policy_refuse(&state, &rules, now_ns);
	PROVE("whatever happens leads to a good state", is_state(&state));
	return 0;
}
