/* SPDX-License-Identifier: Apache-2.0 */
/* From frames to what the driver sees: decoded values, dashes and crossed-out telltales where nothing can be believed. */
#include "instruments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MS INT64_C(1000000)

static struct vc_vehicle_rules rules = {.limits = {.step_max = 3, .bad_frames = 3, .good_frames = 2}};

struct car {
	struct vc_vehicle seen;
	struct vc_instruments instruments;
	int64_t now;
	unsigned cycle;
};

static void car_init(struct car *car, int64_t lamp_check_ms) {
	*car = (struct car){.now = MS};
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		rules.timeout_ns[i] = 120 * MS;
	vc_instruments_init(&car->instruments, car->now, lamp_check_ms, 0);
}

static void send_message(struct car *car, int message, uint8_t *data) {
	const struct vc_dbc_message *m = &vc_dbc_messages[message];
	vc_e2e_protect(m, data, (uint8_t)(car->cycle % 15));
	vc_vehicle_receive(&car->seen, &rules, m->id, m->extended, data, m->size, car->now);
}

/* Sends each message once; @silent: all but this one, -1: really all. */
static void send_cycle(struct car *car, double kmh, int silent) {
	uint8_t d[VC_DBC_MESSAGES][8];
	memset(d, 0, sizeof(d));
	vc_dbc_speed_encode(&(struct vc_dbc_speed){kmh}, d[VC_DBC_SPEED]);
	vc_dbc_engine_encode(&(struct vc_dbc_engine){.engine_speed = 2000, .coolant_temperature = 85},
			     d[VC_DBC_ENGINE]);
	vc_dbc_gearbox_encode(&(struct vc_dbc_gearbox){VC_DBC_GEARBOX_SELECTOR_D, 5}, d[VC_DBC_GEARBOX]);
	vc_dbc_body_encode(&(struct vc_dbc_body){.turn_left = true}, d[VC_DBC_BODY]);
	vc_dbc_fuel_encode(&(struct vc_dbc_fuel){.level = 50}, d[VC_DBC_FUEL]);
	vc_dbc_trip_encode(&(struct vc_dbc_trip){48213.4, 12.3}, d[VC_DBC_TRIP]);
	vc_dbc_ambient_encode(&(struct vc_dbc_ambient){.hour = 7, .minute = 5, .outside_temperature = -3.5},
			      d[VC_DBC_AMBIENT]);
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		if (i != silent)
			send_message(car, i, d[i]);
	car->cycle++;
	car->now += 20 * MS;
}

static struct vc_picture look(struct car *car) {
	struct vc_picture p;
	vc_vehicle_check(&car->seen, &rules, car->now);
	vc_instruments_read(&car->instruments, &car->seen, car->now, &p);
	return p;
}

static void test_values_arrive(void **state) {
	(void)state;
	struct car car;
	car_init(&car, 0);
	for (int i = 0; i < 5; i++)
		send_cycle(&car, 123.4, -1);
	struct vc_picture p = look(&car);
	assert_string_equal(p.text[VC_TEXT_SPEED], "123");
	assert_string_equal(p.text[VC_TEXT_GEAR], "D5");
	assert_string_equal(p.text[VC_TEXT_CLOCK], "07:05");
	assert_string_equal(p.text[VC_TEXT_OUTSIDE], "-3.5 \xb0"
						     "C");
	assert_string_equal(p.text[VC_TEXT_ODOMETER], "48213");
	assert_string_equal(p.text[VC_TEXT_TRIP], "12.3");
	assert_int_equal(p.arc[VC_ARC_SPEED], 123.4 / 240 * VC_ARC_FULL + 0.5);
	assert_int_equal(p.arc[VC_ARC_RPM], VC_ARC_FULL / 4);
	assert_int_equal(p.arc[VC_ARC_FUEL], VC_ARC_FULL / 2);
	assert_int_equal(p.arc[VC_ARC_COOLANT], VC_ARC_FULL / 2);
	assert_int_equal(p.lamp[VC_LAMP_TURN_LEFT], VC_LAMP_ON);
	assert_int_equal(p.lamp[VC_LAMP_ABS], VC_LAMP_OFF);
	assert_int_equal(p.lamp[VC_LAMP_DATA], VC_LAMP_OFF);
	assert_int_equal(p.notice, VC_NOTICE_NONE);
}

