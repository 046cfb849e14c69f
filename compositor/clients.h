/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The display protocol's server: takes connections, decides who may be which layer's source, and hands well-formed messages
 * to the layer. Whoever breaks a rule is told which, and disconnected.
 *
 * There are two sockets with queues, budgets and places of their own, so that no flood of guests keeps a cluster out that
 * was started again. What clients send is never closed here, nor are their sockets, in which more may wait: see importer.h.
 */
#ifndef VC_CLIENTS_H
#define VC_CLIENTS_H

#include "layer.h"
#include "loop.h"

/* One source per layer, and as many that have not said who they are; the same for the clusters, one per output. */
#define VC_CLIENTS_GUESTS (2 * VC_LAYERS_MAX)
#define VC_CLIENTS_CLUSTERS (2 * VC_OUTPUTS_MAX)
#define VC_CLIENTS_MAX (VC_CLIENTS_GUESTS + VC_CLIENTS_CLUSTERS)

/* Whose importer is which: the layers' by their index, then these. So what takes long keeps only its own sender waiting. */
enum {
	VC_IMPORTER_STRANGERS = VC_LAYERS_MAX, /* what users without a layer send */
	VC_IMPORTER_SOCKETS,                   /* guests' sockets */
	VC_IMPORTER_TOOLS,
	VC_IMPORTERS
};

enum { VC_DOOR_GUESTS, VC_DOOR_CLUSTER, VC_DOORS };

struct vc_clients;

/* One of the sockets. */
struct vc_door {
	struct vc_watch watch;
	struct vc_clients *clients;
	struct vc_client *place; /* the first of its places in the table */
	unsigned places;
	struct vc_importer *importer; /* closes its clients' sockets */
	struct vc_bucket connects;    /* of all users together */
};

struct vc_client {
	struct vc_watch watch; /* fd -1: the place is free */
	struct vc_clients *clients;
	struct vc_door *door;
	struct vc_importer *importer; /* closes what it sends */
	struct vc_layer *layer;       /* NULL before HELLO */
	uid_t uid;
	pid_t pid;
	int64_t connected_ns;
	struct vc_bucket messages;
};

struct vc_clients {
	struct vc_loop *loop; /* NULL in tests */
	struct vc_door door[VC_DOORS];
	const struct vc_config *config;
	struct vc_importer *importers; /* VC_IMPORTERS */
	struct vc_layer *layers;
	unsigned count;
	struct vc_client client[VC_CLIENTS_MAX];
	struct vc_bucket connects[VC_LAYERS_MAX + 1]; /* by layer's user; the last one is for all others */
	/* limits the logging of clients that come and go */
	int64_t log_ns;
	unsigned log_used;
};

/* Starts to serve on @listener, by VC_DOOR_*, which stay the caller's. @loop: NULL leaves polling to the caller. */
int vc_clients_init(struct vc_clients *clients, struct vc_loop *loop, const int listener[VC_DOORS],
		    const struct vc_config *config, struct vc_importer *importers, struct vc_layer *layers,
		    unsigned count);

/* Takes in a connection. Owns @sock from here on. Returns NULL when it had to close it. */
struct vc_client *vc_clients_accept(struct vc_door *door, int sock, int64_t now_ns);

/* Acts on one message of @client, of @size bytes with @nfds descriptors, which it owns from here on. */
void vc_client_handle(struct vc_client *client, const union vc_display_message *message, size_t size, const int *fds,
		      unsigned nfds, int64_t now_ns);

/* Disconnects sources that do not read or are banned, and connections that have not said HELLO in time; lets newcomers in
 * again. Call now and then. */
void vc_clients_check(struct vc_clients *clients, int64_t now_ns);

/* Closes a connection. @broke: it broke the protocol. */
void vc_client_close(struct vc_client *client, bool broke, int64_t now_ns);

#endif
