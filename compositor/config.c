/* SPDX-License-Identifier: Apache-2.0 */
#include "config-keys.h"

#include "clock.h"
#include "conf.h"

#include <ctype.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool vc_rect_overlaps(const struct vc_rect *a, const struct vc_rect *b) {
	return a->x < b->x + b->width && b->x < a->x + a->width && a->y < b->y + b->height && b->y < a->y + a->height;
}

static const char *copy_text(const char *value, char *out, size_t size) {
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < 0x20)
			return "must not hold control characters";
	return vc_conf_string(value, out, size);
}

/* "WIDTHxHEIGHT", moving *@text behind it. */
static bool read_size(const char **text, uint32_t *width, uint32_t *height) {
	unsigned w, h;
	int used = 0;
	if (!isdigit((unsigned char)**text) || sscanf(*text, "%5ux%5u%n", &w, &h, &used) != 2 || used == 0)
		return false;
	if (w == 0 || h == 0 || w > VC_DISPLAY_SIZE_MAX || h > VC_DISPLAY_SIZE_MAX)
		return false;
	*width = w;
	*height = h;
	*text += used;
	return true;
}

static const char *output_card(void *object, const char *value) {
	struct vc_config_output *o = object;
	return copy_text(value, o->card, sizeof(o->card));
}

static const char *output_connector(void *object, const char *value) {
	struct vc_config_output *o = object;
	return copy_text(value, o->connector, sizeof(o->connector));
}

static const char *output_mode(void *object, const char *value) {
	struct vc_config_output *o = object;
	static const char *const remedy = "use WIDTHxHEIGHT@HZ, such as 1920x720@60 or 1920x720@59.94";
	if (!read_size(&value, &o->width, &o->height) || value[0] != '@' || !isdigit((unsigned char)value[1]))
		return remedy;
	value++;
	/* By hand, because strtod() follows the locale. */
	uint32_t mhz = 0, scale = 1000;
	for (; isdigit((unsigned char)*value) && mhz < 1000000; value++)
		mhz = mhz * 10 + (uint32_t)(*value - '0') * 1000;
	if (*value == '.')
		for (value++; isdigit((unsigned char)*value) && scale > 1; value++)
			mhz += (uint32_t)(*value - '0') * (scale /= 10);
	if (*value != '\0')
		return remedy;
	if (mhz < 1000 || mhz > 1000000)
		return "refresh rate out of range; use 1 to 1000 Hz";
	o->refresh_mhz = mhz;
	return NULL;
}

static const char *output_background(void *object, const char *value) {
	struct vc_config_output *o = object;
	char *end;
	if (*value != '#' || strlen(value) != 7)
		return "use #RRGGBB";
	o->background = (uint32_t)strtoul(value + 1, &end, 16);
	return *end ? "use #RRGGBB" : NULL;
}

static const char *output_margin(void *object, const char *value) {
	struct vc_config_output *o = object;
	int64_t ms = 0;
	const char *why = strcmp(value, "auto") == 0 ? NULL : vc_conf_int(value, 1, 500, &ms);
	o->margin_ns = ms * VC_NS_PER_MS;
	return why;
}

static const char *output_writeback(void *object, const char *value) {
	struct vc_config_output *o = object;
	return vc_conf_bool(value, &o->writeback);
}

static const char *read_ms(const char *value, int64_t least, int64_t most, int64_t *ns) {
	int64_t ms = 0;
	const char *why = vc_conf_int(value, least, most, &ms);
	*ns = ms * VC_NS_PER_MS;
	return why;
}

static const char *output_flip_limit(void *object, const char *value) {
	struct vc_config_output *o = object;
	return read_ms(value, 20, 600000, &o->flip_limit_ns);
}

static const char *output_capture_limit(void *object, const char *value) {
	struct vc_config_output *o = object;
	return read_ms(value, 20, 600000, &o->capture_limit_ns);
}

