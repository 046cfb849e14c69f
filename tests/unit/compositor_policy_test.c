/* SPDX-License-Identifier: Apache-2.0 */
/* What layers show: the named cases, and properties that must hold for any sequence of events. */
#include "policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

static const struct vc_policy_rules guest = {.role = VC_ROLE_GUEST, .hold_ns = 1000 * MS};
static const struct vc_policy_rules cluster = {.role = VC_ROLE_CLUSTER, .hold_ns = 100 * MS};

/* Asks and accepts, and checks the answer. */
static void expect(const struct vc_policy_rules *rules, struct vc_policy_state *state,
		   const struct vc_policy_input *input, int64_t now_ms, int frame, enum vc_layer_state to,
		   enum vc_layer_reason reason) {
	struct vc_policy_choice choice = vc_policy_choose(rules, state, input, now_ms * MS);
	assert_int_equal(choice.frame, frame);
	assert_int_equal(choice.state, to);
	assert_int_equal(choice.reason, reason);
	vc_policy_accept(state, &choice);
}

static void waits_for_the_first_frame(void **unused) {
	(void)unused;
	struct vc_policy_state s;
	struct vc_policy_input in = {0};
	vc_policy_state_init(&s);
	expect(&guest, &s, &in, 5000, VC_POLICY_FALLBACK, VC_STATE_WAITING, VC_REASON_NO_SOURCE);
	in.connected = true;
	in.sign_ns = 5000 * MS;
	expect(&guest, &s, &in, 5100, VC_POLICY_FALLBACK, VC_STATE_WAITING, VC_REASON_NO_SOURCE);
	expect(&guest, &s, &in, 6000, VC_POLICY_FALLBACK, VC_STATE_WAITING, VC_REASON_SILENT);
	in.frames = 1;
	in.frame[0] = (struct vc_policy_frame){6000 * MS, true};
	expect(&guest, &s, &in, 6001, 0, VC_STATE_LIVE, VC_REASON_NONE);
}

static void holds_then_falls_back_then_recovers(void **unused) {
	(void)unused;
	struct vc_policy_state s;
	struct vc_policy_input in = {.connected = true, .sign_ns = 0, .frames = 1, .frame = {{0, true}}};
	vc_policy_state_init(&s);
	expect(&cluster, &s, &in, 0, 0, VC_STATE_LIVE, VC_REASON_NONE);
	in.frames = 0;
	expect(&cluster, &s, &in, 49, VC_POLICY_KEEP, VC_STATE_LIVE, VC_REASON_NONE);
	expect(&cluster, &s, &in, 50, VC_POLICY_KEEP, VC_STATE_HOLD, VC_REASON_SILENT);
	in.sign_ns = 60 * MS;
	expect(&cluster, &s, &in, 61, VC_POLICY_KEEP, VC_STATE_LIVE, VC_REASON_NONE);
	expect(&cluster, &s, &in, 159, VC_POLICY_KEEP, VC_STATE_HOLD, VC_REASON_SILENT);
	expect(&cluster, &s, &in, 160, VC_POLICY_FALLBACK, VC_STATE_FALLBACK, VC_REASON_SILENT);
	/* A heartbeat alone doesn't bring an old picture back. */
	in.sign_ns = 170 * MS;
	expect(&cluster, &s, &in, 171, VC_POLICY_FALLBACK, VC_STATE_FALLBACK, VC_REASON_SILENT);
	in.frames = 1;
	in.frame[0] = (struct vc_policy_frame){180 * MS, true};
	expect(&cluster, &s, &in, 181, 0, VC_STATE_LIVE, VC_REASON_NONE);
}

static void distrusted_layer_shows_its_fallback_whatever_comes(void **unused) {
	(void)unused;
	struct vc_policy_state s = {VC_STATE_LIVE, VC_REASON_NONE, true, 0};
	struct vc_policy_input in = {.connected = true, .frames = 1, .frame = {{0, true}}};
	in.distrusted = true;
	in.distrust = VC_REASON_WRONG;
	expect(&cluster, &s, &in, 10, VC_POLICY_FALLBACK, VC_STATE_FALLBACK, VC_REASON_WRONG);
	in.distrust = VC_REASON_UNWATCHED;
	expect(&cluster, &s, &in, 20, VC_POLICY_FALLBACK, VC_STATE_FALLBACK, VC_REASON_UNWATCHED);
	in.distrusted = false;
	expect(&cluster, &s, &in, 30, 0, VC_STATE_LIVE, VC_REASON_NONE);
}

