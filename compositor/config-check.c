/* SPDX-License-Identifier: Apache-2.0 */
/* What can only be said once the whole file is known. */
#include "config-keys.h"

#include "clock.h"
#include "conf.h"

#include <stdio.h>
#include <string.h>

struct check {
	const struct vc_config *config;
	const char *path;
	char *error;
	size_t size;
};

#define FAIL(check, at, ...) fail(check, at, vc_conf_why(__VA_ARGS__))
static bool fail(const struct check *check, int line, const char *why) {
	if (line > 0)
		snprintf(check->error, check->size, "%s:%d: %s", check->path, line, why);
	else
		snprintf(check->error, check->size, "%s: %s", check->path, why);
	return false;
}

static bool check_layer(const struct check *check, struct vc_config_layer *l) {
	static const char *const needed[] = {"role", "output", "rect", "user"};
	for (unsigned i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!vc_config_is_given(vc_config_layer_keys, l->seen, needed[i]))
			return FAIL(check, l->line, "[layer %s] lacks \"%s = …\"", l->name, needed[i]);

	const struct vc_config *c = check->config;
	unsigned o = 0;
	while (o < c->outputs && strcmp(c->output[o].name, l->output_name) != 0)
		o++;
	if (o == c->outputs)
		return FAIL(check, l->output_line, "[layer %s] output = %s: there is no [output %s]", l->name,
			    l->output_name, l->output_name);
	l->output = o;
	const struct vc_config_output *out = &c->output[o];
	if (l->rect.x + l->rect.width > out->width || l->rect.y + l->rect.height > out->height)
		return FAIL(check, l->rect_line,
			    "[layer %s] rect: reaches outside output %s, which is %ux%u; make it smaller", l->name,
			    out->name, out->width, out->height);
	if (l->role == VC_ROLE_CLUSTER && l->fallback == VC_FALLBACK_NONE)
		return FAIL(check, l->line, "[layer %s] fallback = none: the cluster always needs its safe picture",
			    l->name);
	if (l->role == VC_ROLE_CLUSTER && (l->alpha < 100 || l->scale != VC_SCALE_NONE))
		return FAIL(check, l->line, "[layer %s] %s: the cluster is always shown %s; remove the key", l->name,
			    l->alpha < 100 ? "alpha" : "scale", l->alpha < 100 ? "opaque" : "pixel for pixel");
	if (l->role == VC_ROLE_CLUSTER && l->order_line == 0)
		l->order = VC_ORDER_MAX;
	if (l->role == VC_ROLE_CLUSTER) {
		static const char *const keeps_out[] = {"errors", "error_window_ms", "ban_ms", "retry_ms"};
		for (unsigned i = 0; i < sizeof(keeps_out) / sizeof(keeps_out[0]); i++)
			if (vc_config_is_given(vc_config_layer_keys, l->seen, keeps_out[i]))
				return FAIL(check, l->line, "[layer %s] %s: the cluster is never kept out; remove it",
					    l->name, keeps_out[i]);
		l->errors.limit = 0;
		l->retry_ns = 0;
	}
	if (l->max_width < l->rect.width && l->max_height < l->rect.height)
		return FAIL(check, l->line, "[layer %s] max_size = %ux%u: smaller than rect; make it larger", l->name,
			    l->max_width, l->max_height);
	if (!vc_config_is_given(vc_config_layer_keys, l->seen, "hold_ms"))
		l->hold_ns = (l->role == VC_ROLE_CLUSTER ? 100 : 1000) * VC_NS_PER_MS;
	return true;
}

/* Who lends its picture to others must be there, and be seen where they are. */
static bool check_loan(const struct check *check, struct vc_config_layer *l) {
	const struct vc_config *c = check->config;
	unsigned i = 0;
	if (l->fallback != VC_FALLBACK_LAYER)
		return true;
	while (i < c->layers && strcmp(c->layer[i].name, l->lender_name) != 0)
		i++;
	if (i == c->layers)
		return FAIL(check, l->line, "[layer %s] fallback = layer %s: there is no [layer %s]", l->name,
			    l->lender_name, l->lender_name);
	const struct vc_config_layer *lender = &c->layer[i];
	if (lender == l || l->role != VC_ROLE_GUEST || lender->role != VC_ROLE_GUEST || lender->output != l->output)
		return FAIL(
			check, l->line,
			"[layer %s] fallback = layer %s: only a guest can show what another guest of its output shows; "
			"use picture",
			l->name, l->lender_name);
	l->lender = i;
	return true;
}