const struct vc_config_key vc_config_output_keys[] = {
	{"card", output_card},
	{"connector", output_connector},
	{"mode", output_mode},
	{"background", output_background},
	{"commit_margin_ms", output_margin},
	{"writeback", output_writeback},
	{"flip_limit_ms", output_flip_limit},
	{"capture_limit_ms", output_capture_limit},
	{NULL, NULL},
};

static const char *layer_role(void *object, const char *value) {
	struct vc_config_layer *l = object;
	if (strcmp(value, "cluster") == 0)
		l->role = VC_ROLE_CLUSTER;
	else if (strcmp(value, "guest") == 0)
		l->role = VC_ROLE_GUEST;
	else
		return "use cluster or guest";
	return NULL;
}

static const char *layer_output(void *object, const char *value) {
	struct vc_config_layer *l = object;
	return copy_text(value, l->output_name, sizeof(l->output_name));
}

static const char *layer_rect(void *object, const char *value) {
	struct vc_config_layer *l = object;
	static const char *const remedy = "use X,Y WIDTHxHEIGHT, such as 960,0 960x720";
	unsigned x, y;
	int used = 0;
	if (!isdigit((unsigned char)*value) || sscanf(value, "%5u,%5u %n", &x, &y, &used) != 2 || used == 0)
		return remedy;
	value += used;
	l->rect.x = x;
	l->rect.y = y;
	return read_size(&value, &l->rect.width, &l->rect.height) && *value == '\0' ? NULL : remedy;
}

static const char *layer_plane(void *object, const char *value) {
	struct vc_config_layer *l = object;
	int64_t id = 0;
	const char *why = strcmp(value, "auto") == 0 ? NULL : vc_conf_int(value, 1, INT32_MAX, &id);
	l->plane = (uint32_t)id;
	return why ? "use auto, or the id of a KMS plane" : NULL;
}

static const char *read_user(const char *value, uid_t *uid) {
	int64_t id;
	if (isdigit((unsigned char)*value)) {
		const char *why = vc_conf_int(value, 0, UINT32_MAX - 1, &id);
		*uid = why ? 0 : (uid_t)id;
		return why;
	}
	const struct passwd *user = getpwnam(value);
	if (!user)
		return "no such user; create it, or give a user id";
	*uid = user->pw_uid;
	return NULL;
}

static const char *layer_user(void *object, const char *value) {
	struct vc_config_layer *l = object;
	return read_user(value, &l->uid);
}

static const char *read_u32(const char *value, int64_t min, int64_t max, uint32_t *out) {
	int64_t number = 0;
	const char *why = vc_conf_int(value, min, max, &number);
	*out = (uint32_t)number;
	return why;
}

static const char *layer_hold(void *object, const char *value) {
	struct vc_config_layer *l = object;
	return read_ms(value, 1, 60000, &l->hold_ns);
}

static const char *layer_fallback(void *object, const char *value) {
	struct vc_config_layer *l = object;
	if (strcmp(value, "picture") == 0)
		l->fallback = VC_FALLBACK_PICTURE;
	else if (strcmp(value, "none") == 0)
		l->fallback = VC_FALLBACK_NONE;
	else if (strncmp(value, "image /", 7) == 0) {
		l->fallback = VC_FALLBACK_IMAGE;
		return copy_text(value + 6, l->image, sizeof(l->image));
	} else if (strncmp(value, "layer ", 6) == 0) {
		l->fallback = VC_FALLBACK_LAYER;
		return copy_text(value + 6, l->lender_name, sizeof(l->lender_name));
	} else
		return "use picture, none, image /PATH.png or layer NAME";
	return NULL;
}

static const char *layer_scale(void *object, const char *value) {
	struct vc_config_layer *l = object;
	static const char *const names[] = {"none", "fit", "fill"};
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(value, names[i]) == 0) {
			l->scale = (enum vc_scale)i;
			return NULL;
		}
	return "use none, fit or fill";
}

static const char *layer_compose(void *object, const char *value) {
	struct vc_config_layer *l = object;
	return vc_conf_bool(value, &l->compose);
}

