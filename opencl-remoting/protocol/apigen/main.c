/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apigen: opencl.api in, C out. The description says once what each OpenCL function carries; this writes
 *   opencl-api.h      operation numbers and prototypes
 *   opencl-calls.c    the client's half: encode, send, decode the answer; and the ICD's dispatch table
 *   opencl-serve.c    the worker's half: decode, check, call the host, encode the answer
 *   opencl-names.c    names of operations, for people
 */
#include "api.h"

#include <string.h>

static struct api api;

static bool emit_file(const char *dir, const char *name, void (*emit)(const struct api *, FILE *)) {
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *out = fopen(path, "we");
	if (!out) {
		perror(path);
		return false;
	}
	fputs("/* SPDX-License-Identifier: Apache-2.0 */\n/* Made by apigen from opencl.api; edit that. */\n", out);
	emit(&api, out);
	bool bad = ferror(out) != 0;
	if (fclose(out) != 0 || bad) {
		fprintf(stderr, "%s: cannot be written\n", path);
		return false;
	}
	return true;
}

int main(int argc, char **argv) {
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("apigen " VC_VERSION);
		return 0;
	}
	if (argc != 3 || strcmp(argv[1], "--help") == 0) {
		fputs("Usage: apigen DESCRIPTION DIRECTORY\nMakes both sides' marshalling of an API description.\n",
		      argc == 2 ? stdout : stderr);
		return argc == 2 ? 0 : 2;
	}
	bool good = api_read(&api, argv[1]) && emit_file(argv[2], "opencl-api.h", emit_header) &&
		    emit_file(argv[2], "opencl-calls.c", emit_client) &&
		    emit_file(argv[2], "opencl-serve.c", emit_worker) &&
		    emit_file(argv[2], "opencl-names.c", emit_names);
	api_finish(&api);
	return good ? 0 : 1;
}
