/* SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

#include "clock.h"
#include "ipc.h"
#include "log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

enum { STATUS_BYTES = 128 << 10 };

static void refuse(struct vc_cl_broker *b, int sock, int error, const char *why) {
	struct vc_cl_welcome message = {.magic = VC_CL_MAGIC, .error = error};
	snprintf(message.why, sizeof(message.why), "%s", why);
	vc_ipc_send(sock, &message, sizeof(message), NULL, 0);
	b->refused++;
}

/* Why the peer may not have a worker now, or NULL. */
static const char *check_peer(const struct vc_cl_broker *b, uid_t uid, int *error) {
	const struct vc_cl_config *c = &b->config;
	unsigned all = 0, same = 0;
	bool listed = c->nusers == 0;
	for (unsigned i = 0; i < c->nusers; i++)
		listed |= c->users[i] == uid;
	for (unsigned i = 0; i < VC_CL_CLIENTS_MAX; i++)
		if (b->clients[i].worker > 0) {
			all++;
			same += b->clients[i].uid == uid;
		}
	*error = listed ? -EDQUOT : -EACCES;
	if (!listed)
		return "this user may not use OpenCL (users in cld.ini)";
	if (all >= c->max_clients)
		return "too many clients (max_clients in cld.ini)";
	if (same >= c->max_clients_per_user)
		return "too many clients of this user (max_clients_per_user in cld.ini)";
	return NULL;
}

static struct vc_cl_client *free_place(struct vc_cl_broker *b) {
	for (unsigned i = 0; i < VC_CL_CLIENTS_MAX; i++)
		if (b->clients[i].worker == 0)
			return &b->clients[i];
	return NULL;
}

static void send_status(const struct vc_cl_broker *b, int sock) {
	static char text[STATUS_BYTES];
	size_t n = vc_cl_status_write(b, text, sizeof(text));
	int err = vc_ipc_send(sock, text, n, NULL, 0);
	if (err < 0)
		vc_debug("status: %s", strerror(-err));
}