static const char *layer_alpha(void *object, const char *value) {
	struct vc_config_layer *l = object;
	int64_t alpha;
	const char *why = vc_conf_int(value, 0, 100, &alpha);
	if (!why)
		l->alpha = (uint32_t)alpha;
	return why;
}

static const char *layer_order(void *object, const char *value) {
	struct vc_config_layer *l = object;
	int64_t order;
	const char *why = vc_conf_int(value, 0, VC_ORDER_MAX, &order);
	if (!why)
		l->order = (uint32_t)order;
	return why;
}

static const char *layer_title(void *object, const char *value) {
	struct vc_config_layer *l = object;
	return copy_text(value, l->title, sizeof(l->title));
}

static const char *layer_message(void *object, const char *value) {
	struct vc_config_layer *l = object;
	return copy_text(value, l->message, sizeof(l->message));
}

static const char *layer_rate(void *object, const char *value) {
	struct vc_config_layer *l = object;
	return read_u32(value, 60, 100000, &l->rate);
}

static const char *layer_max_size(void *object, const char *value) {
	struct vc_config_layer *l = object;
	return read_size(&value, &l->max_width, &l->max_height) && *value == '\0'
		       ? NULL
		       : "use WIDTHxHEIGHT, such as 1920x1080";
}

static const char *layer_max_bytes(void *object, const char *value) {
	struct vc_config_layer *l = object;
	int64_t bytes = 0;
	const char *why = vc_conf_int(value, 4096, INT64_C(1) << 31, &bytes);
	l->max_bytes = (uint64_t)bytes;
	return why;
}

static const char *layer_errors(void *object, const char *value) {
	struct vc_config_layer *l = object;
	return read_u32(value, 0, VC_ERRORS_MAX, &l->errors.limit);
}

static const char *layer_error_window(void *object, const char *value) {
	struct vc_config_layer *l = object;
	return read_ms(value, 1, 86400000, &l->errors.window_ns);
}

static const char *layer_ban(void *object, const char *value) {
	struct vc_config_layer *l = object;
	return read_ms(value, 0, 86400000, &l->errors.ban_ns);
}

static const char *layer_retry(void *object, const char *value) {
	struct vc_config_layer *l = object;
	return read_ms(value, 0, 60000, &l->retry_ns);
}

const struct vc_config_key vc_config_layer_keys[] = {
	{"role", layer_role},           {"output", layer_output},  {"rect", layer_rect},
	{"plane", layer_plane},         {"user", layer_user},      {"hold_ms", layer_hold},
	{"fallback", layer_fallback},   {"title", layer_title},    {"message", layer_message},
	{"rate", layer_rate},           {"scale", layer_scale},    {"alpha", layer_alpha},
	{"compose", layer_compose},     {"order", layer_order},    {"max_size", layer_max_size},
	{"max_bytes", layer_max_bytes}, {"errors", layer_errors},  {"error_window_ms", layer_error_window},
	{"ban_ms", layer_ban},          {"retry_ms", layer_retry}, {NULL, NULL},
};

static const char *monitor_user(void *object, const char *value) {
	struct vc_config_monitor *m = object;
	return read_user(value, &m->uid);
}

static const char *monitor_trust(void *object, const char *value) {
	struct vc_config_monitor *m = object;
	return read_ms(value, 1, 600000, &m->rules.trust_ns);
}

static const char *monitor_silent(void *object, const char *value) {
	struct vc_config_monitor *m = object;
	return read_ms(value, 1, 600000, &m->rules.silent_ns);
}

static const char *monitor_lost_ms(void *object, const char *value) {
	struct vc_config_monitor *m = object;
	return read_ms(value, 1, 600000, &m->rules.lost_ns);
}

static const char *monitor_output_max(void *object, const char *value) {
	struct vc_config_monitor *m = object;
	return read_ms(value, 0, 3600000, &m->rules.output_max_ns);
}

static const char *monitor_lost(void *object, const char *value) {
	struct vc_config_monitor *m = object;
	m->rules.lost_safe = strcmp(value, "safe") == 0;
	return m->rules.lost_safe || strcmp(value, "keep") == 0 ? NULL : "use keep or safe";
}

