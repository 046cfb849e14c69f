/* SPDX-License-Identifier: Apache-2.0 */
/* The recorded drive, played in a loop as canplayer does, must give a valid picture all along, and one that moves. */
#include "clock.h"
#include "config.h"
#include "instruments.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct vc_config config;
static struct vc_vehicle vehicle;
static struct vc_instruments instruments;

struct seen {
	double speed_max, rpm_max;
	bool standing, lamp_on[VC_LAMPS], lamp_off[VC_LAMPS];
	uint64_t frames;
};

static void look(struct seen *s, int64_t now_ns) {
	struct vc_picture p;
	vc_vehicle_check(&vehicle, &config.rules, now_ns);
	vc_instruments_read(&instruments, &vehicle, now_ns, &p);
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		assert_int_equal(vehicle.message[i].status, VC_E2E_VALID);
	for (int i = 0; i < VC_LAMPS; i++) {
		assert_int_not_equal(p.lamp[i], VC_LAMP_UNKNOWN);
		s->lamp_on[i] |= p.lamp[i] == VC_LAMP_ON;
		s->lamp_off[i] |= p.lamp[i] == VC_LAMP_OFF;
	}
	s->speed_max = vehicle.speed.display_speed > s->speed_max ? vehicle.speed.display_speed : s->speed_max;
	s->rpm_max = vehicle.engine.engine_speed > s->rpm_max ? vehicle.engine.engine_speed : s->rpm_max;
	s->standing |= vehicle.speed.display_speed == 0;
}

/* Plays the log once, its first frame at @from_ns. Returns when the last one came. */
static int64_t play(struct seen *s, FILE *log, int64_t from_ns) {
	char line[128], interface[16], hex[17];
	int64_t first = -1, now_ns = from_ns;
	rewind(log);
	while (fgets(line, sizeof(line), log)) {
		unsigned id;
		long long sec, usec;
		uint8_t data[8] = {0};
		assert_int_equal(sscanf(line, "(%lld.%6lld) %15s %x#%16s", &sec, &usec, interface, &id, hex), 5);
		int64_t at = (sec * 1000000 + usec) * 1000;
		first = first < 0 ? at : first;
		assert_true(from_ns + at - first >= now_ns); /* in order */
		now_ns = from_ns + at - first;
		size_t size = strlen(hex) / 2;
		for (size_t i = 0; i < size; i++) {
			unsigned byte;
			assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
			data[i] = (uint8_t)byte;
		}
		vc_vehicle_receive(&vehicle, &config.rules, id, false, data, size, now_ns);
		s->frames++;
		if (now_ns - from_ns > 2 * VC_NS_PER_S || from_ns > VC_NS_PER_S)
			look(s, now_ns);
	}
	return now_ns;
}

static void test_drive(void **state) {
	(void)state;
	static const enum vc_lamp lamps[] = {
		VC_LAMP_TURN_LEFT,     VC_LAMP_TURN_RIGHT, VC_LAMP_LOW_BEAM, VC_LAMP_HIGH_BEAM, VC_LAMP_FOG_FRONT,
		VC_LAMP_PARKING_BRAKE, VC_LAMP_BELT,       VC_LAMP_DOOR,     VC_LAMP_OIL,       VC_LAMP_BATTERY,
		VC_LAMP_TYRE,          VC_LAMP_ENGINE,     VC_LAMP_ESC};
	struct seen seen = {0};
	vc_config_defaults(&config);
	vc_instruments_init(&instruments, 1, 0, 90);
	FILE *log = fopen(VC_DRIVE_LOG, "r");
	assert_non_null(log);
	int64_t end = play(&seen, log, VC_NS_PER_S);
	play(&seen, log, end + VC_NS_PER_MS); /* canplayer goes on at once */
	fclose(log);
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		assert_int_equal(vehicle.message[i].crc_errors + vehicle.message[i].counter_errors +
					 vehicle.message[i].malformed + vehicle.message[i].timeouts,
				 0);
	for (size_t i = 0; i < sizeof(lamps) / sizeof(lamps[0]); i++)
		assert_true(seen.lamp_on[lamps[i]] && seen.lamp_off[lamps[i]]);
	assert_true(seen.standing);
	assert_in_range((uint64_t)seen.speed_max, 110, 140);
	assert_in_range((uint64_t)seen.rpm_max, 3000, 6400);
	assert_in_range(seen.frames, 20000, 40000);
}

int main(void) {
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_drive)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
