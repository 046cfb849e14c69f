/* SPDX-License-Identifier: Apache-2.0 */
#include "references.h"

#include "crc32.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#define HEADER "vcockpit-telltales 1"

__attribute__((format(printf, 3, 4))) static void add(char *text, size_t *length, const char *format, ...) {
	va_list args;
	va_start(args, format);
	int n = vsnprintf(text + *length, VC_REFERENCES_BYTES_MAX - *length, format, args);
	va_end(args);
	*length += (size_t)n;
}

size_t vc_references_write(const struct vc_references *r, char *text) {
	size_t length = 0;
	add(text, &length, HEADER "\nzone %u %u\nstrip %u %u %u\n", r->width, r->height, r->strip.x, r->strip.y,
	    r->strip.block);
	for (unsigned i = 0; i < r->count; i++) {
		const struct vc_reference *t = &r->telltale[i];
		add(text, &length, "telltale %s %u %u %u %u %08x %08x %08x\n", t->name, t->place.x, t->place.y,
		    t->place.width, t->place.height, t->crc[VC_TELLTALE_OFF], t->crc[VC_TELLTALE_ON],
		    t->crc[VC_TELLTALE_UNKNOWN]);
	}
	uint32_t crc = vc_crc32(0, text, length);
	add(text, &length, "end %u %08x\n", r->count, crc);
	return length;
}

/* The next line of *@text, without its end; NULL when none is left or it is longer than any of ours. */
static const char *next_line(const char **text, size_t *left, char line[160]) {
	const char *end = memchr(*text, '\n', *left);
	size_t length = end ? (size_t)(end - *text) : 0;
	if (!end || length >= 160 || memchr(*text, '\0', length))
		return NULL;
	memcpy(line, *text, length);
	line[length] = '\0';
	*left -= length + 1;
	*text = end + 1;
	return line;
}

static const char *parse_telltale(struct vc_references *r, const char *line) {
	if (r->count == VC_TELLTALES_MAX)
		return "more telltales than a declaration holds";
	struct vc_reference *t = &r->telltale[r->count++];
	struct vc_place *p = &t->place;
	int used = 0;
	if (sscanf(line, "telltale %23s %hu %hu %hu %hu %8x %8x %8x%n", t->name, &p->x, &p->y, &p->width, &p->height,
		   &t->crc[0], &t->crc[1], &t->crc[2], &used) != 8 ||
	    line[used] != '\0')
		return "a line \"telltale NAME X Y WIDTH HEIGHT CRC CRC CRC\" is malformed";
	if (!vc_place_fits(p, r->width, r->height))
		return "a telltale lies outside the zone";
	/* Pictures that can't be told apart would make the check pointless. */
	if (t->crc[0] == t->crc[1] || t->crc[0] == t->crc[2] || t->crc[1] == t->crc[2])
		return "a telltale has the same CRC in two states";
	return NULL;
}

static const char *parse_head(struct vc_references *r, const char **text, size_t *left) {
	char line[160];
	int used = 0;
	if (!next_line(text, left, line) || strcmp(line, HEADER) != 0)
		return "the first line is not \"" HEADER "\"";
	if (!next_line(text, left, line) || sscanf(line, "zone %hu %hu%n", &r->width, &r->height, &used) != 2 ||
	    line[used] != '\0' || r->width > VC_DISPLAY_SIZE_MAX || r->height > VC_DISPLAY_SIZE_MAX)
		return "the second line is not \"zone WIDTH HEIGHT\"";
	struct vc_strip *s = &r->strip;
	if (!next_line(text, left, line) || sscanf(line, "strip %hu %hu %hu%n", &s->x, &s->y, &s->block, &used) != 3 ||
	    line[used] != '\0' || !vc_strip_fits(s, r->width, r->height))
		return "the third line is not \"strip X Y BLOCK\" inside the zone";
	return NULL;
}

const char *vc_references_parse(struct vc_references *r, const char *text, size_t size) {
	const char *start = text;
	char line[160];
	*r = (struct vc_references){0};
	const char *wrong = parse_head(r, &text, &size);
	while (!wrong) {
		size_t before = (size_t)(text - start);
		unsigned count, crc;
		int used = 0;
		if (!next_line(&text, &size, line))
			return "it breaks off before the line \"end\"";
		if (sscanf(line, "end %u %8x%n", &count, &crc, &used) == 2 && line[used] == '\0') {
			if (count != r->count || r->count == 0 || size != 0)
				return "the line \"end\" has another number of telltales, or is not the last";
			return crc == vc_crc32(0, start, before) ? NULL : "its CRC is wrong";
		}
		wrong = parse_telltale(r, line);
	}
	return wrong;
}

bool vc_references_read(struct vc_references *r, const char *path, char *why, size_t size) {
	char text[VC_REFERENCES_BYTES_MAX];
	static const char remedy[] = "make it with vcockpit-cluster --references FILE --size WIDTHxHEIGHT";
	FILE *file = fopen(path, "re");
	if (!file) {
		snprintf(why, size, "%s: %s; %s", path, strerror(errno), remedy);
		return false;
	}
	size_t got = fread(text, 1, sizeof(text), file);
	bool whole = !ferror(file) && got < sizeof(text);
	fclose(file);
	const char *wrong = whole ? vc_references_parse(r, text, got) : "it is too long or can't be read";
	if (wrong)
		snprintf(why, size, "%s: %s; %s", path, wrong, remedy);
	return !wrong;
}
