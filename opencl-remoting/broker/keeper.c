/* SPDX-License-Identifier: Apache-2.0 */
/* One connection, from its coming to the end of the last process behind it. See broker.h. */
#include "broker.h"

#include "clock.h"
#include "ipc.h"
#include "launch.h"
#include "log.h"
#include "worker-log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATUS_PIECE = 64 << 10, GROUPS_MAX = 64 };

struct keeper {
	struct vc_cl_broker *broker;
	int talk, stats;
	int sock; /* the client's */
	pid_t pid;
	uid_t uid;
	gid_t gid;
	struct vc_cl_hello hello;
	int fds[2]; /* the channel, and where kernels print; -1: none */
	struct vc_cl_home home;
};

static _Noreturn void refuse(const struct keeper *k, int error, const char *why) {
	struct vc_cl_welcome message = {.magic = VC_CL_MAGIC, .error = error};
	snprintf(message.why, sizeof(message.why), "%s", why);
	vc_ipc_send(k->sock, &message, sizeof(message), NULL, 0);
	_exit(VC_CL_KEEPER_REFUSED);
}

static void report(const struct keeper *k, const struct vc_cl_report *report) {
	/* A broker that has died is not missed once the worker runs. */
	if (vc_ipc_send(k->talk, report, sizeof(*report), NULL, 0) < 0 && report->kind != VC_CL_STARTED)
		refuse(k, -EPIPE, "the broker has ended");
}

/* Goes on, or refuses the client. */
static void obey(const struct keeper *k) {
	struct vc_cl_verdict verdict;
	if (vc_ipc_recv(k->talk, &verdict, sizeof(verdict), NULL, NULL) != sizeof(verdict))
		refuse(k, -EPIPE, "the broker has ended");
	if (verdict.error < 0)
		refuse(k, verdict.error, verdict.why);
}

static void meet(struct keeper *k) {
	k->sock = accept4(k->broker->listener, NULL, NULL, SOCK_CLOEXEC);
	if (k->sock < 0 || vc_ipc_peer(k->sock, &k->uid, &k->gid, &k->pid) < 0)
		_exit(VC_CL_KEEPER_GOOD); /* it went away again */
	close(k->broker->listener);
	/* A broker that lives ends a silent connection sooner. */
	vc_ipc_limit(k->sock, k->broker->config.hello_ms);
	const struct vc_cl_report peer = {.kind = VC_CL_PEER, .pid = k->pid, .uid = k->uid, .gid = k->gid};
	report(k, &peer);
	obey(k);
}

static void hear_hello(struct keeper *k) {
	unsigned n = 2;
	ssize_t got = vc_ipc_recv(k->sock, &k->hello, sizeof(k->hello), k->fds, &n);
	if (got == 0 || got == -EAGAIN || got == -ECONNRESET)
		_exit(VC_CL_KEEPER_GOOD);
	if (got != sizeof(k->hello) || k->hello.magic != VC_CL_MAGIC || k->hello.version != VC_CL_VERSION)
		refuse(k, -EPROTO, "not a hello of this version of vcockpit");
	struct stat st;
	if (k->hello.want != VC_CL_WANT_WORKER && k->hello.want != VC_CL_WANT_STATUS)
		refuse(k, -EPROTO, "it wants neither a worker nor the status");
	if (k->hello.want == VC_CL_WANT_WORKER && k->fds[0] < 0)
		refuse(k, -EPROTO, "no channel came with the hello");
	/* The worker looks at the channel; an output that is not a pipe is nothing that it needs. */
	if (k->fds[1] >= 0 && (fstat(k->fds[1], &st) < 0 || !S_ISFIFO(st.st_mode)))
		refuse(k, -EPROTO, "the output is not a pipe");
	char *name = k->hello.name;
	name[sizeof(k->hello.name) - 1] = '\0';
	/* It goes to the log and to the status. */
	for (; *name; name++)
		if (*name < ' ' || *name > '~')
			*name = '?';
}

/* In pieces, since a message has an end; the connection's end is the status'. */
static _Noreturn void tell_status(const struct keeper *k) {
	gid_t groups[GROUPS_MAX + 1] = {k->gid};
	socklen_t size = sizeof(gid_t) * GROUPS_MAX;
	if (getsockopt(k->sock, SOL_SOCKET, SO_PEERGROUPS, groups + 1, &size) < 0)
		size = 0;
	const char *text = vc_cl_status_write(k->broker, k->uid, groups, 1 + size / (unsigned)sizeof(gid_t));
	size_t length = text ? strlen(text) : 0;
	for (size_t at = 0; at < length; at += STATUS_PIECE) {
		size_t piece = length - at < STATUS_PIECE ? length - at : STATUS_PIECE;
		if (send(k->sock, text + at, piece, MSG_NOSIGNAL) < 0)
			break;
	}
	_exit(VC_CL_KEEPER_GOOD);
}

