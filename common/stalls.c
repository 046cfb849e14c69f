/* SPDX-License-Identifier: Apache-2.0 */
#include "stalls.h"

#include <sys/resource.h>

static struct rusage so_far(void) {
	struct rusage usage = {0};
	getrusage(RUSAGE_THREAD, &usage);
	return usage;
}

void vc_stalls_wake(struct vc_stalls *stalls) {
	struct rusage usage = so_far();
	stalls->at.minor = usage.ru_minflt;
	stalls->at.major = usage.ru_majflt;
	stalls->at.switches = usage.ru_nvcsw;
}

void vc_stalls_sleep(struct vc_stalls *stalls) {
	struct rusage usage = so_far();
	stalls->minor_faults += (uint64_t)(usage.ru_minflt - stalls->at.minor);
	stalls->major_faults += (uint64_t)(usage.ru_majflt - stalls->at.major);
	stalls->waits += (uint64_t)(usage.ru_nvcsw - stalls->at.switches);
	stalls->turns++;
}

void vc_stalls_commit_begin(struct vc_stalls *stalls) {
	stalls->commit_switches = so_far().ru_nvcsw;
}

void vc_stalls_commit_end(struct vc_stalls *stalls) {
	long waits = so_far().ru_nvcsw - stalls->commit_switches;
	stalls->waits_commit += (uint64_t)waits;
	stalls->at.switches += waits;
}
