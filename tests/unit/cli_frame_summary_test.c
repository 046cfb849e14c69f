/* SPDX-License-Identifier: Apache-2.0 */
/* Frame log arithmetic. Time lines are drawn as strings, one character a vblank, 10 ms apart:
 * N new frame, . live without one, m live without one and counted as missed, - not live. */
#include "clock.h"
#include "frame-summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PERIOD (10 * VC_NS_PER_MS)
#define START VC_NS_PER_S

static struct vc_frame_record record[64];

static size_t draw(const char *line, uint32_t layer) {
	size_t n = strlen(line);
	for (size_t i = 0; i < n; i++) {
		record[i] = (struct vc_frame_record){.vblank_ns = START + (int64_t)i * PERIOD};
		record[i].layer_new = (uint32_t)(line[i] == 'N') << layer;
		record[i].layer_live = (uint32_t)(line[i] != '-') << layer;
		record[i].layer_missed = (uint32_t)(line[i] == 'm') << layer;
	}
	return n;
}

struct line_case {
	const char *line;
	uint64_t due, shown, missed;
	int gap, at; /* in periods; at: from the start, -1: no gap */
};

static void layers_are_summed_up(void **state) {
	(void)state;
	static const struct line_case cases[] = {
		{"", 0, 0, 0, 0, -1},
		{"N", 1, 1, 0, 0, -1},
		{"-", 0, 0, 0, 0, -1},
		{"NN", 2, 2, 0, 1, 0},
		{"NNNN", 4, 4, 0, 1, 0},
		{"NNmNN", 5, 4, 1, 2, 1},
		{"NmNmmNN", 7, 4, 3, 3, 2},
		{"N.N.N", 5, 3, 0, 2, 0},
		{"mmN", 3, 1, 2, 2, 0},   /* the window begins in a gap */
		{"Nmmm", 4, 1, 3, 3, 0},  /* and ends in one */
		{"....", 4, 0, 0, 3, 0},  /* held all the time */
		{"---N", 1, 1, 0, 0, -1}, /* not live is no gap */
		{"NN--NN", 4, 4, 0, 1, 0},
		{"N..-----NN", 5, 3, 0, 3, 0}, /* its last frame stayed until the fallback came */
		{"NNN-----.N", 5, 4, 0, 1, 0},
		{"-.N-N.", 4, 2, 0, 1, 1},
		{"N-N-N-", 3, 3, 0, 1, 0},
	};
	for (uint32_t layer = 0; layer < VC_CONTROL_LAYERS_MAX; layer += VC_CONTROL_LAYERS_MAX - 1)
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			const struct line_case *c = &cases[i];
			size_t n = draw(c->line, layer);
			struct vc_frame_window w = vc_frame_window_cut(record, n, 0, INT64_MAX, PERIOD);
			struct vc_frame_layer_summary s = vc_frame_layer_summarise(&w, layer);
			assert_int_equal(w.count, n);
			assert_int_equal(s.due, c->due);
			assert_int_equal(s.shown, c->shown);
			assert_int_equal(s.missed, c->missed);
			assert_int_equal(s.worst_gap_ns, c->gap * PERIOD);
			assert_int_equal(s.worst_gap_at_ns, c->at < 0 ? 0 : START + c->at * PERIOD);
			/* Another layer has none of it. */
			s = vc_frame_layer_summarise(&w, 3);
			assert_int_equal(s.due + s.shown + s.missed + (uint64_t)s.worst_gap_ns, 0);
		}
}

static void a_layer_that_cannot_be_has_nothing(void **state) {
	(void)state;
	struct vc_frame_window w = vc_frame_window_cut(record, draw("NmN", 0), 0, INT64_MAX, PERIOD);
	assert_int_equal(vc_frame_layer_summarise(&w, VC_CONTROL_LAYERS_MAX).due, 0);
	assert_int_equal(vc_frame_layer_summarise(&w, UINT32_MAX).due, 0);
}

