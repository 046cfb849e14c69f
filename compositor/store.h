/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd's fd store (FileDescriptorStoreMax=): what is put there outlives this process and is handed to the next one at its
 * start. The cards are in it, so that the picture stays lit, and the prepared pictures' memory, so that they needn't be drawn
 * again before the first commit. Used at start only, where waiting for systemd is no harm.
 */
#ifndef VC_STORE_H
#define VC_STORE_H

#include <stdbool.h>

#define VC_STORE_MAX 64
#define VC_STORE_NAME_MAX 96

struct vc_store {
	unsigned count;
	struct {
		char name[VC_STORE_NAME_MAX];
		int fd; /* -1: taken */
	} entry[VC_STORE_MAX];
};

/* The last compositor left @fd, now the store's, under @name. */
void vc_store_hand(struct vc_store *store, const char *name, int fd);

/* The descriptor of that @name, now the caller's; -1 if there is none. @rest: if not NULL, @name is only its beginning, and the
 * rest is told, valid as long as the store. The next compositor will find it again. */
int vc_store_take(struct vc_store *store, const char *name, const char **rest);

/* Has @fd kept under @name; it stays the caller's. Without a service manager nothing happens. */
void vc_store_put(const char *name, int fd);

/* Gives up @name, and all of that name that are kept. */
void vc_store_remove(const char *name);

/* Gives up what nobody took. */
void vc_store_drop_rest(struct vc_store *store);

#endif
