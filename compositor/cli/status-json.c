/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include "json-number.h"
#include "words.h"

static double mean(int64_t sum, uint64_t count) {
	return count ? (double)sum / (double)count : 0;
}

static json_object *output_json(const struct vc_control_output *o) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "name", json_object_new_string(o->name));
	json_object_object_add(json, "card", json_object_new_string(o->card));
	json_object_object_add(json, "driver", json_object_new_string(o->driver));
	json_object_object_add(json, "connector", json_object_new_string(o->connector));
	json_object_object_add(json, "crtc", json_object_new_uint64(o->crtc));
	json_object_object_add(json, "width", json_object_new_uint64(o->width));
	json_object_object_add(json, "height", json_object_new_uint64(o->height));
	json_object_object_add(json, "refresh_hz", vc_json_number(o->refresh_mhz / 1000.0));
	json_object_object_add(json, "writeback", json_object_new_boolean(o->writeback != 0));
	json_object_object_add(json, "adopted", json_object_new_boolean(o->adopted != 0));
	json_object_object_add(json, "vblanks", json_object_new_uint64(o->vblanks));
	json_object_object_add(json, "commits", json_object_new_uint64(o->commits));
	json_object_object_add(json, "commits_refused", json_object_new_uint64(o->commits_refused));
	json_object_object_add(json, "commits_late", json_object_new_uint64(o->commits_late));
	json_object_object_add(json, "captures", json_object_new_uint64(o->captures));
	json_object_object_add(json, "commit_us_mean", vc_json_us(mean(o->commit_ns_sum, o->commits)));
	json_object_object_add(json, "commit_us_max", vc_json_us((double)o->commit_ns_max));
	json_object_object_add(json, "wake_us_max", vc_json_us((double)o->wake_ns_max));
	/* On CLOCK_MONOTONIC: minus the moment of a kill, what the display had to wait for its next compositor. */
	json_object_object_add(json, "first_commit_ns", json_object_new_int64(o->first_commit_ns));
	return json;
}

static json_object *plane_json(const struct vc_control_layer *l) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "id", json_object_new_uint64(l->plane));
	json_object_object_add(json, "type", json_object_new_string(vc_plane_type_key(l->plane_type)));
	return json;
}

static json_object *rect_json(const struct vc_control_layer *l) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "x", json_object_new_uint64(l->x));
	json_object_object_add(json, "y", json_object_new_uint64(l->y));
	json_object_object_add(json, "width", json_object_new_uint64(l->width));
	json_object_object_add(json, "height", json_object_new_uint64(l->height));
	return json;
}

static json_object *source_json(const struct vc_control_layer *l) {
	if (l->pid == 0)
		return NULL;
	json_object *json = json_object_new_object();
	json_object_object_add(json, "pid", json_object_new_int64(l->pid));
	json_object_object_add(json, "uid", json_object_new_uint64(l->uid));
	return json;
}

static json_object *frames_json(const struct vc_control_layer *l) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "received", json_object_new_uint64(l->frames_received));
	json_object_object_add(json, "shown", json_object_new_uint64(l->frames_shown));
	json_object_object_add(json, "dropped", json_object_new_uint64(l->frames_dropped));
	json_object_object_add(json, "due", json_object_new_uint64(l->frames_due));
	json_object_object_add(json, "missed", json_object_new_uint64(l->frames_missed));
	return json;
}

static json_object *latency_json(const struct vc_control_layer *l) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "mean",
			       vc_json_number(mean(l->latency_ns_sum, l->frames_shown) / (double)VC_NS_PER_MS));
	json_object_object_add(json, "max", vc_json_ms(l->latency_ns_max));
	return json;
}

static json_object *copies_json(const struct vc_control_layer *l) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "frames", json_object_new_uint64(l->frames_copied));
	json_object_object_add(json, "bytes", json_object_new_uint64(l->bytes_copied));
	return json;
}

static json_object *errors_json(const struct vc_control_layer *l) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "total", json_object_new_uint64(l->errors));
	json_object_object_add(json, "recent", json_object_new_uint64(l->errors_recent));
	json_object_object_add(json, "bans", json_object_new_uint64(l->bans));
	return json;
}

static json_object *banned_until_json(const struct vc_control_layer *l) {
	return l->banned_until_ns == 0 || l->banned_until_ns == INT64_MAX ? NULL
									  : json_object_new_int64(l->banned_until_ns);
}

