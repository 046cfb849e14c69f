/* SPDX-License-Identifier: Apache-2.0 */
#include "budget.h"

#include "clock.h"

void vc_bucket_init(struct vc_bucket *bucket, uint32_t rate, int64_t now_ns) {
	*bucket = (struct vc_bucket){.level = rate * VC_NS_PER_S, .at_ns = now_ns};
}

bool vc_bucket_take(struct vc_bucket *bucket, uint32_t rate, uint32_t count, int64_t now_ns) {
	const int64_t full = rate * VC_NS_PER_S, wanted = count * VC_NS_PER_S;
	int64_t passed = now_ns - bucket->at_ns;
	if (passed < 0 || passed > VC_NS_PER_S)
		passed = passed < 0 ? 0 : VC_NS_PER_S;
	bucket->level += passed * rate;
	bucket->at_ns = now_ns;
	if (bucket->level > full)
		bucket->level = full;
	if (bucket->level < wanted)
		return false;
	bucket->level -= wanted;
	return true;
}

uint32_t vc_errors_recent(const struct vc_errors *errors, const struct vc_error_rules *rules, int64_t now_ns) {
	uint32_t known = errors->total < VC_ERRORS_MAX ? (uint32_t)errors->total : VC_ERRORS_MAX, recent = 0;
	for (uint32_t i = 0; i < known; i++)
		if (errors->at_ns[i] != 0 && now_ns - errors->at_ns[i] < rules->window_ns)
			recent++;
	return recent;
}

bool vc_errors_note(struct vc_errors *errors, const struct vc_error_rules *rules, int64_t now_ns) {
	errors->at_ns[errors->total++ % VC_ERRORS_MAX] = now_ns;
	if (rules->limit == 0 || vc_errors_banned(errors, now_ns) ||
	    vc_errors_recent(errors, rules, now_ns) < rules->limit)
		return false;
	errors->bans++;
	errors->banned_until_ns = rules->ban_ns > 0 ? now_ns + rules->ban_ns : VC_BAN_UNTIL_ALLOWED;
	/* They are paid for: after the ban the counting starts anew. */
	for (uint32_t i = 0; i < VC_ERRORS_MAX; i++)
		errors->at_ns[i] = 0;
	return true;
}

bool vc_errors_banned(const struct vc_errors *errors, int64_t now_ns) {
	return now_ns < errors->banned_until_ns;
}

void vc_errors_allow(struct vc_errors *errors) {
	errors->banned_until_ns = 0;
	for (uint32_t i = 0; i < VC_ERRORS_MAX; i++)
		errors->at_ns[i] = 0;
}
