/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivegen OUT.log [INTERFACE]: writes a drive of one minute as candump(1) -L does, for canplayer(1). A small model of a car
 * (mass, drag, an automatic gearbox) follows a script; the messages come from the encoders that dbcgen made, with right
 * CRCs and counters. Periods and length are such that counters go on at the seam when the log is played in a loop.
 */
#include "../e2e.h"
#include "vehicle-dbc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DRIVE_MS INT64_C(60000)
#define STEP_MS 10
#define EPOCH_S 1700000000 /* any: canplayer looks at differences only */

/* What the driver does, in order of time. */
struct act {
	double from_s;
	double target_kmh;
};

static const struct act acts[] = {
	{0.0, 0},    {4.5, 50},  {13.0, 36}, {16.0, 72}, {23.0, 104},
	{31.0, 128}, {38.0, 96}, {43.0, 62}, {48.0, 30}, {52.0, 0},
};

struct car {
	double kmh, rpm, odometer_km, trip_km, fuel, coolant;
	int gear;
	double shift_s; /* of a gear change still going on */
};

static double target_at(double t) {
	double target = 0;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
		if (t >= acts[i].from_s)
			target = acts[i].target_kmh;
	return target;
}

static double clamp(double x, double low, double high) {
	return x < low ? low : x > high ? high : x;
}

/* Revolutions at wheel speed in each gear; below the idle speed the converter slips. */
static double rpm_in_gear(double kmh, int gear) {
	static const double per_kmh[] = {0, 150, 88, 60, 43, 33, 26, 21};
	return kmh * per_kmh[gear];
}

static void choose_gear(struct car *car, double accelerating) {
	if (car->shift_s > 0)
		return;
	double up = accelerating > 0.5 ? 3700 : 2300;
	if (car->gear < 7 && rpm_in_gear(car->kmh, car->gear) > up) {
		car->gear++;
		car->shift_s = 0.35;
	} else if (car->gear > 1 && rpm_in_gear(car->kmh, car->gear) < (accelerating > 0.5 ? 1500 : 1150)) {
		car->gear--;
		car->shift_s = 0.3;
	}
}

static void move_car(struct car *car, double t, double dt) {
	double target = target_at(t), gap = target - car->kmh;
	/* km/h a second: strong at low speed, weaker against the wind, braking harder than that. */
	double force = gap > 0 ? clamp(gap * 1.1, 0, 15.5 - car->kmh * 0.072) : clamp(gap * 0.8, -21, 0);
	if (car->shift_s > 0) {
		car->shift_s -= dt;
		force *= 0.25;
	}
	car->kmh = clamp(car->kmh + force * dt, 0, 240);
	if (target == 0 && car->kmh < 0.4)
		car->kmh = 0;
	choose_gear(car, gap > 0 ? clamp(gap / 8, 0, 1) : 0);
	double slip = gap > 1 ? clamp(14 - car->kmh, 0, 14) * 85 : 0;
	double wanted = rpm_in_gear(car->kmh, car->gear) + slip;
	double idle = 820;
	if (t < 1.4)
		idle = 0; /* the engine is off at first, then is started */
	else if (t < 2.6)
		idle = 1350;
	if (t > 58.6)
		idle = wanted = 0;
	wanted = wanted < idle ? idle : wanted;
	car->rpm += (wanted - car->rpm) * clamp(dt * 9, 0, 1);
	car->odometer_km += car->kmh / 3600 * dt;
	car->trip_km += car->kmh / 3600 * dt;
	car->fuel -= 0.004 * dt;
	car->coolant += ((t < 40 ? 92 : 96) - car->coolant) * dt * 0.06;
}

static bool blink(double t) {
	double phase = t * 1.5;
	return phase - (double)(int64_t)phase < 0.5;
}

static bool between(double t, double from, double to) {
	return t >= from && t < to;
}