/* Guests' zones may lie under the cluster and over each other. Nothing lies over a cluster. */
static bool check_zones(const struct check *check) {
	const struct vc_config *c = check->config;
	for (unsigned i = 0; i < c->layers; i++)
		for (unsigned j = 0; j < i; j++) {
			const struct vc_config_layer *a = &c->layer[j], *b = &c->layer[i];
			if (a->output != b->output)
				continue;
			if (a->role == VC_ROLE_CLUSTER && b->role == VC_ROLE_CLUSTER)
				return FAIL(check, b->line,
					    "[layer %s] role = cluster: output %s has a cluster already, [layer %s]",
					    b->name, b->output_name, a->name);
			const struct vc_config_layer *over = a->role == VC_ROLE_GUEST ? a : b;
			const struct vc_config_layer *under = over == a ? b : a;
			if (under->role == VC_ROLE_CLUSTER && over->order_line > 0 && over->order >= under->order)
				return FAIL(
					check, over->order_line,
					"[layer %s] order = %u: would lie above [layer %s], and nothing may cover a "
					"cluster; use a lower one",
					over->name, over->order, under->name);
			if (a->plane != 0 && a->plane == b->plane)
				return FAIL(check, b->line, "[layer %s] plane = %u: taken by [layer %s]", b->name,
					    b->plane, a->name);
		}
	return true;
}

static bool check_monitor(const struct check *check) {
	const struct vc_config_monitor *m = &check->config->monitor;
	if (m->wanted && !vc_config_is_given(vc_config_monitor_keys, m->seen, "user"))
		return FAIL(check, m->line, "[monitor] lacks \"user = …\"");
	if (m->rules.lost_ns < m->rules.silent_ns)
		return FAIL(check, m->line, "[monitor] lost_ms is shorter than silent_ms; make it longer");
	return true;
}

/* Who may draw a guest's layer may draw nothing else: the kernel's word on the user is all that tells sources apart. */
static bool check_users(const struct check *check) {
	const struct vc_config *c = check->config;
	for (unsigned i = 0; i < c->layers; i++) {
		const struct vc_config_layer *a = &c->layer[i];
		if (c->monitor.wanted && c->monitor.uid == a->uid)
			return FAIL(
				check, c->monitor.line,
				"[monitor] user: is the source of [layer %s], too; give the monitor a user of its own",
				a->name);
		for (unsigned j = 0; j < i; j++) {
			const struct vc_config_layer *b = &c->layer[j];
			if (a->uid == b->uid && (a->role == VC_ROLE_GUEST || b->role == VC_ROLE_GUEST))
				return FAIL(check, a->line,
					    "[layer %s] user: is the source of [layer %s], too; give each a user of "
					    "its own",
					    a->name, b->name);
		}
	}
	return true;
}

bool vc_config_check(struct vc_config *c, const char *path, char *error, size_t size) {
	const struct check at = {.config = c, .path = path, .error = error, .size = size}, *check = &at;
	if (c->outputs == 0)
		return FAIL(check, 0, "no output; add a section [output NAME] with a mode");
	for (unsigned i = 0; i < c->outputs; i++)
		if (!vc_config_is_given(vc_config_output_keys, c->output[i].seen, "mode"))
			return FAIL(check, c->output[i].line, "[output %s] lacks \"mode = WIDTHxHEIGHT@HZ\"",
				    c->output[i].name);
	bool cluster = false, loans = true;
	for (unsigned i = 0; i < c->layers; i++) {
		if (!check_layer(check, &c->layer[i]))
			return false;
		cluster |= c->layer[i].role == VC_ROLE_CLUSTER;
	}
	if (!cluster)
		return FAIL(check, 0, "no cluster; add a section [layer NAME] with role = cluster");
	for (unsigned i = 0; i < c->layers && loans; i++)
		loans = check_loan(check, &c->layer[i]);
	return loans && check_monitor(check) && check_users(check) && check_zones(check);
}
