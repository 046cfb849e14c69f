/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a worker writes to its standard error, native code included, on its way to the broker's log: whole lines, each with the
 * worker's number before it, printable, and not more of them than BURST in PERIOD_MS.
 */
#ifndef VC_CL_WORKER_LOG_H
#define VC_CL_WORKER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { VC_WORKER_LOG_LINE = 400, VC_WORKER_LOG_BURST = 100, VC_WORKER_LOG_PERIOD_MS = 10000 };

struct vc_worker_log {
	pid_t worker;
	char line[VC_WORKER_LOG_LINE];
	size_t used;
	int64_t since_ns; /* of this period */
	unsigned said, dropped;
};

/* Takes @size bytes of the worker's at the time @now_ns, and logs the lines that they complete. */
void vc_worker_log_take(struct vc_worker_log *log, const char *bytes, size_t size, int64_t now_ns);

/* The worker has ended: logs what is left. */
void vc_worker_log_finish(struct vc_worker_log *log);

#endif
