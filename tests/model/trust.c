/* SPDX-License-Identifier: Apache-2.0 */
/* What the output monitor's verdicts lead to, from any state that the trust can be in. */
#include "trust.h"
#include "model.h"

static int64_t any_duration(void) {
	int64_t ns = nondet_int64();
	ASSUME(ns >= MS && ns <= 600000 * MS);
	return ns;
}

int main(void) {
	const struct vc_trust_rules rules = {.trust_ns = any_duration(),
					     .silent_ns = any_duration(),
					     .lost_ns = any_duration(),
					     .output_max_ns = nondet_bool() ? 0 : any_duration(),
					     .lost_safe = nondet_bool()};
	struct vc_trust t = {.source_wrong = nondet_bool(),
			     .output_wrong = nondet_bool(),
			     .good_from_ns = nondet_int64(),
			     .source_ns = nondet_int64(),
			     .sign_ns = nondet_int64(),
			     .output_ns = nondet_int64()};
	int64_t now_ns = nondet_int64(), later_ns = nondet_int64();
	ASSUME(IS_TIME(t.good_from_ns) && IS_TIME(t.source_ns) && IS_TIME(t.sign_ns) && IS_TIME(t.output_ns));
	ASSUME(IS_TIME(now_ns) && IS_TIME(later_ns) && now_ns <= later_ns);
	ASSUME(t.good_from_ns <= now_ns && t.source_ns <= now_ns && t.sign_ns <= now_ns && t.output_ns <= now_ns);
	const struct vc_trust before = t;
	const enum vc_monitor_check check = nondet_bool()   ? VC_CHECK_NONE
					    : nondet_bool() ? VC_CHECK_SOURCE
							    : VC_CHECK_OUTPUT;
	const bool good = nondet_bool();

	vc_trust_hear(&t, &rules, check, good, now_ns);
	enum vc_layer_reason now = vc_trust_judge(&t, &rules, now_ns), later = vc_trust_judge(&t, &rules, later_ns);

	PROVE("one bad verdict ends the trust", IMPLIES(check != VC_CHECK_NONE && !good, now == VC_REASON_WRONG));
	PROVE("silence brings no trust back", IMPLIES(now == VC_REASON_WRONG, later == VC_REASON_WRONG));
	PROVE("a wrong source is believed only after trust_ms of good verdicts",
	      IMPLIES(before.source_wrong && !t.source_wrong,
		      check == VC_CHECK_SOURCE && good && now_ns - t.good_from_ns >= rules.trust_ns));
	PROVE("a wrong output only after a good verdict about the output",
	      IMPLIES(before.output_wrong && !t.output_wrong, check == VC_CHECK_OUTPUT && good));
	PROVE("a lost monitor leads to the safe picture if the config says so",
	      IMPLIES(rules.lost_safe && later_ns - now_ns >= rules.lost_ns, later != VC_REASON_NONE));
	PROVE("and one that has not checked the output, too",
	      IMPLIES(rules.lost_safe && rules.output_max_ns > 0 && later_ns - t.output_ns >= rules.output_max_ns,
		      later != VC_REASON_NONE));
	PROVE("only a check of the output counts as one",
	      IMPLIES(check != VC_CHECK_OUTPUT, t.output_ns == before.output_ns));
	PROVE("and to nothing if not", IMPLIES(!rules.lost_safe && now == VC_REASON_NONE, later == VC_REASON_NONE));
	return 0;
}
