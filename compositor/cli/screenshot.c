/* SPDX-License-Identifier: Apache-2.0 */
#include "clock.h"
#include "json-number.h"
#include "log.h"
#include "options.h"
#include "picture.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static json_object *shot_json(const struct vc_control_status *status, uint32_t output, const char *file,
			      const struct vc_control_captured *shot) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "version", json_object_new_int(1));
	json_object_object_add(json, "file", json_object_new_string(file));
	json_object_object_add(json, "output", json_object_new_string(status->output[output].name));
	json_object_object_add(json, "width", json_object_new_uint64(shot->width));
	json_object_object_add(json, "height", json_object_new_uint64(shot->height));
	json_object_object_add(json, "writeback", json_object_new_boolean(shot->writeback != 0));
	json_object_object_add(json, "vblank_ns", json_object_new_int64(shot->vblank_ns));
	json_object *layers = json_object_new_array();
	for (uint32_t i = 0; i < status->layers; i++) {
		if (status->layer[i].output != output)
			continue;
		json_object *layer = json_object_new_object();
		json_object_object_add(layer, "name", json_object_new_string(status->layer[i].name));
		json_object_object_add(
			layer, "seq", shot->seq[i] == VC_CONTROL_ADOPTED ? NULL : json_object_new_uint64(shot->seq[i]));
		json_object_array_add(layers, layer);
	}
	json_object_object_add(json, "layers", layers);
	return json;
}

static int save(const struct vc_cli_options *options, const struct vc_control_status *status, uint32_t output,
		const struct vc_control_captured *shot, const uint8_t *rgb) {
	char why[4352];
	if (!vc_picture_write(rgb, shot->width, shot->height, options->operand, why, sizeof(why))) {
		vc_error("%s", why);
		return VC_EXIT_FAILURE;
	}
	if (options->json)
		return vc_cli_print_json(shot_json(status, output, options->operand, shot));
	bool to_stdout = strcmp(options->operand, "-") == 0;
	fprintf(to_stdout ? stderr : stdout, "%s: output %s, %ux%u, %s, vblank at %.3f s\n",
		to_stdout ? "standard output" : options->operand, status->output[output].name, shot->width,
		shot->height,
		shot->writeback ? "true writeback: what the CRTC put out"
				: "no writeback on this card: the compositor's composed buffer",
		(double)shot->vblank_ns / (double)VC_NS_PER_S);
	return vc_cli_end_output();
}

static int run(const struct vc_cli_command *command, int argc, char **argv) {
	struct vc_cli_options options;
	int code = vc_cli_parse(command, argc, argv, "jsof", &options);
	if (code >= 0)
		return code;
	if (options.json && strcmp(options.operand, "-") == 0) {
		vc_error("screenshot: --json and - both want standard output: name a file");
		return VC_EXIT_USAGE;
	}
	struct vc_control_client client;
	struct vc_control_status status;
	if (!vc_cli_open(&client, &options, &status))
		return VC_EXIT_FAILURE;
	uint32_t output;
	if (!vc_cli_find_output(&status, options.output, &output)) {
		vc_control_disconnect(&client);
		return VC_EXIT_FAILURE;
	}
	struct vc_control_picture picture;
	if (vc_control_capture(&client, output, &picture) < 0) {
		vc_error("%s", client.why);
		vc_control_disconnect(&client);
		return VC_EXIT_FAILURE;
	}
	/* The compositor gets its buffer back before the slow part. */
	struct vc_control_captured shot = picture.info;
	uint8_t *rgb = vc_picture_rgb(&picture);
	vc_control_release(&client, &picture);
	vc_control_disconnect(&client);
	if (!rgb) {
		vc_error("not enough memory for a picture of %ux%u", shot.width, shot.height);
		return VC_EXIT_FAILURE;
	}
	code = save(&options, &status, output, &shot, rgb);
	free(rgb);
	return code;
}

const struct vc_cli_command vc_cli_screenshot = {
	.name = "screenshot",
	.summary = "what the display puts out, as a PNG file",
	.help = "Usage: vcockpit screenshot FILE.png [--output NAME] [--json] [--socket PATH]\n"
		"\n"
		"Captures what the CRTC really puts out where the card has a writeback connector, else the\n"
		"buffer that the compositor composed, and says which of them it is.\n"
		"\n"
		"  FILE.png       is replaced as a whole; - writes to standard output\n"
		"  --output NAME  as in compositor.ini; the first if not given\n"
		"  --json         prints what was captured for programs\n"
		"  --socket PATH  the compositor's control socket (" VC_CONTROL_SOCKET ")\n",
	.run = run,
};
