/* SPDX-License-Identifier: Apache-2.0 */
#include "status.h"

#include "options.h"

#include <stdlib.h>
#include <unistd.h>

/* https://no-color.org: any non-empty value means none. */
static bool wants_colour(void) {
	const char *no_colour = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	return isatty(STDOUT_FILENO) && !(no_colour && no_colour[0]) && term && term[0];
}

static int run(const struct vc_cli_command *command, int argc, char **argv) {
	struct vc_cli_options options;
	int code = vc_cli_parse(command, argc, argv, "js", &options);
	if (code >= 0)
		return code;
	struct vc_control_client client;
	struct vc_control_status status;
	if (!vc_cli_open(&client, &options, &status))
		return VC_EXIT_FAILURE;
	vc_control_disconnect(&client);
	if (options.json)
		return vc_cli_print_json(vc_status_json(&status));
	vc_status_print(&status, stdout, wants_colour());
	return vc_cli_end_output();
}

const struct vc_cli_command vc_cli_status = {
	.name = "status",
	.summary = "what each layer shows, where it comes from and how well it runs",
	.help = "Usage: vcockpit status [--json] [--socket PATH]\n"
		"\n"
		"Shows the outputs and layers: planes, sources, state and reason, frames and gaps.\n"
		"\n"
		"  --json         for programs; the fields are described in vcockpit(1)\n"
		"  --socket PATH  the compositor's control socket (" VC_CONTROL_SOCKET ")\n",
	.run = run,
};
