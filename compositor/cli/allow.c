/* SPDX-License-Identifier: Apache-2.0 */
#include "options.h"

#include "gpu-proto.h"
#include "log.h"

#include <errno.h>
#include <string.h>

#define GPU_MS 5000 /* how long a guest's GPU device may take to answer */

static bool find_layer(const struct vc_control_status *status, const char *name, uint32_t *index) {
	for (uint32_t i = 0; i < status->layers; i++)
		if (strcmp(status->layer[i].name, name) == 0) {
			*index = i;
			return true;
		}
	vc_error("there is no layer '%s': see 'vcockpit status'", name);
	return false;
}

/* Where the layer is a guest's, it may be banned from the GPU, too: by its own GPU device, which has the guest's name. */
static bool allow_gpu(const char *name) {
	char why[VC_GPU_REASON_MAX];
	int err = vc_gpu_allow(NULL, name, GPU_MS, why);
	if (err == 0)
		vc_info("GPU of guest %s: %s", name, why);
	bool good = err == 0 || err == -EALREADY || err == -ENOENT || err == -ECONNREFUSED;
	if (!good)
		vc_error("GPU of guest %s: %s", name, why);
	return good;
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
	good = good && allow_gpu(options.operand);
	return good ? VC_EXIT_OK : VC_EXIT_FAILURE;
}

const struct vc_cli_command vc_cli_allow = {
	.name = "allow",
	.summary = "ends the ban of a layer",
	.help = "Usage: vcockpit allow LAYER [--socket PATH]\n"
		"\n"
		"Ends the ban that a layer's sources have brought on themselves, and forgives the errors that led to "
		"it;\n"
		"if the layer is that of a guest of the same name, the guest's ban from the GPU as well.\n"
		"For root only.\n"
		"\n"
		"  --socket PATH  the compositor's control socket (" VC_CONTROL_SOCKET ")\n",
	.run = run,
};
