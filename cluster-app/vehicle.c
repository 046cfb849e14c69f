/* SPDX-License-Identifier: Apache-2.0 */
#include "vehicle.h"

/* Decodes into @next, a copy of the vehicle, so that a bad frame leaves no trace in the values. */
static bool decode(struct vc_vehicle *next, int message, const uint8_t *data, size_t size) {
	switch (message) {
	case VC_DBC_SPEED:
		return vc_dbc_speed_decode(&next->speed, data, size);
	case VC_DBC_ENGINE:
		return vc_dbc_engine_decode(&next->engine, data, size);
	case VC_DBC_BRAKES:
		return vc_dbc_brakes_decode(&next->brakes, data, size);
	case VC_DBC_GEARBOX:
		return vc_dbc_gearbox_decode(&next->gearbox, data, size);
	case VC_DBC_RESTRAINTS:
		return vc_dbc_restraints_decode(&next->restraints, data, size);
	case VC_DBC_BODY:
		return vc_dbc_body_decode(&next->body, data, size);
	case VC_DBC_FUEL:
		return vc_dbc_fuel_decode(&next->fuel, data, size);
	case VC_DBC_TRIP:
		return vc_dbc_trip_decode(&next->trip, data, size);
	case VC_DBC_AMBIENT:
		return vc_dbc_ambient_decode(&next->ambient, data, size);
	default:
		return false;
	}
}

static int find(uint32_t id, bool extended) {
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		if (vc_dbc_messages[i].id == id && vc_dbc_messages[i].extended == extended)
			return i;
	return -1;
}

/* Message @i was believed before: is it still? */
static void note_loss(struct vc_vehicle *vehicle, int i, bool known) {
	int64_t good_ns = vehicle->message[i].good_ns;
	if (!known || vc_vehicle_knows(vehicle, i) || !vc_dbc_messages[i].protected)
		return;
	if (vehicle->lost_ns == 0 || good_ns < vehicle->lost_ns)
		vehicle->lost_ns = good_ns;
}

void vc_vehicle_receive(struct vc_vehicle *vehicle, const struct vc_vehicle_rules *rules, uint32_t id, bool extended,
			const uint8_t *data, size_t size, int64_t now_ns) {
	vehicle->frames++;
	int i = find(id, extended);
	if (i < 0)
		return;
	bool known = vc_vehicle_knows(vehicle, i);
	struct vc_vehicle next = *vehicle;
	bool decodes = decode(&next, i, data, size);
	if (vc_e2e_receive(&next.message[i], &vc_dbc_messages[i], &rules->limits, data, size, decodes, now_ns)) {
		*vehicle = next;
		if (vehicle->arrived_ns == 0 && vc_dbc_messages[i].protected)
			vehicle->arrived_ns = now_ns;
	} else {
		vehicle->message[i] = next.message[i];
	}
	note_loss(vehicle, i, known);
}

void vc_vehicle_check(struct vc_vehicle *vehicle, const struct vc_vehicle_rules *rules, int64_t now_ns) {
	for (int i = 0; i < VC_DBC_MESSAGES; i++) {
		bool known = vc_vehicle_knows(vehicle, i);
		vc_e2e_check(&vehicle->message[i], rules->timeout_ns[i], now_ns);
		note_loss(vehicle, i, known);
	}
}
