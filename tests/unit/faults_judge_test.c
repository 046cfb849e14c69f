/* SPDX-License-Identifier: Apache-2.0 */
/* The fault judge's arithmetic. Recordings are drawn as strings, one character a vblank, 10 ms apart:
 * N new cluster frame, . none, C none and a capture began, - no vblank was counted at all, | the next compositor. */
#include "clock.h"
#include "judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define PERIOD (10 * VC_NS_PER_MS)
#define START VC_NS_PER_S

static struct vc_recording_entry entries[256];

static size_t draw(const char *line) {
	size_t n = 0;
	uint32_t epoch = 0;
	int64_t at_ns = START;
	for (; *line; line++) {
		if (*line == '|') {
			epoch++;
			continue;
		}
		if (*line != '-')
			entries[n++] = (struct vc_recording_entry){
				.epoch = epoch,
				.frame = {.vblank_ns = at_ns,
					  .commit_ns = *line == 'N' ? at_ns - PERIOD / 2 : 0,
					  .layer_new = *line == 'N',
					  .layer_live = 1,
					  .flags = *line == 'C' ? VC_FRAME_CAPTURE : 0,
					  .state = {VC_STATE_LIVE, VC_STATE_LIVE}}};
		at_ns += PERIOD;
	}
	return n;
}

static void frames_are_counted(void **state) {
	(void)state;
	static const struct {
		const char *line;
		uint64_t shown, missed, held;
		double gap_ms;
	} cases[] = {
		{"NNNNNN", 6, 0, 0, 10},    {"NN.NNN", 5, 1, 0, 20},
		{"NN..N.N", 4, 3, 0, 30},   {"NN---|NN", 4, 3, 0, 40}, /* nobody counted: due all the same */
		{"NNC..NN", 4, 0, 3, 10},                              /* a screenshot held them up */
		{"NNC..NN.N", 5, 1, 3, 20},                            /* what comes after is not the screenshot's */
		{"......", 0, 4, 0, 50},                               /* nothing was shown at all */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		size_t n = draw(cases[i].line);
		int64_t end = entries[n - 1].frame.vblank_ns;
		struct vc_stretch s = vc_stretch_measure(entries, n, PERIOD, 0, START, end);
		assert_int_equal(s.shown, cases[i].shown);
		assert_int_equal(s.missed, cases[i].missed);
		assert_int_equal(s.held, cases[i].held);
		assert_float_equal(s.worst_gap_ms, cases[i].gap_ms, 0.001);
		assert_int_equal(s.due, s.shown + s.missed + s.held);
	}
}

/* A screenshot excuses no more than a second. */
static void a_long_gap_counts_whatever_began_it(void **state) {
	(void)state;
	char line[256] = "NNC";
	memset(line + 3, '.', 150);
	strcpy(line + 153, "NN");
	size_t n = draw(line);
	struct vc_stretch s = vc_stretch_measure(entries, n, PERIOD, 0, START, entries[n - 1].frame.vblank_ns);
	assert_int_equal(s.missed, 151);
	assert_int_equal(s.held, 0);
}

static void set_state(size_t from, size_t to, uint8_t state, bool live) {
	for (size_t i = from; i < to; i++) {
		entries[i].frame.state[1] = state;
		if (live)
			entries[i].frame.layer_live |= 2;
		else
			entries[i].frame.layer_live &= ~2u;
	}
}

static double figure(const struct vc_figures *figures, const char *name) {
	const struct vc_figure *f = vc_figures_find(figures, name);
	if (!f)
		fail_msg("no figure %s", name);
	return f->value;
}

static const struct vc_recording two_layers = {.header = {.layers = 2,
							  .period_ns = PERIOD,
							  .layer = {"cluster", "ivi"},
							  .role = {VC_ROLE_CLUSTER, VC_ROLE_GUEST}}};

