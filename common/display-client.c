/* SPDX-License-Identifier: Apache-2.0 */
#include "display-client.h"

#include "clock.h"
#include "ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int send_message(struct vc_display_client *client, struct vc_display_header *header, uint32_t type, size_t size,
			int fd) {
	if (client->sock < 0)
		return -ENOTCONN;
	header->type = type;
	header->size = (uint32_t)size;
	return vc_ipc_send(client->sock, header, size, &fd, fd >= 0 ? 1 : 0);
}

static size_t size_of(uint32_t type) {
	switch (type) {
	case VC_DISPLAY_WELCOME:
		return sizeof(struct vc_display_welcome);
	case VC_DISPLAY_BUFFER_READY:
		return sizeof(struct vc_display_buffer_ready);
	case VC_DISPLAY_BUFFER_REJECTED:
		return sizeof(struct vc_display_buffer_rejected);
	case VC_DISPLAY_RELEASE:
		return sizeof(struct vc_display_release);
	case VC_DISPLAY_FRAME:
		return sizeof(struct vc_display_frame);
	case VC_DISPLAY_ERROR:
		return sizeof(struct vc_display_error);
	default:
		return 0;
	}
}

int vc_display_receive(struct vc_display_client *client, union vc_display_message *message) {
	if (client->sock < 0)
		return -ENOTCONN;
	ssize_t got = vc_ipc_recv(client->sock, message, sizeof(*message), NULL, NULL);
	if (got == -EAGAIN)
		return 0;
	if (got == 0)
		return -ECONNRESET;
	if (got < 0)
		return (int)got;
	if ((size_t)got < sizeof(message->header) || (size_t)got != message->header.size ||
	    (size_t)got != size_of(message->header.type))
		return -EPROTO;
	return 1;
}

/* Waits for the answer to HELLO until @deadline_ns. */
static int await_welcome(struct vc_display_client *client, int64_t deadline_ns, char *why) {
	union vc_display_message message;
	for (;;) {
		int got = vc_display_receive(client, &message);
		if (got < 0) {
			snprintf(why, VC_DISPLAY_REASON_MAX, "connection closed before WELCOME: %s", strerror(-got));
			return got;
		}
		if (got == 0) {
			int64_t left = deadline_ns - vc_clock_now();
			struct pollfd p = {.fd = client->sock, .events = POLLIN};
			if (left <= 0 || poll(&p, 1, (int)(left / VC_NS_PER_MS) + 1) == 0) {
				snprintf(why, VC_DISPLAY_REASON_MAX, "no answer from the compositor");
				return -ETIMEDOUT;
			}
			continue;
		}
		if (message.header.type == VC_DISPLAY_ERROR) {
			snprintf(why, VC_DISPLAY_REASON_MAX, "%.*s", VC_DISPLAY_REASON_MAX - 1, message.error.reason);
			return -EACCES;
		}
		if (message.header.type != VC_DISPLAY_WELCOME) {
			snprintf(why, VC_DISPLAY_REASON_MAX, "message 0x%x came before WELCOME", message.header.type);
			return -EPROTO;
		}
		client->zone = message.welcome;
		return 0;
	}
}

int vc_display_connect(struct vc_display_client *client, const char *path, const char *layer, int timeout_ms,
		       char *why) {
	if (!path)
		path = VC_DISPLAY_SOCKET;
	*client = (struct vc_display_client){.sock = vc_ipc_connect(path)};
	if (client->sock < 0) {
		snprintf(why, VC_DISPLAY_REASON_MAX, "%.64s: %s", path, strerror(-client->sock));
		int err = client->sock;
		client->sock = -1;
		return err;
	}
	int64_t deadline_ns = vc_clock_now() + timeout_ms * VC_NS_PER_MS;
	struct vc_display_hello hello = {.magic = VC_DISPLAY_MAGIC, .version = VC_DISPLAY_VERSION};
	snprintf(hello.layer, sizeof(hello.layer), "%s", layer);
	int err = fcntl(client->sock, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
	if (err == 0)
		err = send_message(client, &hello.header, VC_DISPLAY_HELLO, sizeof(hello), -1);
	if (err < 0)
		snprintf(why, VC_DISPLAY_REASON_MAX, "HELLO could not be sent: %s", strerror(-err));
	else
		err = await_welcome(client, deadline_ns, why);
	if (err < 0)
		vc_display_disconnect(client);
	return err;
}

void vc_display_disconnect(struct vc_display_client *client) {
	if (client->sock >= 0)
		close(client->sock);
	client->sock = -1;
}

int vc_display_buffer_add(struct vc_display_client *client, struct vc_display_buffer_add *add, int fd) {
	return send_message(client, &add->header, VC_DISPLAY_BUFFER_ADD, sizeof(*add), fd);
}

int vc_display_buffer_remove(struct vc_display_client *client, uint32_t id) {
	struct vc_display_buffer_remove remove = {.id = id};
	return send_message(client, &remove.header, VC_DISPLAY_BUFFER_REMOVE, sizeof(remove), -1);
}

int vc_display_present(struct vc_display_client *client, struct vc_display_present *present, int fence_fd) {
	if (fence_fd >= 0)
		present->flags |= VC_DISPLAY_PRESENT_FENCE;
	else
		present->flags &= ~VC_DISPLAY_PRESENT_FENCE;
	return send_message(client, &present->header, VC_DISPLAY_PRESENT, sizeof(*present), fence_fd);
}

int vc_display_declare(struct vc_display_client *client, struct vc_display_declare *declare) {
	return send_message(client, &declare->header, VC_DISPLAY_DECLARE, sizeof(*declare), -1);
}

int vc_display_heartbeat(struct vc_display_client *client, uint64_t seq) {
	struct vc_display_heartbeat heartbeat = {.seq = seq};
	return send_message(client, &heartbeat.header, VC_DISPLAY_HEARTBEAT, sizeof(heartbeat), -1);
}