static void encode(int message, const struct car *car, double t, uint8_t *data) {
	bool parked = t < 3.4 || t > 57.4;
	bool engine_on = t >= 1.4 && t < 58.6;
	switch (message) {
	case VC_DBC_SPEED:
		vc_dbc_speed_encode(&(struct vc_dbc_speed){.display_speed = car->kmh}, data);
		break;
	case VC_DBC_ENGINE:
		vc_dbc_engine_encode(&(struct vc_dbc_engine){.engine_speed = car->rpm,
							     .coolant_temperature = (int64_t)car->coolant,
							     .oil_pressure_low = !engine_on,
							     .charge_fault = !engine_on,
							     .engine_fault = between(t, 45, 50)},
				     data);
		break;
	case VC_DBC_BRAKES:
		vc_dbc_brakes_encode(&(struct vc_dbc_brakes){.parking_brake = parked,
							     .esc_fault = between(t, 39.5, 40.6),
							     .tyre_pressure_low = between(t, 26, 34)},
				     data);
		break;
	case VC_DBC_GEARBOX:
		vc_dbc_gearbox_encode(&(struct vc_dbc_gearbox){.selector = parked ? VC_DBC_GEARBOX_SELECTOR_P
										  : VC_DBC_GEARBOX_SELECTOR_D,
							       .gear = parked ? 0 : car->gear},
				      data);
		break;
	case VC_DBC_RESTRAINTS:
		vc_dbc_restraints_encode(&(struct vc_dbc_restraints){.belt_open = t < 3.0 || t > 58.8}, data);
		break;
	case VC_DBC_BODY:
		vc_dbc_body_encode(&(struct vc_dbc_body){.turn_left = between(t, 11, 16) && blink(t),
							 .turn_right = between(t, 47, 54) && blink(t),
							 .low_beam = between(t, 2, 58.8),
							 .high_beam = between(t, 24.5, 29),
							 .fog_front = between(t, 33, 37),
							 .door_open = t < 0.8 || t > 59.2},
				   data);
		break;
	case VC_DBC_FUEL:
		vc_dbc_fuel_encode(&(struct vc_dbc_fuel){.level = car->fuel}, data);
		break;
	case VC_DBC_TRIP:
		vc_dbc_trip_encode(&(struct vc_dbc_trip){.odometer = car->odometer_km, .trip_distance = car->trip_km},
				   data);
		break;
	case VC_DBC_AMBIENT:
		vc_dbc_ambient_encode(
			&(struct vc_dbc_ambient){
				.hour = 10, .minute = 42, .second = (int64_t)t % 60, .outside_temperature = 18.5},
			data);
		break;
	default:
		break;
	}
}

static void write_frame(FILE *out, const char *interface, int message, int64_t ms, const struct car *car) {
	const struct vc_dbc_message *m = &vc_dbc_messages[message];
	uint8_t data[VC_CAN_DATA_MAX] = {0};
	encode(message, car, (double)ms / 1000, data);
	vc_e2e_protect(m, data, (uint8_t)(ms / m->cycle_ms % 15));
	/* Real buses don't send all at once: each message has its own place in the cycle. */
	int64_t us = ms * 1000 + message * INT64_C(450);
	fprintf(out, "(%" PRId64 ".%06" PRId64 ") %s %0*X#", EPOCH_S + us / 1000000, us % 1000000, interface,
		m->extended ? 8 : 3, m->id);
	for (unsigned i = 0; i < m->size; i++)
		fprintf(out, "%02X", data[i]);
	fputc('\n', out);
}

int main(int argc, char **argv) {
	if (argc < 2 || argc > 3 || argv[1][0] == '-') {
		bool asked = argc == 2 && strcmp(argv[1], "--help") == 0;
		if (argc == 2 && strcmp(argv[1], "--version") == 0) {
			puts("drivegen " VC_VERSION);
			return 0;
		}
		fputs("usage: drivegen OUT.log [INTERFACE]   (a drive of 60 s for canplayer; INTERFACE: vcan0)\n",
		      asked ? stdout : stderr);
		return asked ? 0 : 2;
	}
	const char *interface = argc == 3 ? argv[2] : "vcan0";
	FILE *out = fopen(argv[1], "w");
	if (!out) {
		fprintf(stderr, "drivegen: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	struct car car = {.odometer_km = 48213.4, .trip_km = 127.4, .fuel = 62, .coolant = 84, .gear = 1};
	for (int64_t ms = 0; ms < DRIVE_MS; ms += STEP_MS) {
		move_car(&car, (double)ms / 1000, STEP_MS / 1000.0);
		for (int i = 0; i < VC_DBC_MESSAGES; i++)
			if (vc_dbc_messages[i].cycle_ms > 0 && ms % vc_dbc_messages[i].cycle_ms == 0)
				write_frame(out, interface, i, ms, &car);
	}
	bool good = ferror(out) == 0;
	if (fclose(out) != 0 || !good) {
		fprintf(stderr, "drivegen: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	return 0;
}
