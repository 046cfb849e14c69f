/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

void vc_store_hand(struct vc_store *store, const char *name, int fd) {
	if (store->count == VC_STORE_MAX || strlen(name) >= VC_STORE_NAME_MAX) {
		close(fd);
		return;
	}
	snprintf(store->entry[store->count].name, VC_STORE_NAME_MAX, "%s", name);
	store->entry[store->count++].fd = fd;
}

int vc_store_take(struct vc_store *store, const char *name, const char **rest) {
	size_t length = strlen(name) + (rest ? 0 : 1);
	for (unsigned i = 0; i < store->count; i++) {
		if (store->entry[i].fd < 0 || strncmp(store->entry[i].name, name, length) != 0)
			continue;
		int fd = store->entry[i].fd;
		store->entry[i].fd = -1;
		if (rest)
			*rest = store->entry[i].name + length;
		return fd;
	}
	return -1;
}

void vc_store_put(const char *name, int fd) {
	char state[VC_STORE_NAME_MAX + 64];
	/* Not polled: a card or a dma-buf that becomes readable has not ended. */
	snprintf(state, sizeof(state), "FDSTORE=1\nFDNAME=%s\nFDPOLL=0", name);
	sd_pid_notify_with_fds(0, 0, state, &fd, 1);
}

void vc_store_remove(const char *name) {
	char state[VC_STORE_NAME_MAX + 64];
	snprintf(state, sizeof(state), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	sd_notify(0, state);
}

void vc_store_drop_rest(struct vc_store *store) {
	for (unsigned i = 0; i < store->count; i++) {
		if (store->entry[i].fd < 0)
			continue;
		close(store->entry[i].fd);
		store->entry[i].fd = -1;
		vc_store_remove(store->entry[i].name);
	}
}
