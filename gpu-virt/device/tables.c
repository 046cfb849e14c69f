/* SPDX-License-Identifier: Apache-2.0 */
#include "tables.h"

#include <stdlib.h>
#include <string.h>

bool vc_tables_init(struct vc_tables *tables, uint32_t contexts_max) {
	*tables = (struct vc_tables){.contexts_max = contexts_max};
	tables->context = calloc(contexts_max, sizeof(*tables->context));
	return tables->context != NULL;
}

void vc_tables_clear(struct vc_tables *tables) {
	for (uint32_t i = 0; i < tables->contexts_max; i++)
		if (tables->context[i].id)
			vc_tables_context_remove(tables, &tables->context[i]);
	for (struct vc_resource *r = tables->first, *next; r; r = next) {
		next = r->next;
		vc_tables_remove(tables, r);
	}
}

void vc_tables_finish(struct vc_tables *tables) {
	if (!tables->context)
		return;
	vc_tables_clear(tables);
	free(tables->context);
	tables->context = NULL;
}

static struct vc_resource **bucket_of(struct vc_tables *tables, uint32_t id) {
	return &tables->bucket[id % VC_RESOURCE_BUCKETS];
}

struct vc_resource *vc_tables_find(const struct vc_tables *tables, uint32_t id) {
	struct vc_resource *r = tables->bucket[id % VC_RESOURCE_BUCKETS];
	while (r && r->id != id)
		r = r->hash_next;
	return r;
}

struct vc_resource *vc_tables_add(struct vc_tables *tables, uint32_t id, const struct vc_worker_create *create) {
	struct vc_resource *r = calloc(1, sizeof(*r));
	if (!r)
		return NULL;
	r->id = id;
	r->create = *create;
	r->bytes = vc_create_bytes(create);
	struct vc_resource **bucket = bucket_of(tables, id);
	r->hash_next = *bucket;
	*bucket = r;
	r->prev = tables->last;
	if (tables->last)
		tables->last->next = r;
	else
		tables->first = r;
	tables->last = r;
	tables->resources++;
	tables->bytes += r->bytes;
	return r;
}

void vc_tables_remove(struct vc_tables *tables, struct vc_resource *resource) {
	for (uint32_t i = 0; i < tables->contexts_max && resource->attachments > 0; i++)
		if (tables->context[i].id)
			vc_context_detach(&tables->context[i], resource);
	struct vc_resource **link = bucket_of(tables, resource->id);
	while (*link != resource)
		link = &(*link)->hash_next;
	*link = resource->hash_next;
	*(resource->prev ? &resource->prev->next : &tables->first) = resource->next;
	*(resource->next ? &resource->next->prev : &tables->last) = resource->prev;
	tables->resources--;
	tables->bytes -= resource->bytes;
	vc_resource_unback(tables, resource);
	free(resource);
}

void vc_resource_back(struct vc_tables *tables, struct vc_resource *resource, uint64_t *gpa, uint32_t *length,
		      uint32_t pieces) {
	vc_resource_unback(tables, resource);
	tables->pieces += pieces;
	resource->gpa = gpa;
	resource->length = length;
	resource->pieces = pieces;
	for (uint32_t i = 0; i < pieces; i++)
		resource->backing_bytes += length[i];
}

void vc_resource_unback(struct vc_tables *tables, struct vc_resource *resource) {
	tables->pieces -= resource->pieces;
	free(resource->gpa);
	free(resource->length);
	resource->gpa = NULL;
	resource->length = NULL;
	resource->pieces = 0;
	resource->backing_bytes = 0;
}

struct vc_context *vc_tables_context(const struct vc_tables *tables, uint32_t id) {
	for (uint32_t i = 0; id != 0 && i < tables->contexts_max; i++)
		if (tables->context[i].id == id)
			return &tables->context[i];
	return NULL;
}

struct vc_context *vc_tables_context_add(struct vc_tables *tables, uint32_t id) {
	for (uint32_t i = 0; i < tables->contexts_max; i++)
		if (tables->context[i].id == 0) {
			tables->context[i] = (struct vc_context){.id = id};
			tables->contexts++;
			return &tables->context[i];
		}
	return NULL;
}

void vc_tables_context_remove(struct vc_tables *tables, struct vc_context *context) {
	for (uint32_t i = 0; i < context->resources; i++) {
		struct vc_resource *r = vc_tables_find(tables, context->resource[i]);
		if (r)
			r->attachments--;
	}
	free(context->resource);
	*context = (struct vc_context){0};
	tables->contexts--;
}

bool vc_context_attach(struct vc_context *context, struct vc_resource *resource) {
	for (uint32_t i = context->resources; i > 0; i--)
		if (context->resource[i - 1] == resource->id)
			return true;
	if (context->resources == context->room) {
		uint32_t room = context->room ? context->room * 2 : 16;
		uint32_t *bigger = realloc(context->resource, room * sizeof(*bigger));
		if (!bigger)
			return false;
		context->resource = bigger;
		context->room = room;
	}
	context->resource[context->resources++] = resource->id;
	resource->attachments++;
	if (resource->lost)
		context->heals = true;
	return true;
}

bool vc_context_detach(struct vc_context *context, struct vc_resource *resource) {
	for (uint32_t i = context->resources; i > 0; i--)
		if (context->resource[i - 1] == resource->id) {
			context->resource[i - 1] = context->resource[--context->resources];
			resource->attachments--;
			return true;
		}
	return false;
}

void vc_tables_heal(struct vc_tables *tables, struct vc_context *context) {
	for (uint32_t i = 0; i < context->resources && context->heals; i++) {
		struct vc_resource *r = vc_tables_find(tables, context->resource[i]);
		if (r)
			r->lost = false;
	}
	context->heals = false;
}

void vc_tables_lose(struct vc_tables *tables) {
	for (struct vc_resource *r = tables->first; r; r = r->next)
		if (!r->flat)
			r->lost = true;
	for (uint32_t i = 0; i < tables->contexts_max; i++) {
		struct vc_context *c = &tables->context[i];
		if (c->id && c->submitted)
			c->lost = true;
		else if (c->id)
			c->heals = c->resources > 0;
	}
}

uint64_t vc_create_bytes(const struct vc_worker_create *create) {
	/* Each factor is below 2^14 or a small count, so that 64 bits hold the product. */
	uint64_t layers = (uint64_t)create->depth * create->array_size;
	uint64_t samples = create->nr_samples ? create->nr_samples : 1;
	if (create->target == 0) /* PIPE_BUFFER: width counts bytes */
		return create->width;
	if (create->width > 16384 || create->height > 16384 || layers > 16384 || samples > 32)
		return UINT64_MAX;
	uint64_t bytes = (uint64_t)create->width * create->height * layers * samples * 4;
	return create->last_level ? bytes + bytes / 3 : bytes;
}
