/* SPDX-License-Identifier: Apache-2.0 */
#include "broker.h"

#include "cgroup.h"
#include "clock.h"
#include "ipc.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static unsigned count(const struct vc_cl_broker *b, enum vc_cl_state state, const uid_t *uid) {
	unsigned n = 0;
	for (unsigned i = 0; i < VC_CL_CLIENTS_MAX; i++)
		n += b->clients[i].state == state && (!uid || b->clients[i].uid == *uid);
	return n;
}

/* Refusals are as many as somebody wants them to be; the log is not. */
static bool may_log(void) {
	enum { BURST = 50, PERIOD_MS = 10000 };
	static int64_t since;
	static unsigned said;
	int64_t now = vc_clock_now();
	if (since == 0 || now - since > PERIOD_MS * VC_NS_PER_MS) {
		since = now;
		said = 0;
	}
	return said++ < BURST;
}

static void answer(const struct vc_cl_client *client, int error, const char *why) {
	struct vc_cl_verdict verdict = {.error = error};
	snprintf(verdict.why, sizeof(verdict.why), "%s", why);
	if (error < 0 && may_log())
		vc_warn("pid %d (user %u) refused: %s", (int)client->pid, client->uid, why);
	/* Two fit at any time, and nobody else writes there. */
	vc_ipc_send(client->talk, &verdict, sizeof(verdict), NULL, 0);
}

/* Its end is heard of by its pidfd, some time: closing what a client has sent may take long. */
static void tell_to_end(struct vc_cl_client *client) {
	client->state = VC_CL_LEAVING;
	kill(client->keeper, SIGKILL);
}

/* The silent connection that came first, of @uid or (NULL) of the user who has most. */
static struct vc_cl_client *oldest_silent(struct vc_cl_broker *b, const uid_t *uid) {
	struct vc_cl_client *oldest = NULL;
	unsigned most = 0;
	for (unsigned i = 0; i < VC_CL_CLIENTS_MAX; i++) {
		struct vc_cl_client *c = &b->clients[i];
		if (c->state != VC_CL_SILENT || (uid && c->uid != *uid))
			continue;
		unsigned n = count(b, VC_CL_SILENT, &c->uid);
		if (n > most || (n == most && c->since_ns < oldest->since_ns)) {
			most = n;
			oldest = c;
		}
	}
	return oldest;
}

/* A connection was taken: now it's known whose. It makes room for itself among the silent ones. */
static void greet(struct vc_cl_broker *b, struct vc_cl_client *client, const struct vc_cl_report *report) {
	client->pid = report->pid;
	client->uid = report->uid;
	client->gid = report->gid;
	/* Those who don't end are held to their number, and then nothing of the user's is received any more. */
	if (count(b, VC_CL_LEAVING, &client->uid) >= b->config.max_clients_per_user) {
		answer(client, -EDQUOT, "connections of this user that can't be closed");
		return;
	}
	client->state = VC_CL_SILENT;
	if (count(b, VC_CL_SILENT, &client->uid) > VC_CL_SILENT_USER_MAX)
		tell_to_end(oldest_silent(b, &client->uid));
	else if (count(b, VC_CL_SILENT, NULL) > VC_CL_SILENT_MAX)
		tell_to_end(oldest_silent(b, NULL));
	answer(client, 0, "");
}

/* Why the client may not have a worker now, or NULL. */
static const char *check(const struct vc_cl_broker *b, uid_t uid, int *error) {
	const struct vc_cl_config *c = &b->config;
	bool listed = c->nusers == 0;
	for (unsigned i = 0; i < c->nusers; i++)
		listed |= c->users[i] == uid;
	*error = listed ? -EDQUOT : -EACCES;
	if (!listed)
		return "this user may not use OpenCL (users in cld.ini)";
	if (count(b, VC_CL_SERVED, NULL) >= c->max_clients)
		return "too many clients (max_clients in cld.ini)";
	if (count(b, VC_CL_SERVED, &uid) + count(b, VC_CL_LEAVING, &uid) >= c->max_clients_per_user)
		return "too many clients of this user (max_clients_per_user in cld.ini)";
	return NULL;
}

/* What a keeper says. Returns false when it says nothing more. */
static bool hear_keeper(struct vc_cl_broker *b, struct vc_cl_client *client) {
	struct vc_cl_report report;
	if (vc_ipc_recv(client->talk, &report, sizeof(report), NULL, NULL) != sizeof(report))
		return false;
	if (report.kind == VC_CL_PEER && client->state == VC_CL_COMING) {
		greet(b, client, &report);
	} else if (report.kind == VC_CL_ASK && client->state == VC_CL_SILENT) {
		int error;
		const char *why = check(b, client->uid, &error);
		memcpy(client->name, report.name, sizeof(client->name));
		client->state = why ? VC_CL_SILENT : VC_CL_SERVED;
		answer(client, why ? error : 0, why ? why : "");
	} else if (report.kind == VC_CL_STARTED && client->state == VC_CL_SERVED) {
		client->worker = report.pid;
		client->place = report.place;
		b->served++;
	}
	return true;
}

static int make_stats(struct vc_cl_stats **stats) {
	int fd = memfd_create("vcockpit-cl-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	*stats = MAP_FAILED;
	if (ftruncate(fd, sizeof(**stats)) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) == 0)
		*stats = mmap(NULL, sizeof(**stats), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*stats == MAP_FAILED) {
		close(fd);
		return -errno;
	}
	return fd;
}

