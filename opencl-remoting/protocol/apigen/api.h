/* SPDX-License-Identifier: Apache-2.0 */
/* The description of the API (opencl.api) as apigen holds it. Texts point into its lines. */
#ifndef VC_APIGEN_API_H
#define VC_APIGEN_API_H

#include <stdbool.h>
#include <stdio.h>

enum { MAX_ARGS = 20, MAX_FUNCTIONS = 160, MAX_LINES = 2000 };

enum arg_kind {
	VAL,
	OBJ,
	OBJS,
	VALS,
	BYTES,
	LATE,
	STR,
	STRS,
	BLOBS,
	COOKIE,
	ADDRESS,
	SHARED,
	SHAREDIN,
	OUT,
	OUTS,
	FOUND,
	MADE,
	INFO,
	WAIT,
	NEW,
	ARG_KINDS
};

struct arg {
	enum arg_kind kind;
	const char *type; /* C type; for handles the kind of object */
	const char *name;
	const char *count; /* C expression; for BLOBS the number of pieces */
	const char *more;  /* BLOBS: the name of the lengths */
};

struct function {
	const char *name;
	bool sync, shaped, oneway, blocks, hand, served;
	struct arg args[MAX_ARGS];
	int nargs;
	int line;
};

struct api {
	const char *path;
	struct function functions[MAX_FUNCTIONS];
	int count;
	char *lines[MAX_LINES]; /* what names point into */
	int nlines;
};

/* Reads the description. Prints "FILE:LINE: why" and returns false when it is wrong. */
bool api_read(struct api *api, const char *path);
void api_finish(struct api *api);

/* The C type of a handle of @kind ("cl_mem" for "mem"), NULL if there is no such kind; and its constant ("VC_CL_MEM"). */
const char *api_handle_type(const char *kind);
const char *api_handle_constant(const char *kind);

/* The argument of @kind, or NULL. */
const struct arg *api_find(const struct function *f, enum arg_kind kind);

void emit_header(const struct api *api, FILE *out);
void emit_client(const struct api *api, FILE *out);
void emit_names(const struct api *api, FILE *out);
void emit_worker(const struct api *api, FILE *out);

#endif
