/* SPDX-License-Identifier: Apache-2.0 */
/* Any number of layers, the cluster anywhere among them in the config or missing: it is on top, and nobody is forgotten. */
#include "policy_model.h"

/* So many layers have any orders; more of them, which would take minutes, have all the same. */
#define ORDERED_MAX 4

/* @cluster: its index, or @count for none. */
static void stack(unsigned count, unsigned cluster) {
	struct vc_policy_rules rules[VC_LAYERS_MAX];
	unsigned order[VC_LAYERS_MAX];
	for (unsigned i = 0; i < count; i++) {
		rules[i].role = i == cluster ? VC_ROLE_CLUSTER : VC_ROLE_GUEST;
		rules[i].order = count <= ORDERED_MAX ? nondet_uint32() : 0;
		/* Orders are only compared, so as many values as there are layers stand for all there are. */
		ASSUME(rules[i].order < VC_LAYERS_MAX);
	}

	vc_policy_stack(rules, count, order);

	bool seen[VC_LAYERS_MAX] = {false};
	for (unsigned i = 0; i < count; i++) {
		PROVE("the stack holds layers that exist", order[i] < count);
		ASSUME(order[i] < count);
		PROVE("and each of them once", !seen[order[i]]);
		seen[order[i]] = true;
	}
	if (cluster < count)
		PROVE("no layer is above the cluster", order[count - 1] == cluster);
	for (unsigned i = 1; i < (cluster < count ? count - 1 : count); i++) {
		const unsigned below = order[i - 1], above = order[i];
		PROVE("guests lie by their order", rules[below].order <= rules[above].order);
		PROVE("equals as in the config", IMPLIES(rules[below].order == rules[above].order, below < above));
	}
}

int main(void) {
	for (unsigned count = 0; count <= VC_LAYERS_MAX; count++)
		for (unsigned cluster = 0; cluster <= count; cluster++)
			stack(count, cluster);
	return 0;
}
