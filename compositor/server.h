/* SPDX-License-Identifier: Apache-2.0 */
/* The compositor as a whole: cards, outputs, layers, and the sockets. All its memory is in this one struct. */
#ifndef VC_SERVER_H
#define VC_SERVER_H

#include "clients.h"
#include "control.h"
#include "importer.h"
#include "memo.h"
#include "notify.h"
#include "output.h"

struct vc_server {
	const struct vc_config *config;
	struct vc_loop loop;
	unsigned cards;
	struct vc_server_card {
		struct vc_server *server;
		struct vc_watch flips;
		struct vc_card card;
	} card[VC_OUTPUTS_MAX];
	struct vc_output output[VC_OUTPUTS_MAX];
	struct vc_layer layer[VC_LAYERS_MAX];
	struct vc_layer_backend backend;
	struct vc_clients clients;
	struct vc_control control;
	struct vc_monitor_link monitor;
	struct vc_memo memo;
	/* By VC_IMPORTER_*: memory that takes for ever to come in must not stand before another source's, least of all the
	 * cluster's. */
	struct vc_importer importer[VC_IMPORTERS];
	struct vc_notify notify;
	struct vc_watch signals;
	int64_t start_ns;
};

_Static_assert(VC_IMPORTER_JOBS >= VC_LAYER_BUFFERS_MAX, "all buffers of a layer at once");

/* Opens the cards and lights the outputs, or takes over from @store what the last compositor left. */
bool vc_server_init(struct vc_server *server, const struct vc_config *config, struct vc_store *store,
		    struct vc_kms_error *error);

/* Serves on the listening sockets, @display by VC_DOOR_*, until SIGTERM or SIGINT. Returns the exit code. */
int vc_server_run(struct vc_server *server, const int display[VC_DOORS], int control);

#endif
