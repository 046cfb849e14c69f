/* SPDX-License-Identifier: Apache-2.0 */
#include "clients.h"

#include "clock.h"
#include "ipc.h"
#include "log.h"
#include "messages.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* So many messages of one source are taken before others get their turn. */
#define MESSAGES_PER_TURN 16
/* Taking a buffer in is work for the kernel, so it counts as so many messages. */
#define BUFFER_ADD_TOKENS 5
/* Strangers may send that many messages per second: there is no layer yet to say. */
#define STRANGER_RATE 10
/* Connections of one user that have not said HELLO yet. */
#define STRANGERS_PER_USER 2
/* All users of a socket may connect so many times as often as one; more wait in the listener's queue. */
#define CONNECTS_TOTAL 8

/* Room at an importer that a message and what the client has in the compositor's hands may need, and its socket. */
#define ROOM (VC_IPC_FDS_ALL + VC_LAYER_DESCRIPTORS + VC_CLIENTS_MAX)

/* Lines a second about clients other than the cluster. */
#define LOG_RATE 20

static const char *who(const struct vc_client *client) {
	return client->layer ? client->layer->config->name : "(no layer yet)";
}

/* Whoever may connect can do so as often as it likes; the log isn't to grow with it. */
static bool may_log(const struct vc_client *client, int64_t now_ns) {
	struct vc_clients *clients = client->clients;
	if (client->layer && client->layer->config->role == VC_ROLE_CLUSTER)
		return true;
	if (now_ns - clients->log_ns >= VC_NS_PER_S) {
		clients->log_ns = now_ns;
		clients->log_used = 0;
	}
	if (clients->log_used == LOG_RATE)
		return false;
	clients->log_used++;
	return true;
}

/* Its end is felt at once; what it has sent and nobody has read is given up by the importer. */
static void close_socket(struct vc_door *door, int sock) {
	shutdown(sock, SHUT_RDWR);
	vc_importer_discard(door->importer, sock);
}

void vc_client_close(struct vc_client *client, bool broke, int64_t now_ns) {
	int sock = client->watch.fd;
	if (client->layer) {
		if (may_log(client, now_ns))
			vc_info("layer %s: source %d has gone", client->layer->config->name, (int)client->pid);
		vc_layer_disconnect(client->layer, broke, now_ns);
	}
	client->layer = NULL;
	if (client->clients->loop)
		vc_loop_remove(client->clients->loop, &client->watch);
	client->watch.fd = -1;
	close_socket(client->door, sock);
}

__attribute__((format(printf, 4, 5))) static void refuse(struct vc_client *client, enum vc_display_error_code code,
							 int64_t now_ns, const char *format, ...) {
	struct vc_display_error error = {.header = {VC_DISPLAY_ERROR, sizeof(error)}, .code = code};
	va_list args;
	va_start(args, format);
	vsnprintf(error.reason, sizeof(error.reason), format, args);
	va_end(args);
	if (may_log(client, now_ns))
		vc_warn("client %d (uid %u) of layer %s disconnected: %s", (int)client->pid, client->uid, who(client),
			error.reason);
	/* The last word; whether it is heard doesn't matter. */
	vc_ipc_send(client->watch.fd, &error, sizeof(error), NULL, 0);
	bool breach = code == VC_DISPLAY_ERROR_PROTOCOL || code == VC_DISPLAY_ERROR_FLOOD;
	vc_client_close(client, breach, now_ns);
}

static uint32_t rate_of(const struct vc_client *client) {
	return client->layer ? client->layer->config->rate : STRANGER_RATE;
}

static void welcome(struct vc_client *client, int64_t now_ns) {
	struct vc_layer *layer = client->layer;
	client->importer = layer->importer;
	vc_layer_connect(layer, client->watch.fd, client->pid, client->uid, now_ns);
	vc_bucket_init(&client->messages, layer->config->rate, now_ns);
	uint32_t mhz = layer->backend->refresh_mhz(layer->backend->data, layer);
	struct vc_display_welcome answer = {
		.version = VC_DISPLAY_VERSION,
		.width = layer->config->rect.width,
		.height = layer->config->rect.height,
		.refresh_mhz = mhz,
		.period_ns = mhz ? UINT64_C(1000000000000) / mhz : 0,
		.buffers_max = VC_DISPLAY_BUFFERS_MAX,
	};
	vc_source_send(&layer->source, &answer, VC_DISPLAY_WELCOME, sizeof(answer));
	if (may_log(client, now_ns))
		vc_info("layer %s: source %d (uid %u) has come", layer->config->name, (int)client->pid, client->uid);
}

