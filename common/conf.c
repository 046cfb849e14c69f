/* SPDX-License-Identifier: Apache-2.0 */
#include "conf.h"

#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *vc_conf_why(const char *format, ...) {
	static char text[256];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	return text;
}

struct reading {
	struct vc_conf_entry entry; /* .line: lines read so far. libinih tells handlers the line only if built to. */
	FILE *file;
	vc_conf_handler handler;
	void *data;
	char *error;
	size_t size;
	bool failed;
};

/* Splits "layer ivi" into kind and name. */
static void split_section(const char *section, char *kind, char *name, size_t size) {
	size_t n = strcspn(section, " \t");
	snprintf(kind, size, "%.*s", (int)n, section);
	section += n;
	section += strspn(section, " \t");
	snprintf(name, size, "%s", section);
}

static char *read_line(char *text, int size, void *user) {
	struct reading *r = user;
	if (!fgets(text, size, r->file))
		return NULL;
	r->entry.line++;
	/* A longer line would come in pieces, each taken for a line of its own. */
	if (!strchr(text, '\n') && !feof(r->file)) {
		snprintf(r->error, r->size, "%s:%d: line is longer than %d characters", r->entry.file, r->entry.line,
			 size - 2);
		r->failed = true;
		return NULL;
	}
	return text;
}

static int on_entry(void *user, const char *section, const char *key, const char *value) {
	struct reading *r = user;
	char kind[128], name[128];
	if (r->failed)
		return 0;
	if (strlen(section) >= sizeof(kind)) {
		snprintf(r->error, r->size, "%s:%d: section name is longer than %zu characters", r->entry.file,
			 r->entry.line, sizeof(kind) - 1);
		r->failed = true;
		return 0;
	}
	split_section(section, kind, name, sizeof(kind));
	r->entry.kind = kind;
	r->entry.name = name;
	r->entry.key = key;
	r->entry.value = value ? value : "";
	const char *why = r->handler(r->data, &r->entry);
	if (!why)
		return 1;
	snprintf(r->error, r->size, "%s:%d: [%s] %s = %s: %s", r->entry.file, r->entry.line, section, key,
		 r->entry.value, why);
	r->failed = true;
	return 0;
}

bool vc_conf_read(const char *path, vc_conf_handler handler, void *data, char *error, size_t size) {
	struct reading r = {.entry = {.file = path}, .handler = handler, .data = data, .error = error, .size = size};
	r.file = fopen(path, "re");
	if (!r.file) {
		snprintf(error, size, "%s: %s", path, strerror(errno));
		return false;
	}
	int line = ini_parse_stream(read_line, &r, on_entry, &r);
	bool unreadable = ferror(r.file) != 0;
	fclose(r.file);
	if (r.failed)
		return false;
	if (line > 0)
		snprintf(error, size, "%s:%d: not a section, a \"key = value\" or a comment", path, line);
	else if (line < 0 || unreadable)
		snprintf(error, size, "%s: cannot be read", path);
	return line == 0 && !unreadable;
}

const char *vc_conf_int(const char *value, int64_t min, int64_t max, int64_t *out) {
	char *end;
	errno = 0;
	long long n = strtoll(value, &end, 0);
	if (*value == '\0' || *end != '\0' || errno == EINVAL)
		return vc_conf_why("not a number; use one from %lld to %lld", (long long)min, (long long)max);
	if (errno == ERANGE || n < min || n > max)
		return vc_conf_why("out of range; use a number from %lld to %lld", (long long)min, (long long)max);
	*out = n;
	return NULL;
}

const char *vc_conf_bool(const char *value, bool *out) {
	static const char *const words[][2] = {{"no", "yes"}, {"false", "true"}, {"off", "on"}, {"0", "1"}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		for (int b = 0; b < 2; b++)
			if (strcasecmp(value, words[i][b]) == 0) {
				*out = b;
				return NULL;
			}
	return "use yes or no";
}

const char *vc_conf_string(const char *value, char *out, size_t size) {
	size_t length = strlen(value);
	if (length == 0)
		return "must not be empty";
	if (length >= size)
		return vc_conf_why("longer than %zu characters", size - 1);
	memcpy(out, value, length + 1);
	return NULL;
}
