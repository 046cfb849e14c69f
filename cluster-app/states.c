/* SPDX-License-Identifier: Apache-2.0 */
#include "states.h"

#include "instruments.h"

#include <string.h>

static void know_all(struct vc_vehicle *v) {
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		v->message[i].status = VC_E2E_VALID;
	v->engine.coolant_temperature = 90;
	v->fuel.level = 62;
	v->trip = (struct vc_dbc_trip){.odometer = 48213.4, .trip_distance = 127.4};
	v->ambient = (struct vc_dbc_ambient){.hour = 10, .minute = 42, .outside_temperature = 18.5};
}

static void drive(struct vc_vehicle *v) {
	know_all(v);
	v->speed.display_speed = 87.2;
	v->engine.engine_speed = 2650;
	v->gearbox = (struct vc_dbc_gearbox){.selector = VC_DBC_GEARBOX_SELECTOR_D, .gear = 4};
	v->body.low_beam = true;
	v->body.turn_left = true;
}

static void motorway(struct vc_vehicle *v) {
	know_all(v);
	v->speed.display_speed = 168;
	v->engine.engine_speed = 3400;
	v->gearbox = (struct vc_dbc_gearbox){.selector = VC_DBC_GEARBOX_SELECTOR_D, .gear = 7};
	v->body.high_beam = v->body.low_beam = true;
	v->ambient = (struct vc_dbc_ambient){.hour = 23, .minute = 7, .outside_temperature = -3.5};
	v->trip.trip_distance = 412.8;
	v->fuel.level = 38;
}

static void sport(struct vc_vehicle *v) {
	know_all(v);
	v->speed.display_speed = 118;
	v->engine.engine_speed = 6900;
	v->gearbox = (struct vc_dbc_gearbox){.selector = VC_DBC_GEARBOX_SELECTOR_M, .gear = 3};
	v->engine.coolant_temperature = 104;
}

static void warning(struct vc_vehicle *v) {
	drive(v);
	v->body.turn_right = true;
	v->body.fog_front = v->body.fog_rear = v->body.door_open = true;
	v->speed.display_speed = 12;
	v->engine.engine_speed = 900;
	v->gearbox.gear = 1;
	v->engine.oil_pressure_low = v->engine.charge_fault = v->engine.engine_fault = v->engine.coolant_hot = true;
	v->engine.coolant_temperature = 122;
	v->brakes = (struct vc_dbc_brakes){true, true, true, true, true};
	v->restraints = (struct vc_dbc_restraints){true, true};
	v->fuel = (struct vc_dbc_fuel){.level = 6, .level_low = true};
}

static void stand(struct vc_vehicle *v) {
	know_all(v);
	v->engine.engine_speed = 0;
	v->engine.coolant_temperature = 40;
	v->gearbox.selector = VC_DBC_GEARBOX_SELECTOR_P;
	v->brakes.parking_brake = true;
	v->restraints.belt_open = true;
}

/* One sender has gone silent, the rest goes on. */
static void partial(struct vc_vehicle *v) {
	drive(v);
	v->message[VC_DBC_SPEED].status = VC_E2E_MISSING;
	v->message[VC_DBC_BRAKES].status = VC_E2E_CORRUPT;
}

static void lost(struct vc_vehicle *v) {
	(void)v;
}

static const struct {
	const char *name;
	void (*fill)(struct vc_vehicle *vehicle);
	int64_t lamp_check_ms;
} states[] = {
	{"drive", drive, 0},     {"night-motorway", motorway, 0},
	{"sport", sport, 0},     {"warning", warning, 0},
	{"start", stand, 1000},  {"parked", stand, 0},
	{"partial", partial, 0}, {"lost", lost, 0},
};

const char *vc_states_names(void) {
	return "drive, night-motorway, sport, warning, start, parked, partial, lost";
}

bool vc_state_picture(const char *name, struct vc_picture *picture) {
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (strcmp(states[i].name, name) != 0)
			continue;
		struct vc_vehicle vehicle = {0};
		struct vc_instruments instruments;
		states[i].fill(&vehicle);
		vc_instruments_init(&instruments, 1, states[i].lamp_check_ms, 0);
		vc_instruments_read(&instruments, &vehicle, 2, picture);
		return true;
	}
	return false;
}
