/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the cluster shows at one moment, in the terms of the screen: needle positions, characters, lamps. Two equal pictures
 * give the same pixels, so damage is what differs between two of them.
 */
#ifndef VC_PICTURE_H
#define VC_PICTURE_H

#include "lamps.h"

#include <stdint.h>

/* Positions along an arc: 0 at its start, VC_ARC_FULL at its end. */
#define VC_ARC_FULL 8192
#define VC_ARC_NONE (-1) /* unknown: nothing lit, no needle */

enum vc_arc_name { VC_ARC_SPEED, VC_ARC_RPM, VC_ARC_FUEL, VC_ARC_COOLANT, VC_ARCS };

enum vc_text_name {
	VC_TEXT_SPEED,
	VC_TEXT_GEAR,
	VC_TEXT_CLOCK,
	VC_TEXT_OUTSIDE,
	VC_TEXT_ODOMETER,
	VC_TEXT_TRIP,
	VC_TEXTS,
};

#define VC_TEXT_MAX 12 /* characters, with the NUL */

/* The line of words under the dials, the most urgent one only. */
enum vc_notice {
	VC_NOTICE_NONE,
	VC_NOTICE_NO_DATA, /* nothing valid comes from the car */
	VC_NOTICE_DATA,    /* something is missing or corrupt */
	VC_NOTICE_BRAKE,
	VC_NOTICE_OIL,
	VC_NOTICE_COOLANT,
	VC_NOTICE_AIRBAG,
	VC_NOTICE_DOOR,
	VC_NOTICE_BELT,
	VC_NOTICE_BATTERY,
	VC_NOTICE_ENGINE,
	VC_NOTICE_TYRE,
	VC_NOTICE_FUEL,
	VC_NOTICES,
};

struct vc_picture {
	int32_t arc[VC_ARCS];
	char text[VC_TEXTS][VC_TEXT_MAX]; /* NUL-filled, so that memcmp() compares */
	uint8_t dashed[VC_TEXTS];         /* 1: the text stands for an unknown value */
	uint8_t lamp[VC_LAMPS];           /* enum vc_lamp_state */
	uint8_t notice;                   /* enum vc_notice */
	uint32_t counter;                 /* of the frame, drawn as the strip (declaration.h) */
};

#endif
