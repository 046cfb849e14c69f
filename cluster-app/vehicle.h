/* SPDX-License-Identifier: Apache-2.0 */
/* The car as its messages tell it: the newest good values of each, and whether they may be believed. Pure. */
#ifndef VC_VEHICLE_H
#define VC_VEHICLE_H

#include "e2e.h"
#include "vehicle-dbc.h"

struct vc_vehicle_rules {
	struct vc_e2e_limits limits;
	int64_t timeout_ns[VC_DBC_MESSAGES];
};

/* All zero to begin with: nothing known. */
struct vc_vehicle {
	struct vc_e2e message[VC_DBC_MESSAGES];
	uint64_t frames; /* received, those of other ids included */
	/* For the latency's figures (latency.h): of protected messages, the arrival of the oldest good frame that no
	 * picture has taken up yet, and the last good arrival of one that is believed no more; 0: none. */
	int64_t arrived_ns, lost_ns;
	/* Meaningful only while vc_vehicle_knows() the message. */
	struct vc_dbc_speed speed;
	struct vc_dbc_engine engine;
	struct vc_dbc_brakes brakes;
	struct vc_dbc_gearbox gearbox;
	struct vc_dbc_restraints restraints;
	struct vc_dbc_body body;
	struct vc_dbc_fuel fuel;
	struct vc_dbc_trip trip;
	struct vc_dbc_ambient ambient;
};

/* Takes in a frame of @size bytes that came at @now_ns. Frames of unknown ids are counted and passed over. */
void vc_vehicle_receive(struct vc_vehicle *vehicle, const struct vc_vehicle_rules *rules, uint32_t id, bool extended,
			const uint8_t *data, size_t size, int64_t now_ns);

/* Lets time pass; to be called before the vehicle is looked at. */
void vc_vehicle_check(struct vc_vehicle *vehicle, const struct vc_vehicle_rules *rules, int64_t now_ns);

/* @message: VC_DBC_* */
static inline bool vc_vehicle_knows(const struct vc_vehicle *vehicle, int message) {
	return vehicle->message[message].status == VC_E2E_VALID;
}

#endif