static void gone_source_is_held_from_its_last_sign(void **unused) {
	(void)unused;
	struct vc_policy_state s = {VC_STATE_LIVE, VC_REASON_NONE, true, 0};
	struct vc_policy_input in = {.connected = false, .sign_ns = 100 * MS};
	expect(&guest, &s, &in, 101, VC_POLICY_KEEP, VC_STATE_HOLD, VC_REASON_GONE);
	in.broke_protocol = true;
	expect(&guest, &s, &in, 1099, VC_POLICY_KEEP, VC_STATE_HOLD, VC_REASON_PROTOCOL);
	expect(&guest, &s, &in, 1100, VC_POLICY_FALLBACK, VC_STATE_FALLBACK, VC_REASON_PROTOCOL);
}

static void newcomers_heartbeats_do_not_keep_an_old_picture(void **unused) {
	(void)unused;
	struct vc_policy_state s = {VC_STATE_HOLD, VC_REASON_GONE, true, 0};
	struct vc_policy_input in = {
		.connected = true, .sign_ns = 190 * MS, .foreign = true, .foreign_sign_ns = 100 * MS};
	expect(&cluster, &s, &in, 199, VC_POLICY_KEEP, VC_STATE_HOLD, VC_REASON_GONE);
	expect(&cluster, &s, &in, 200, VC_POLICY_FALLBACK, VC_STATE_FALLBACK, VC_REASON_GONE);
}

static void unsignalled_frames_are_never_chosen(void **unused) {
	(void)unused;
	struct vc_policy_state s = {VC_STATE_LIVE, VC_REASON_NONE, true, 0};
	struct vc_policy_input in = {.connected = true,
				     .sign_ns = 900 * MS,
				     .frames = 3,
				     .frame = {{0, false}, {300 * MS, true}, {900 * MS, false}}};
	/* The newest that is ready, though a newer one waits. */
	expect(&guest, &s, &in, 901, 1, VC_STATE_LIVE, VC_REASON_NONE);
	in.frames = 1;
	in.frame[0] = (struct vc_policy_frame){900 * MS, false};
	in.sign_ns = 1800 * MS; /* it lives and presents, but nothing gets ready */
	expect(&guest, &s, &in, 1399, VC_POLICY_KEEP, VC_STATE_LIVE, VC_REASON_NONE);
	expect(&guest, &s, &in, 1400, VC_POLICY_KEEP, VC_STATE_HOLD, VC_REASON_FENCE);
	expect(&guest, &s, &in, 1900, VC_POLICY_FALLBACK, VC_STATE_FALLBACK, VC_REASON_FENCE);
	in.frame[0].ready = true;
	expect(&guest, &s, &in, 1950, 0, VC_STATE_LIVE, VC_REASON_NONE);
}

static void refused_layer_waits_out_its_penalty(void **unused) {
	(void)unused;
	struct vc_policy_state s = {VC_STATE_LIVE, VC_REASON_NONE, true, 0};
	struct vc_policy_input in = {.connected = true, .sign_ns = 500 * MS, .frames = 1, .frame = {{500 * MS, true}}};
	vc_policy_refuse(&s, &guest, 500 * MS);
	expect(&guest, &s, &in, 501, VC_POLICY_FALLBACK, VC_STATE_FALLBACK, VC_REASON_REFUSED);
	expect(&guest, &s, &in, 1499, VC_POLICY_FALLBACK, VC_STATE_FALLBACK, VC_REASON_REFUSED);
	expect(&guest, &s, &in, 1500, 0, VC_STATE_LIVE, VC_REASON_NONE);
}

static void cluster_is_on_top_of_any_stack(void **unused) {
	(void)unused;
	for (unsigned n = 1; n <= VC_LAYERS_MAX; n++)
		for (unsigned at = 0; at < n; at++) {
			struct vc_policy_rules rules[VC_LAYERS_MAX];
			unsigned order[VC_LAYERS_MAX], seen = 0;
			for (unsigned i = 0; i < n; i++)
				rules[i] = i == at ? cluster : guest;
			vc_policy_stack(rules, n, order);
			assert_int_equal(order[n - 1], at);
			for (unsigned i = 0; i < n; i++) {
				seen |= 1u << order[i];
				if (i > 0 && i < n - 1)
					assert_true(order[i] > order[i - 1]);
			}
			assert_int_equal(seen, (1u << n) - 1);
		}
}

static void guests_lie_by_their_order(void **unused) {
	(void)unused;
	struct vc_policy_rules rules[4] = {guest, cluster, guest, guest};
	unsigned order[4];
	rules[0].order = 9;
	rules[3].order = 2;
	vc_policy_stack(rules, 4, order);
	assert_int_equal(order[0], 2);
	assert_int_equal(order[1], 3);
	assert_int_equal(order[2], 0);
	assert_int_equal(order[3], 1);
}

