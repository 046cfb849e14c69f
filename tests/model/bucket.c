/* SPDX-License-Identifier: Apache-2.0 */
/* A budget per second, from any state that it can be in. */
#include "budget.h"
#include "model.h"

#define S (INT64_C(1000) * MS)

/* The ends of what the config allows, and rates between: products of two undetermined numbers take a solver for ever. */
static uint32_t any_rate(void) {
	static const uint32_t rates[] = {1, 10, 60, 100, 500, 100000};
	unsigned i = nondet_uint32();
	ASSUME(i < sizeof(rates) / sizeof(rates[0]));
	return rates[i];
}

int main(void) {
	const uint32_t rate = any_rate();
	uint32_t count = nondet_uint32();
	struct vc_bucket b = {.level = nondet_int64(), .at_ns = nondet_int64()};
	int64_t now_ns = nondet_int64();
	ASSUME(count >= 1 && count <= 16);
	ASSUME(b.level >= 0 && b.level <= rate * S && IS_TIME(b.at_ns) && IS_TIME(now_ns));
	const struct vc_bucket before = b;
	bool taken = vc_bucket_take(&b, rate, count, now_ns);
	PROVE("a bucket never holds more than a second's worth, nor less than nothing",
	      b.level >= 0 && b.level <= rate * S);
	PROVE("nothing is taken that isn't there", IMPLIES(taken && now_ns <= before.at_ns, before.level >= count * S));
	PROVE("what was taken is gone", IMPLIES(taken && now_ns <= before.at_ns, b.level == before.level - count * S));
	return 0;
}