/* Frames put together by hand from vehicle.dbc, so that encoder and decoder can't agree on a mistake. */
static void test_decodes_bytes_by_hand(void **state) {
	(void)state;
	struct vc_dbc_speed speed;
	struct vc_dbc_engine engine;
	struct vc_dbc_gearbox gearbox;
	struct vc_dbc_body body;
	struct vc_dbc_trip trip;
	struct vc_dbc_ambient ambient;
	/* Little-endian 0x1e61 = 7777 hundredths. */
	assert_true(vc_dbc_speed_decode(&speed, (const uint8_t[]){0, 0, 0x61, 0x1e, 0, 0, 0, 0}, 8));
	assert_float_equal(speed.display_speed, 77.77, 1e-9);
	/* 0x2ee0 = 12000 quarters; 0x82 = 130 - 40; bits 0 and 3 of byte 5. */
	assert_true(vc_dbc_engine_decode(&engine, (const uint8_t[]){0, 0, 0xe0, 0x2e, 0x82, 0x09, 0, 0}, 8));
	assert_float_equal(engine.engine_speed, 3000, 1e-9);
	assert_int_equal(engine.coolant_temperature, 90);
	assert_true(engine.oil_pressure_low && engine.coolant_hot && !engine.charge_fault && !engine.engine_fault);
	/* The upper half of byte 1 is the selector; 0x1f in 5 bits is -1. */
	assert_true(vc_dbc_gearbox_decode(&gearbox, (const uint8_t[]){0, 0x1e, 0x1f, 0}, 4));
	assert_int_equal(gearbox.selector, VC_DBC_GEARBOX_SELECTOR_R);
	assert_int_equal(gearbox.gear, -1);
	assert_true(vc_dbc_body_decode(&body, (const uint8_t[]){0, 0, 0x4a, 0}, 4));
	assert_true(body.turn_right && body.high_beam && body.door_open && !body.turn_left && !body.low_beam);
	/* Big-endian 0x00075b56 = 482134 and 0x0004fa = 1274 tenths. */
	assert_true(vc_dbc_trip_decode(&trip, (const uint8_t[]){0x00, 0x07, 0x5b, 0x56, 0x00, 0x04, 0xfa}, 7));
	assert_float_equal(trip.odometer, 48213.4, 1e-9);
	assert_float_equal(trip.trip_distance, 127.4, 1e-9);
	/* Big-endian, signed: 0xffdd = -35 tenths. */
	assert_true(vc_dbc_ambient_decode(&ambient, (const uint8_t[]){23, 59, 58, 0xff, 0xdd}, 5));
	assert_int_equal(ambient.hour, 23);
	assert_float_equal(ambient.outside_temperature, -3.5, 1e-9);
	assert_false(vc_dbc_ambient_decode(&ambient, (const uint8_t[]){24, 0, 0, 0, 0}, 5));
	assert_false(vc_dbc_ambient_decode(&ambient, (const uint8_t[]){1, 2, 3, 4, 5}, 4));
}

static void test_nothing_known_at_first(void **state) {
	(void)state;
	struct car car;
	car_init(&car, 0);
	struct vc_picture p = look(&car);
	assert_string_equal(p.text[VC_TEXT_SPEED], "---");
	for (int i = 0; i < VC_TEXTS; i++)
		assert_true(p.dashed[i]);
	for (int i = 0; i < VC_ARCS; i++)
		assert_int_equal(p.arc[i], VC_ARC_NONE);
	for (int i = 0; i < VC_LAMPS; i++)
		assert_int_equal(p.lamp[i], i == VC_LAMP_DATA ? VC_LAMP_ON : VC_LAMP_UNKNOWN);
	assert_int_equal(p.notice, VC_NOTICE_NO_DATA);
}

/* Each message alone goes silent: its values go, the others stay. */
static void test_silent_message(void **state) {
	(void)state;
	for (int silent = 0; silent < VC_DBC_MESSAGES; silent++) {
		struct car car;
		car_init(&car, 0);
		for (int i = 0; i < 5; i++)
			send_cycle(&car, 50, -1);
		struct vc_picture before = look(&car);
		for (int i = 0; i < 7; i++)
			send_cycle(&car, 50, silent);
		struct vc_picture p = look(&car);
		assert_memory_not_equal(&before, &p, sizeof(p));
		assert_int_equal(p.dashed[VC_TEXT_SPEED], silent == VC_DBC_SPEED);
		assert_int_equal(p.arc[VC_ARC_SPEED] == VC_ARC_NONE, silent == VC_DBC_SPEED);
		assert_int_equal(p.arc[VC_ARC_RPM] == VC_ARC_NONE, silent == VC_DBC_ENGINE);
		assert_int_equal(p.lamp[VC_LAMP_OIL] == VC_LAMP_UNKNOWN, silent == VC_DBC_ENGINE);
		assert_int_equal(p.lamp[VC_LAMP_ABS] == VC_LAMP_UNKNOWN, silent == VC_DBC_BRAKES);
		assert_int_equal(p.lamp[VC_LAMP_AIRBAG] == VC_LAMP_UNKNOWN, silent == VC_DBC_RESTRAINTS);
		assert_int_equal(p.lamp[VC_LAMP_TURN_LEFT] == VC_LAMP_UNKNOWN, silent == VC_DBC_BODY);
		assert_int_equal(p.dashed[VC_TEXT_GEAR], silent == VC_DBC_GEARBOX);
		assert_int_equal(p.dashed[VC_TEXT_CLOCK], silent == VC_DBC_AMBIENT);
		assert_int_equal(p.dashed[VC_TEXT_ODOMETER], silent == VC_DBC_TRIP);
		assert_int_equal(p.lamp[VC_LAMP_DATA] == VC_LAMP_ON, vc_dbc_messages[silent].protected);
	}
}

