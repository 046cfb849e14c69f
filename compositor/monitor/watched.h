/* SPDX-License-Identifier: Apache-2.0 */
/* What both of the monitor's threads know: which layers are watched, and what their last frames declared. The lock is held for
 * copies only, and lends its holder the priority of who waits for it. */
#ifndef VC_WATCHED_H
#define VC_WATCHED_H

#include "monitor-proto.h"
#include "references.h"

#include <pthread.h>

#define VC_WATCHED_FRAMES 64 /* more than pass while a capture is made */

struct vc_watched_layer {
	bool used;
	struct vc_monitor_layer info;
	struct vc_references references;
	unsigned next;                   /* place in the ring */
	uint64_t seq[VC_WATCHED_FRAMES]; /* 0: none */
	uint32_t source[VC_WATCHED_FRAMES];
	struct vc_declaration declaration[VC_WATCHED_FRAMES];
};

struct vc_watched {
	pthread_mutex_t lock;
	struct vc_watched_layer layer[VC_CONTROL_LAYERS_MAX];
};

void vc_watched_init(struct vc_watched *watched);

/* The compositor has gone: nothing is watched. */
void vc_watched_clear(struct vc_watched *watched);

void vc_watched_add(struct vc_watched *watched, const struct vc_monitor_layer *info,
		    const struct vc_references *references);

/* Remembers what frame @seq of @layer's source number @source declared, if it was sound. */
void vc_watched_note(struct vc_watched *watched, uint32_t layer, uint32_t source, uint64_t seq,
		     const struct vc_declaration *declaration);

/* Finds it again. */
bool vc_watched_find(struct vc_watched *watched, uint32_t layer, uint32_t source, uint64_t seq,
		     struct vc_declaration *declaration);

/* Copies what is watched as @layer. Returns false if nothing is. */
bool vc_watched_get(struct vc_watched *watched, uint32_t layer, struct vc_monitor_layer *info,
		    struct vc_references *references);

#endif
