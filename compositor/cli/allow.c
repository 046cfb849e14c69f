/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "log.h"

#include <string.h>

static bool find_layer(const struct vc_control_status *status, const char *name, uint32_t *index) {
	for (uint32_t i = 0; i < status->layers; i++)
		if (strcmp(status->layer[i].name, name) == 0) {
			*index = i;
			return true;
		}
	vc_error("there is no layer '%s': see 'vcockpit status'", name);
	return false;
}

static int run(const struct vc_cli_command *command, int argc, char **argv) {
	struct vc_cli_options options;
	int code = vc_cli_parse(command, argc, argv, "sn", &options);
	if (code >= 0)
		return code;
	struct vc_control_client client;
	struct vc_control_status status;
	uint32_t index;
	if (!vc_cli_open(&client, &options, &status))
		return VC_EXIT_FAILURE;
	bool good = find_layer(&status, options.operand, &index);
	if (good && vc_control_allow(&client, index) < 0) {
		vc_error("%s", client.why);
		good = false;
	}
	vc_control_disconnect(&client);
	return good ? VC_EXIT_OK : VC_EXIT_FAILURE;
}

const struct vc_cli_command vc_cli_allow = {
	.name = "allow",
	.summary = "ends the ban of a layer",
	.help = "Usage: vcockpit allow LAYER [--socket PATH]\n"
		"\n"
		"Ends the ban that a layer's sources have brought on themselves, and forgives the errors that led to "
		"it.\n"
		"For root only.\n"
		"\n"
		"  --socket PATH  the compositor's control socket (" VC_CONTROL_SOCKET ")\n",
	.run = run,
};
