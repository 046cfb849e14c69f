/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client's side of the display protocol (display-proto.h): a thin layer that frames messages and checks what comes back.
 * It owns one socket and no memory; nothing in it allocates, and after vc_display_connect() nothing blocks.
 */
#ifndef VC_DISPLAY_CLIENT_H
#define VC_DISPLAY_CLIENT_H

#include "display-proto.h"

#include <stdbool.h>

struct vc_display_client {
	int sock;                       /* for poll(POLLIN); -1 when not connected */
	struct vc_display_welcome zone; /* what WELCOME said */
};

/* Connects to @path (NULL: VC_DISPLAY_SOCKET, the guests'), says HELLO for @layer and waits at most @timeout_ms for WELCOME.
 * Returns 0, or -errno with a sentence in @why (at least VC_DISPLAY_REASON_MAX bytes): -ECONNREFUSED or -ENOENT when there
 * is no compositor, -ETIMEDOUT, -EACCES when it answered ERROR. */
int vc_display_connect(struct vc_display_client *client, const char *path, const char *layer, int timeout_ms,
		       char *why);

/* Closes the socket; harmless on a closed one. The compositor goes to the layer's fallback by its rules. */
void vc_display_disconnect(struct vc_display_client *client);

/* Each sends one message and returns 0 or -errno (as vc_ipc_send). @header is filled in here. Descriptors stay the
 * caller's. */
int vc_display_buffer_add(struct vc_display_client *client, struct vc_display_buffer_add *add, int fd);
int vc_display_buffer_remove(struct vc_display_client *client, uint32_t id);
int vc_display_present(struct vc_display_client *client, struct vc_display_present *present,
		       int fence_fd /* -1: none */);
int vc_display_declare(struct vc_display_client *client, struct vc_display_declare *declare);
int vc_display_heartbeat(struct vc_display_client *client, uint64_t seq);

/* Takes the next message from the compositor without blocking. Returns 1 with a message of known type and right size in
 * @message, 0 when none waits, or -errno when the connection is over (-ECONNRESET: closed by the compositor; -EPROTO: it
 * sent nonsense). An ERROR message is handed out like any other; the close follows it. */
int vc_display_receive(struct vc_display_client *client, union vc_display_message *message);

#endif
