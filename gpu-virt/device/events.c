/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"

#include "log.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static void hang_up(struct vc_events_client *client) {
	client->io = sd_event_source_disable_unref(client->io);
	if (client->sock >= 0)
		close(client->sock);
	client->sock = -1;
}

/* The guest has nothing to say: what it writes is read and dropped. */
static int on_input(sd_event_source *source, int fd, uint32_t revents, void *data) {
	(void)source;
	(void)revents;
	char dropped[256];
	ssize_t got = recv(fd, dropped, sizeof(dropped), MSG_DONTWAIT);
	if (got == 0)
		hang_up(data);
	return 0;
}

static int on_connect(sd_event_source *source, int fd, uint32_t revents, void *data) {
	struct vc_events *events = data;
	(void)source;
	(void)revents;
	int sock = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock < 0)
		return 0;
	for (unsigned i = 0; i < VC_EVENTS_CLIENTS; i++) {
		struct vc_events_client *client = &events->client[i];
		if (client->sock >= 0)
			continue;
		client->sock = sock;
		if (sd_event_add_io(events->event, &client->io, sock, EPOLLIN, on_input, client) < 0)
			hang_up(client);
		return 0;
	}
	vc_warn("events: more than %d connections; the newest is refused", VC_EVENTS_CLIENTS);
	close(sock);
	return 0;
}

int vc_events_init(struct vc_events *events, sd_event *event, int sock) {
	*events = (struct vc_events){.event = event};
	for (unsigned i = 0; i < VC_EVENTS_CLIENTS; i++)
		events->client[i].sock = -1;
	int err = sd_event_add_io(event, &events->listener, sock, EPOLLIN, on_connect, events);
	if (err >= 0)
		err = sd_event_source_set_io_fd_own(events->listener, 1);
	return err < 0 ? err : 0;
}

void vc_events_finish(struct vc_events *events) {
	events->listener = sd_event_source_disable_unref(events->listener);
	for (unsigned i = 0; i < VC_EVENTS_CLIENTS; i++)
		hang_up(&events->client[i]);
}

void vc_events_reset(struct vc_events *events) {
	char line[32];
	snprintf(line, sizeof(line), "gpu-reset %u\n", ++events->resets);
	size_t length = strlen(line);
	/* A guest that doesn't read its port fills the socket and misses lines; it is never waited for. */
	for (unsigned i = 0; i < VC_EVENTS_CLIENTS; i++)
		if (events->client[i].sock >= 0 &&
		    send(events->client[i].sock, line, length, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)length)
			vc_debug("events: a line was not taken");
}
