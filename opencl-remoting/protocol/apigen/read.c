/* SPDX-License-Identifier: Apache-2.0 */
#include "api.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *word;
	int words; /* on the line, the first included */
	bool typed;
} kinds[ARG_KINDS] = {
	[VAL] = {"val", 3, true},
	[OBJ] = {"obj", 3, true},
	[OBJS] = {"objs", 4, true},
	[VALS] = {"vals", 4, true},
	[BYTES] = {"bytes", 3, false},
	[LATE] = {"late", 3, false},
	[STR] = {"str", 2, false},
	[STRS] = {"strs", 3, false},
	[BLOBS] = {"blobs", 4, false},
	[COOKIE] = {"cookie", 2, false},
	[ADDRESS] = {"address", 2, false},
	[SHARED] = {"shared", 3, false},
	[SHAREDIN] = {"sharedin", 3, false},
	[OUT] = {"out", 3, true},
	[OUTS] = {"outs", 4, true},
	[FOUND] = {"found", 4, true},
	[MADE] = {"made", 4, true},
	[INFO] = {"info", 2, false},
	[WAIT] = {"wait", 1, false},
	[NEW] = {"new", 2, true},
};

static const struct {
	const char *word, *type, *constant;
} handles[] = {
	{"platform", "cl_platform_id", "VC_CL_PLATFORM"},
	{"device", "cl_device_id", "VC_CL_DEVICE"},
	{"context", "cl_context", "VC_CL_CONTEXT"},
	{"queue", "cl_command_queue", "VC_CL_QUEUE"},
	{"mem", "cl_mem", "VC_CL_MEM"},
	{"sampler", "cl_sampler", "VC_CL_SAMPLER"},
	{"program", "cl_program", "VC_CL_PROGRAM"},
	{"kernel", "cl_kernel", "VC_CL_KERNEL"},
	{"event", "cl_event", "VC_CL_EVENT"},
};

const char *api_handle_type(const char *kind) {
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		if (strcmp(handles[i].word, kind) == 0)
			return handles[i].type;
	return NULL;
}

const char *api_handle_constant(const char *kind) {
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		if (strcmp(handles[i].word, kind) == 0)
			return handles[i].constant;
	return NULL;
}

const struct arg *api_find(const struct function *f, enum arg_kind kind) {
	for (int i = 0; i < f->nargs; i++)
		if (f->args[i].kind == kind)
			return &f->args[i];
	return NULL;
}

static bool complain(const struct api *api, int line, const char *why, const char *what) {
	fprintf(stderr, "%s:%d: %s: %s\n", api->path, line, what, why);
	return false;
}

/* Splits @line at white space into at most @room words. */
static int split(char *line, char **words, int room) {
	int n = 0;
	for (char *word = strtok(line, " \t\n"); word && n < room; word = strtok(NULL, " \t\n"))
		words[n++] = word;
	return n;
}

static bool read_function(struct api *api, char **words, int n, int line) {
	if (api->count == MAX_FUNCTIONS)
		return complain(api, line, "too many functions; raise MAX_FUNCTIONS", words[0]);
	struct function *f = &api->functions[api->count++];
	*f = (struct function){.name = words[0], .line = line};
	const struct {
		const char *word;
		bool *flag;
	} flags[] = {{"sync", &f->sync},     {"shaped", &f->shaped}, {"oneway", &f->oneway},
		     {"blocks", &f->blocks}, {"hand", &f->hand},     {"served", &f->served}};
	for (int i = 1; i < n; i++) {
		size_t k = 0;
		while (k < sizeof(flags) / sizeof(flags[0]) && strcmp(flags[k].word, words[i]) != 0)
			k++;
		if (k == sizeof(flags) / sizeof(flags[0]))
			return complain(api, line, "no such attribute", words[i]);
		*flags[k].flag = true;
	}
	if (f->sync + f->shaped + f->oneway != 1)
		return complain(api, line, "must be one of sync, shaped and oneway", f->name);
	return true;
}

static bool read_arg(struct api *api, char **words, int n, int line) {
	if (api->count == 0)
		return complain(api, line, "an argument before any function", words[0]);
	struct function *f = &api->functions[api->count - 1];
	if (f->nargs == MAX_ARGS)
		return complain(api, line, "too many arguments; raise MAX_ARGS", f->name);
	int kind = 0;
	while (kind < ARG_KINDS && strcmp(kinds[kind].word, words[0]) != 0)
		kind++;
	if (kind == ARG_KINDS)
		return complain(api, line, "no such kind of argument", words[0]);
	if (n != kinds[kind].words)
		return complain(api, line, "wrong number of words", words[0]);
	struct arg *a = &f->args[f->nargs++];
	*a = (struct arg){.kind = (enum arg_kind)kind};
	int w = 1;
	if (kinds[kind].typed)
		a->type = words[w++];
	a->name = w < n ? words[w++] : "";
	a->count = w < n ? words[w++] : NULL;
	a->more = w < n ? words[w++] : NULL;
	bool handle = kind == OBJ || kind == OBJS || kind == FOUND || kind == MADE || kind == NEW;
	if (handle && !api_handle_type(a->type))
		return complain(api, line, "no such kind of object", a->type);
	return true;
}

bool api_read(struct api *api, const char *path) {
	*api = (struct api){.path = path};
	FILE *in = fopen(path, "re");
	if (!in) {
		perror(path);
		return false;
	}
	bool good = true;
	char *line = NULL;
	size_t room = 0;
	for (int number = 1; good && getline(&line, &room, in) >= 0; number++) {
		char *words[12];
		bool indented = line[0] == '\t';
		int n = line[0] == '#' ? 0 : split(line, words, 12);
		if (n == 0)
			continue;
		if (api->nlines == MAX_LINES) {
			good = complain(api, number, "too many lines; raise MAX_LINES", words[0]);
			continue;
		}
		api->lines[api->nlines++] = line;
		line = NULL;
		room = 0;
		good = indented ? read_arg(api, words, n, number) : read_function(api, words, n, number);
	}
	free(line);
	fclose(in);
	return good;
}

void api_finish(struct api *api) {
	for (int i = 0; i < api->nlines; i++)
		free(api->lines[i]);
}
