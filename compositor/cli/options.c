/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool parse_ns(const char *name, const char *text, int64_t *out) {
	char *end;
	errno = 0;
	long long value = strtoll(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0) {
		vc_error("--%s %s: give a time in nanoseconds of CLOCK_MONOTONIC, such as now_ns of 'vcockpit status "
			 "--json'",
			 name, text);
		return false;
	}
	*out = value;
	return true;
}

static const struct option long_options[] = {
	{"json", no_argument, NULL, 'j'},
	{"socket", required_argument, NULL, 's'},
	{"output", required_argument, NULL, 'o'},
	{"layer", required_argument, NULL, 'l'},
	{"since", required_argument, NULL, 'S'},
	{"until", required_argument, NULL, 'U'},
	{"records", no_argument, NULL, 'r'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

/* The letter in vc_cli_parse()'s @allowed that stands for option @c. */
static char group_of(int c) {
	return c == 'S' || c == 'U' ? 'w' : (char)c;
}

static int usage_error(const struct vc_cli_command *command) {
	vc_error("see 'vcockpit %s --help'", command->name);
	return VC_EXIT_USAGE;
}

/* Takes one option. Returns false after a bad value. */
static bool take_option(int c, struct vc_cli_options *options) {
	switch (c) {
	case 'j':
		options->json = true;
		return true;
	case 's':
		options->socket = optarg;
		return true;
	case 'o':
		options->output = optarg;
		return true;
	case 'l':
		options->layer = optarg;
		return true;
	case 'r':
		options->records = true;
		return true;
	case 'S':
		return parse_ns("since", optarg, &options->since_ns);
	case 'U':
		return parse_ns("until", optarg, &options->until_ns);
	default:
		return false;
	}
}

static int take_operands(const struct vc_cli_command *command, int argc, char **argv, const char *wanted,
			 struct vc_cli_options *options) {
	if (wanted && optind < argc)
		options->operand = argv[optind++];
	if (wanted && !options->operand) {
		vc_error("%s: name the %s", command->name, wanted);
		return usage_error(command);
	}
	if (optind < argc) {
		vc_error("%s: unexpected argument '%s'", command->name, argv[optind]);
		return usage_error(command);
	}
	if (options->since_ns > options->until_ns) {
		vc_error("%s: --since is after --until", command->name);
		return usage_error(command);
	}
	return -1;
}

int vc_cli_parse(const struct vc_cli_command *command, int argc, char **argv, const char *allowed,
		 struct vc_cli_options *options) {
	*options = (struct vc_cli_options){.until_ns = INT64_MAX};
	optind = 0; /* starts getopt(3) afresh */
	opterr = 0;
	int c;
	int at = 0;
	while ((c = getopt_long(argc, argv, ":h", long_options, &at)) != -1) {
		if (c == 'h') {
			fputs(command->help, stdout);
			return vc_cli_end_output();
		}
		if (c == ':') {
			vc_error("%s: %s needs a value", command->name, argv[optind - 1]);
			return usage_error(command);
		}
		if (c == '?' || !strchr(allowed, group_of(c))) {
			vc_error("%s: unknown option '%s'", command->name,
				 c == '?' ? argv[optind - 1] : long_options[at].name);
			return usage_error(command);
		}
		if (!take_option(c, options))
			return VC_EXIT_USAGE;
	}
	const char *wanted = strchr(allowed, 'f')   ? "file to write, or - for standard output"
			     : strchr(allowed, 'n') ? "layer"
						    : NULL;
	return take_operands(command, argc, argv, wanted, options);
}

bool vc_cli_open(struct vc_control_client *client, const struct vc_cli_options *options,
		 struct vc_control_status *status) {
	if (vc_control_connect(client, options->socket, VC_CONTROL_TIMEOUT_MS) == 0 &&
	    vc_control_get_status(client, status) == 0)
		return true;
	vc_error("%s", client->why);
	vc_control_disconnect(client);
	return false;
}

bool vc_cli_find_output(const struct vc_control_status *status, const char *name, uint32_t *index) {
	if (status->outputs == 0) {
		vc_error("the compositor drives no output");
		return false;
	}
	char names[VC_CONTROL_OUTPUTS_MAX * (VC_DISPLAY_NAME_MAX + 2)] = "";
	size_t length = 0;
	for (uint32_t i = 0; i < status->outputs; i++) {
		if (!name || strcmp(name, status->output[i].name) == 0) {
			*index = i;
			return true;
		}
		length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s", i > 0 ? ", " : "",
					   status->output[i].name);
	}
	vc_error("there is no output '%s': the compositor drives %s", name, names);
	return false;
}

int vc_cli_end_output(void) {
	if (fflush(stdout) == 0 && !ferror(stdout))
		return VC_EXIT_OK;
	vc_error("standard output could not be written: %s", strerror(errno));
	return VC_EXIT_FAILURE;
}

int vc_cli_print_json(json_object *json) {
	puts(json_object_to_json_string_ext(json, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
							  JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(json);
	return vc_cli_end_output();
}
