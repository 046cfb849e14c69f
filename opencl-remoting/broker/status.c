/* SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

#include "clock.h"
#include "op-names.h"

#include <json.h>
#include <string.h>
#include <unistd.h>

static const char *const kind_names[VC_CL_KINDS] = {
	[VC_CL_PLATFORM] = "platforms", [VC_CL_DEVICE] = "devices",  [VC_CL_CONTEXT] = "contexts",
	[VC_CL_QUEUE] = "queues",       [VC_CL_MEM] = "mem_objects", [VC_CL_SAMPLER] = "samplers",
	[VC_CL_PROGRAM] = "programs",   [VC_CL_KERNEL] = "kernels",  [VC_CL_EVENT] = "events",
};

static void add(struct json_object *to, const char *key, uint64_t value) {
	json_object_object_add(to, key, json_object_new_uint64(value));
}

static struct json_object *describe_client(const struct vc_cl_client *c) {
	struct json_object *o = json_object_new_object(), *objects = json_object_new_object(),
			   *calls = json_object_new_object();
	const struct vc_cl_stats *s = c->stats;
	add(o, "pid", (uint64_t)c->pid);
	add(o, "uid", c->uid);
	json_object_object_add(o, "name", json_object_new_string(c->name));
	add(o, "worker", (uint64_t)c->worker);
	add(o, "keeper", (uint64_t)c->keeper);
	json_object_object_add(o, "connected_s", json_object_new_double((double)(vc_clock_now() - c->since_ns) / 1e9));
	for (int k = 1; k < VC_CL_KINDS; k++)
		add(objects, kind_names[k], atomic_load(&s->objects[k]));
	json_object_object_add(o, "objects", objects);
	for (unsigned i = 1; i < vc_cl_op_count; i++)
		if (atomic_load(&s->calls[i]) > 0)
			add(calls, vc_cl_op_names[i], atomic_load(&s->calls[i]));
	json_object_object_add(o, "calls", calls);
	add(o, "calls_one_way", atomic_load(&s->one_way));
	add(o, "calls_waited", atomic_load(&s->waited));
	add(o, "calls_local", atomic_load(&s->local));
	add(o, "shared_bytes", atomic_load(&s->arena_bytes));
	add(o, "copies", atomic_load(&s->copies));
	add(o, "bytes_copied", atomic_load(&s->bytes_copied));
	add(o, "bytes_mapped", atomic_load(&s->bytes_mapped));
	json_object_object_add(o, "serving_s", json_object_new_double((double)atomic_load(&s->busy_ns) / 1e9));
	return o;
}

/* Root, the broker's own user and members of status_group are told of everybody. */
static bool may_see_all(const struct vc_cl_broker *b, uid_t uid, const gid_t *groups, unsigned ngroups) {
	bool may = uid == 0 || uid == geteuid();
	for (unsigned i = 0; i < ngroups; i++)
		may |= b->config.status_group != (gid_t)-1 && groups[i] == b->config.status_group;
	return may;
}

char *vc_cl_status_write(const struct vc_cl_broker *b, uid_t uid, const gid_t *groups, unsigned ngroups) {
	bool all = may_see_all(b, uid, groups, ngroups);
	struct json_object *top = json_object_new_object(), *clients = json_object_new_array();
	for (unsigned i = 0; i < VC_CL_CLIENTS_MAX; i++)
		if (b->clients[i].worker > 0 && (all || b->clients[i].uid == uid))
			json_object_array_add(clients, describe_client(&b->clients[i]));
	json_object_object_add(top, "clients", clients);
	if (all) {
		add(top, "clients_served", b->served);
		add(top, "clients_refused", b->refused);
		add(top, "workers_failed", b->failed);
	}
	char *text = strdup(json_object_to_json_string_ext(top, JSON_C_TO_STRING_PRETTY));
	json_object_put(top);
	return text;
}