static void refuse_banned(struct vc_client *client, const struct vc_layer *layer, int64_t now_ns) {
	int64_t until_ns = layer->errors.banned_until_ns;
	if (until_ns == VC_BAN_UNTIL_ALLOWED)
		refuse(client, VC_DISPLAY_ERROR_BANNED, now_ns, "layer %s is banned until 'vcockpit allow %s'",
		       layer->config->name, layer->config->name);
	else
		refuse(client, VC_DISPLAY_ERROR_BANNED, now_ns, "layer %s is banned for %lld ms more",
		       layer->config->name, (long long)((until_ns - now_ns) / VC_NS_PER_MS));
}

static bool at_cluster_door(const struct vc_client *client) {
	return client->door == &client->clients->door[VC_DOOR_CLUSTER];
}

static void handle_hello(struct vc_client *client, const struct vc_display_hello *hello, int64_t now_ns) {
	if (hello->version != VC_DISPLAY_VERSION) {
		refuse(client, VC_DISPLAY_ERROR_VERSION, now_ns, "version %u is not spoken here; %u is", hello->version,
		       VC_DISPLAY_VERSION);
		return;
	}
	struct vc_layer *layer = NULL;
	for (unsigned i = 0; i < client->clients->count; i++)
		if (strcmp(client->clients->layers[i].config->name, hello->layer) == 0)
			layer = &client->clients->layers[i];
	if (!layer) {
		refuse(client, VC_DISPLAY_ERROR_LAYER, now_ns, "there is no layer %s", hello->layer);
	} else if ((layer->config->role == VC_ROLE_CLUSTER) != at_cluster_door(client)) {
		refuse(client, VC_DISPLAY_ERROR_DENIED, now_ns, "layer %s is served at the other socket, %s",
		       hello->layer, at_cluster_door(client) ? "the guests'" : "the cluster's");
	} else if (layer->config->uid != client->uid) {
		refuse(client, VC_DISPLAY_ERROR_DENIED, now_ns, "layer %s belongs to another user than uid %u",
		       hello->layer, client->uid);
	} else if (layer->source.sock >= 0) {
		refuse(client, VC_DISPLAY_ERROR_BUSY, now_ns, "layer %s has a source already, process %d", hello->layer,
		       layer->source.pid);
	} else if (vc_errors_banned(&layer->errors, now_ns)) {
		refuse_banned(client, layer, now_ns);
	} else if (now_ns < layer->closed_until_ns) {
		refuse(client, VC_DISPLAY_ERROR_BUSY, now_ns,
		       "layer %s is closed for a moment: its last source broke the protocol", hello->layer);
	} else {
		client->layer = layer;
		welcome(client, now_ns);
	}
}

/* Sets *@fd to -1 if it took it. */
static void handle_checked(struct vc_client *client, const union vc_display_message *message, int *fd, int64_t now_ns) {
	struct vc_layer *layer = client->layer;
	if (message->header.type == VC_DISPLAY_HELLO) {
		if (layer)
			refuse(client, VC_DISPLAY_ERROR_PROTOCOL, now_ns, "HELLO came twice");
		else
			handle_hello(client, &message->hello, now_ns);
		return;
	}
	if (!layer) {
		refuse(client, VC_DISPLAY_ERROR_PROTOCOL, now_ns, "HELLO must come first");
		return;
	}
	const char *wrong = NULL;
	switch (message->header.type) {
	case VC_DISPLAY_BUFFER_ADD:
		if (!vc_layer_buffer_add(layer, &message->buffer_add, *fd))
			wrong = "BUFFER_ADD: the id is in use; remove it first";
		*fd = -1;
		break;
	case VC_DISPLAY_BUFFER_REMOVE:
		if (!vc_layer_buffer_remove(layer, message->buffer_remove.id))
			wrong = "BUFFER_REMOVE: no such buffer";
		break;
	case VC_DISPLAY_PRESENT:
		wrong = vc_layer_present(layer, &message->present, *fd, now_ns);
		*fd = -1;
		break;
	case VC_DISPLAY_DECLARE:
		wrong = vc_layer_declare(layer, &message->declare);
		break;
	default: /* HEARTBEAT; vc_message_check() lets no other pass */
		vc_layer_heartbeat(layer, now_ns);
		break;
	}
	if (wrong)
		refuse(client, VC_DISPLAY_ERROR_PROTOCOL, now_ns, "%s", wrong);
}

