/* SPDX-License-Identifier: Apache-2.0 */
#include "instruments.h"

#include "clock.h"
#include "notice.h"
#include "scales.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Fuel sloshes and coolant is slow: their needles are damped more. */
#define SLOW 6

void vc_instruments_init(struct vc_instruments *in, int64_t start_ns, int64_t lamp_check_ms, int64_t needle_ms) {
	*in = (struct vc_instruments){.needle_ns = needle_ms * VC_NS_PER_MS,
				      .lamps_until = start_ns + lamp_check_ms * VC_NS_PER_MS,
				      .speed = -1};
	for (int i = 0; i < VC_ARCS; i++)
		in->at[i] = -1;
}

/* Lets needle @i follow @target for @dt_ns. A needle that knew nothing rises from its stop. */
static int32_t move(struct vc_instruments *in, int i, bool known, double target, int64_t dt_ns) {
	if (!known) {
		in->at[i] = -1;
		return VC_ARC_NONE;
	}
	target = fmin(1, fmax(0, target));
	double constant = (double)in->needle_ns * (i == VC_ARC_FUEL || i == VC_ARC_COOLANT ? SLOW : 1);
	double from = fmax(0, in->at[i]);
	in->at[i] = constant > 0 ? target + (from - target) * exp(-(double)dt_ns / constant) : target;
	return (int32_t)lround(in->at[i] * VC_ARC_FULL);
}

static void move_all(struct vc_instruments *in, const struct vc_vehicle *v, int64_t dt_ns, struct vc_picture *p) {
	bool engine = vc_vehicle_knows(v, VC_DBC_ENGINE);
	p->arc[VC_ARC_SPEED] =
		move(in, VC_ARC_SPEED, vc_vehicle_knows(v, VC_DBC_SPEED), v->speed.display_speed / VC_SPEED_MAX, dt_ns);
	p->arc[VC_ARC_RPM] = move(in, VC_ARC_RPM, engine, v->engine.engine_speed / VC_RPM_MAX, dt_ns);
	p->arc[VC_ARC_FUEL] = move(in, VC_ARC_FUEL, vc_vehicle_knows(v, VC_DBC_FUEL), v->fuel.level / 100, dt_ns);
	double coolant = ((double)v->engine.coolant_temperature - VC_COOLANT_MIN) / (VC_COOLANT_MAX - VC_COOLANT_MIN);
	p->arc[VC_ARC_COOLANT] = move(in, VC_ARC_COOLANT, engine, coolant, dt_ns);
}

static void dashes(struct vc_picture *p, enum vc_text_name text, const char *form) {
	snprintf(p->text[text], VC_TEXT_MAX, "%s", form);
	p->dashed[text] = 1;
}

static void write_speed(struct vc_instruments *in, const struct vc_vehicle *v, struct vc_picture *p) {
	if (!vc_vehicle_knows(v, VC_DBC_SPEED)) {
		in->speed = -1;
		dashes(p, VC_TEXT_SPEED, "---");
		return;
	}
	/* A little more than half a step, so that the digits don't flicker between two numbers. */
	if (in->speed < 0 || fabs(v->speed.display_speed - in->speed) > 0.6)
		in->speed = (int)lround(v->speed.display_speed);
	snprintf(p->text[VC_TEXT_SPEED], VC_TEXT_MAX, "%d", in->speed);
}

static void write_gear(const struct vc_vehicle *v, struct vc_picture *p) {
	static const char letters[] = "PRNDM";
	if (!vc_vehicle_knows(v, VC_DBC_GEARBOX)) {
		dashes(p, VC_TEXT_GEAR, "--");
		return;
	}
	char letter = letters[v->gearbox.selector];
	bool driving =
		v->gearbox.selector == VC_DBC_GEARBOX_SELECTOR_D || v->gearbox.selector == VC_DBC_GEARBOX_SELECTOR_M;
	if (driving && v->gearbox.gear > 0)
		snprintf(p->text[VC_TEXT_GEAR], VC_TEXT_MAX, "%c%d", letter, (int)v->gearbox.gear);
	else
		snprintf(p->text[VC_TEXT_GEAR], VC_TEXT_MAX, "%c", letter);
}

