/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A CAN database in memory, as read from the DBC text format, and the C made from it. What is understood: VERSION, NS_,
 * BS_, BU_, BO_, SG_ (not multiplexed), CM_, VAL_, BA_DEF_, BA_DEF_DEF_, BA_. Anything else is an error that names it.
 */
#ifndef VC_DBC_H
#define VC_DBC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DBC_NAME_MAX 64 /* with the NUL */
#define DBC_MESSAGES_MAX 64
#define DBC_SIGNALS_MAX 40
#define DBC_LABELS_MAX 16
#define DBC_ERROR_MAX 320

struct dbc_label {
	int64_t value;
	char text[DBC_NAME_MAX];
};

struct dbc_signal {
	char name[DBC_NAME_MAX];
	int line;
	unsigned start, length;
	bool motorola, is_signed;
	double scale, offset, min, max;
	unsigned labels;
	struct dbc_label label[DBC_LABELS_MAX];
};

struct dbc_message {
	char name[DBC_NAME_MAX];
	int line;
	uint32_t id;
	bool extended;
	unsigned size; /* bytes */
	int64_t cycle_ms, data_id;
	unsigned signals;
	struct dbc_signal signal[DBC_SIGNALS_MAX];
};

struct dbc {
	unsigned messages;
	struct dbc_message message[DBC_MESSAGES_MAX];
};

/* Reads @text (@size bytes, no NUL needed) into @dbc. @name stands for the file in error lines. Returns false with one line
 * "FILE:LINE: what is wrong" in @error (DBC_ERROR_MAX bytes). */
bool dbc_parse(struct dbc *dbc, const char *name, const char *text, size_t size, char *error);

/* Checks what no single line shows: signals inside their message, not overlapping, names that stay distinct in C, CRC and
 * counter where a message is protected. */
bool dbc_check(const struct dbc *dbc, const char *name, char *error);

/* Writes the C. Names are made from @prefix ("vc_dbc"); @stem is the header's name without ".h". */
void dbc_emit_header(const struct dbc *dbc, const char *prefix, const char *stem, FILE *out);
void dbc_emit_source(const struct dbc *dbc, const char *prefix, const char *stem, FILE *out);

/* The signal of this name, or NULL. */
const struct dbc_signal *dbc_find_signal(const struct dbc_message *message, const char *name);

/* "DisplaySpeed" as "display_speed" (or upper case) into @out of DBC_NAME_MAX * 2 bytes. */
void dbc_snake(const char *name, bool upper, char *out);

#endif
