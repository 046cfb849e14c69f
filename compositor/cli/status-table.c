/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include "clock.h"
#include "table.h"
#include "words.h"

#include <inttypes.h>

static double ms(int64_t ns) {
	return (double)ns / (double)VC_NS_PER_MS;
}

static double mean_ms(int64_t sum_ns, uint64_t count) {
	return count ? ms(sum_ns) / (double)count : 0;
}

static void print_outputs(const struct vc_control_status *status, FILE *out, bool colour) {
	static const char *const heads[] = {"OUTPUT",   "MODE",  "CONNECTOR",  "CARD",   "CAPTURES FROM", ">COMMITS",
					    ">REFUSED", ">LATE", ">COMMIT MS", ">WORST", ">WAKE MS",      NULL};
	struct vc_table table;
	vc_table_init(&table, heads);
	for (uint32_t i = 0; i < status->outputs; i++) {
		const struct vc_control_output *o = &status->output[i];
		vc_table_row(&table);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%s", o->name);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%ux%u@%g", o->width, o->height, o->refresh_mhz / 1000.0);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%s", o->connector);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%s (%s)", o->card, o->driver);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%s", o->writeback ? "writeback" : "composition");
		vc_table_cell(&table, VC_TABLE_PLAIN, "%" PRIu64, o->commits);
		vc_table_cell(&table, o->commits_refused ? VC_TABLE_WARN : VC_TABLE_PLAIN, "%" PRIu64,
			      o->commits_refused);
		vc_table_cell(&table, o->commits_late ? VC_TABLE_WARN : VC_TABLE_PLAIN, "%" PRIu64, o->commits_late);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%.2f", mean_ms(o->commit_ns_sum, o->commits));
		vc_table_cell(&table, VC_TABLE_PLAIN, "%.2f", ms(o->commit_ns_max));
		vc_table_cell(&table, VC_TABLE_PLAIN, "%.2f", ms(o->wake_ns_max));
	}
	vc_table_print(&table, out, colour);
}

static enum vc_table_colour state_colour(const struct vc_control_layer *l) {
	switch (l->state) {
	case VC_STATE_LIVE:
		return VC_TABLE_GOOD;
	case VC_STATE_FALLBACK:
		return VC_TABLE_BAD;
	default:
		return VC_TABLE_WARN;
	}
}

static void print_layers(const struct vc_control_status *status, FILE *out, bool colour) {
	static const char *const heads[] = {"LAYER",  "ROLE",      "STATE",  "WHY",    "SHOWN BY",
					    "OUTPUT", "RECTANGLE", "SOURCE", "BANNED", NULL};
	struct vc_table table;
	vc_table_init(&table, heads);
	for (uint32_t i = 0; i < status->layers; i++) {
		const struct vc_control_layer *l = &status->layer[i];
		vc_table_row(&table);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%s", l->name);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%s", vc_role_key(l->role));
		vc_table_cell(&table, state_colour(l), "%s", vc_state_key(l->state));
		vc_table_cell(&table, VC_TABLE_PLAIN, "%s",
			      l->reason == VC_REASON_NONE ? "-" : vc_reason_phrase(l->reason));
		if (l->path == VC_PATH_PLANE)
			vc_table_cell(&table, VC_TABLE_PLAIN, "plane %u (%s)", l->plane,
				      vc_plane_type_key(l->plane_type));
		else
			vc_table_cell(&table, VC_TABLE_PLAIN, "CPU, into plane %u", l->plane);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%s", status->output[l->output].name);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%u,%u %ux%u", l->x, l->y, l->width, l->height);
		if (l->pid)
			vc_table_cell(&table, VC_TABLE_PLAIN, "pid %d uid %u", l->pid, l->uid);
		else
			vc_table_cell(&table, VC_TABLE_PLAIN, "-");
		if (l->banned_until_ns == INT64_MAX)
			vc_table_cell(&table, VC_TABLE_BAD, "until allowed");
		else if (l->banned_until_ns > status->now_ns)
			vc_table_cell(&table, VC_TABLE_BAD, "%.1f s more",
				      ms(l->banned_until_ns - status->now_ns) / 1000);
		else
			vc_table_cell(&table, VC_TABLE_PLAIN, "-");
	}
	vc_table_print(&table, out, colour);
}

