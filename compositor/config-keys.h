/* SPDX-License-Identifier: Apache-2.0 */
/* Between the two halves of reading compositor.ini: config.c takes key by key, config-check.c looks at the whole. */
#ifndef VC_CONFIG_KEYS_H
#define VC_CONFIG_KEYS_H

#include "config.h"

/* One key of a section: how its value is read into the section's struct. */
struct vc_config_key {
	const char *name;
	const char *(*parse)(void *object, const char *value);
};

extern const struct vc_config_key vc_config_output_keys[], vc_config_layer_keys[], vc_config_monitor_keys[];

/* Was key @name given? @seen: of the section. */
bool vc_config_is_given(const struct vc_config_key *keys, uint32_t seen, const char *name);

/* Checks what depends on more than one key, and fills in the defaults that do. As vc_config_read(). */
bool vc_config_check(struct vc_config *config, const char *path, char *error, size_t size);

#endif