void vc_client_handle(struct vc_client *client, const union vc_display_message *message, size_t size, const int *fds,
		      unsigned nfds, int64_t now_ns) {
	int fd = nfds > 0 ? fds[0] : -1;
	const char *wrong = vc_message_check(message, size, nfds);
	bool add = size >= sizeof(message->header) && message->header.type == VC_DISPLAY_BUFFER_ADD;
	if (!vc_bucket_take(&client->messages, rate_of(client), add ? BUFFER_ADD_TOKENS : 1, now_ns))
		refuse(client, VC_DISPLAY_ERROR_FLOOD, now_ns, "more than %u messages a second", rate_of(client));
	else if (wrong)
		refuse(client, VC_DISPLAY_ERROR_PROTOCOL, now_ns, "%s", wrong);
	else
		handle_checked(client, message, &fd, now_ns);
	if (fd >= 0)
		vc_importer_discard(client->importer, fd);
	for (unsigned i = 1; i < nfds; i++)
		vc_importer_discard(client->importer, fds[i]);
}

/* Takes one message. Returns false when none is there. */
static bool read_message(struct vc_client *client) {
	union vc_display_message message = {0};
	int fds[VC_IPC_FDS_ALL];
	unsigned nfds;
	ssize_t got = vc_ipc_recv_all(client->watch.fd, &message, sizeof(message), fds, &nfds);
	int64_t now_ns = vc_clock_now();
	if (got == -EAGAIN)
		return false;
	if (got > 0) {
		vc_client_handle(client, &message, (size_t)got, fds, nfds, now_ns);
		return true;
	}
	for (unsigned i = 0; i < nfds; i++)
		vc_importer_discard(client->importer, fds[i]);
	if (got == -EMSGSIZE)
		refuse(client, VC_DISPLAY_ERROR_PROTOCOL, now_ns, "message or descriptors beyond all bounds");
	else
		vc_client_close(client, false, now_ns);
	return true;
}

static void on_readable(void *data, uint32_t events) {
	struct vc_client *client = data;
	if (client->watch.paused && (events & (EPOLLHUP | EPOLLERR))) {
		vc_client_close(client, false, vc_clock_now());
		return;
	}
	for (int i = 0; i < MESSAGES_PER_TURN && client->watch.fd >= 0; i++) {
		/* Until the next tick, when the importer may have closed what this client sent before. */
		if (vc_importer_room(client->importer) < ROOM) {
			vc_loop_pause(client->clients->loop, &client->watch, true);
			return;
		}
		if (!read_message(client))
			return;
	}
}

/* A place for a newcomer at @door. The stranger that has been silent longest makes room: of the same user if that has enough of them, of
 * any if all places are taken. */
static struct vc_client *find_place(struct vc_door *door, uid_t uid, int64_t now_ns) {
	struct vc_client *oldest = NULL, *own = NULL, *empty = NULL;
	unsigned strangers = 0;
	for (unsigned i = 0; i < door->places; i++) {
		struct vc_client *c = &door->place[i];
		if (c->watch.fd < 0) {
			empty = c;
			continue;
		}
		if (c->layer)
			continue;
		if (!oldest || c->connected_ns < oldest->connected_ns)
			oldest = c;
		if (c->uid != uid)
			continue;
		strangers++;
		if (!own || c->connected_ns < own->connected_ns)
			own = c;
	}
	if (strangers < STRANGERS_PER_USER && empty)
		return empty;
	/* There are more places than layers, so there is always a stranger when none is free. */
	struct vc_client *leaves = strangers >= STRANGERS_PER_USER ? own : oldest;
	vc_client_close(leaves, false, now_ns);
	return leaves;
}

/* Users that own layers have a budget each, all others share one. */
static struct vc_bucket *connects_of(struct vc_clients *clients, uid_t uid) {
	for (unsigned i = 0; i < clients->count; i++)
		if (clients->layers[i].config->uid == uid)
			return &clients->connects[i];
	return &clients->connects[VC_LAYERS_MAX];
}

/* What a guest sends is closed by its layer's importer. */
static struct vc_importer *importer_of(struct vc_clients *clients, uid_t uid) {
	for (unsigned i = 0; i < clients->count; i++)
		if (clients->layers[i].config->uid == uid)
			return clients->layers[i].importer;
	return &clients->importers[VC_IMPORTER_STRANGERS];
}