static void print_frames(const struct vc_control_status *status, FILE *out, bool colour) {
	static const char *const heads[] = {"FRAMES",  ">RECEIVED", ">SHOWN",      ">DROPPED", ">DUE",
					    ">MISSED", ">GAP MS",   ">LATENCY MS", ">WORST",   ">FALLBACKS",
					    ">COPIES", ">MIB",      ">ERRORS",     NULL};
	struct vc_table table;
	vc_table_init(&table, heads);
	for (uint32_t i = 0; i < status->layers; i++) {
		const struct vc_control_layer *l = &status->layer[i];
		vc_table_row(&table);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%s", l->name);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%" PRIu64, l->frames_received);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%" PRIu64, l->frames_shown);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%" PRIu64, l->frames_dropped);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%" PRIu64, l->frames_due);
		vc_table_cell(&table, l->frames_missed ? VC_TABLE_BAD : VC_TABLE_PLAIN, "%" PRIu64, l->frames_missed);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%.1f", ms(l->worst_gap_ns));
		vc_table_cell(&table, VC_TABLE_PLAIN, "%.1f", mean_ms(l->latency_ns_sum, l->frames_shown));
		vc_table_cell(&table, VC_TABLE_PLAIN, "%.1f", ms(l->latency_ns_max));
		vc_table_cell(&table, VC_TABLE_PLAIN, "%" PRIu64, l->fallbacks);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%" PRIu64, l->frames_copied);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%.1f", (double)l->bytes_copied / (1024.0 * 1024.0));
		vc_table_cell(&table, l->errors ? VC_TABLE_WARN : VC_TABLE_PLAIN, "%" PRIu64, l->errors);
	}
	vc_table_print(&table, out, colour);
}

static void print_monitor(const struct vc_control_status *status, FILE *out, bool colour) {
	static const char *const heads[] = {"MONITOR",    "PID",      ">VERDICT MS AGO", ">FRAMES", ">BAD",
					    ">UNCHECKED", ">OUTPUTS", ">S AGO",          ">BAD",    ">STALE",
					    ">CHECK MS",  ">WORST",   "LAST FINDING",    NULL};
	const struct vc_control_monitor *m = &status->monitor;
	struct vc_table table;
	if (!m->configured) {
		fputs("no output monitor: what is shown is not checked\n", out);
		return;
	}
	bool good = m->connected && !m->silent && !m->blind;
	vc_table_init(&table, heads);
	vc_table_row(&table);
	vc_table_cell(&table, !good || m->distrusted ? VC_TABLE_BAD : VC_TABLE_GOOD, "%s",
		      !m->connected   ? "gone"
		      : m->silent     ? "silent"
		      : m->distrusted ? "distrusts"
		      : m->blind      ? "blind"
				      : "watches");
	vc_table_cell(&table, VC_TABLE_PLAIN, "%d", m->pid);
	vc_table_cell(&table, VC_TABLE_PLAIN, "%.0f", m->verdict_ns ? ms(status->now_ns - m->verdict_ns) : 0);
	vc_table_cell(&table, VC_TABLE_PLAIN, "%" PRIu64, m->source_checks);
	vc_table_cell(&table, m->source_bad ? VC_TABLE_BAD : VC_TABLE_PLAIN, "%" PRIu64, m->source_bad);
	vc_table_cell(&table, m->unchecked ? VC_TABLE_WARN : VC_TABLE_PLAIN, "%" PRIu64, m->unchecked);
	vc_table_cell(&table, VC_TABLE_PLAIN, "%" PRIu64, m->output_checks);
	if (m->output_ns)
		vc_table_cell(&table, m->blind ? VC_TABLE_BAD : VC_TABLE_PLAIN, "%.1f",
			      ms(status->now_ns - m->output_ns) / 1000);
	else
		vc_table_cell(&table, m->blind ? VC_TABLE_BAD : VC_TABLE_PLAIN, "-");
	vc_table_cell(&table, m->output_bad ? VC_TABLE_BAD : VC_TABLE_PLAIN, "%" PRIu64, m->output_bad);
	vc_table_cell(&table, m->stale ? VC_TABLE_WARN : VC_TABLE_PLAIN, "%" PRIu64, m->stale);
	vc_table_cell(&table, VC_TABLE_PLAIN, "%.2f", mean_ms(m->check_ns_sum, m->source_checks));
	vc_table_cell(&table, VC_TABLE_PLAIN, "%.2f", ms(m->check_ns_max));
	if (m->bad_ns)
		vc_table_cell(&table, VC_TABLE_WARN, "%s of %s: %s (telltale %u), %.1f s ago",
			      vc_check_key(m->bad_check), status->layer[m->bad_layer].name,
			      vc_finding_key(m->bad_finding), m->bad_telltale, ms(status->now_ns - m->bad_ns) / 1000);
	else
		vc_table_cell(&table, VC_TABLE_PLAIN, "-");
	vc_table_print(&table, out, colour);
}

void vc_status_print(const struct vc_control_status *status, FILE *out, bool colour) {
	print_outputs(status, out, colour);
	if (status->layers == 0)
		return;
	fputc('\n', out);
	print_layers(status, out, colour);
	fputc('\n', out);
	print_frames(status, out, colour);
	fputc('\n', out);
	print_monitor(status, out, colour);
}
