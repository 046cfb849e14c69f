/* SPDX-License-Identifier: Apache-2.0 */
/* A DRM card: the descriptor, which is master, and what the kernel says about its planes. Used at start only. */
#ifndef VC_KMS_CARD_H
#define VC_KMS_CARD_H

#include "kms-planes.h"

/* Objects of a kind share their properties, so each is asked for its name once. */
#define VC_CARD_PROPERTIES_MAX 160

struct vc_card {
	int fd;
	bool stored; /* the descriptor came from the last compositor */
	char path[64], driver[32];
	int idle_fence; /* a sync_file that has signalled long ago; see vc_kms_request_layer() */
	unsigned planes;
	struct vc_plane plane[VC_PLANES_MAX];
	unsigned properties;
	struct {
		uint32_t id;
		char name[32];
	} property[VC_CARD_PROPERTIES_MAX];
	/* framebuffers that the last compositor left in this descriptor, to be given back once they are off the screen */
	unsigned old_fbs;
	uint32_t old_fb[256];
};

/* What went wrong, in one line, and whether the config is to blame (exit code 2) or the machine (1). */
struct vc_kms_error {
	bool config;
	char text[256];
};

/* Opens the card that @wish names: a device path, a driver's name, or "auto" for the first card with atomic KMS.
 * @fd: the last compositor's descriptor, taken over, or -1. */
bool vc_card_open(struct vc_card *card, const char *wish, int fd, struct vc_kms_error *error);

/* Does @wish name this opened card? */
bool vc_card_matches(const struct vc_card *card, const char *wish);

/* A property to find: where its id goes and, if wanted, its current value. Left alone if the object lacks it. */
struct vc_card_ask {
	const char *name;
	uint32_t *id;
	uint64_t *value;
};

/* Finds @count properties of an object. Returns how many it has. */
unsigned vc_card_ask(struct vc_card *card, uint32_t object, uint32_t type, const struct vc_card_ask *ask,
		     unsigned count);

/* Gives back the last compositor's framebuffers. Those on the screen stay until replaced. */
void vc_card_drop_old(struct vc_card *card);

#endif
