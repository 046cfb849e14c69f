/* SPDX-License-Identifier: Apache-2.0 */
#include "e2e.h"

#define COUNTERS 15u /* 0 … 14; 15 is never sent */

static uint8_t crc8_add(uint8_t crc, uint8_t byte) {
	crc ^= byte;
	for (int bit = 0; bit < 8; bit++)
		crc = (uint8_t)(crc & 0x80 ? crc << 1 ^ 0x1d : crc << 1);
	return crc;
}

uint8_t vc_crc8(const uint8_t *data, size_t size) {
	uint8_t crc = 0xff;
	for (size_t i = 0; i < size; i++)
		crc = crc8_add(crc, data[i]);
	return crc ^ 0xff;
}

uint8_t vc_e2e_crc(const struct vc_dbc_message *message, const uint8_t *data) {
	uint8_t crc = crc8_add(0xff, (uint8_t)message->data_id);
	crc = crc8_add(crc, (uint8_t)(message->data_id >> 8));
	for (unsigned i = 0; i < message->size; i++)
		if (i != message->crc_byte)
			crc = crc8_add(crc, data[i]);
	return crc ^ 0xff;
}

void vc_e2e_protect(const struct vc_dbc_message *message, uint8_t *data, uint8_t counter) {
	if (!message->protected)
		return;
	vc_dbc_put_intel(data, message->counter_start, 4, counter);
	data[message->crc_byte] = vc_e2e_crc(message, data);
}

static void take_good(struct vc_e2e *e, const struct vc_e2e_limits *limits, int64_t now_ns) {
	e->bad_run = 0;
	e->good_ns = now_ns;
	if (e->good_run < limits->good_frames)
		e->good_run++;
	if (e->good_run >= limits->good_frames)
		e->status = VC_E2E_VALID;
}

static void take_bad(struct vc_e2e *e, const struct vc_e2e_limits *limits) {
	e->good_run = 0;
	if (e->bad_run < limits->bad_frames)
		e->bad_run++;
	if (e->bad_run >= limits->bad_frames)
		e->status = VC_E2E_CORRUPT;
}

/* Whether the counter went on as it should; follows it in any case. */
static bool counter_good(struct vc_e2e *e, const struct vc_e2e_limits *limits, uint8_t counter) {
	if (counter >= COUNTERS)
		return false;
	unsigned step = (counter + COUNTERS - (unsigned)e->counter) % COUNTERS;
	e->counter = counter;
	return step >= 1 && step <= limits->step_max;
}

bool vc_e2e_receive(struct vc_e2e *e, const struct vc_dbc_message *message, const struct vc_e2e_limits *limits,
		    const uint8_t *data, size_t size, bool decodes, int64_t now_ns) {
	e->received++;
	e->received_ns = now_ns;
	bool good = size == message->size;
	if (good && message->protected) {
		uint8_t counter = (uint8_t)vc_dbc_get_intel(data, message->counter_start, 4);
		if (data[message->crc_byte] != vc_e2e_crc(message, data)) {
			e->crc_errors++;
			take_bad(e, limits);
			return false;
		}
		if (!e->synced && counter < COUNTERS) {
			/* The first one has nothing to be compared with, so it proves nothing yet. */
			e->synced = true;
			e->counter = counter;
			return false;
		}
		if (!counter_good(e, limits, counter)) {
			e->counter_errors++;
			take_bad(e, limits);
			return false;
		}
	}
	if (!good || !decodes) {
		e->malformed++;
		take_bad(e, limits);
		return false;
	}
	take_good(e, limits, now_ns);
	return true;
}

void vc_e2e_check(struct vc_e2e *e, int64_t timeout_ns, int64_t now_ns) {
	if (e->status == VC_E2E_MISSING)
		return;
	int64_t since = e->status == VC_E2E_VALID ? e->good_ns : e->received_ns;
	if (now_ns - since <= timeout_ns)
		return;
	/* After silence the sender may have started anew: its counter is unknown again. */
	e->status = VC_E2E_MISSING;
	e->synced = false;
	e->good_run = e->bad_run = 0;
	e->timeouts++;
}