static void states_become_times(void **state) {
	(void)state;
	struct vc_figures figures = {0};
	size_t n = draw("NNNNNNNNNNNNNNNNNNNN");
	set_state(0, 12, VC_STATE_LIVE, true);
	set_state(12, 14, VC_STATE_HOLD, true);
	set_state(13, 14, VC_STATE_LIVE, true); /* a frame that was on its way */
	entries[13].frame.layer_new |= 2;
	set_state(14, 17, VC_STATE_FALLBACK, false);
	set_state(17, 20, VC_STATE_LIVE, true);
	entries[18].frame.layer_new |= 2;
	const struct vc_marks marks = {
		.baseline_ns = START, .inject_ns = START + 10 * PERIOD, .end_ns = START + 19 * PERIOD};
	vc_judge_measure(&two_layers, entries, n, 1, &marks, &figures);
	assert_float_equal(figure(&figures, "detect_ms"), 20, 0.001);
	assert_float_equal(figure(&figures, "fallback_ms"), 40, 0.001);
	assert_float_equal(figure(&figures, "recover_ms"), 80, 0.001);
	assert_float_equal(figure(&figures, "stayed_live"), 0, 0.001);
	assert_float_equal(figure(&figures, "cluster_missed"), 0, 0.001);
	assert_float_equal(figure(&figures, "baseline_cluster_gap_ms"), 10, 0.001);
}

static void a_layer_that_never_came_back_has_no_recovery(void **state) {
	(void)state;
	struct vc_figures figures = {0};
	size_t n = draw("NNNNNNNNNNNNNNNNNNNN");
	set_state(0, 12, VC_STATE_LIVE, true);
	set_state(12, 20, VC_STATE_FALLBACK, false);
	const struct vc_marks marks = {
		.baseline_ns = START, .inject_ns = START + 10 * PERIOD, .end_ns = START + 19 * PERIOD};
	vc_judge_measure(&two_layers, entries, n, 1, &marks, &figures);
	assert_null(vc_figures_find(&figures, "recover_ms"));
	struct vc_bound bound = {.name = "recover_ms", .value = 1e9};
	double limit;
	assert_false(vc_bound_holds(&bound, &figures, &limit));
}

static void a_takeover_is_measured(void **state) {
	(void)state;
	struct vc_figures figures = {0};
	size_t n = draw("NNNNNNNNNNNN---|.N.NNNN");
	const struct vc_marks marks = {
		.baseline_ns = START, .inject_ns = START + 11 * PERIOD, .end_ns = START + 21 * PERIOD};
	vc_judge_measure(&two_layers, entries, n, 0, &marks, &figures);
	assert_float_equal(figure(&figures, "takeovers"), 1, 0.001);
	assert_float_equal(figure(&figures, "commit_ms"), 45, 0.001);
	assert_float_equal(figure(&figures, "frame_ms"), 50, 0.001);
	assert_float_equal(figure(&figures, "cluster_gap_ms"), 50, 0.001);
}