static uint32_t random_state;
static uint32_t draw(uint32_t below) {
	/* xorshift32 (Marsaglia 2003): the same run each time. */
	random_state ^= random_state << 13;
	random_state ^= random_state >> 17;
	random_state ^= random_state << 5;
	return random_state % below;
}

/* One random thing happens to the source. */
static void disturb(struct vc_policy_input *in, bool shown, int64_t now_ns) {
	switch (draw(6)) {
	case 0:
		if (in->connected && !in->foreign) {
			in->foreign = shown;
			in->foreign_sign_ns = in->sign_ns;
		}
		in->connected = !in->connected;
		in->broke_protocol = draw(2);
		in->frames = 0;
		if (in->connected)
			in->sign_ns = now_ns;
		break;
	case 1:
		if (in->connected && in->frames < VC_POLICY_FRAMES_MAX) {
			in->frame[in->frames++] = (struct vc_policy_frame){now_ns, draw(3) == 0};
			in->sign_ns = now_ns;
		}
		break;
	case 2:
		if (in->frames > 0)
			in->frame[draw(in->frames)].ready = true;
		break;
	case 3:
		if (in->connected)
			in->sign_ns = now_ns;
		break;
	default:
		break;
	}
}

static void properties_hold_for_any_history(void **unused) {
	(void)unused;
	for (uint32_t seed = 1; seed <= 400; seed++) {
		const struct vc_policy_rules *rules = seed % 2 ? &cluster : &guest;
		struct vc_policy_state s;
		struct vc_policy_input in = {0};
		int64_t now_ns = MS, proof_ns = 0; /* when something last justified the picture on the screen */
		random_state = seed;
		vc_policy_state_init(&s);
		for (int step = 0; step < 2000; step++) {
			now_ns += draw(40) * MS;
			disturb(&in, s.source_shown, now_ns);
			struct vc_policy_choice c = vc_policy_choose(rules, &s, &in, now_ns);
			/* Either a ready frame, the one on the screen, or the fallback: nothing else ever. */
			assert_in_range(c.frame + 2, 0, in.frames + 1);
			if (c.frame >= 0)
				assert_true(in.frame[c.frame].ready);
			for (unsigned i = (unsigned)(c.frame < 0 ? 0 : c.frame + 1); i < in.frames; i++)
				assert_true(!in.frame[i].ready || now_ns < s.refused_until_ns);
			if (c.frame == VC_POLICY_KEEP)
				assert_true(s.source_shown);
			assert_int_equal(c.frame == VC_POLICY_FALLBACK,
					 c.state == VC_STATE_WAITING || c.state == VC_STATE_FALLBACK);
			assert_int_equal(c.state == VC_STATE_LIVE, c.reason == VC_REASON_NONE);
			/* No picture outlives its source's last sign of life by hold_ns. */
			proof_ns = in.foreign ? in.foreign_sign_ns : in.sign_ns;
			if (c.frame == VC_POLICY_KEEP)
				assert_true(now_ns - proof_ns < rules->hold_ns);
			/* It depends on nothing else: asked again, it answers the same. */
			struct vc_policy_choice again = vc_policy_choose(rules, &s, &in, now_ns);
			assert_int_equal(again.frame, c.frame);
			assert_int_equal(again.reason, c.reason);
			if (c.frame >= 0 && draw(10) == 0) {
				vc_policy_refuse(&s, rules, now_ns);
				assert_int_equal(vc_policy_choose(rules, &s, &in, now_ns).frame, VC_POLICY_FALLBACK);
				continue;
			}
			vc_policy_accept(&s, &c);
			if (c.frame >= 0) {
				in.foreign = false;
				in.frames -= (unsigned)c.frame + 1;
				for (unsigned i = 0; i < in.frames; i++)
					in.frame[i] = in.frame[i + (unsigned)c.frame + 1];
			}
		}
	}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_for_the_first_frame),
		cmocka_unit_test(holds_then_falls_back_then_recovers),
		cmocka_unit_test(distrusted_layer_shows_its_fallback_whatever_comes),
		cmocka_unit_test(gone_source_is_held_from_its_last_sign),
		cmocka_unit_test(newcomers_heartbeats_do_not_keep_an_old_picture),
		cmocka_unit_test(unsignalled_frames_are_never_chosen),
		cmocka_unit_test(refused_layer_waits_out_its_penalty),
		cmocka_unit_test(cluster_is_on_top_of_any_stack),
		cmocka_unit_test(guests_lie_by_their_order),
		cmocka_unit_test(properties_hold_for_any_history),
	};
	return cmocka_run_group_tests_name("compositor.policy", tests, NULL, NULL);
}
