/* SPDX-License-Identifier: Apache-2.0 */
#include "picture.h"

#include "log.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MODULE "vcockpit-picture.so"

/* Beside the program, as built; else where it is installed. */
static void *open_module(char *why, size_t size) {
	char program[192], path[256];
	ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
	program[n > 0 ? n : 0] = '\0';
	const char *slash = strrchr(program, '/');
	snprintf(path, sizeof(path), "%.*s/" MODULE, slash ? (int)(slash - program) : 0, program);
	const char *wanted = access(path, R_OK) == 0 ? path : VC_MODULE_DIR "/" MODULE;
	void *module = dlopen(wanted, RTLD_NOW | RTLD_LOCAL);
	if (!module)
		snprintf(why, size, "pictures cannot be drawn: %s", dlerror());
	return module;
}

bool vc_picture_check(const struct vc_config_layer *layer, char *why, size_t size) {
	if (layer->fallback != VC_FALLBACK_IMAGE)
		return true;
	void *module = open_module(why, size);
	if (!module)
		return false;
	bool (*check)(const struct vc_config_layer *, char *, size_t);
	*(void **)&check = dlsym(module, "vc_picture_check_image");
	bool good = check && check(layer, why, size);
	dlclose(module);
	return good;
}

bool vc_picture_draw(const struct vc_dumb *dumb, const struct vc_config_layer *layer) {
	char why[512] = "";
	void *module = open_module(why, sizeof(why));
	bool (*draw)(const struct vc_dumb *, const struct vc_config_layer *, char *, size_t) = NULL;
	if (module)
		*(void **)&draw = dlsym(module, "vc_picture_draw_fallback");
	bool good = draw && draw(dumb, layer, why, sizeof(why));
	if (*why)
		vc_error("%s", why);
	if (module)
		dlclose(module);
	return good;
}

void vc_picture_fill(const struct vc_dumb *dumb, uint32_t colour) {
	for (uint32_t y = 0; y < dumb->height; y++) {
		uint8_t *row = dumb->map + (size_t)dumb->stride * y;
		for (uint32_t x = 0; x < dumb->width; x++)
			memcpy(row + (size_t)x * 4, &colour, sizeof(colour));
	}
}
