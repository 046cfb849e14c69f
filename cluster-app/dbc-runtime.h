/* SPDX-License-Identifier: Apache-2.0 */
/* What the code that dbcgen generates stands on: where bits lie in a CAN frame, and what is known about each message. */
#ifndef VC_DBC_RUNTIME_H
#define VC_DBC_RUNTIME_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define VC_CAN_DATA_MAX 8

struct vc_dbc_message {
	const char *name;
	uint32_t id;
	bool extended;     /* a 29-bit id */
	uint8_t size;      /* bytes */
	uint16_t cycle_ms; /* 0: not cyclic */
	bool protected;    /* carries CRC and counter; the next three count then */
	uint16_t data_id;
	uint8_t crc_byte;
	uint8_t counter_start; /* bit, least significant first, of a 4-bit counter */
};

/* Little-endian ("Intel") signals: @start is the least significant bit. */
static inline uint64_t vc_dbc_get_intel(const uint8_t *data, unsigned start, unsigned length) {
	uint64_t raw = 0;
	for (unsigned i = 0; i < length; i++)
		raw |= (uint64_t)(data[(start + i) / 8] >> ((start + i) % 8) & 1) << i;
	return raw;
}

static inline void vc_dbc_put_intel(uint8_t *data, unsigned start, unsigned length, uint64_t raw) {
	for (unsigned i = 0; i < length; i++) {
		uint8_t bit = (uint8_t)(1u << ((start + i) % 8));
		uint8_t *byte = &data[(start + i) / 8];
		*byte = (uint8_t)(raw >> i & 1 ? *byte | bit : *byte & ~bit);
	}
}

/* Big-endian ("Motorola") signals: @start is the most significant bit; below bit 0 of a byte comes bit 7 of the next. */
static inline unsigned vc_dbc_next_motorola(unsigned bit) {
	return bit % 8 == 0 ? bit + 15 : bit - 1;
}

static inline uint64_t vc_dbc_get_motorola(const uint8_t *data, unsigned start, unsigned length) {
	uint64_t raw = 0;
	for (unsigned bit = start; length > 0; length--, bit = vc_dbc_next_motorola(bit))
		raw = raw << 1 | (data[bit / 8] >> (bit % 8) & 1);
	return raw;
}

static inline void vc_dbc_put_motorola(uint8_t *data, unsigned start, unsigned length, uint64_t raw) {
	for (unsigned bit = start; length > 0; length--, bit = vc_dbc_next_motorola(bit)) {
		uint8_t mask = (uint8_t)(1u << (bit % 8));
		data[bit / 8] = (uint8_t)(raw >> (length - 1) & 1 ? data[bit / 8] | mask : data[bit / 8] & ~mask);
	}
}

static inline int64_t vc_dbc_sign(uint64_t raw, unsigned length) {
	uint64_t top = UINT64_C(1) << (length - 1);
	return (int64_t)((raw ^ top) - top);
}

/* The raw value for a physical one, rounded, with @min and @max as its bounds. */
static inline int64_t vc_dbc_raw(double value, double min, double max, double scale, double offset) {
	value = value < min ? min : value > max ? max : value;
	return (int64_t)llround((value - offset) / scale);
}

#endif
