/* SPDX-License-Identifier: Apache-2.0 */
#include "frame-summary.h"
#include "json-number.h"
#include "log.h"
#include "options.h"
#include "table.h"
#include "words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* What one call looks at. */
struct view {
	const struct vc_cli_options *options;
	const struct vc_control_status *status;
	uint32_t output;
	int64_t period_ns; /* 0 if the output has no mode */
	int layer;         /* index, or -1 for all of the output */
	bool cut_off;      /* the ring has lost records of the window's beginning */
	struct vc_frame_window window;
};

static bool shows_layer(const struct view *view, uint32_t i) {
	return view->status->layer[i].output == view->output && (view->layer < 0 || (uint32_t)view->layer == i);
}

static double periods(const struct view *view, int64_t ns) {
	return view->period_ns ? (double)ns / (double)view->period_ns : 0;
}

/* The names of the layers in @mask, as a JSON array. */
static json_object *names_json(const struct view *view, uint32_t mask) {
	json_object *names = json_object_new_array();
	for (uint32_t i = 0; i < view->status->layers; i++)
		if (mask & 1u << i && shows_layer(view, i))
			json_object_array_add(names, json_object_new_string(view->status->layer[i].name));
	return names;
}

/* What state each layer was in, and why, by name. */
static json_object *states_json(const struct view *view, const struct vc_frame_record *r) {
	json_object *layers = json_object_new_object();
	for (uint32_t i = 0; i < view->status->layers; i++) {
		if (!shows_layer(view, i))
			continue;
		json_object *layer = json_object_new_object();
		json_object_object_add(layer, "state", json_object_new_string(vc_state_key(r->state[i])));
		json_object_object_add(layer, "reason", json_object_new_string(vc_reason_key(r->reason[i])));
		json_object_object_add(layers, view->status->layer[i].name, layer);
	}
	return layers;
}

static json_object *record_json(const struct view *view, const struct vc_frame_record *r) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "vblank_ns", json_object_new_int64(r->vblank_ns));
	json_object_object_add(json, "commit_ns", json_object_new_int64(r->commit_ns));
	json_object_object_add(json, "new", names_json(view, r->layer_new));
	json_object_object_add(json, "live", names_json(view, r->layer_live));
	json_object_object_add(json, "missed", names_json(view, r->layer_missed));
	json_object_object_add(json, "layers", states_json(view, r));
	json_object_object_add(json, "refused", json_object_new_boolean((r->flags & VC_FRAME_REFUSED) != 0));
	json_object_object_add(json, "capture", json_object_new_boolean((r->flags & VC_FRAME_CAPTURE) != 0));
	json_object_object_add(json, "late", json_object_new_boolean((r->flags & VC_FRAME_LATE) != 0));
	return json;
}

static json_object *layer_json(const struct view *view, uint32_t i) {
	struct vc_frame_layer_summary s = vc_frame_layer_summarise(&view->window, i);
	json_object *json = json_object_new_object();
	json_object_object_add(json, "name", json_object_new_string(view->status->layer[i].name));
	json_object_object_add(json, "role", json_object_new_string(vc_role_key(view->status->layer[i].role)));
	json_object_object_add(json, "due", json_object_new_uint64(s.due));
	json_object_object_add(json, "shown", json_object_new_uint64(s.shown));
	json_object_object_add(json, "missed", json_object_new_uint64(s.missed));
	json_object_object_add(json, "worst_gap_ms", vc_json_ms(s.worst_gap_ns));
	json_object_object_add(json, "worst_gap_periods", vc_json_number(periods(view, s.worst_gap_ns)));
	json_object_object_add(json, "worst_gap_at_ns", json_object_new_int64(s.worst_gap_at_ns));
	return json;
}

static json_object *time_json(const struct view *view, size_t i) {
	return view->window.count ? json_object_new_int64(view->window.record[i].vblank_ns) : NULL;
}

