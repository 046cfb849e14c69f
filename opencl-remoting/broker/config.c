/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "conf.h"

#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

void vc_cl_config_defaults(struct vc_cl_config *config) {
	*config = (struct vc_cl_config){
		.cache = "/var/cache/vcockpit/opencl",
		/* Unused by systemd's allocation (UIDS-GIDS, systemd.io): behind containers, before foreign users. */
		.uid_base = 0x70000000,
		.uid_count = 2048,
		.status_group = (gid_t)-1,
		.max_clients = 64,
		.max_clients_per_user = 32,
		.shared_mb = 4096,
		.memory_mb = 32768,
		.files = 1024,
		.processes = 512,
		.command_ms = 600000,
		.hello_ms = 2000,
	};
}

static const char *add_user(struct vc_cl_config *c, const char *name) {
	const struct passwd *user = getpwnam(name);
	int64_t id;
	if (c->nusers == VC_CL_USERS_MAX)
		return vc_conf_why("more than %d users", VC_CL_USERS_MAX);
	if (user)
		id = user->pw_uid;
	else if (vc_conf_int(name, 0, UINT32_MAX - 1, &id))
		return vc_conf_why("there is no user \"%s\"; use names and numbers of users", name);
	c->users[c->nusers++] = (uid_t)id;
	return NULL;
}

static const char *add_group(struct vc_cl_config *c, const char *name) {
	const struct group *group = getgrnam(name);
	if (c->ngroups == VC_CL_GROUPS_MAX)
		return vc_conf_why("more than %d groups", VC_CL_GROUPS_MAX);
	if (!group)
		return vc_conf_why("there is no group \"%s\"", name);
	c->groups[c->ngroups++] = group->gr_gid;
	return NULL;
}

static const char *set_status_group(struct vc_cl_config *c, const char *name) {
	const struct group *group = getgrnam(name);
	if (!group)
		return vc_conf_why("there is no group \"%s\"", name);
	c->status_group = group->gr_gid;
	return NULL;
}

static const char *for_each_word(struct vc_cl_config *c, const char *value,
				 const char *(*add)(struct vc_cl_config *, const char *)) {
	char words[512];
	const char *why = vc_conf_string(value, words, sizeof(words));
	char *rest = NULL;
	for (char *word = strtok_r(words, " \t", &rest); word && !why; word = strtok_r(NULL, " \t", &rest))
		why = add(c, word);
	return why;
}

static const char *on_entry(void *data, const struct vc_conf_entry *entry) {
	struct vc_cl_config *c = data;
	if (strcmp(entry->kind, "opencl") != 0)
		return "no such section; the only one is [opencl]";
	if (strcmp(entry->key, "cache") == 0)
		return vc_conf_string(entry->value, c->cache, sizeof(c->cache));
	if (strcmp(entry->key, "users") == 0)
		return for_each_word(c, entry->value, add_user);
	if (strcmp(entry->key, "groups") == 0)
		return for_each_word(c, entry->value, add_group);
	if (strcmp(entry->key, "status_group") == 0)
		return set_status_group(c, entry->value);
	if (strcmp(entry->key, "keep_cache") == 0)
		return vc_conf_bool(entry->value, &c->keep_cache);
	if (strcmp(entry->key, "need_groups") == 0)
		return vc_conf_bool(entry->value, &c->need_groups);
	if (strcmp(entry->key, "allow_same_user") == 0)
		return vc_conf_bool(entry->value, &c->allow_same_user);
	const struct {
		const char *key;
		uint32_t *narrow;
		int64_t *wide;
		int64_t min, max;
	} numbers[] = {
		{"uid_base", &c->uid_base, NULL, 1000, 0x7fffffff},
		{"uid_count", &c->uid_count, NULL, 2, 1 << 20},
		{"max_clients", &c->max_clients, NULL, 1, 1024},
		{"max_clients_per_user", &c->max_clients_per_user, NULL, 1, 1024},
		{"shared_mb", &c->shared_mb, NULL, 16, 1 << 20},
		{"memory_mb", &c->memory_mb, NULL, 0, 1 << 20},
		{"device_mb", &c->device_mb, NULL, 0, 1 << 20},
		{"max_queues", &c->max_queues, NULL, 0, 1 << 20},
		{"files", &c->files, NULL, 64, 65536},
		{"processes", &c->processes, NULL, 16, 65536},
		{"command_ms", NULL, &c->command_ms, 0, 86400000},
		{"hello_ms", NULL, &c->hello_ms, 10, 60000},
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(entry->key, numbers[i].key) != 0)
			continue;
		int64_t value;
		const char *why = vc_conf_int(entry->value, numbers[i].min, numbers[i].max, &value);
		if (!why && numbers[i].wide)
			*numbers[i].wide = value;
		else if (!why)
			*numbers[i].narrow = (uint32_t)value;
		return why;
	}
	return "no such key; vcockpit-cld.ini(5) lists them";
}

bool vc_cl_config_read(struct vc_cl_config *config, const char *path, char *error, size_t size) {
	vc_cl_config_defaults(config);
	return vc_conf_read(path, on_entry, config, error, size);
}
