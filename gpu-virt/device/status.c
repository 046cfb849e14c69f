/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include "frame-times.h"
#include "ipc.h"
#include "log.h"

#include <errno.h>
#include <json-c/json.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void put_u64(json_object *o, const char *key, uint64_t value) {
	json_object_object_add(o, key, json_object_new_uint64(value));
}

static void put_bool(json_object *o, const char *key, uint32_t value) {
	json_object_object_add(o, key, json_object_new_boolean(value != 0));
}

#define COUNTER(name) {#name, offsetof(struct vc_gpu_counters, name)}

static json_object *counters_json(const struct vc_gpu_counters *counters) {
	static const struct {
		const char *name;
		size_t offset;
	} table[] = {
		COUNTER(commands),
		COUNTER(errors),
		COUNTER(submits),
		COUNTER(cursor_commands),
		COUNTER(flushes),
		COUNTER(frames),
		COUNTER(frames_in_place),
		COUNTER(frames_direct),
		COUNTER(frames_lost),
		COUNTER(frames_undelivered),
		COUNTER(bytes_copied),
		COUNTER(bytes_transferred),
		COUNTER(worker_starts),
		COUNTER(worker_faults),
		COUNTER(bans),
		COUNTER(connections),
		COUNTER(connection_faults),
		COUNTER(display_connections),
	};
	json_object *o = json_object_new_object();
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint64_t value;
		memcpy(&value, (const char *)counters + table[i].offset, sizeof(value));
		put_u64(o, table[i].name, value);
	}
	return o;
}

static json_object *status_json(const struct vc_gpu_status *s) {
	json_object *o = json_object_new_object();
	json_object_object_add(o, "pid", json_object_new_int(s->pid));
	json_object_object_add(o, "worker_pid", json_object_new_int(s->worker_pid));
	put_bool(o, "worker_ready", s->worker_ready);
	put_bool(o, "virgl", s->virgl);
	json_object_object_add(o, "renderer", json_object_new_string(s->renderer));
	put_bool(o, "guest_connected", s->guest);
	put_bool(o, "display_connected", s->display);
	put_u64(o, "width", s->width);
	put_u64(o, "height", s->height);
	put_u64(o, "refresh_mhz", s->refresh_mhz);
	json_object *scanout = json_object_new_object();
	put_u64(scanout, "resource", s->scanout_resource);
	put_u64(scanout, "width", s->scanout_width);
	put_u64(scanout, "height", s->scanout_height);
	put_bool(scanout, "lost", s->scanout_lost);
	json_object_object_add(o, "scanout", scanout);
	put_u64(o, "resources", s->resources);
	put_u64(o, "resource_bytes", s->resource_bytes);
	put_u64(o, "contexts", s->contexts);
	put_u64(o, "resets", s->resets);
	put_u64(o, "backing_pieces", s->backing_pieces);
	put_bool(o, "banned", s->banned);
	put_u64(o, "recent_faults", s->recent_faults);
	put_u64(o, "max_faults", s->max_faults);
	if (s->readmit_in_ms >= 0)
		put_u64(o, "readmit_in_ms", (uint64_t)s->readmit_in_ms);
	json_object_object_add(o, "last_reason", json_object_new_string(s->last_reason));
	json_object_object_add(o, "counters", counters_json(&s->counters));
	return o;
}

/* @times: gets the descriptor that came along, -1 if none; the caller's then. NULL: not wanted. */
static bool ask(const char *path, struct vc_gpu_status *status, int *times) {
	int sock = vc_ipc_connect(path);
	if (sock < 0) {
		vc_error("%s: %s; is vcockpit-gpu running for this guest?", path, strerror(-sock));
		return false;
	}
	int fd = -1;
	unsigned fds = 1;
	ssize_t got = vc_ipc_recv(sock, status, sizeof(*status), &fd, &fds);
	close(sock);
	bool good =
		got == sizeof(*status) && status->version == VC_GPU_STATUS_VERSION && status->size == sizeof(*status);
	if (!good)
		vc_error("%s: the answer is not of this version (%s)", path, VC_VERSION);
	if (good && times)
		*times = fd;
	else if (fd >= 0)
		close(fd);
	return good;
}

int vc_status_print_frames(const char *path) {
	struct vc_gpu_status status;
	int times = -1;
	if (!ask(path, &status, &times))
		return 1;
	int code = vc_frame_times_print(times);
	if (times >= 0)
		close(times);
	return code;
}

int vc_status_print(const char *path) {
	struct vc_gpu_status status;
	if (!ask(path, &status, NULL))
		return 1;
	status.renderer[sizeof(status.renderer) - 1] = status.last_reason[sizeof(status.last_reason) - 1] = '\0';
	json_object *json = status_json(&status);
	puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY));
	json_object_put(json);
	return 0;
}