/* Returns the worker's number. *@log: where it writes its lines. */
static pid_t launch(struct keeper *k, int *log) {
	int null = open("/dev/null", O_RDWR | O_CLOEXEC), ends[2];
	if (null < 0 || pipe2(ends, O_CLOEXEC) < 0) {
		vc_error("no worker for pid %d: %s", (int)k->pid, strerror(errno));
		refuse(k, -EAGAIN, "the worker can't be started; see the broker's log");
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	vc_ipc_limit(k->sock, 0);
	const int fds[VC_CL_WORKER_FDS] = {null,     k->fds[1] >= 0 ? k->fds[1] : null, ends[1], k->sock, k->stats,
					   k->fds[0]};
	pid_t keeper = getpid(), worker = fork();
	if (worker == 0) {
		dup2(ends[1], STDERR_FILENO);
		vc_cl_worker_become(&k->home, keeper, &k->hello, fds);
	}
	if (worker < 0) {
		vc_error("no worker for pid %d: %s", (int)k->pid, strerror(errno));
		refuse(k, -EAGAIN, "the worker can't be started; see the broker's log");
	}
	close(null);
	close(ends[1]);
	close(k->stats);
	*log = ends[0];
	return worker;
}

static void hear_log(int fd, struct vc_worker_log *log) {
	char bytes[4096];
	/* Not for ever: who writes all the time must not keep us from the rest. */
	for (int i = 0; i < 16; i++) {
		ssize_t n = read(fd, bytes, sizeof(bytes));
		if (n <= 0)
			return;
		vc_worker_log_take(log, bytes, (size_t)n, vc_clock_now());
	}
}

/* Until the worker has ended, or the client has and so the worker must. Returns its exit status; *@left: the client went first. */
static int watch(const struct keeper *k, pid_t worker, int log_fd, bool *left) {
	struct vc_worker_log log = {.worker = worker, .since_ns = vc_clock_now()};
	struct pollfd fds[] = {{.fd = pidfd_open(worker, 0), .events = POLLIN},
			       {.fd = k->sock, .events = POLLRDHUP},
			       {.fd = log_fd, .events = POLLIN}};
	int status = 0;
	*left = false;
	while (fds[0].fd >= 0) {
		if (poll(fds, 3, -1) < 0)
			continue;
		if (fds[2].revents)
			hear_log(log_fd, &log);
		if (fds[2].revents & POLLHUP)
			fds[2].fd = -1;
		if (fds[0].revents)
			break;
		if (fds[1].revents) {
			*left = true;
			break;
		}
	}
	if (*left || fds[0].fd < 0)
		kill(worker, SIGKILL);
	while (waitpid(worker, &status, 0) < 0 && errno == EINTR)
		;
	/* The client hears of it before the rest is cleared away. */
	shutdown(k->sock, SHUT_RDWR);
	hear_log(log_fd, &log);
	vc_worker_log_finish(&log);
	return status;
}

_Noreturn void vc_cl_keeper_run(struct vc_cl_broker *broker, int talk, int stats) {
	struct keeper k = {.broker = broker, .talk = talk, .stats = stats, .sock = -1, .fds = {-1, -1}};
	meet(&k);
	hear_hello(&k);
	if (k.hello.want == VC_CL_WANT_STATUS)
		tell_status(&k);
	struct vc_cl_report message = {.kind = VC_CL_ASK};
	memcpy(message.name, k.hello.name, sizeof(message.name));
	report(&k, &message);
	obey(&k);
	int err = vc_cl_home_take(&k.home, broker, k.uid);
	if (err < 0)
		refuse(&k, err, "the worker has no place; see the broker's log");
	/* Who loses its parent becomes ours. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	prctl(PR_SET_NAME, "cld-keeper");
	int log;
	pid_t worker = launch(&k, &log);
	message = (struct vc_cl_report){.kind = VC_CL_STARTED, .pid = worker, .place = k.home.place};
	report(&k, &message);
	vc_info("worker %d for \"%s\", pid %d, user %u", (int)worker, k.hello.name, (int)k.pid, k.uid);
	bool left;
	int status = watch(&k, worker, log, &left);
	bool failed = !left && status != 0;
	if (failed && WIFSIGNALED(status))
		vc_warn("worker %d of \"%s\" died of signal %d", (int)worker, k.hello.name, WTERMSIG(status));
	else if (failed)
		vc_warn("worker %d of \"%s\" ended with code %d", (int)worker, k.hello.name, WEXITSTATUS(status));
	vc_cl_home_leave(&k.home);
	_exit(failed ? VC_CL_KEEPER_FAILED : VC_CL_KEEPER_GOOD);
}
