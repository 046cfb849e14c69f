/* SPDX-License-Identifier: Apache-2.0 */
#include "recording.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

static bool header_ok(const struct vc_recording_header *h) {
	if (h->magic != VC_RECORDING_MAGIC || h->layers > VC_CONTROL_LAYERS_MAX || h->period_ns <= 0)
		return false;
	for (uint32_t i = 0; i < h->layers; i++)
		if (memchr(h->layer[i], '\0', sizeof(h->layer[i])) == NULL)
			return false;
	return true;
}

bool vc_recording_open(struct vc_recording *log, const char *path, int64_t limit_ns) {
	log->fd = -1;
	log->read = log->at = log->held = 0;
	for (;;) {
		log->fd = open(path, O_RDONLY | O_CLOEXEC);
		if (log->fd >= 0 && pread(log->fd, &log->header, sizeof(log->header), 0) == sizeof(log->header))
			break;
		int err = log->fd < 0 ? errno : 0;
		vc_recording_close(log);
		if (vc_clock_now() >= limit_ns) {
			vc_error("recording %s: %s; is \"vc-fault record\" running?", path,
				 err ? strerror(err) : "nothing in it");
			return false;
		}
		poll(NULL, 0, 10);
	}
	if (header_ok(&log->header))
		return true;
	vc_error("%s: not a recording of this version (" VC_VERSION ")", path);
	vc_recording_close(log);
	return false;
}

void vc_recording_close(struct vc_recording *log) {
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

bool vc_recording_next(struct vc_recording *log, struct vc_recording_entry *entry) {
	if (log->at == log->held) {
		off_t from = (off_t)(sizeof(log->header) + log->read * sizeof(*entry));
		ssize_t got = pread(log->fd, log->ahead, sizeof(log->ahead), from);
		log->held = got > 0 ? (size_t)got / sizeof(*entry) : 0;
		log->at = 0;
	}
	if (log->at == log->held)
		return false;
	*entry = log->ahead[log->at++];
	log->read++;
	return true;
}

int vc_recording_layer(const struct vc_recording *log, const char *name) {
	for (uint32_t i = 0; i < log->header.layers; i++)
		if (name ? strcmp(log->header.layer[i], name) == 0 : log->header.role[i] == VC_ROLE_CLUSTER)
			return (int)i;
	vc_error("there is no layer %s in the recording", name ? name : "of the cluster's role");
	return -1;
}