static const char *write_budget(const char *text) {
	static char path[64];
	strcpy(path, "/tmp/vc-budget.XXXXXX");
	int fd = mkstemp(path);
	assert_return_code(fd, 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	return path;
}

static const struct vc_bound *bound(const struct vc_budget *budget, const char *name) {
	for (unsigned i = 0; i < budget->count; i++)
		if (strcmp(budget->bound[i].name, name) == 0)
			return &budget->bound[i];
	return NULL;
}

static void budgets_have_columns_and_sections(void **state) {
	(void)state;
	char error[256] = "";
	const char *path =
		write_budget("[all]\nunrecorded = 0\n[below]\ncluster_missed = 0 | none\n"
			     "cluster_missed_percent = none | baseline + 5\n[safety]\nfallback_ms = 1\n"
			     "[fault a]\nfallback_ms = 200 | 300\nstayed_live = >= 1\n[fault b]\nfallback_ms = 9\n");
	struct vc_budget kvm = {.fault = "a", .class = "below", .column = 0};
	struct vc_budget tcg = {.fault = "a", .class = "below", .column = 1};
	assert_true(vc_budget_read(&kvm, path, error, sizeof(error)));
	assert_true(vc_budget_read(&tcg, path, error, sizeof(error)));
	unlink(path);
	assert_int_equal(kvm.count, 4);
	assert_float_equal(bound(&kvm, "cluster_missed")->value, 0, 0);
	assert_null(bound(&kvm, "cluster_missed_percent"));
	assert_null(bound(&tcg, "cluster_missed"));
	assert_true(bound(&tcg, "cluster_missed_percent")->over_baseline);
	assert_float_equal(bound(&kvm, "fallback_ms")->value, 200, 0);
	assert_float_equal(bound(&tcg, "fallback_ms")->value, 300, 0);
	assert_int_equal(bound(&kvm, "stayed_live")->kind, VC_AT_LEAST);
}

static void a_bad_budget_is_told(void **state) {
	(void)state;
	static const char *const bad[] = {"[all]\nx = fast\n", "[all]\nx = baseline - 3\n", "[all]\nx = 3 4\n",
					  "[all]\nx =\n", "[fault b]\nx = 1 | y\n"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		char error[256] = "";
		const char *path = write_budget(bad[i]);
		struct vc_budget budget = {.fault = "b", .class = "below", .column = 1};
		assert_false(vc_budget_read(&budget, path, error, sizeof(error)));
		assert_non_null(strstr(error, "x = "));
		unlink(path);
	}
}

static void bounds_may_hang_on_the_baseline(void **state) {
	(void)state;
	struct vc_figures figures = {0};
	double limit;
	struct vc_bound b = {.name = "cluster_missed_percent", .over_baseline = true, .value = 5};
	vc_figures_set(&figures, "cluster_missed_percent", 7);
	assert_false(vc_bound_holds(&b, &figures, &limit)); /* no baseline, no verdict */
	vc_figures_set(&figures, "baseline_cluster_missed_percent", 2);
	assert_true(vc_bound_holds(&b, &figures, &limit));
	assert_float_equal(limit, 7, 0.001);
	vc_figures_set(&figures, "cluster_missed_percent", 7.1);
	assert_false(vc_bound_holds(&b, &figures, &limit));
}

/* A recording may grow while it is read, and its last entry may be half written. */
static void a_growing_recording_is_read(void **state) {
	(void)state;
	static struct vc_recording recording;
	struct vc_recording_entry entry;
	struct vc_recording_header header = two_layers.header;
	char path[] = "/tmp/vc-recording.XXXXXX";
	header.magic = VC_RECORDING_MAGIC;
	int fd = mkstemp(path);
	assert_int_equal(write(fd, &header, sizeof(header)), sizeof(header));
	assert_true(vc_recording_open(&recording, path, 0));
	assert_false(vc_recording_next(&recording, &entry));
	for (uint32_t i = 0; i < 600; i++) {
		const struct vc_recording_entry written = {.epoch = i};
		assert_int_equal(write(fd, &written, sizeof(written)), sizeof(written));
	}
	assert_int_equal(write(fd, &header, 7), 7);
	for (uint32_t i = 0; i < 600; i++) {
		assert_true(vc_recording_next(&recording, &entry));
		assert_int_equal(entry.epoch, i);
	}
	assert_false(vc_recording_next(&recording, &entry));
	assert_int_equal(vc_recording_layer(&recording, "ivi"), 1);
	assert_int_equal(vc_recording_layer(&recording, NULL), 0);
	assert_int_equal(vc_recording_layer(&recording, "radio"), -1);
	vc_recording_close(&recording);
	header.magic = 1;
	assert_int_equal(pwrite(fd, &header, sizeof(header), 0), sizeof(header));
	assert_false(vc_recording_open(&recording, path, 0));
	close(fd);
	unlink(path);
	assert_false(vc_recording_open(&recording, path, 0));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_are_counted),
		cmocka_unit_test(a_long_gap_counts_whatever_began_it),
		cmocka_unit_test(states_become_times),
		cmocka_unit_test(a_layer_that_never_came_back_has_no_recovery),
		cmocka_unit_test(a_takeover_is_measured),
		cmocka_unit_test(budgets_have_columns_and_sections),
		cmocka_unit_test(a_bad_budget_is_told),
		cmocka_unit_test(bounds_may_hang_on_the_baseline),
		cmocka_unit_test(a_growing_recording_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
