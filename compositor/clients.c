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
#include <sys/socket.h>
#include <unistd.h>

/* So many messages of one source are taken before others get their turn. */
#define MESSAGES_PER_TURN 16
/* Taking a buffer in is work for the kernel, so it counts as so many messages. */
#define BUFFER_ADD_TOKENS 5
/* Strangers may send that many messages per second: there is no layer yet to say. */
#define STRANGER_RATE 10
/* Connections of one user that have not said HELLO yet. */
#define STRANGERS_PER_USER 2
/* All users together may connect so many times as often as one; more wait in the listener's queue. */
#define CONNECTS_TOTAL 8

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
	close(sock);
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
	vc_layer_connect(layer, client->watch.fd, client->pid, client->uid, now_ns);
	vc_bucket_init(&client->messages, layer->config->rate, now_ns);
	if (layer->config->role == VC_ROLE_CLUSTER)
		client->watch.urgency = VC_URGENT_CLUSTER;
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
	int fd = nfds == 1 ? fds[0] : -1;
	const char *wrong = vc_message_check(message, size, nfds);
	bool add = size >= sizeof(message->header) && message->header.type == VC_DISPLAY_BUFFER_ADD;
	if (!vc_bucket_take(&client->messages, rate_of(client), add ? BUFFER_ADD_TOKENS : 1, now_ns))
		refuse(client, VC_DISPLAY_ERROR_FLOOD, now_ns, "more than %u messages a second", rate_of(client));
	else if (wrong)
		refuse(client, VC_DISPLAY_ERROR_PROTOCOL, now_ns, "%s", wrong);
	else
		handle_checked(client, message, &fd, now_ns);
	if (fd >= 0)
		close(fd);
}

static void on_readable(void *data, uint32_t events) {
	struct vc_client *client = data;
	(void)events;
	for (int i = 0; i < MESSAGES_PER_TURN && client->watch.fd >= 0; i++) {
		union vc_display_message message = {0};
		int fds[1];
		unsigned nfds = 1;
		ssize_t got = vc_ipc_recv(client->watch.fd, &message, sizeof(message), fds, &nfds);
		int64_t now_ns = vc_clock_now();
		if (got == -EAGAIN)
			return;
		if (got == -EMSGSIZE)
			refuse(client, VC_DISPLAY_ERROR_PROTOCOL, now_ns, "message or descriptors beyond all bounds");
		else if (got <= 0)
			vc_client_close(client, false, now_ns);
		else
			vc_client_handle(client, &message, (size_t)got, fds, nfds, now_ns);
	}
}

/* A place for a newcomer. The stranger that has been silent longest makes room: of the same user if that has enough of them, of
 * any if all places are taken. */
static struct vc_client *find_place(struct vc_clients *clients, uid_t uid, int64_t now_ns) {
	struct vc_client *oldest = NULL, *own = NULL, *empty = NULL;
	unsigned strangers = 0;
	for (unsigned i = 0; i < VC_CLIENTS_MAX; i++) {
		struct vc_client *c = &clients->client[i];
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

struct vc_client *vc_clients_accept(struct vc_clients *clients, int sock, int64_t now_ns) {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	if (vc_ipc_peer(sock, &uid, &gid, &pid) < 0) {
		close(sock);
		return NULL;
	}
	/* Not worth a word: whoever connects that often knows. */
	if (!vc_bucket_take(connects_of(clients, uid), clients->config->connects, 1, now_ns)) {
		close(sock);
		return NULL;
	}
	struct vc_client *client = find_place(clients, uid, now_ns);
	*client = (struct vc_client){
		.watch = {.fd = sock, .urgency = VC_URGENT_REST, .ready = on_readable, .data = client},
		.clients = clients,
		.uid = uid,
		.pid = pid,
		.connected_ns = now_ns,
	};
	vc_bucket_init(&client->messages, STRANGER_RATE, now_ns);
	if (clients->loop && vc_loop_add(clients->loop, &client->watch) < 0) {
		close(sock);
		client->watch.fd = -1;
		return NULL;
	}
	return client;
}

static void on_connection(void *data, uint32_t events) {
	struct vc_clients *clients = data;
	(void)events;
	int64_t now_ns = vc_clock_now();
	/* Until the next tick. */
	if (!vc_bucket_take(&clients->connects_total, CONNECTS_TOTAL * clients->config->connects, 1, now_ns)) {
		vc_loop_pause(clients->loop, &clients->listener, true);
		return;
	}
	int sock = accept4(clients->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (sock >= 0)
		vc_clients_accept(clients, sock, now_ns);
}

void vc_clients_check(struct vc_clients *clients, int64_t now_ns) {
	for (unsigned i = 0; i < VC_CLIENTS_MAX; i++) {
		struct vc_client *c = &clients->client[i];
		if (c->watch.fd < 0)
			continue;
		if (c->layer && c->layer->source.stuck)
			refuse(c, VC_DISPLAY_ERROR_PROTOCOL, now_ns, "does not read its messages");
		else if (c->layer && c->layer->source.banned)
			refuse_banned(c, c->layer, now_ns);
		else if (!c->layer && now_ns - c->connected_ns > clients->config->hello_ns)
			refuse(c, VC_DISPLAY_ERROR_PROTOCOL, now_ns, "no HELLO within %lld ms",
			       (long long)(clients->config->hello_ns / VC_NS_PER_MS));
	}
	if (clients->loop && clients->listener.paused)
		vc_loop_pause(clients->loop, &clients->listener, false);
}

int vc_clients_init(struct vc_clients *clients, struct vc_loop *loop, int listener, const struct vc_config *config,
		    struct vc_layer *layers, unsigned count) {
	*clients = (struct vc_clients){.loop = loop, .config = config, .layers = layers, .count = count};
	for (unsigned i = 0; i < VC_CLIENTS_MAX; i++)
		clients->client[i].watch.fd = -1;
	clients->listener =
		(struct vc_watch){.fd = listener, .urgency = VC_URGENT_REST, .ready = on_connection, .data = clients};
	return loop ? vc_loop_add(loop, &clients->listener) : 0;
}
