/* SPDX-License-Identifier: Apache-2.0 */
#include "dbc.h"

#include "../dbc-runtime.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>

static bool fail(const char *name, int line, char *error, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
static bool fail(const char *name, int line, char *error, const char *format, ...) {
	int n = snprintf(error, DBC_ERROR_MAX, "%.128s:%d: ", name, line);
	va_list args;
	va_start(args, format);
	vsnprintf(error + n, DBC_ERROR_MAX - (size_t)n, format, args);
	va_end(args);
	return false;
}

const struct dbc_signal *dbc_find_signal(const struct dbc_message *message, const char *name) {
	for (unsigned i = 0; i < message->signals; i++)
		if (strcmp(message->signal[i].name, name) == 0)
			return &message->signal[i];
	return NULL;
}

void dbc_snake(const char *name, bool upper, char *out) {
	size_t n = 0;
	for (size_t i = 0; name[i] && n < DBC_NAME_MAX * 2 - 3; i++) {
		unsigned char c = (unsigned char)name[i];
		bool starts = i > 0 && isupper(c) &&
			      (islower((unsigned char)name[i - 1]) || islower((unsigned char)name[i + 1]));
		if (starts && n > 0 && out[n - 1] != '_')
			out[n++] = '_';
		out[n++] = (char)(!isalnum(c) ? '_' : upper ? toupper(c) : tolower(c));
	}
	out[n] = '\0';
}

/* The bits that @signal takes, or false if any lies outside @size bytes. */
static bool bits_of(const struct dbc_signal *signal, unsigned size, uint64_t *bits) {
	unsigned bit = signal->start;
	*bits = 0;
	for (unsigned i = 0; i < signal->length; i++) {
		if (bit >= size * 8)
			return false;
		*bits |= UINT64_C(1) << bit;
		bit = signal->motorola ? vc_dbc_next_motorola(bit) : bit + 1;
	}
	return true;
}

static bool same_in_c(const char *a, const char *b) {
	char x[DBC_NAME_MAX * 2], y[DBC_NAME_MAX * 2];
	dbc_snake(a, false, x);
	dbc_snake(b, false, y);
	return strcmp(x, y) == 0;
}

/* Members of a struct can't have these names. Upper case never occurs in them. */
static bool is_reserved(const char *name) {
	static const char *const words[] = {
		"auto",  "bool",     "break",  "case",     "char",   "const",    "continue", "default",
		"do",    "double",   "else",   "enum",     "extern", "false",    "float",    "for",
		"goto",  "if",       "inline", "int",      "long",   "register", "return",   "restrict",
		"short", "signed",   "sizeof", "static",   "struct", "switch",   "true",     "typedef",
		"union", "unsigned", "void",   "volatile", "while"};
	char c[DBC_NAME_MAX * 2];
	dbc_snake(name, false, c);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(c, words[i]) == 0)
			return true;
	return false;
}

static bool check_signals(const struct dbc_message *m, const char *name, char *error) {
	uint64_t taken = 0;
	for (unsigned i = 0; i < m->signals; i++) {
		const struct dbc_signal *s = &m->signal[i];
		uint64_t bits;
		if (!bits_of(s, m->size, &bits))
			return fail(name, s->line, error, "signal %s does not fit into the %u bytes of %s", s->name,
				    m->size, m->name);
		if (bits & taken)
			return fail(name, s->line, error, "signal %s overlaps another of %s", s->name, m->name);
		taken |= bits;
		if (is_reserved(s->name))
			return fail(name, s->line, error, "signal %s has a name that C reserves", s->name);
		for (unsigned j = 0; j < i; j++)
			if (same_in_c(m->signal[j].name, s->name))
				return fail(name, s->line, error, "signal %s has the same name in C as %s", s->name,
					    m->signal[j].name);
		/* Doubles hold 53 bits exactly, and decoded values pass through them. */
		if (s->length > 52)
			return fail(name, s->line, error, "signal %s is longer than 52 bits", s->name);
	}
	return true;
}

static bool check_protection(const struct dbc_message *m, const char *name, char *error) {
	const struct dbc_signal *crc = dbc_find_signal(m, "Crc"), *counter = dbc_find_signal(m, "Counter");
	if (m->data_id == 0)
		return true;
	if (!crc || crc->length != 8 || crc->motorola || crc->start % 8 != 0 || crc->scale != 1 || crc->offset != 0)
		return fail(name, m->line, error,
			    "%s has an E2EDataId: it needs a signal Crc, one whole byte, \"@1+ (1,0)\"", m->name);
	if (!counter || counter->length != 4 || counter->motorola || counter->start % 8 > 4 || counter->scale != 1 ||
	    counter->offset != 0)
		return fail(name, m->line, error,
			    "%s has an E2EDataId: it needs a signal Counter, 4 bits of one byte, \"@1+ (1,0)\"",
			    m->name);
	return true;
}

static bool is_plain(const char *text) {
	if (!text[0])
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && *text != '_' && *text != ' ' && *text != '-')
			return false;
	return true;
}

static bool check_labels(const struct dbc_message *m, const char *name, char *error) {
	for (unsigned i = 0; i < m->signals; i++)
		for (unsigned j = 0; j < m->signal[i].labels; j++) {
			const struct dbc_signal *s = &m->signal[i];
			if (!is_plain(s->label[j].text))
				return fail(name, s->line, error,
					    "a label of %s has other characters than letters, digits, space, - and _",
					    s->name);
			for (unsigned k = 0; k < j; k++)
				if (same_in_c(s->label[k].text, s->label[j].text))
					return fail(name, s->line, error, "two labels of %s have the same name in C",
						    s->name);
		}
	return true;
}

bool dbc_check(const struct dbc *dbc, const char *name, char *error) {
	for (unsigned i = 0; i < dbc->messages; i++) {
		const struct dbc_message *m = &dbc->message[i];
		for (unsigned j = 0; j < i; j++)
			if (same_in_c(dbc->message[j].name, m->name))
				return fail(name, m->line, error, "message %s has the same name in C as %s", m->name,
					    dbc->message[j].name);
		if (!check_signals(m, name, error) || !check_protection(m, name, error) ||
		    !check_labels(m, name, error))
			return false;
	}
	return true;
}