const struct vc_config_key vc_config_monitor_keys[] = {
	{"user", monitor_user},
	{"trust_ms", monitor_trust},
	{"silent_ms", monitor_silent},
	{"lost_ms", monitor_lost_ms},
	{"lost", monitor_lost},
	{"output_max_ms", monitor_output_max},
	{NULL, NULL},
};

static const char *compositor_display(void *object, const char *value) {
	struct vc_config *c = object;
	return copy_text(value, c->display_socket, sizeof(c->display_socket));
}

static const char *compositor_cluster(void *object, const char *value) {
	struct vc_config *c = object;
	return copy_text(value, c->cluster_socket, sizeof(c->cluster_socket));
}

static const char *compositor_control(void *object, const char *value) {
	struct vc_config *c = object;
	return copy_text(value, c->control_socket, sizeof(c->control_socket));
}

static const char *compositor_priority(void *object, const char *value) {
	struct vc_config *c = object;
	int64_t priority;
	const char *why = vc_conf_int(value, 0, 99, &priority);
	if (!why)
		c->priority = (int)priority;
	return why;
}

static const char *compositor_hello(void *object, const char *value) {
	struct vc_config *c = object;
	return read_ms(value, 10, 60000, &c->hello_ns);
}

static const char *compositor_capture_hold(void *object, const char *value) {
	struct vc_config *c = object;
	return read_ms(value, 100, 600000, &c->capture_hold_ns);
}

static const char *compositor_connects(void *object, const char *value) {
	struct vc_config *c = object;
	return read_u32(value, 1, 10000, &c->connects);
}

static const char *compositor_requests(void *object, const char *value) {
	struct vc_config *c = object;
	return read_u32(value, 10, 10000, &c->requests);
}

static const struct vc_config_key compositor_keys[] = {
	{"display_socket", compositor_display},
	{"cluster_socket", compositor_cluster},
	{"control_socket", compositor_control},
	{"priority", compositor_priority},
	{"hello_ms", compositor_hello},
	{"capture_hold_ms", compositor_capture_hold},
	{"connects", compositor_connects},
	{"requests", compositor_requests},
	{NULL, NULL},
};

/* Gives @entry to the key of that name. @seen remembers which keys were given, to catch a second one. */
static const char *apply_key(const struct vc_config_key *keys, void *object, uint32_t *seen,
			     const struct vc_conf_entry *entry) {
	for (unsigned i = 0; keys[i].name; i++) {
		if (strcmp(keys[i].name, entry->key) != 0)
			continue;
		if (*seen & (1u << i))
			return "given twice in this section; remove one";
		*seen |= 1u << i;
		return keys[i].parse(object, entry->value);
	}
	return "unknown key; see vcockpit-compositor.ini(5)";
}

bool vc_config_is_given(const struct vc_config_key *keys, uint32_t seen, const char *name) {
	for (unsigned i = 0; keys[i].name; i++)
		if (strcmp(keys[i].name, name) == 0)
			return (seen & (1u << i)) != 0;
	return false;
}

/* Names go into socket messages, fd store names and logs. */
static const char *check_name(const char *name) {
	if (*name == '\0')
		return vc_conf_why("section needs a name, such as [output main] or [layer ivi]");
	if (strlen(name) >= VC_DISPLAY_NAME_MAX)
		return vc_conf_why("section name is longer than %d characters", VC_DISPLAY_NAME_MAX - 1);
	for (; *name; name++)
		if (!isalnum((unsigned char)*name) && *name != '-' && *name != '_')
			return "section name may have letters, digits, - and _ only";
	return NULL;
}