static void write_rest(const struct vc_vehicle *v, struct vc_picture *p) {
	if (vc_vehicle_knows(v, VC_DBC_AMBIENT)) {
		snprintf(p->text[VC_TEXT_CLOCK], VC_TEXT_MAX, "%02d:%02d", (int)v->ambient.hour,
			 (int)v->ambient.minute);
		snprintf(p->text[VC_TEXT_OUTSIDE], VC_TEXT_MAX,
			 "%.1f \xb0"
			 "C",
			 v->ambient.outside_temperature);
	} else {
		dashes(p, VC_TEXT_CLOCK, "--:--");
		dashes(p, VC_TEXT_OUTSIDE,
		       "--.- \xb0"
		       "C");
	}
	if (vc_vehicle_knows(v, VC_DBC_TRIP)) {
		snprintf(p->text[VC_TEXT_ODOMETER], VC_TEXT_MAX, "%d", (int)v->trip.odometer);
		snprintf(p->text[VC_TEXT_TRIP], VC_TEXT_MAX, "%.1f", v->trip.trip_distance);
	} else {
		dashes(p, VC_TEXT_ODOMETER, "-----");
		dashes(p, VC_TEXT_TRIP, "---.-");
	}
}

static void light(struct vc_picture *p, const struct vc_vehicle *v, enum vc_lamp lamp, int message, bool on) {
	p->lamp[lamp] = !vc_vehicle_knows(v, message) ? VC_LAMP_UNKNOWN : on ? VC_LAMP_ON : VC_LAMP_OFF;
}

static void light_all(const struct vc_vehicle *v, struct vc_picture *p) {
	light(p, v, VC_LAMP_TURN_LEFT, VC_DBC_BODY, v->body.turn_left);
	light(p, v, VC_LAMP_TURN_RIGHT, VC_DBC_BODY, v->body.turn_right);
	light(p, v, VC_LAMP_LOW_BEAM, VC_DBC_BODY, v->body.low_beam);
	light(p, v, VC_LAMP_HIGH_BEAM, VC_DBC_BODY, v->body.high_beam);
	light(p, v, VC_LAMP_FOG_FRONT, VC_DBC_BODY, v->body.fog_front);
	light(p, v, VC_LAMP_FOG_REAR, VC_DBC_BODY, v->body.fog_rear);
	light(p, v, VC_LAMP_DOOR, VC_DBC_BODY, v->body.door_open);
	light(p, v, VC_LAMP_BELT, VC_DBC_RESTRAINTS, v->restraints.belt_open);
	light(p, v, VC_LAMP_AIRBAG, VC_DBC_RESTRAINTS, v->restraints.airbag_fault);
	light(p, v, VC_LAMP_BRAKE, VC_DBC_BRAKES, v->brakes.brake_fault);
	light(p, v, VC_LAMP_PARKING_BRAKE, VC_DBC_BRAKES, v->brakes.parking_brake);
	light(p, v, VC_LAMP_ABS, VC_DBC_BRAKES, v->brakes.abs_fault);
	light(p, v, VC_LAMP_ESC, VC_DBC_BRAKES, v->brakes.esc_fault);
	light(p, v, VC_LAMP_TYRE, VC_DBC_BRAKES, v->brakes.tyre_pressure_low);
	light(p, v, VC_LAMP_OIL, VC_DBC_ENGINE, v->engine.oil_pressure_low);
	light(p, v, VC_LAMP_BATTERY, VC_DBC_ENGINE, v->engine.charge_fault);
	light(p, v, VC_LAMP_COOLANT, VC_DBC_ENGINE, v->engine.coolant_hot);
	light(p, v, VC_LAMP_ENGINE, VC_DBC_ENGINE, v->engine.engine_fault);
	light(p, v, VC_LAMP_FUEL, VC_DBC_FUEL, v->fuel.level_low);
}

/* Our own lamp: a message that carries telltales or gauges is not to be believed. */
static void judge_data(const struct vc_vehicle *v, struct vc_picture *p) {
	int known = 0, needed = 0;
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		if (vc_dbc_messages[i].protected) {
			needed++;
			known += vc_vehicle_knows(v, i);
		}
	p->lamp[VC_LAMP_DATA] = known == needed ? VC_LAMP_OFF : VC_LAMP_ON;
	p->notice = (uint8_t)vc_notice_choose(p->lamp, known > 0);
}

void vc_instruments_read(struct vc_instruments *in, const struct vc_vehicle *v, int64_t now_ns, struct vc_picture *p) {
	int64_t dt_ns = in->last_ns ? now_ns - in->last_ns : 0;
	in->last_ns = now_ns;
	memset(p, 0, sizeof(*p));
	move_all(in, v, dt_ns, p);
	write_speed(in, v, p);
	write_gear(v, p);
	write_rest(v, p);
	light_all(v, p);
	judge_data(v, p);
	if (now_ns < in->lamps_until) {
		for (int i = VC_LAMPS_ROW; i < VC_LAMPS; i++)
			p->lamp[i] = VC_LAMP_ON;
		p->notice = VC_NOTICE_NONE;
	}
}