static json_object *view_json(const struct view *view) {
	const struct vc_frame_window *w = &view->window;
	json_object *json = json_object_new_object();
	json_object_object_add(json, "version", json_object_new_int(1));
	json_object_object_add(json, "output", json_object_new_string(view->status->output[view->output].name));
	json_object_object_add(json, "period_ms", vc_json_ms(view->period_ns));
	json_object_object_add(json, "first_vblank_ns", time_json(view, 0));
	json_object_object_add(json, "last_vblank_ns", time_json(view, w->count - 1));
	json_object_object_add(json, "cut_off", json_object_new_boolean(view->cut_off));
	json_object_object_add(json, "vblanks", json_object_new_uint64(w->count));
	json_object_object_add(json, "skipped", json_object_new_uint64(w->skipped));
	json_object_object_add(json, "refused", json_object_new_uint64(w->refused));
	json_object_object_add(json, "late", json_object_new_uint64(w->late));
	json_object_object_add(json, "captures", json_object_new_uint64(w->captures));
	json_object *layers = json_object_new_array();
	for (uint32_t i = 0; i < view->status->layers; i++)
		if (shows_layer(view, i))
			json_object_array_add(layers, layer_json(view, i));
	json_object_object_add(json, "layers", layers);
	if (view->options->records) {
		json_object *records = json_object_new_array();
		for (size_t i = 0; i < w->count; i++)
			json_object_array_add(records, record_json(view, &w->record[i]));
		json_object_object_add(json, "records", records);
	}
	return json;
}

static void print_mask(const struct view *view, const char *label, uint32_t mask) {
	const char *between = "";
	printf("  %s ", label);
	for (uint32_t i = 0; i < view->status->layers; i++) {
		if (!(mask & 1u << i) || !shows_layer(view, i))
			continue;
		printf("%s%s", between, view->status->layer[i].name);
		between = ",";
	}
	if (!between[0])
		putchar('-');
}

static void print_records(const struct view *view) {
	for (size_t i = 0; i < view->window.count; i++) {
		const struct vc_frame_record *r = &view->window.record[i];
		printf("%.6f s", (double)r->vblank_ns / (double)VC_NS_PER_S);
		print_mask(view, "new", r->layer_new);
		print_mask(view, "live", r->layer_live);
		print_mask(view, "missed", r->layer_missed);
		printf("%s%s%s\n", r->flags & VC_FRAME_REFUSED ? "  refused" : "",
		       r->flags & VC_FRAME_CAPTURE ? "  capture" : "", r->flags & VC_FRAME_LATE ? "  late" : "");
	}
	putchar('\n');
}

static void print_view(const struct view *view) {
	const struct vc_frame_window *w = &view->window;
	const char *name = view->status->output[view->output].name;
	if (w->count == 0) {
		printf("output %s: no vblank in this window\n", name);
		return;
	}
	if (view->options->records)
		print_records(view);
	printf("output %s: %zu vblanks from %.3f s to %.3f s, %" PRIu64 " skipped, %" PRIu64 " refused, %" PRIu64
	       " late, %" PRIu64 " captures%s\n\n",
	       name, w->count, (double)w->record[0].vblank_ns / (double)VC_NS_PER_S,
	       (double)w->record[w->count - 1].vblank_ns / (double)VC_NS_PER_S, w->skipped, w->refused, w->late,
	       w->captures, view->cut_off ? " (older vblanks are no longer in the log)" : "");
	static const char *const heads[] = {"LAYER",         ">DUE",     ">SHOWN", ">MISSED",
					    ">WORST GAP MS", ">PERIODS", ">AT S",  NULL};
	struct vc_table table;
	vc_table_init(&table, heads);
	for (uint32_t i = 0; i < view->status->layers; i++) {
		if (!shows_layer(view, i))
			continue;
		struct vc_frame_layer_summary s = vc_frame_layer_summarise(w, i);
		vc_table_row(&table);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%s", view->status->layer[i].name);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%" PRIu64, s.due);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%" PRIu64, s.shown);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%" PRIu64, s.missed);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%.1f", (double)s.worst_gap_ns / (double)VC_NS_PER_MS);
		vc_table_cell(&table, VC_TABLE_PLAIN, "%.2f", periods(view, s.worst_gap_ns));
		vc_table_cell(&table, VC_TABLE_PLAIN, "%.3f", (double)s.worst_gap_at_ns / (double)VC_NS_PER_S);
	}
	vc_table_print(&table, stdout, false);
}