static const char *find_output(struct vc_config *c, const struct vc_conf_entry *entry,
			       struct vc_config_output **found) {
	for (unsigned i = 0; i < c->outputs; i++)
		if (strcmp(c->output[i].name, entry->name) == 0) {
			*found = &c->output[i];
			return NULL;
		}
	if (c->outputs == VC_OUTPUTS_MAX)
		return vc_conf_why("more than %d outputs", VC_OUTPUTS_MAX);
	*found = &c->output[c->outputs];
	**found = (struct vc_config_output){.line = entry->line,
					    .card = "auto",
					    .connector = "auto",
					    .background = 0x0b0e13,
					    .writeback = true,
					    .flip_limit_ns = 100 * VC_NS_PER_MS,
					    .capture_limit_ns = 5000 * VC_NS_PER_MS};
	const char *why = check_name(entry->name);
	if (!why)
		why = vc_conf_string(entry->name, (*found)->name, sizeof((*found)->name));
	if (!why)
		c->outputs++;
	return why;
}

static const char *find_layer(struct vc_config *c, const struct vc_conf_entry *entry, struct vc_config_layer **found) {
	for (unsigned i = 0; i < c->layers; i++)
		if (strcmp(c->layer[i].name, entry->name) == 0) {
			*found = &c->layer[i];
			return NULL;
		}
	if (c->layers == VC_LAYERS_MAX)
		return vc_conf_why("more than %d layers", VC_LAYERS_MAX);
	*found = &c->layer[c->layers];
	**found = (struct vc_config_layer){.line = entry->line,
					   .rate = 500,
					   .alpha = 100,
					   .compose = true,
					   .max_width = VC_DISPLAY_SIZE_MAX,
					   .max_height = VC_DISPLAY_SIZE_MAX,
					   .errors = {10, 60 * VC_NS_PER_S, 30 * VC_NS_PER_S},
					   .retry_ns = VC_NS_PER_S / 2};
	const char *why = check_name(entry->name);
	if (!why)
		why = vc_conf_string(entry->name, (*found)->name, sizeof((*found)->name));
	if (!why)
		c->layers++;
	return why;
}

static const char *on_entry(void *data, const struct vc_conf_entry *entry) {
	struct vc_config *c = data;
	const char *why;
	if (strcmp(entry->kind, "compositor") == 0 && *entry->name == '\0')
		return apply_key(compositor_keys, c, &c->seen, entry);
	if (strcmp(entry->kind, "monitor") == 0 && *entry->name == '\0') {
		if (!c->monitor.wanted)
			c->monitor.line = entry->line;
		c->monitor.wanted = true;
		return apply_key(vc_config_monitor_keys, &c->monitor, &c->monitor.seen, entry);
	}
	if (strcmp(entry->kind, "output") == 0) {
		struct vc_config_output *o = NULL;
		why = find_output(c, entry, &o);
		return why ? why : apply_key(vc_config_output_keys, o, &o->seen, entry);
	}
	if (strcmp(entry->kind, "layer") == 0) {
		struct vc_config_layer *l = NULL;
		why = find_layer(c, entry, &l);
		if (why)
			return why;
		if (strcmp(entry->key, "rect") == 0)
			l->rect_line = entry->line;
		if (strcmp(entry->key, "output") == 0)
			l->output_line = entry->line;
		if (strcmp(entry->key, "order") == 0)
			l->order_line = entry->line;
		return apply_key(vc_config_layer_keys, l, &l->seen, entry);
	}
	return "unknown section; use [compositor], [monitor], [output NAME] or [layer NAME]";
}

bool vc_config_read(struct vc_config *config, const char *path, char *error, size_t size) {
	*config = (struct vc_config){.display_socket = VC_DISPLAY_SOCKET,
				     .cluster_socket = VC_DISPLAY_CLUSTER_SOCKET,
				     .control_socket = VC_CONTROL_SOCKET,
				     .hello_ns = VC_NS_PER_S,
				     .capture_hold_ns = 10 * VC_NS_PER_S,
				     .connects = 20,
				     .requests = 100,
				     .monitor.rules = {.trust_ns = 500 * VC_NS_PER_MS,
						       .silent_ns = 500 * VC_NS_PER_MS,
						       .lost_ns = 3000 * VC_NS_PER_MS,
						       .output_max_ns = 5000 * VC_NS_PER_MS}};
	return vc_conf_read(path, on_entry, config, error, size) && vc_config_check(config, path, error, size);
}
