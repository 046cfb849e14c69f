/* SPDX-License-Identifier: Apache-2.0 */
#include "trust.h"

void vc_trust_init(struct vc_trust *trust, int64_t now_ns) {
	*trust = (struct vc_trust){.sign_ns = now_ns, .output_ns = now_ns};
}

static void hear_source(struct vc_trust *trust, const struct vc_trust_rules *rules, bool good, int64_t now_ns) {
	bool gap = now_ns - trust->source_ns >= rules->silent_ns;
	trust->source_ns = now_ns;
	if (!good) {
		trust->source_wrong = true;
		trust->good_from_ns = 0;
		return;
	}
	if (trust->good_from_ns == 0 || gap)
		trust->good_from_ns = now_ns;
	if (now_ns - trust->good_from_ns >= rules->trust_ns)
		trust->source_wrong = false;
}

void vc_trust_hear(struct vc_trust *trust, const struct vc_trust_rules *rules, enum vc_monitor_check check, bool good,
		   int64_t now_ns) {
	trust->sign_ns = now_ns;
	if (check == VC_CHECK_SOURCE) {
		hear_source(trust, rules, good, now_ns);
	} else if (check == VC_CHECK_OUTPUT) {
		trust->output_wrong = !good;
		trust->output_ns = now_ns;
	}
}

bool vc_trust_blind(const struct vc_trust *trust, const struct vc_trust_rules *rules, int64_t now_ns) {
	return rules->output_max_ns > 0 && now_ns - trust->output_ns >= rules->output_max_ns;
}

enum vc_layer_reason vc_trust_judge(const struct vc_trust *trust, const struct vc_trust_rules *rules, int64_t now_ns) {
	if (trust->source_wrong || trust->output_wrong)
		return VC_REASON_WRONG;
	bool lost = now_ns - trust->sign_ns >= rules->lost_ns || vc_trust_blind(trust, rules, now_ns);
	if (rules->lost_safe && lost)
		return VC_REASON_UNWATCHED;
	return VC_REASON_NONE;
}
