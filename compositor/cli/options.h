/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share: options, the connection, and how they end. */
#ifndef VC_CLI_OPTIONS_H
#define VC_CLI_OPTIONS_H

#include "control-client.h"

#include <getopt.h>
#include <json.h>
#include <stdbool.h>
#include <stdint.h>

/* Exit codes. */
enum { VC_EXIT_OK = 0, VC_EXIT_FAILURE = 1, VC_EXIT_USAGE = 2 };

/* A command of the tool. @run gets argv from the command's name on and returns an exit code. */
struct vc_cli_command {
	const char *name;
	const char *summary; /* half a line */
	const char *help;    /* everything that --help says */
	int (*run)(const struct vc_cli_command *command, int argc, char **argv);
};

extern const struct vc_cli_command vc_cli_status;
extern const struct vc_cli_command vc_cli_screenshot;
extern const struct vc_cli_command vc_cli_frames;
extern const struct vc_cli_command vc_cli_allow;

struct vc_cli_options {
	const char *socket;  /* NULL: the default */
	const char *output;  /* name, NULL: the first */
	const char *layer;   /* name, NULL: all */
	const char *operand; /* file or layer, NULL if there is none */
	int64_t since_ns, until_ns;
	bool json, records;
};

/* Parses what @allowed lists: letters j(son) s(ocket) o(utput) l(ayer) w(indow: since, until) r(ecords), and the operand: f(ile) or n(ame
 * of a layer).
 * Returns -1 to go on, or the exit code to end with. */
int vc_cli_parse(const struct vc_cli_command *command, int argc, char **argv, const char *allowed,
		 struct vc_cli_options *options);

/* Connects and asks for the status, which every command needs. On failure says why and returns false. */
bool vc_cli_open(struct vc_control_client *client, const struct vc_cli_options *options,
		 struct vc_control_status *status);

/* Finds options->output (or the first). On failure says which there are and returns false. */
bool vc_cli_find_output(const struct vc_control_status *status, const char *name, uint32_t *index);

/* Prints and frees @json. Returns an exit code: failure when standard output doesn't take it. */
int vc_cli_print_json(json_object *json);

/* Flushes standard output. Returns an exit code. */
int vc_cli_end_output(void);

#endif
