/* SPDX-License-Identifier: Apache-2.0 */
#include "watched.h"

#include <string.h>

void vc_watched_init(struct vc_watched *w) {
	pthread_mutexattr_t attributes;
	memset(w, 0, sizeof(*w));
	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&w->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
}

void vc_watched_clear(struct vc_watched *w) {
	pthread_mutex_lock(&w->lock);
	memset(w->layer, 0, sizeof(w->layer));
	pthread_mutex_unlock(&w->lock);
}

void vc_watched_add(struct vc_watched *w, const struct vc_monitor_layer *info, const struct vc_references *references) {
	pthread_mutex_lock(&w->lock);
	w->layer[info->layer] = (struct vc_watched_layer){.used = true, .info = *info, .references = *references};
	pthread_mutex_unlock(&w->lock);
}

void vc_watched_note(struct vc_watched *w, uint32_t layer, uint32_t source, uint64_t seq,
		     const struct vc_declaration *declaration) {
	struct vc_watched_layer *l = &w->layer[layer];
	pthread_mutex_lock(&w->lock);
	/* The frame was shown before: what it declares now is what counts. */
	for (unsigned i = 0; i < VC_WATCHED_FRAMES; i++)
		if (l->seq[i] == seq && l->source[i] == source)
			l->seq[i] = 0;
	l->seq[l->next] = seq;
	l->source[l->next] = source;
	l->declaration[l->next] = *declaration;
	l->next = (l->next + 1) % VC_WATCHED_FRAMES;
	pthread_mutex_unlock(&w->lock);
}

bool vc_watched_find(struct vc_watched *w, uint32_t layer, uint32_t source, uint64_t seq,
		     struct vc_declaration *declaration) {
	const struct vc_watched_layer *l = &w->layer[layer];
	bool found = false;
	pthread_mutex_lock(&w->lock);
	for (unsigned i = 0; l->used && !found && i < VC_WATCHED_FRAMES; i++)
		if (l->seq[i] == seq && l->source[i] == source) {
			*declaration = l->declaration[i];
			found = true;
		}
	pthread_mutex_unlock(&w->lock);
	return found;
}

bool vc_watched_get(struct vc_watched *w, uint32_t layer, struct vc_monitor_layer *info,
		    struct vc_references *references) {
	pthread_mutex_lock(&w->lock);
	bool used = w->layer[layer].used;
	*info = w->layer[layer].info;
	*references = w->layer[layer].references;
	pthread_mutex_unlock(&w->lock);
	return used;
}
