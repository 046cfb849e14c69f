/* SPDX-License-Identifier: Apache-2.0 */
/* Faults of the whole guest. The answer is on its way when they begin: the port needs some ms of a living kernel. */
#include "guest-fault.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <unistd.h>

#define ANSWER_US 300000

static bool put(const char *path, const char *text) {
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	if (!good)
		fault_say("%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return good;
}

int fault_panic(int64_t until_ns) {
	(void)until_ns;
	usleep(ANSWER_US);
	put("/proc/sysrq-trigger", "c");
	return 1;
}

int fault_reboot(int64_t until_ns) {
	(void)until_ns;
	usleep(ANSWER_US);
	reboot(RB_AUTOBOOT);
	fault_say("reboot: %s", strerror(errno));
	return 1;
}

/*
 * By default the kernel keeps 5 % of the time for programs without real-time priority: by throttling, or since 6.12 by a server of its
 * own, which only debugfs can switch off.
 */
static bool keep_nothing_back(long cpus) {
	char path[96];
	bool good = put("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
	if (access("/sys/kernel/debug/sched", F_OK) < 0) {
		fault_say("/sys/kernel/debug/sched: %s; the kernel needs CONFIG_SCHED_DEBUG", strerror(errno));
		return false;
	}
	for (long cpu = 0; cpu < cpus && access("/sys/kernel/debug/sched/fair_server", F_OK) == 0; cpu++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/sched/fair_server/cpu%ld/runtime", cpu);
		good = put(path, "0") && good;
	}
	return good;
}

int fault_hang(int64_t until_ns) {
	usleep(ANSWER_US);
	mlockall(MCL_CURRENT | MCL_FUTURE);
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	if (!keep_nothing_back(cpus))
		return 1;
	for (long cpu = 1; cpu < cpus; cpu++)
		if (fork() == 0)
			break;
	struct sched_param top = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
	if (sched_setscheduler(0, SCHED_FIFO, &top) < 0) {
		fault_say("no priority: %s", strerror(errno));
		return 1;
	}
	while (fault_now() < until_ns)
		;
	return 0;
}
