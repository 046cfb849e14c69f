/* SPDX-License-Identifier: Apache-2.0 */
/* The time goes into the file just before the command starts or the signal is sent: what comes after it counts. */
#include "clock.h"
#include "conf.h"
#include "log.h"
#include "recording.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int parse_signal(const char *name) {
	for (int i = 1; i < NSIG; i++) {
		const char *known = sigabbrev_np(i);
		if (known && strcmp(known, name) == 0)
			return i;
	}
	return 0;
}

bool vc_fault_write_stamp(const char *path) {
	FILE *file = fopen(path, "we");
	bool good = file && fprintf(file, "%" PRId64 "\n", vc_clock_now()) > 0;
	if (file && fclose(file) != 0)
		good = false;
	if (!good)
		vc_error("%s: %s", path, strerror(errno));
	return good;
}

int vc_fault_stamp(int argc, char **argv) {
	if (argc < 3) {
		vc_error("stamp: FILE COMMAND [ARGUMENT]... or FILE --signal SIGNAL PID... are needed");
		return 2;
	}
	if (strcmp(argv[2], "--signal") != 0) {
		if (!vc_fault_write_stamp(argv[1]))
			return 1;
		execvp(argv[2], argv + 2);
		vc_error("%s: %s", argv[2], strerror(errno));
		return 127;
	}
	int number = argc > 4 ? parse_signal(argv[3]) : 0;
	if (number == 0) {
		vc_error("stamp: --signal wants a signal's name such as KILL, and process ids");
		return 2;
	}
	int64_t pid[16];
	int pids = argc - 4;
	if (pids > 16)
		pids = 16;
	for (int i = 0; i < pids; i++)
		if (vc_conf_int(argv[4 + i], 1, INT32_MAX, &pid[i])) {
			vc_error("stamp: \"%s\" is no process id", argv[4 + i]);
			return 2;
		}
	if (!vc_fault_write_stamp(argv[1]))
		return 1;
	for (int i = 0; i < pids; i++)
		if (kill((pid_t)pid[i], number) < 0) {
			vc_error("process %d: %s", (int)pid[i], strerror(errno));
			return 1;
		}
	return 0;
}
