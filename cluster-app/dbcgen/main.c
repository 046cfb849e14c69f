/* SPDX-License-Identifier: Apache-2.0 */
/* dbcgen FILE.dbc OUT-STEM: makes OUT-STEM.h and OUT-STEM.c. Runs at build time, on the build machine. */
#include "dbc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX (1 << 20)
#define PREFIX "vc_dbc"

static char text[FILE_MAX];
static struct dbc dbc;

static bool write_file(const char *stem, const char *suffix,
		       void (*emit)(const struct dbc *, const char *, const char *, FILE *)) {
	char path[4096];
	const char *slash = strrchr(stem, '/');
	snprintf(path, sizeof(path), "%s%s", stem, suffix);
	FILE *out = fopen(path, "w");
	if (out) {
		emit(&dbc, PREFIX, slash ? slash + 1 : stem, out);
		bool good = ferror(out) == 0;
		if (fclose(out) == 0 && good)
			return true;
	}
	fprintf(stderr, "dbcgen: %s: %s\n", path, strerror(errno));
	return false;
}

int main(int argc, char **argv) {
	char error[DBC_ERROR_MAX];
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("dbcgen " VC_VERSION);
		return 0;
	}
	if (argc != 3) {
		fputs("usage: dbcgen FILE.dbc OUT-STEM   (makes OUT-STEM.h and OUT-STEM.c)\n",
		      argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
		return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	FILE *in = fopen(argv[1], "r");
	if (!in) {
		fprintf(stderr, "dbcgen: %s: %s\n", argv[1], strerror(errno));
		return 1;
	}
	size_t size = fread(text, 1, sizeof(text), in);
	bool whole = !ferror(in) && size < sizeof(text);
	fclose(in);
	if (!whole) {
		fprintf(stderr, "dbcgen: %s: cannot be read, or is larger than %d bytes\n", argv[1], FILE_MAX - 1);
		return 1;
	}
	if (!dbc_parse(&dbc, argv[1], text, size, error) || !dbc_check(&dbc, argv[1], error)) {
		fprintf(stderr, "%s\n", error);
		return 1;
	}
	return write_file(argv[2], ".h", dbc_emit_header) && write_file(argv[2], ".c", dbc_emit_source) ? 0 : 1;
}