/* Finds the layer and the output that the options name. */
static bool find_view(struct view *view) {
	const struct vc_control_status *status = view->status;
	view->layer = -1;
	for (uint32_t i = 0; i < status->layers && view->options->layer; i++)
		if (strcmp(status->layer[i].name, view->options->layer) == 0)
			view->layer = (int)i;
	if (view->options->layer && view->layer < 0) {
		vc_error("there is no layer '%s': 'vcockpit status' lists them", view->options->layer);
		return false;
	}
	if (view->layer >= 0 && !view->options->output)
		view->output = status->layer[view->layer].output;
	else if (!vc_cli_find_output(status, view->options->output, &view->output))
		return false;
	if (view->layer >= 0 && status->layer[view->layer].output != view->output) {
		vc_error("layer '%s' is on output '%s', not on '%s'", view->options->layer,
			 status->output[status->layer[view->layer].output].name, view->options->output);
		return false;
	}
	uint32_t refresh_mhz = status->output[view->output].refresh_mhz;
	view->period_ns = refresh_mhz ? INT64_C(1000) * VC_NS_PER_S / refresh_mhz : 0;
	return true;
}

static int show(struct vc_control_client *client, struct view *view) {
	struct vc_control_records *records = malloc(sizeof(*records));
	if (!records) {
		vc_error("not enough memory for the frame log");
		return VC_EXIT_FAILURE;
	}
	if (vc_control_get_frames(client, view->output, records) < 0) {
		vc_error("%s", client->why);
		free(records);
		return VC_EXIT_FAILURE;
	}
	view->window = vc_frame_window_cut(records->record, records->count, view->options->since_ns,
					   view->options->until_ns, view->period_ns);
	view->cut_off =
		records->lost > 0 && (records->count == 0 || records->record[0].vblank_ns > view->options->since_ns);
	int code;
	if (view->options->json) {
		code = vc_cli_print_json(view_json(view));
	} else {
		print_view(view);
		code = vc_cli_end_output();
	}
	free(records);
	return code;
}

static int run(const struct vc_cli_command *command, int argc, char **argv) {
	struct vc_cli_options options;
	int code = vc_cli_parse(command, argc, argv, "jsolwr", &options);
	if (code >= 0)
		return code;
	struct vc_control_client client;
	struct vc_control_status status;
	if (!vc_cli_open(&client, &options, &status))
		return VC_EXIT_FAILURE;
	struct view view = {.options = &options, .status = &status};
	code = find_view(&view) ? show(&client, &view) : VC_EXIT_FAILURE;
	vc_control_disconnect(&client);
	return code;
}

const struct vc_cli_command vc_cli_frames = {
	.name = "frames",
	.summary = "what happened at each vblank: frames due, shown, missed, and the worst gap",
	.help = "Usage: vcockpit frames [--json] [--since NS] [--until NS] [--layer NAME] [--output NAME]\n"
		"                       [--records] [--socket PATH]\n"
		"\n"
		"Reads the compositor's frame log, which keeps the last 8192 vblanks.\n"
		"\n"
		"  --since NS     only vblanks from this time on, in nanoseconds of CLOCK_MONOTONIC\n"
		"  --until NS     only vblanks up to this time\n"
		"  --layer NAME   only this layer\n"
		"  --output NAME  as in compositor.ini; the layer's or the first if not given\n"
		"  --records      each vblank, too\n"
		"  --json         for programs; the fields are described in vcockpit(1)\n"
		"  --socket PATH  the compositor's control socket (" VC_CONTROL_SOCKET ")\n",
	.run = run,
};
