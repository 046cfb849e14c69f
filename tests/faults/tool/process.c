/* SPDX-License-Identifier: Apache-2.0 */
/* What this machine takes to start a process that does nothing and to learn that it has ended: prints the median of several, in ms. */
#include "clock.h"
#include "log.h"
#include "recording.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define TIMES 5

static int compare(const void *a, const void *b) {
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

int vc_fault_process(int argc, char **argv) {
	char *const command[] = {"/bin/true", NULL};
	int64_t took_ns[TIMES];
	(void)argv;
	if (argc != 1) {
		vc_error("process: takes no arguments");
		return 2;
	}
	for (int i = 0; i < TIMES; i++) {
		const int64_t start_ns = vc_clock_now();
		pid_t pid;
		int err = posix_spawn(&pid, command[0], NULL, NULL, command, NULL), status = 0;
		if (err == 0 && waitpid(pid, &status, 0) < 0)
			err = errno;
		if (err != 0 || status != 0) {
			vc_error("%s: %s", command[0], err ? strerror(err) : "failed");
			return 1;
		}
		took_ns[i] = vc_clock_now() - start_ns;
	}
	qsort(took_ns, TIMES, sizeof(took_ns[0]), compare);
	printf("%.2f\n", (double)took_ns[TIMES / 2] / (double)VC_NS_PER_MS);
	return 0;
}
