/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ini files, read with libinih. Sections look like "[layer ivi]": a kind and a name. A handler gets one key at a time and
 * says what is wrong in words; this wraps it as "FILE:LINE: [section] key = value: why".
 */
#ifndef VC_CONF_H
#define VC_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One "key = value" of a file. All strings are valid only during the handler's call. */
struct vc_conf_entry {
	const char *file;
	int line;
	const char *kind; /* "layer" of "[layer ivi]" */
	const char *name; /* "ivi" of "[layer ivi]", "" if the section has no name */
	const char *key;
	const char *value; /* white space trimmed */
};

/* Returns NULL when the entry is good, else why not, in words that follow "FILE:LINE: [kind name] key = value: ". The text
 * must outlive the call: a literal, or vc_conf_why(). */
typedef const char *(*vc_conf_handler)(void *data, const struct vc_conf_entry *entry);

/* Reads @path and calls @handler for each entry in order. Stops at the first bad line. Returns true, or false with one
 * complete line in @error that names file, line, value and remedy. */
bool vc_conf_read(const char *path, vc_conf_handler handler, void *data, char *error, size_t size);

/* printf into a static buffer, for a handler's answer. Not for use after start. */
const char *vc_conf_why(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Parse a value into *out. Each returns NULL or why not, as a handler would. Ranges are inclusive. */
const char *vc_conf_int(const char *value, int64_t min, int64_t max, int64_t *out);
const char *vc_conf_bool(const char *value, bool *out);                /* yes/no, true/false, on/off, 1/0 */
const char *vc_conf_string(const char *value, char *out, size_t size); /* non-empty, fits in @size with its NUL */

#endif
