/* SPDX-License-Identifier: Apache-2.0 */
#include "worker-log.h"

#include "clock.h"
#include "log.h"

#include <string.h>

static void tell_dropped(struct vc_worker_log *log) {
	if (log->dropped > 0)
		vc_warn("worker %d: %u more lines dropped", (int)log->worker, log->dropped);
	log->dropped = 0;
}

static void say(struct vc_worker_log *log, int64_t now_ns) {
	const char *line = log->line;
	enum vc_log_level level = VC_LOG_INFO;
	log->line[log->used] = '\0';
	/* Under systemd our own lines begin with a priority, see log.h. */
	if (log->used >= 3 && line[0] == '<' && line[1] >= '3' && line[1] <= '7' && line[2] == '>') {
		level = (enum vc_log_level)(line[1] - '0');
		line += 3;
	}
	log->used = 0;
	if (now_ns - log->since_ns >= VC_WORKER_LOG_PERIOD_MS * VC_NS_PER_MS) {
		tell_dropped(log);
		log->since_ns = now_ns;
		log->said = 0;
	}
	if (log->said >= VC_WORKER_LOG_BURST) {
		log->dropped++;
		return;
	}
	log->said++;
	if (*line != '\0')
		vc_log(level, "worker %d: %s", (int)log->worker, line);
}

void vc_worker_log_take(struct vc_worker_log *log, const char *bytes, size_t size, int64_t now_ns) {
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] != '\n')
			log->line[log->used++] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : '?';
		if (bytes[i] == '\n' || log->used == sizeof(log->line) - 1)
			say(log, now_ns);
	}
}

void vc_worker_log_finish(struct vc_worker_log *log) {
	if (log->used > 0)
		say(log, log->since_ns);
	tell_dropped(log);
}
