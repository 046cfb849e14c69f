/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups for workers (cgroup v2), where systemd has delegated them: vcockpit-cld.service has Delegate=yes and runs the broker in
 * the subgroup "broker", beside which each worker gets a group. It bounds memory of every kind, memory files included, and processes.
 * Where there is no such place nothing of this happens, and workers are bounded by their rlimits alone.
 */
#ifndef VC_CL_CGROUP_H
#define VC_CL_CGROUP_H

#include "broker.h"

/* Looks for the place, and says what is missing there. Returns false, with a line in the log, when there is one that can't be used, or when
 * need_groups is set and something is missing. */
bool vc_cl_cgroup_set_up(struct vc_cl_broker *broker);

/* All do nothing and succeed without control groups. make, enter: false with a line in the log. */
bool vc_cl_cgroup_make(const struct vc_cl_broker *broker, unsigned place);
bool vc_cl_cgroup_enter(const struct vc_cl_broker *broker, unsigned place);
void vc_cl_cgroup_kill(const struct vc_cl_broker *broker, unsigned place);
void vc_cl_cgroup_remove(const struct vc_cl_broker *broker, unsigned place);

#endif
