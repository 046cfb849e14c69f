/* SPDX-License-Identifier: Apache-2.0 */
#include "judge.h"

#include "clock.h"
#include "conf.h"
#include "log.h"

#include <getopt.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
	const char *recording, *budgets, *marks, *column, *fault;
};

/* "WORD VALUE" a line: the marks, and figures that the script measured by itself. */
static bool read_marks(const char *path, struct vc_marks *marks, struct vc_figures *figures) {
	FILE *file = fopen(path, "re");
	if (!file) {
		vc_error("%s: %m", path);
		return false;
	}
	char line[160], word[VC_WORD_MAX], value[96];
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%39s %95s", word, value) != 2)
			continue;
		if (strcmp(word, "subject") == 0)
			snprintf(marks->subject, sizeof(marks->subject), "%.31s", value);
		else if (strcmp(word, "class") == 0)
			snprintf(marks->class, sizeof(marks->class), "%.39s", value);
		else if (strcmp(word, "baseline_ns") == 0)
			marks->baseline_ns = strtoll(value, NULL, 10);
		else if (strcmp(word, "inject_ns") == 0)
			marks->inject_ns = strtoll(value, NULL, 10);
		else if (strcmp(word, "end_ns") == 0)
			marks->end_ns = strtoll(value, NULL, 10);
		else if (strcmp(word, "horizon_ns") == 0)
			marks->horizon_ns = strtoll(value, NULL, 10);
		else
			vc_figures_set(figures, word, strtod(value, NULL));
	}
	fclose(file);
	if (marks->inject_ns > 0 && marks->end_ns > marks->inject_ns && marks->baseline_ns > 0)
		return true;
	vc_error("%s: when the fault began and ended is not in it", path);
	return false;
}

static void put_number(json_object *o, const char *name, double value) {
	char text[48];
	if (value == (double)(int64_t)value)
		snprintf(text, sizeof(text), "%lld", (long long)value);
	else
		snprintf(text, sizeof(text), "%.2f", value);
	json_object_object_add(o, name, json_object_new_double_s(value, text));
}

static const char *state_word(unsigned state) {
	static const char *const words[] = {"none", "waiting", "live", "hold", "fallback"};
	return state < sizeof(words) / sizeof(words[0]) ? words[state] : "unknown";
}

/* The states of one layer as segments, in ms since the fault began. Where no compositor ran, "away". */
static json_object *timeline_json(const struct vc_recording_entry *entries, size_t count, int layer, int64_t period_ns,
				  const struct vc_marks *marks, int64_t to_ns) {
	json_object *list = json_object_new_array(), *segment = NULL;
	const char *last = NULL;
	int64_t at_ns = marks->baseline_ns;
	for (size_t i = 0; i < count; i++) {
		const struct vc_frame_record *f = &entries[i].frame;
		if (f->vblank_ns < marks->baseline_ns || f->vblank_ns > to_ns)
			continue;
		bool away = f->vblank_ns - at_ns > 3 * period_ns && i > 0 && entries[i].epoch != entries[i - 1].epoch;
		const char *words[2] = {away ? "away" : NULL, state_word(f->state[layer])};
		int64_t starts[2] = {at_ns, f->vblank_ns};
		for (int k = 0; k < 2; k++) {
			if (!words[k] || (last && strcmp(last, words[k]) == 0))
				continue;
			if (segment)
				put_number(segment, "to_ms",
					   (double)(starts[k] - marks->inject_ns) / (double)VC_NS_PER_MS);
			segment = json_object_new_object();
			json_object_array_add(list, segment);
			json_object_object_add(segment, "state", json_object_new_string(words[k]));
			put_number(segment, "from_ms", (double)(starts[k] - marks->inject_ns) / (double)VC_NS_PER_MS);
			last = words[k];
		}
		at_ns = f->vblank_ns;
	}
	if (segment)
		put_number(segment, "to_ms", (double)(to_ns - marks->inject_ns) / (double)VC_NS_PER_MS);
	return list;
}