/* The last value before the silence must not come back with a bad frame, nor a bad frame's value ever show. */
static void test_no_old_and_no_bad_value(void **state) {
	(void)state;
	struct car car;
	car_init(&car, 0);
	for (int i = 0; i < 5; i++)
		send_cycle(&car, 80, -1);
	assert_string_equal(look(&car).text[VC_TEXT_SPEED], "80");
	for (int i = 0; i < 4; i++) {
		uint8_t data[8];
		vc_dbc_speed_encode(&(struct vc_dbc_speed){200}, data);
		vc_e2e_protect(&vc_dbc_messages[VC_DBC_SPEED], data, (uint8_t)((car.cycle + (unsigned)i) % 15));
		data[0] ^= 1;
		vc_vehicle_receive(&car.seen, &rules, 0xb4, false, data, 8, car.now);
		const char *shown = look(&car).text[VC_TEXT_SPEED];
		assert_string_equal(shown, i < 2 ? "80" : "---");
	}
}

static void test_out_of_range_is_malformed(void **state) {
	(void)state;
	struct car car;
	car_init(&car, 0);
	uint8_t data[8] = {0};
	vc_dbc_put_intel(data, 16, 16, 30001); /* 300.01 km/h */
	for (int i = 0; i < 5; i++, car.cycle++)
		send_message(&car, VC_DBC_SPEED, data);
	assert_int_equal(car.seen.message[VC_DBC_SPEED].malformed, 4); /* the first one only sets the counter */
	assert_string_equal(look(&car).text[VC_TEXT_SPEED], "---");
}

static void test_foreign_frames(void **state) {
	(void)state;
	struct car car;
	car_init(&car, 0);
	uint8_t data[8] = {0};
	vc_vehicle_receive(&car.seen, &rules, 0xb4, true, data, 8, car.now); /* the id, but extended */
	vc_vehicle_receive(&car.seen, &rules, 0x7ff, false, data, 8, car.now);
	assert_int_equal(car.seen.frames, 2);
	assert_int_equal(car.seen.message[VC_DBC_SPEED].received, 0);
}

static void test_lamp_check(void **state) {
	(void)state;
	struct car car;
	car_init(&car, 1000);
	for (int i = 0; i < 60; i++) {
		send_cycle(&car, 0, -1);
		struct vc_picture p = look(&car);
		bool checking = car.now < MS + 1000 * MS;
		for (int lamp = VC_LAMPS_ROW; lamp < VC_LAMPS && i > 3; lamp++)
			assert_int_equal(p.lamp[lamp], checking ? VC_LAMP_ON : VC_LAMP_OFF);
	}
}

/* Needles follow smoothly, reach the value, and don't depend on the frame rate. */
static void test_needle_inertia(void **state) {
	(void)state;
	int32_t end[2];
	for (int rate = 0; rate < 2; rate++) {
		struct vc_instruments in;
		struct vc_vehicle v = {0};
		struct vc_picture p;
		vc_instruments_init(&in, 1, 0, 100);
		v.message[VC_DBC_SPEED].status = VC_E2E_VALID;
		vc_instruments_read(&in, &v, 1, &p);
		v.speed.display_speed = 120;
		int64_t step = (rate ? 10 : 50) * MS;
		int32_t last = 0;
		for (int64_t t = step; t <= 200 * MS; t += step) {
			vc_instruments_read(&in, &v, 1 + t, &p);
			assert_true(p.arc[VC_ARC_SPEED] > last && p.arc[VC_ARC_SPEED] < VC_ARC_FULL / 2);
			last = p.arc[VC_ARC_SPEED];
		}
		end[rate] = last;
		vc_instruments_read(&in, &v, 5000 * MS, &p);
		assert_int_equal(p.arc[VC_ARC_SPEED], VC_ARC_FULL / 2);
	}
	assert_in_range(end[0] - end[1] + 2, 0, 4);
}

static void test_digits_do_not_flicker(void **state) {
	(void)state;
	struct vc_instruments in;
	struct vc_vehicle v = {0};
	struct vc_picture p;
	vc_instruments_init(&in, 1, 0, 0);
	v.message[VC_DBC_SPEED].status = VC_E2E_VALID;
	v.speed.display_speed = 49.6;
	for (int64_t t = 1; t < 100; t++) {
		vc_instruments_read(&in, &v, t, &p);
		assert_string_equal(p.text[VC_TEXT_SPEED], "50");
		v.speed.display_speed = t % 2 ? 49.45 : 50.55;
	}
	v.speed.display_speed = 51;
	vc_instruments_read(&in, &v, 100, &p);
	assert_string_equal(p.text[VC_TEXT_SPEED], "51");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decodes_bytes_by_hand),   cmocka_unit_test(test_values_arrive),
		cmocka_unit_test(test_nothing_known_at_first),  cmocka_unit_test(test_silent_message),
		cmocka_unit_test(test_no_old_and_no_bad_value), cmocka_unit_test(test_out_of_range_is_malformed),
		cmocka_unit_test(test_foreign_frames),          cmocka_unit_test(test_lamp_check),
		cmocka_unit_test(test_needle_inertia),          cmocka_unit_test(test_digits_do_not_flicker),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
