/* SPDX-License-Identifier: Apache-2.0 */
/* The telltales: which there are, what they look like. The shapes are drawn here, after the meaning and proportions that
 * ISO 2575 gives each symbol. */
#ifndef VC_LAMPS_H
#define VC_LAMPS_H

#include <cairo.h>
#include <stdint.h>

enum vc_lamp {
	/* On top: what is switched on. */
	VC_LAMP_TURN_LEFT,
	VC_LAMP_TURN_RIGHT,
	VC_LAMP_LOW_BEAM,
	VC_LAMP_HIGH_BEAM,
	VC_LAMP_FOG_FRONT,
	VC_LAMP_FOG_REAR,
	/* The row at the bottom: what is wrong. */
	VC_LAMP_BELT,
	VC_LAMP_AIRBAG,
	VC_LAMP_BRAKE,
	VC_LAMP_PARKING_BRAKE,
	VC_LAMP_DOOR,
	VC_LAMP_OIL,
	VC_LAMP_BATTERY,
	VC_LAMP_COOLANT,
	VC_LAMP_ENGINE,
	VC_LAMP_ABS,
	VC_LAMP_ESC,
	VC_LAMP_TYRE,
	VC_LAMP_FUEL,
	VC_LAMP_DATA, /* our own: a message of the car is missing or corrupt */
	VC_LAMPS,
	VC_LAMPS_ROW = VC_LAMP_BELT, /* the first of the row */
};

enum vc_lamp_state {
	VC_LAMP_OFF,
	VC_LAMP_ON,
	VC_LAMP_UNKNOWN, /* the car doesn't say, or says it wrongly */
	VC_LAMP_STATES,
};

uint32_t vc_lamp_colour(enum vc_lamp lamp); /* 0xRRGGBB */

/* "turn-left" */
const char *vc_lamp_name(enum vc_lamp lamp);

/* Draws the symbol in @cr's colour, centred on the origin in a square from -16 to 16. At start only. */
void vc_lamp_sketch(cairo_t *cr, enum vc_lamp lamp);

#endif
