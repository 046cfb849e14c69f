/* SPDX-License-Identifier: Apache-2.0 */
/*
 * End-to-end protection of CAN messages, in the style of AUTOSAR's E2E profile 1 (AUTOSAR_PRS_E2EProtocol): a CRC-8 SAE J1850
 * over the message's data id (low byte, high byte) and all its bytes but the CRC's own, and a counter from 0 to 14. Pure: no
 * clock, no I/O.
 *
 * A value may be shown only while its message is VALID. A message becomes VALID after a run of good frames and stops being
 * so when good frames stay away for its time-out (MISSING) or bad ones come in a row (CORRUPT).
 */
#ifndef VC_E2E_H
#define VC_E2E_H

#include "dbc-runtime.h"

enum vc_e2e_status { VC_E2E_MISSING, VC_E2E_VALID, VC_E2E_CORRUPT };

struct vc_e2e_limits {
	unsigned step_max;    /* the counter may go on by 1 to this: this minus 1 lost frames are tolerated */
	unsigned bad_frames;  /* in a row: CORRUPT */
	unsigned good_frames; /* in a row: VALID */
};

/* One message's state; all zero to begin with. */
struct vc_e2e {
	enum vc_e2e_status status;
	bool synced; /* counter holds the last one seen */
	uint8_t counter;
	unsigned bad_run, good_run;
	int64_t good_ns;     /* when the last good frame came */
	int64_t received_ns; /* when the last frame of any kind came */
	uint64_t received, crc_errors, counter_errors, malformed, timeouts;
};

/* CRC-8 SAE J1850: polynomial 0x1d, start and final xor 0xff. */
uint8_t vc_crc8(const uint8_t *data, size_t size);

/* What the CRC byte of @data must be. */
uint8_t vc_e2e_crc(const struct vc_dbc_message *message, const uint8_t *data);

/* Puts @counter and the CRC into @data, message->size bytes. Does nothing to a message without protection. */
void vc_e2e_protect(const struct vc_dbc_message *message, uint8_t *data, uint8_t counter);

/* Judges a frame that came at @now_ns. @decodes: its values were in range. Returns true if it is good: its values are then the
 * message's newest. Whether they may be shown is for the status to say. */
bool vc_e2e_receive(struct vc_e2e *e2e, const struct vc_dbc_message *message, const struct vc_e2e_limits *limits,
		    const uint8_t *data, size_t size, bool decodes, int64_t now_ns);

/* Lets time pass: a message without a good frame for @timeout_ns is MISSING. */
void vc_e2e_check(struct vc_e2e *e2e, int64_t timeout_ns, int64_t now_ns);

#endif