static json_object *bounds_json(const struct vc_budget *budget, const struct vc_figures *figures, bool *passed) {
	json_object *list = json_object_new_array();
	*passed = budget->count > 0;
	for (unsigned i = 0; i < budget->count; i++) {
		const struct vc_bound *b = &budget->bound[i];
		const struct vc_figure *f = vc_figures_find(figures, b->name);
		double limit;
		bool holds = vc_bound_holds(b, figures, &limit);
		json_object *o = json_object_new_object();
		json_object_object_add(o, "figure", json_object_new_string(b->name));
		json_object_object_add(o, "bound", json_object_new_string(b->kind == VC_AT_LEAST ? ">=" : "<="));
		put_number(o, "limit", limit);
		json_object_object_add(o, "over_baseline", json_object_new_boolean(b->over_baseline));
		if (f)
			put_number(o, "measured", f->value);
		else
			json_object_object_add(o, "measured", NULL);
		json_object_object_add(o, "kept", json_object_new_boolean(holds));
		json_object_array_add(list, o);
		*passed = *passed && holds;
	}
	return list;
}

static int judge(const struct options *o) {
	struct vc_marks marks = {0};
	struct vc_figures figures = {0};
	static struct vc_recording recording;
	char error[512];
	if (!read_marks(o->marks, &marks, &figures) || !vc_recording_open(&recording, o->recording, 0))
		return 1;
	struct vc_budget budget = {
		.fault = o->fault, .class = marks.class, .column = strcmp(o->column, "kvm") == 0 ? 0 : 1};
	int subject = vc_recording_layer(&recording, marks.subject);
	if (!vc_budget_read(&budget, o->budgets, error, sizeof(error))) {
		vc_error("%s", error);
		return 1;
	}
	struct vc_recording_entry *entries;
	size_t count = vc_entries_read(&recording, &entries);
	if (subject < 0 || count == 0) {
		free(entries);
		return 1;
	}
	vc_judge_measure(&recording, entries, count, subject, &marks, &figures);
	bool passed;
	json_object *root = json_object_new_object(), *measured = json_object_new_object(),
		    *timeline = json_object_new_object();
	json_object_object_add(root, "name", json_object_new_string(o->fault));
	json_object_object_add(root, "class", json_object_new_string(marks.class));
	json_object_object_add(root, "subject", json_object_new_string(marks.subject));
	json_object_object_add(root, "budget", bounds_json(&budget, &figures, &passed));
	for (unsigned i = 0; i < figures.count; i++)
		put_number(measured, figures.figure[i].name, figures.figure[i].value);
	json_object_object_add(root, "figures", measured);
	const struct vc_figure *recovered = vc_figures_find(&figures, "recover_ms");
	int64_t to_ns = marks.end_ns;
	if (recovered && marks.inject_ns + (int64_t)recovered->value * VC_NS_PER_MS + VC_NS_PER_S > to_ns)
		to_ns = marks.inject_ns + (int64_t)recovered->value * VC_NS_PER_MS + VC_NS_PER_S;
	for (uint32_t i = 0; i < recording.header.layers; i++)
		json_object_object_add(
			timeline, recording.header.layer[i],
			timeline_json(entries, count, (int)i, recording.header.period_ns, &marks, to_ns));
	json_object_object_add(root, "timeline", timeline);
	put_number(root, "began_ms", (double)marks.inject_ns / (double)VC_NS_PER_MS);
	json_object_object_add(root, "passed", json_object_new_boolean(passed));
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN));
	json_object_put(root);
	free(entries);
	vc_recording_close(&recording);
	return 0;
}

int vc_fault_judge(int argc, char **argv) {
	static const struct option known[] = {{"recording", required_argument, NULL, 'r'},
					      {"budgets", required_argument, NULL, 'b'},
					      {"column", required_argument, NULL, 'c'},
					      {"marks", required_argument, NULL, 'm'},
					      {0}};
	struct options o = {0};
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) >= 0;)
		switch (c) {
		case 'r':
			o.recording = optarg;
			break;
		case 'b':
			o.budgets = optarg;
			break;
		case 'c':
			o.column = optarg;
			break;
		case 'm':
			o.marks = optarg;
			break;
		default:
			return 2;
		}
	o.fault = argc - optind == 1 ? argv[optind] : NULL;
	if (!o.recording || !o.budgets || !o.column || !o.marks || !o.fault) {
		vc_error("judge: --recording, --budgets, --column, --marks and the fault's name are needed");
		return 2;
	}
	return judge(&o);
}