static json_object *layer_json(const struct vc_control_status *status, const struct vc_control_layer *l) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "name", json_object_new_string(l->name));
	json_object_object_add(json, "role", json_object_new_string(vc_role_key(l->role)));
	json_object_object_add(json, "state", json_object_new_string(vc_state_key(l->state)));
	json_object_object_add(json, "reason", json_object_new_string(vc_reason_key(l->reason)));
	json_object_object_add(json, "path", json_object_new_string(vc_path_key(l->path)));
	json_object_object_add(json, "output", json_object_new_string(status->output[l->output].name));
	json_object_object_add(json, "plane", plane_json(l));
	json_object_object_add(json, "rect", rect_json(l));
	json_object_object_add(json, "source", source_json(l));
	json_object_object_add(json, "frames", frames_json(l));
	json_object_object_add(json, "worst_gap_ms", vc_json_ms(l->worst_gap_ns));
	json_object_object_add(json, "latency_ms", latency_json(l));
	json_object_object_add(json, "fallbacks", json_object_new_uint64(l->fallbacks));
	json_object_object_add(json, "refused", json_object_new_uint64(l->refused));
	json_object_object_add(json, "copies", copies_json(l));
	json_object_object_add(json, "errors", errors_json(l));
	json_object_object_add(json, "banned", json_object_new_boolean(l->banned_until_ns != 0));
	json_object_object_add(json, "banned_until_ns", banned_until_json(l));
	return json;
}

static json_object *last_bad_json(const struct vc_control_status *status) {
	const struct vc_control_monitor *m = &status->monitor;
	if (m->bad_ns == 0)
		return NULL;
	json_object *json = json_object_new_object();
	json_object_object_add(json, "layer", json_object_new_string(status->layer[m->bad_layer].name));
	json_object_object_add(json, "check", json_object_new_string(vc_check_key(m->bad_check)));
	json_object_object_add(json, "finding", json_object_new_string(vc_finding_key(m->bad_finding)));
	json_object_object_add(json, "telltale", json_object_new_uint64(m->bad_telltale));
	json_object_object_add(json, "ns", json_object_new_int64(m->bad_ns));
	return json;
}

static json_object *monitor_json(const struct vc_control_status *status) {
	const struct vc_control_monitor *m = &status->monitor;
	if (!m->configured)
		return NULL;
	json_object *json = json_object_new_object(), *distrusted = json_object_new_array();
	json_object_object_add(json, "connected", json_object_new_boolean(m->connected != 0));
	json_object_object_add(json, "silent", json_object_new_boolean(m->silent != 0));
	json_object_object_add(json, "pid", json_object_new_int64(m->pid));
	json_object_object_add(json, "verdict_age_ms",
			       m->verdict_ns ? vc_json_ms(status->now_ns - m->verdict_ns) : NULL);
	json_object_object_add(json, "output_age_ms", m->output_ns ? vc_json_ms(status->now_ns - m->output_ns) : NULL);
	json_object_object_add(json, "blind", json_object_new_boolean(m->blind != 0));
	json_object_object_add(json, "frames_checked", json_object_new_uint64(m->source_checks));
	json_object_object_add(json, "frames_bad", json_object_new_uint64(m->source_bad));
	json_object_object_add(json, "frames_unchecked", json_object_new_uint64(m->unchecked));
	json_object_object_add(json, "outputs_checked", json_object_new_uint64(m->output_checks));
	json_object_object_add(json, "outputs_bad", json_object_new_uint64(m->output_bad));
	json_object_object_add(json, "lost", json_object_new_uint64(m->lost));
	json_object_object_add(json, "verdicts_stale", json_object_new_uint64(m->stale));
	json_object_object_add(json, "throttled", json_object_new_uint64(m->throttled));
	json_object_object_add(json, "check_ms_mean",
			       vc_json_number(mean(m->check_ns_sum, m->source_checks) / (double)VC_NS_PER_MS));
	json_object_object_add(json, "check_ms_max", vc_json_ms(m->check_ns_max));
	for (uint32_t i = 0; i < status->layers; i++)
		if (m->distrusted & (1u << i))
			json_object_array_add(distrusted, json_object_new_string(status->layer[i].name));
	json_object_object_add(json, "distrusted", distrusted);
	json_object_object_add(json, "last_bad", last_bad_json(status));
	return json;
}

static json_object *stalls_json(const struct vc_control_stalls *s) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "turns", json_object_new_uint64(s->turns));
	json_object_object_add(json, "minor_faults", json_object_new_uint64(s->minor_faults));
	json_object_object_add(json, "major_faults", json_object_new_uint64(s->major_faults));
	json_object_object_add(json, "waits", json_object_new_uint64(s->waits));
	json_object_object_add(json, "waits_commit", json_object_new_uint64(s->waits_commit));
	return json;
}

json_object *vc_status_json(const struct vc_control_status *status) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "version", json_object_new_int(1));
	json_object_object_add(json, "now_ns", json_object_new_int64(status->now_ns));
	json_object_object_add(json, "start_ns", json_object_new_int64(status->start_ns));
	json_object_object_add(json, "stalls", stalls_json(&status->stalls));
	json_object *outputs = json_object_new_array();
	for (uint32_t i = 0; i < status->outputs; i++)
		json_object_array_add(outputs, output_json(&status->output[i]));
	json_object_object_add(json, "outputs", outputs);
	json_object *layers = json_object_new_array();
	for (uint32_t i = 0; i < status->layers; i++)
		json_object_array_add(layers, layer_json(status, &status->layer[i]));
	json_object_object_add(json, "layers", layers);
	json_object_object_add(json, "monitor", monitor_json(status));
	return json;
}