static void windows_include_both_ends(void **state) {
	(void)state;
	size_t n = draw("NNNNNNNNNN", 0);
	static const struct {
		int64_t since_ns, until_ns;
		size_t first, count;
	} cases[] = {
		{0, INT64_MAX, 0, 10},
		{START, START + 9 * PERIOD, 0, 10},
		{START + 1, START + 9 * PERIOD - 1, 1, 8},
		{START + 3 * PERIOD, START + 3 * PERIOD, 3, 1},
		{START + 3 * PERIOD + 1, START + 4 * PERIOD - 1, 4, 0},
		{START + 10 * PERIOD, INT64_MAX, 10, 0},
		{0, START - 1, 0, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vc_frame_window w = vc_frame_window_cut(record, n, cases[i].since_ns, cases[i].until_ns, PERIOD);
		assert_ptr_equal(w.record, record + cases[i].first);
		assert_int_equal(w.count, cases[i].count);
	}
}

static void flags_are_counted_in_the_window_only(void **state) {
	(void)state;
	size_t n = draw("NNNNN", 0);
	record[0].flags = VC_FRAME_REFUSED | VC_FRAME_LATE | VC_FRAME_CAPTURE;
	record[2].flags = VC_FRAME_REFUSED;
	record[3].flags = VC_FRAME_LATE | VC_FRAME_CAPTURE;
	record[4].flags = VC_FRAME_LATE;
	struct vc_frame_window w = vc_frame_window_cut(record, n, START + PERIOD, INT64_MAX, PERIOD);
	assert_int_equal(w.refused, 1);
	assert_int_equal(w.late, 2);
	assert_int_equal(w.captures, 1);
}

static uint64_t skipped_after(int64_t step_ns, int64_t period_ns) {
	record[0] = (struct vc_frame_record){.vblank_ns = START};
	record[1] = (struct vc_frame_record){.vblank_ns = (int64_t)((uint64_t)START + (uint64_t)step_ns)};
	return vc_frame_window_cut(record, 2, INT64_MIN, INT64_MAX, period_ns).skipped;
}

static void vblanks_without_a_record_are_counted(void **state) {
	(void)state;
	assert_int_equal(skipped_after(PERIOD, PERIOD), 0);
	assert_int_equal(skipped_after(PERIOD * 14 / 10, PERIOD), 0);
	assert_int_equal(skipped_after(PERIOD * 16 / 10, PERIOD), 1);
	assert_int_equal(skipped_after(PERIOD * 2, PERIOD), 1);
	assert_int_equal(skipped_after(PERIOD * 5, PERIOD), 4);
	assert_int_equal(skipped_after(0, PERIOD), 0);
	assert_int_equal(skipped_after(-PERIOD * 3, PERIOD), 0);
	assert_int_equal(skipped_after(PERIOD * 5, 0), 0); /* no mode, no period */
}

static void a_missing_record_shows_as_a_gap(void **state) {
	(void)state;
	size_t n = draw("NNNN", 0);
	record[2].vblank_ns += 3 * PERIOD;
	record[3].vblank_ns += 3 * PERIOD;
	struct vc_frame_window w = vc_frame_window_cut(record, n, 0, INT64_MAX, PERIOD);
	struct vc_frame_layer_summary s = vc_frame_layer_summarise(&w, 0);
	assert_int_equal(w.skipped, 3);
	assert_int_equal(s.worst_gap_ns, 4 * PERIOD);
	assert_int_equal(s.worst_gap_at_ns, START + PERIOD);
}

static void hostile_times_do_no_harm(void **state) {
	(void)state;
	size_t n = draw("NNNN", 0);
	record[0].vblank_ns = INT64_MIN;
	record[1].vblank_ns = INT64_MAX;
	record[2].vblank_ns = -5;
	record[3].vblank_ns = INT64_MAX;
	struct vc_frame_window w = vc_frame_window_cut(record, n, INT64_MIN, INT64_MAX, 1);
	struct vc_frame_layer_summary s = vc_frame_layer_summarise(&w, 0);
	assert_int_equal(w.count, 4);
	assert_int_equal(s.worst_gap_ns, INT64_MAX);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_are_summed_up),
		cmocka_unit_test(a_layer_that_cannot_be_has_nothing),
		cmocka_unit_test(windows_include_both_ends),
		cmocka_unit_test(flags_are_counted_in_the_window_only),
		cmocka_unit_test(vblanks_without_a_record_are_counted),
		cmocka_unit_test(a_missing_record_shows_as_a_gap),
		cmocka_unit_test(hostile_times_do_no_harm),
	};
	return cmocka_run_group_tests_name("frame summary", tests, NULL, NULL);
}
