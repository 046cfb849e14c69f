/* SPDX-License-Identifier: Apache-2.0 */
/* An error budget, from any state that it can be in. */
#include "budget.h"
#include "model.h"

int main(void) {
	struct vc_errors e;
	struct vc_error_rules rules = {.limit = nondet_uint32(), .window_ns = nondet_int64(), .ban_ns = nondet_int64()};
	int64_t now_ns = nondet_int64();
	ASSUME(rules.limit <= VC_ERRORS_MAX && rules.window_ns >= MS && rules.window_ns <= DAY);
	ASSUME(rules.ban_ns >= 0 && rules.ban_ns <= DAY && IS_TIME(now_ns));
	for (int i = 0; i < VC_ERRORS_MAX; i++)
		ASSUME(IS_TIME(e.at_ns[i]));
	ASSUME(e.total < UINT64_MAX && e.bans < UINT32_MAX && e.banned_until_ns >= 0);
	const struct vc_errors before = e;
	bool was_banned = vc_errors_banned(&before, now_ns);
	bool banned = vc_errors_note(&e, &rules, now_ns);
	PROVE("no limit, no ban", IMPLIES(rules.limit == 0, !banned));
	PROVE("a ban in force brings no other", IMPLIES(was_banned, !banned));
	PROVE("a new ban is in force", IMPLIES(banned && rules.ban_ns > 0, vc_errors_banned(&e, now_ns)));
	PROVE("one without end lasts", IMPLIES(banned && rules.ban_ns == 0, vc_errors_banned(&e, INT64_MAX - 1)));
	PROVE("a ban in force is not prolonged", IMPLIES(was_banned, e.banned_until_ns == before.banned_until_ns));
	vc_errors_allow(&e);
	PROVE("who is allowed is not banned", IMPLIES(now_ns >= 0, !vc_errors_banned(&e, now_ns)));
	PROVE("and starts anew", vc_errors_recent(&e, &rules, now_ns) == 0);
	return 0;
}
