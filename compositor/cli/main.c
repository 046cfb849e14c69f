/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcockpit: asks the compositor over its control socket and prints what it says. Each command is one file; what they share is
 * in options.c. Nothing here can hold up the compositor: one request, one answer, and time-outs on this side.
 */
#include "log.h"
#include "options.h"

#include <stdio.h>
#include <string.h>

static const struct vc_cli_command *const commands[] = {&vc_cli_status, &vc_cli_screenshot, &vc_cli_frames,
							&vc_cli_allow};
#define COMMANDS (sizeof(commands) / sizeof(*commands))

static const struct vc_cli_command *find(const char *name) {
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static void print_help(FILE *out) {
	fputs("Usage: vcockpit COMMAND [OPTIONS]\n\nAsks the vcockpit compositor what it shows, and ends bans.\n\n",
	      out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-11s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n  --help      this text; 'vcockpit COMMAND --help' tells more\n  --version   prints the version\n",
	      out);
}

int main(int argc, char **argv) {
	vc_log_init("vcockpit", 0);
	const char *word = argc > 1 ? argv[1] : "";
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || (strcmp(word, "help") == 0 && argc == 2)) {
		print_help(stdout);
		return vc_cli_end_output();
	}
	if (strcmp(word, "--version") == 0) {
		puts("vcockpit " VC_VERSION);
		return vc_cli_end_output();
	}
	bool help = strcmp(word, "help") == 0;
	const struct vc_cli_command *command = find(help ? argv[2] : word);
	if (!command) {
		if (word[0] == '\0')
			vc_error("name a command: status, screenshot, frames or allow; 'vcockpit --help' tells more");
		else
			vc_error("unknown command '%s': see 'vcockpit --help'", help ? argv[2] : word);
		return VC_EXIT_USAGE;
	}
	if (help) {
		fputs(command->help, stdout);
		return vc_cli_end_output();
	}
	return command->run(command, argc - 1, argv + 1);
}
