/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include "clock.h"
#include "conf.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Six cycles of the fast messages: with the way to the glass a lost telltale shows within 200 ms. */
#define FAST_MS 120

void vc_config_defaults(struct vc_config *config) {
	*config = (struct vc_config){.socket = VC_DISPLAY_CLUSTER_SOCKET,
				     .layer = "cluster",
				     .stats = VC_CLUSTER_STATS,
				     .fonts = "Roboto, Inter, DejaVu Sans",
				     .can = "can0",
				     .priority = 70,
				     .lamp_check_ms = 1000,
				     .needle_ms = 90,
				     .reconnect_ms = 50,
				     .welcome_ms = 500,
				     .heartbeat_ms = 100,
				     .refused_ms = 1000,
				     .can_retry_ms = 500,
				     .rules.limits = {.step_max = 3, .bad_frames = 3, .good_frames = 2}};
	for (int i = 0; i < VC_DBC_MESSAGES; i++) {
		int64_t cycles = vc_dbc_messages[i].cycle_ms * INT64_C(5) / 2;
		config->rules.timeout_ns[i] = (cycles > FAST_MS ? cycles : FAST_MS) * VC_NS_PER_MS;
	}
}

static const char *parse_interface(const char *value, char out[IFNAMSIZ]) {
	size_t length = strlen(value);
	if (length == 0 || strcmp(value, "none") == 0)
		return "the cluster needs a CAN interface; name one that \"ip link\" lists, such as can0 or vcan0";
	if (length >= IFNAMSIZ)
		return vc_conf_why("longer than the %d characters of an interface's name", IFNAMSIZ - 1);
	for (const char *c = value; *c; c++)
		if (!isgraph((unsigned char)*c) || *c == '/' || *c == ':')
			return "not an interface's name; use one that \"ip link\" lists, such as can0 or vcan0";
	return vc_conf_string(value, out, IFNAMSIZ);
}

static const char *set_number(struct vc_config *config, const struct vc_conf_entry *e, bool *known) {
	const struct {
		const char *section, *key;
		int64_t min, max;
		int64_t *value;
	} numbers[] = {
		{"cluster", "priority", 0, 98, &config->priority},
		{"look", "lamp_check_ms", 0, 10000, &config->lamp_check_ms},
		{"look", "needle_ms", 0, 2000, &config->needle_ms},
		{"display", "reconnect_ms", 10, 10000, &config->reconnect_ms},
		{"display", "refused_ms", 10, 60000, &config->refused_ms},
		{"can", "retry_ms", 10, 60000, &config->can_retry_ms},
		{"display", "welcome_ms", 10, 10000, &config->welcome_ms},
		{"display", "heartbeat_ms", 10, 10000, &config->heartbeat_ms},
	};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (strcmp(e->kind, numbers[i].section) != 0 || strcmp(e->key, numbers[i].key) != 0)
			continue;
		*known = true;
		return vc_conf_int(e->value, numbers[i].min, numbers[i].max, numbers[i].value);
	}
	return NULL;
}

static const char *set_limit(struct vc_e2e_limits *limits, const struct vc_conf_entry *e) {
	int64_t number;
	const char *why = vc_conf_int(e->value, 1, strcmp(e->key, "step_max") == 0 ? 13 : 100, &number);
	if (why)
		return why;
	if (strcmp(e->key, "step_max") == 0)
		limits->step_max = (unsigned)number;
	else if (strcmp(e->key, "bad_frames") == 0)
		limits->bad_frames = (unsigned)number;
	else if (strcmp(e->key, "good_frames") == 0)
		limits->good_frames = (unsigned)number;
	else
		return "unknown key; [can] knows interface, retry_ms, step_max, bad_frames, good_frames";
	return NULL;
}

/* [message Speed] timeout_ms = 120 */
static const char *set_message(struct vc_config *config, const struct vc_conf_entry *e) {
	int64_t ms;
	int message = 0;
	while (message < VC_DBC_MESSAGES && strcmp(vc_dbc_messages[message].name, e->name) != 0)
		message++;
	if (message == VC_DBC_MESSAGES)
		return "no message of this name in the vehicle's database; see vcockpit-cluster.ini(5) for the list";
	if (strcmp(e->key, "timeout_ms") != 0)
		return "unknown key; [message NAME] knows timeout_ms";
	const char *why = vc_conf_int(e->value, 10, 60000, &ms);
	if (why)
		return why;
	if (ms <= vc_dbc_messages[message].cycle_ms)
		return vc_conf_why("the message comes every %d ms only; use more than that",
				   vc_dbc_messages[message].cycle_ms);
	config->rules.timeout_ns[message] = ms * VC_NS_PER_MS;
	return NULL;
}

static bool is(const struct vc_conf_entry *e, const char *section, const char *key) {
	return strcmp(e->kind, section) == 0 && strcmp(e->key, key) == 0;
}

static const char *on_entry(void *data, const struct vc_conf_entry *e) {
	struct vc_config *config = data;
	bool known = false;
	if (strcmp(e->kind, "message") == 0)
		return set_message(config, e);
	if (e->name[0] != '\0')
		return "this section takes no name";
	const char *why = set_number(config, e, &known);
	if (known)
		return why;
	if (is(e, "display", "socket"))
		return vc_conf_string(e->value, config->socket, sizeof(config->socket));
	if (is(e, "display", "layer"))
		return vc_conf_string(e->value, config->layer, sizeof(config->layer));
	if (is(e, "cluster", "stats"))
		return vc_conf_string(e->value, config->stats, sizeof(config->stats));
	if (is(e, "look", "fonts"))
		return vc_conf_string(e->value, config->fonts, sizeof(config->fonts));
	if (is(e, "can", "interface"))
		return parse_interface(e->value, config->can);
	if (strcmp(e->kind, "can") == 0)
		return set_limit(&config->rules.limits, e);
	if (strcmp(e->kind, "cluster") == 0)
		return "unknown key; [cluster] knows priority, stats";
	if (strcmp(e->kind, "display") == 0)
		return "unknown key; [display] knows socket, layer, reconnect_ms, refused_ms, welcome_ms, heartbeat_ms";
	if (strcmp(e->kind, "look") == 0)
		return "unknown key; [look] knows fonts, lamp_check_ms, needle_ms";
	return "unknown section; use cluster, display, can, look or message NAME";
}

bool vc_config_read(struct vc_config *config, const char *path, char *error, size_t size) {
	vc_config_defaults(config);
	return vc_conf_read(path, on_entry, config, error, size);
}
