/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "control-client.h"
#include "log.h"
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define TICK_MS 10
#define RETRY_MS 20

struct recorder {
	int fd;
	uint32_t epoch;
	bool started; /* the header is written */
	struct vc_control_client client;
	const struct vc_frame_log *log;
	uint64_t taken; /* records of this log */
};

static bool write_header(struct recorder *r) {
	struct vc_control_status status;
	struct vc_recording_header header = {.magic = VC_RECORDING_MAGIC};
	if (r->started)
		return true;
	if (vc_control_get_status(&r->client, &status) < 0)
		return false;
	uint32_t mhz = status.output[0].refresh_mhz;
	header.period_ns = mhz ? INT64_C(1000) * VC_NS_PER_S / mhz : VC_NS_PER_S / 30;
	header.layers = status.layers;
	for (uint32_t i = 0; i < status.layers; i++) {
		memcpy(header.layer[i], status.layer[i].name, sizeof(header.layer[i]));
		header.role[i] = status.layer[i].role;
	}
	r->started = write(r->fd, &header, sizeof(header)) == (ssize_t)sizeof(header);
	return r->started;
}

/* Waits for a compositor and maps its log. */
static void connect_log(struct recorder *r) {
	for (;;) {
		if (vc_control_connect(&r->client, NULL, VC_CONTROL_TIMEOUT_MS) == 0 && write_header(r) &&
		    vc_control_open_frames(&r->client, 0, &r->log) == 0)
			break;
		vc_control_disconnect(&r->client);
		poll(NULL, 0, RETRY_MS);
	}
	r->taken = 0;
}

/* Appends what is new. Returns false when the file can't be written. */
static bool drain(struct recorder *r) {
	uint32_t lost = 0;
	uint64_t head;
	while (head = atomic_load_explicit(&r->log->head, memory_order_acquire), r->taken < head) {
		if (head - r->taken >= VC_FRAME_LOG_MAX) {
			uint64_t skip = head - r->taken - VC_FRAME_LOG_MAX + 1;
			lost += (uint32_t)skip;
			r->taken += skip;
		}
		struct vc_recording_entry entry = {
			.epoch = r->epoch, .lost = lost, .frame = r->log->record[r->taken % VC_FRAME_LOG_MAX]};
		atomic_thread_fence(memory_order_acquire);
		/* Overwritten while it was copied? The next round skips it. */
		if (atomic_load_explicit(&r->log->head, memory_order_relaxed) - r->taken >= VC_FRAME_LOG_MAX)
			continue;
		r->taken++;
		lost = 0;
		if (write(r->fd, &entry, sizeof(entry)) != (ssize_t)sizeof(entry)) {
			vc_error("recording: %s", strerror(errno));
			return false;
		}
	}
	return true;
}

int vc_fault_record(int argc, char **argv) {
	struct recorder r = {.client.sock = -1};
	if (argc != 2) {
		vc_error("record: name the file to write");
		return 2;
	}
	r.fd = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (r.fd < 0) {
		vc_error("%s: %s", argv[1], strerror(errno));
		return 1;
	}
	/* Faults that eat all memory must not stop the recorder. */
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		vc_warn("memory can't be locked: %s", strerror(errno));
	for (;; r.epoch++) {
		connect_log(&r);
		struct pollfd p = {.fd = r.client.sock, .events = POLLIN};
		while (drain(&r) && poll(&p, 1, TICK_MS) == 0)
			;
		/* The compositor has gone: what it wrote last is still in our mapping. */
		if (!drain(&r))
			return 1;
		vc_control_close_frames(r.log);
		vc_control_disconnect(&r.client);
	}
}