/* In the new keeper: what it has of the broker's and doesn't need. */
static _Noreturn void become_keeper(struct vc_cl_broker *b, const struct vc_cl_client *self, int talk, int stats) {
	for (unsigned i = 0; i < VC_CL_CLIENTS_MAX; i++)
		if (b->clients[i].state != VC_CL_FREE) {
			close(b->clients[i].pidfd);
			if (b->clients[i].talk >= 0)
				close(b->clients[i].talk);
		}
	close(self->talk);
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	vc_cl_keeper_run(b, talk, stats);
}

/* Forks a keeper for the connection that waits. */
static void take_connection(struct vc_cl_broker *b) {
	struct vc_cl_client *client = b->clients, made = {.state = VC_CL_COMING, .since_ns = vc_clock_now()};
	int talk[2];
	while (client->state != VC_CL_FREE)
		client++;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, talk) < 0) {
		vc_error("no keeper: %s", strerror(errno));
		return;
	}
	made.talk = talk[0];
	int stats = make_stats(&made.stats);
	made.keeper = stats < 0 ? -1 : fork();
	if (made.keeper == 0)
		become_keeper(b, &made, talk[1], stats);
	int err = errno;
	made.pidfd = made.keeper > 0 ? pidfd_open(made.keeper, 0) : -1;
	close(talk[1]);
	if (stats >= 0)
		close(stats);
	if (made.pidfd >= 0) {
		*client = made;
		return;
	}
	vc_error("no keeper: %s", strerror(err));
	if (made.keeper > 0)
		kill(made.keeper, SIGKILL);
	if (stats >= 0)
		munmap(made.stats, sizeof(*made.stats));
	close(talk[0]);
}

static void reap(struct vc_cl_broker *b, struct vc_cl_client *client) {
	int status = 0;
	if (waitpid(client->keeper, &status, WNOHANG) != client->keeper)
		return;
	if (client->state == VC_CL_SERVED && WIFSIGNALED(status)) {
		vc_warn("the keeper of \"%s\" was killed", client->name);
		vc_cl_cgroup_kill(b, client->place);
	}
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : VC_CL_KEEPER_FAILED;
	b->refused += code == VC_CL_KEEPER_REFUSED;
	b->failed += client->state == VC_CL_SERVED && code == VC_CL_KEEPER_FAILED;
	close(client->pidfd);
	if (client->talk >= 0)
		close(client->talk);
	munmap(client->stats, sizeof(*client->stats));
	*client = (struct vc_cl_client){0};
}

/* Milliseconds until the next silent connection's time is over; ends those whose is. -1: there is none. */
static int check_deadlines(struct vc_cl_broker *b) {
	int64_t now = vc_clock_now(), next = INT64_MAX;
	for (unsigned i = 0; i < VC_CL_CLIENTS_MAX; i++) {
		struct vc_cl_client *c = &b->clients[i];
		int64_t deadline = c->since_ns + b->config.hello_ms * VC_NS_PER_MS;
		if (c->state == VC_CL_SILENT && deadline <= now)
			tell_to_end(c);
		else if (c->state == VC_CL_SILENT && deadline < next)
			next = deadline;
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

/* One connection is taken at a time, so that nobody waits in vain, and only where there is a place. */
static bool can_take(const struct vc_cl_broker *b) {
	return count(b, VC_CL_COMING, NULL) == 0 && count(b, VC_CL_FREE, NULL) > 0;
}

static bool serve(struct vc_cl_broker *b, int signals) {
	static struct pollfd fds[2 + 2 * VC_CL_CLIENTS_MAX];
	static struct vc_cl_client *of[VC_CL_CLIENTS_MAX];
	int wait_ms = check_deadlines(b);
	nfds_t n = 0;
	fds[0] = (struct pollfd){.fd = signals, .events = POLLIN};
	fds[1] = (struct pollfd){.fd = can_take(b) ? b->listener : -1, .events = POLLIN};
	for (unsigned i = 0; i < VC_CL_CLIENTS_MAX; i++)
		if (b->clients[i].state != VC_CL_FREE) {
			of[n] = &b->clients[i];
			fds[2 + 2 * n] = (struct pollfd){.fd = of[n]->talk, .events = POLLIN};
			fds[3 + 2 * n] = (struct pollfd){.fd = of[n]->pidfd, .events = POLLIN};
			n++;
		}
	if (poll(fds, 2 + 2 * n, wait_ms) < 0)
		return errno == EINTR;
	if (fds[0].revents)
		return false;
	for (nfds_t i = 0; i < n; i++) {
		if (fds[2 + 2 * i].revents && !hear_keeper(b, of[i])) {
			close(of[i]->talk);
			of[i]->talk = -1;
		}
		if (fds[3 + 2 * i].revents)
			reap(b, of[i]);
	}
	if (fds[1].revents)
		take_connection(b);
	return true;
}

int vc_cl_broker_run(struct vc_cl_broker *b) {
	int signals = open_signals();
	if (signals < 0) {
		vc_error("signalfd: %s", strerror(errno));
		return 1;
	}
	sd_notify(0, "READY=1");
	while (serve(b, signals))
		;
	return 0;
}
