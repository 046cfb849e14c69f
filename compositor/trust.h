/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far the cluster's picture is believed, given what the output monitor said and when. Pure functions, as in policy.h.
 *
 * One bad verdict ends the trust. It comes back after trust_ns of good verdicts about the source's frames without a bad one
 * or a gap between; if it was the output that was wrong, a good one about the output must have come, too. A monitor that is
 * silent changes nothing about that; whether its silence alone ends the trust is the config's choice. One that has not checked
 * the output for output_max_ns is no better than a silent one.
 */
#ifndef VC_TRUST_H
#define VC_TRUST_H

#include "control-proto.h"

#include <stdbool.h>
#include <stdint.h>

struct vc_trust_rules {
	int64_t trust_ns;      /* so long must verdicts be good */
	int64_t silent_ns;     /* a monitor that says nothing for so long is silent: said in status and log */
	int64_t lost_ns;       /* and for so long is lost */
	int64_t output_max_ns; /* a monitor that has not checked the output for so long is lost, too; 0: it need not */
	bool lost_safe;        /* a lost monitor leads to the safe picture; else the cluster goes on unwatched */
};

/* What is known about one layer. */
struct vc_trust {
	bool source_wrong, output_wrong;
	int64_t good_from_ns; /* since when verdicts about the source's frames are good; 0: the last wasn't */
	int64_t source_ns;    /* when the last of those came */
	int64_t sign_ns;      /* the monitor's last word, about anything; at first, when the waiting for it began */
	int64_t output_ns;    /* its last word about the output, likewise */
};

void vc_trust_init(struct vc_trust *trust, int64_t now_ns);

/* The monitor spoke: about this layer if @check is not VC_CHECK_NONE. */
void vc_trust_hear(struct vc_trust *trust, const struct vc_trust_rules *rules, enum vc_monitor_check check, bool good,
		   int64_t now_ns);

/* Has the output not been checked for too long? */
bool vc_trust_blind(const struct vc_trust *trust, const struct vc_trust_rules *rules, int64_t now_ns);

/* Is the layer's picture to be believed? VC_REASON_NONE, or why not: VC_REASON_WRONG, VC_REASON_UNWATCHED. */
enum vc_layer_reason vc_trust_judge(const struct vc_trust *trust, const struct vc_trust_rules *rules, int64_t now_ns);

#endif