static void welcome_client(struct vc_cl_broker *b, int sock, const struct vc_cl_hello *hello, int channel, int output) {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	int error = vc_ipc_peer(sock, &uid, &gid, &pid);
	if (error < 0)
		return;
	const char *why = check_peer(b, uid, &error);
	struct vc_cl_client *client = free_place(b);
	if (!why && (channel < 0 || !client)) {
		why = channel < 0 ? "no channel came with the hello" : "too many clients";
		error = channel < 0 ? -EPROTO : -EDQUOT;
	}
	if (why) {
		vc_warn("pid %d (user %u) refused: %s", (int)pid, uid, why);
		refuse(b, sock, error, why);
		return;
	}
	*client = (struct vc_cl_client){.pid = pid, .uid = uid, .gid = gid, .since_ns = vc_clock_now()};
	memcpy(client->name, hello->name, sizeof(client->name));
	client->name[sizeof(client->name) - 1] = '\0';
	/* It goes to the log and to the status. */
	for (char *c = client->name; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
	error = vc_cl_client_start(b, client, sock, hello, channel, output);
	if (error < 0) {
		*client = (struct vc_cl_client){0};
		vc_error("no worker for pid %d (user %u): %s", (int)pid, uid, strerror(-error));
		refuse(b, sock, error, "the worker can't be started; see the broker's log");
		return;
	}
	b->served++;
	vc_info("worker %d for \"%.31s\", pid %d, user %u", (int)client->worker, client->name, (int)pid, uid);
}

static void drop_pending(struct vc_cl_pending *p) {
	close(p->sock);
	p->sock = -1;
}

static void hear_hello(struct vc_cl_broker *b, struct vc_cl_pending *p) {
	struct vc_cl_hello hello;
	int fds[2] = {-1, -1};
	unsigned n = 2;
	ssize_t got = vc_ipc_recv(p->sock, &hello, sizeof(hello), fds, &n);
	if (got == -EAGAIN)
		return;
	if (got != sizeof(hello) || hello.magic != VC_CL_MAGIC || hello.version != VC_CL_VERSION)
		refuse(b, p->sock, -EPROTO, "not a hello of this version of vcockpit");
	else if (hello.want == VC_CL_WANT_STATUS)
		send_status(b, p->sock);
	else
		welcome_client(b, p->sock, &hello, fds[0], fds[1]);
	for (unsigned i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	drop_pending(p);
}

static void take_connection(struct vc_cl_broker *b) {
	int sock = accept4(b->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (sock < 0)
		return;
	for (unsigned i = 0; i < VC_CL_PENDING_MAX; i++)
		if (b->pending[i].sock < 0) {
			b->pending[i] = (struct vc_cl_pending){
				.sock = sock, .deadline_ns = vc_clock_now() + b->config.hello_ms * VC_NS_PER_MS};
			return;
		}
	close(sock); /* full of those who say nothing; they time out */
}

static void reap(struct vc_cl_broker *b, struct vc_cl_client *client) {
	int status = 0;
	if (waitpid(client->worker, &status, WNOHANG) != client->worker)
		return;
	if (WIFSIGNALED(status))
		vc_warn("worker %d of \"%s\" died of signal %d", (int)client->worker, client->name, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		vc_warn("worker %d of \"%s\" ended with code %d", (int)client->worker, client->name,
			WEXITSTATUS(status));
	b->failed += WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
	close(client->pidfd);
	munmap(client->stats, sizeof(*client->stats));
	*client = (struct vc_cl_client){0};
}

/* Milliseconds until the next connection must have said hello; drops those that have not. */
static int check_deadlines(struct vc_cl_broker *b) {
	int64_t now = vc_clock_now(), next = INT64_MAX;
	for (unsigned i = 0; i < VC_CL_PENDING_MAX; i++) {
		struct vc_cl_pending *p = &b->pending[i];
		if (p->sock >= 0 && p->deadline_ns <= now)
			drop_pending(p);
		else if (p->sock >= 0 && p->deadline_ns < next)
			next = p->deadline_ns;
	}
	return next == INT64_MAX ? -1 : (int)((next - now) / VC_NS_PER_MS) + 1;
}

static int open_signals(void) {
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

int vc_cl_broker_run(struct vc_cl_broker *b) {
	static struct pollfd fds[2 + VC_CL_PENDING_MAX + VC_CL_CLIENTS_MAX];
	for (unsigned i = 0; i < VC_CL_PENDING_MAX; i++)
		b->pending[i].sock = -1;
	int signals = open_signals();
	if (signals < 0) {
		vc_error("signalfd: %s", strerror(errno));
		return 1;
	}
	sd_notify(0, "READY=1");
	for (;;) {
		int wait_ms = check_deadlines(b);
		fds[0] = (struct pollfd){.fd = signals, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = b->listener, .events = POLLIN};
		for (unsigned i = 0; i < VC_CL_PENDING_MAX; i++)
			fds[2 + i] = (struct pollfd){.fd = b->pending[i].sock, .events = POLLIN};
		struct pollfd *workers = fds + 2 + VC_CL_PENDING_MAX;
		nfds_t n = 0;
		struct vc_cl_client *of[VC_CL_CLIENTS_MAX];
		for (unsigned i = 0; i < VC_CL_CLIENTS_MAX; i++)
			if (b->clients[i].worker > 0) {
				of[n] = &b->clients[i];
				workers[n++] = (struct pollfd){.fd = b->clients[i].pidfd, .events = POLLIN};
			}
		if (poll(fds, 2 + VC_CL_PENDING_MAX + n, wait_ms) < 0 && errno != EINTR)
			return 1;
		if (fds[0].revents)
			return 0;
		for (nfds_t i = 0; i < n; i++)
			if (workers[i].revents)
				reap(b, of[i]);
		for (unsigned i = 0; i < VC_CL_PENDING_MAX; i++)
			if (fds[2 + i].fd >= 0 && fds[2 + i].revents)
				hear_hello(b, &b->pending[i]);
		if (fds[1].revents)
			take_connection(b);
	}
}
