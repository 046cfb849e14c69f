/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The display server without a display: real clients.c and layer.c, a backend that counts instead of importing, and a "flip"
 * that does what output.c does to layers. Used by the unit test and by the fuzzer, which both end it with
 * fake_display_finish(): no buffer may be left over.
 */
#ifndef VC_COMPOSITOR_FAKE_DISPLAY_H
#define VC_COMPOSITOR_FAKE_DISPLAY_H

#include "clients.h"

struct fake_display {
	struct vc_config common;
	struct vc_config_layer config[2]; /* "cluster" and "ivi" */
	struct vc_layer layer[2];
	struct vc_layer_backend backend;
	struct vc_importer importer[VC_IMPORTERS]; /* without threads */
	struct vc_clients clients;
	int64_t now_ns;
	int imported; /* buffers alive */
	bool refuse_imports;
	bool slow_imports; /* buffers stay with the importer until fake_display_import() */
};

void fake_display_init(struct fake_display *fake);

/* Connects a client at VC_DOOR_*; returns its end of the socket. */
int fake_display_connect(struct fake_display *fake, unsigned door, struct vc_client **client);

/* Closes what was handed over to be closed. */
void fake_display_close(struct fake_display *fake);

/* The importer is through with all it has. */
void fake_display_import(struct fake_display *fake);

/* Decides for each layer and shows what was decided, as one vblank would. */
void fake_display_flip(struct fake_display *fake);

/* Closes all clients and takes everything off the screen. */
void fake_display_finish(struct fake_display *fake);

#endif