struct vc_client *vc_clients_accept(struct vc_door *door, int sock, int64_t now_ns) {
	struct vc_clients *clients = door->clients;
	uid_t uid;
	gid_t gid;
	pid_t pid;
	/* Connecting too often isn't worth a word: whoever does so knows. */
	if (vc_ipc_peer(sock, &uid, &gid, &pid) < 0 ||
	    !vc_bucket_take(connects_of(clients, uid), clients->config->connects, 1, now_ns)) {
		close_socket(door, sock);
		return NULL;
	}
	struct vc_client *client = find_place(door, uid, now_ns);
	*client = (struct vc_client){
		.watch = {.fd = sock, .urgency = door->watch.urgency, .ready = on_readable, .data = client},
		.clients = clients,
		.door = door,
		.importer = importer_of(clients, uid),
		.uid = uid,
		.pid = pid,
		.connected_ns = now_ns,
	};
	vc_bucket_init(&client->messages, STRANGER_RATE, now_ns);
	if (clients->loop && vc_loop_add(clients->loop, &client->watch) < 0) {
		close_socket(door, sock);
		client->watch.fd = -1;
		return NULL;
	}
	return client;
}

static void on_connection(void *data, uint32_t events) {
	struct vc_door *door = data;
	struct vc_clients *clients = door->clients;
	(void)events;
	int64_t now_ns = vc_clock_now();
	/* Until the next tick. */
	if (vc_importer_room(door->importer) < ROOM ||
	    !vc_bucket_take(&door->connects, CONNECTS_TOTAL * clients->config->connects, 1, now_ns)) {
		vc_loop_pause(clients->loop, &door->watch, true);
		return;
	}
	int sock = accept4(door->watch.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (sock >= 0)
		vc_clients_accept(door, sock, now_ns);
}

void vc_clients_check(struct vc_clients *clients, int64_t now_ns) {
	for (unsigned i = 0; i < VC_CLIENTS_MAX; i++) {
		struct vc_client *c = &clients->client[i];
		if (c->watch.fd < 0)
			continue;
		if (c->watch.paused)
			vc_loop_pause(clients->loop, &c->watch, false);
		if (c->layer && c->layer->source.stuck)
			refuse(c, VC_DISPLAY_ERROR_PROTOCOL, now_ns, "does not read its messages");
		else if (c->layer && c->layer->source.banned)
			refuse_banned(c, c->layer, now_ns);
		else if (!c->layer && now_ns - c->connected_ns > clients->config->hello_ns)
			refuse(c, VC_DISPLAY_ERROR_PROTOCOL, now_ns, "no HELLO within %lld ms",
			       (long long)(clients->config->hello_ns / VC_NS_PER_MS));
	}
	for (unsigned i = 0; i < VC_DOORS; i++)
		if (clients->door[i].watch.paused)
			vc_loop_pause(clients->loop, &clients->door[i].watch, false);
}

static int open_door(struct vc_door *door, int listener, enum vc_urgency urgency, struct vc_client *place,
		     unsigned places, struct vc_importer *importer) {
	door->watch = (struct vc_watch){.fd = listener, .urgency = urgency, .ready = on_connection, .data = door};
	door->place = place;
	door->places = places;
	door->importer = importer;
	return door->clients->loop ? vc_loop_add(door->clients->loop, &door->watch) : 0;
}

/* The cluster's sockets don't wait behind guests'. */
static struct vc_importer *cluster_importer(struct vc_clients *clients) {
	for (unsigned i = 0; i < clients->count; i++)
		if (clients->layers[i].config->role == VC_ROLE_CLUSTER)
			return clients->layers[i].importer;
	return &clients->importers[VC_IMPORTER_SOCKETS];
}

int vc_clients_init(struct vc_clients *clients, struct vc_loop *loop, const int listener[VC_DOORS],
		    const struct vc_config *config, struct vc_importer *importers, struct vc_layer *layers,
		    unsigned count) {
	*clients = (struct vc_clients){
		.loop = loop, .config = config, .importers = importers, .layers = layers, .count = count};
	for (unsigned i = 0; i < VC_CLIENTS_MAX; i++)
		clients->client[i].watch.fd = -1;
	for (unsigned i = 0; i < VC_DOORS; i++)
		clients->door[i].clients = clients;
	int err = open_door(&clients->door[VC_DOOR_GUESTS], listener[VC_DOOR_GUESTS], VC_URGENT_REST,
			    &clients->client[0], VC_CLIENTS_GUESTS, &importers[VC_IMPORTER_SOCKETS]);
	if (err == 0)
		err = open_door(&clients->door[VC_DOOR_CLUSTER], listener[VC_DOOR_CLUSTER], VC_URGENT_CLUSTER,
				&clients->client[VC_CLIENTS_GUESTS], VC_CLIENTS_CLUSTERS, cluster_importer(clients));
	return err;
}
