/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what the car says to what the driver sees: units to positions and characters, needles with inertia, unknown values as
 * dashes, the lamp check at start. Pure but for its own memory of where the needles are.
 */
#ifndef VC_INSTRUMENTS_H
#define VC_INSTRUMENTS_H

#include "picture.h"
#include "vehicle.h"

struct vc_instruments {
	int64_t needle_ns;   /* time constant of the needles; 0: they jump */
	int64_t lamps_until; /* all telltales of the row are lit until then, vc_clock_now() time */
	int64_t last_ns;     /* when the last picture was made, 0 before the first */
	double at[VC_ARCS];  /* where the needles are, as a fraction of their scales; negative: unknown */
	int speed;           /* the digits shown, km/h; negative: unknown */
};

/* @start_ns: now; the lamp check lasts @lamp_check_ms from then. */
void vc_instruments_init(struct vc_instruments *instruments, int64_t start_ns, int64_t lamp_check_ms,
			 int64_t needle_ms);

/* Makes the picture for @now_ns; vc_vehicle_check() has been called for that time. */
void vc_instruments_read(struct vc_instruments *instruments, const struct vc_vehicle *vehicle, int64_t now_ns,
			 struct vc_picture *picture);

#endif
