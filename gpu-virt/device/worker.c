/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"

#include "clock.h"
#include "ipc.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int on_timer(sd_event_source *source, uint64_t usec, void *data);
static int on_readmit(sd_event_source *source, uint64_t usec, void *data);

int vc_worker_init(struct vc_worker *worker, sd_event *event, const struct vc_gpu_config *config, const char *path,
		   const struct vc_worker_events *events, void *data) {
	*worker = (struct vc_worker){.event = event,
				     .config = config,
				     .path = path,
				     .events = events,
				     .data = data,
				     .arena_fd = -1,
				     .sock = -1};
	worker->arena_fd = memfd_create("vcockpit-gpu-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (worker->arena_fd < 0 || ftruncate(worker->arena_fd, VC_WORKER_ARENA_SIZE) < 0)
		return -errno;
	/* A worker that is taken over must not make our own accesses fault. */
	fcntl(worker->arena_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	void *map = mmap(NULL, VC_WORKER_ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, worker->arena_fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	worker->arena = map;
	uint64_t never = UINT64_MAX / 2;
	int err = sd_event_add_time_relative(event, &worker->timer, CLOCK_MONOTONIC, never, 1000, on_timer, worker);
	if (err >= 0)
		err = sd_event_add_time_relative(event, &worker->readmit, CLOCK_MONOTONIC, never, 1000, on_readmit,
						 worker);
	return err < 0 ? err : 0;
}

static void arm(sd_event_source *timer, int64_t ns) {
	sd_event_source_set_time(timer, (uint64_t)(ns / 1000 + 1));
	sd_event_source_set_enabled(timer, SD_EVENT_ONESHOT);
}

static void wake_at(struct vc_worker *worker, int64_t ns) {
	arm(worker->timer, ns);
}

/* Lets go of the process that was; its reaper, if it is still needed, lives on without us. */
static void let_go(struct vc_worker *worker) {
	worker->io = sd_event_source_disable_unref(worker->io);
	if (worker->sock >= 0)
		close(worker->sock);
	worker->sock = -1;
	worker->pid = 0;
	worker->ready = worker->killed = worker->asked = false;
	worker->why[0] = '\0';
}

void vc_worker_finish(struct vc_worker *worker) {
	if (worker->pid > 0) {
		kill(worker->pid, SIGKILL);
		waitpid(worker->pid, NULL, 0);
	}
	worker->child = sd_event_source_disable_unref(worker->child);
	let_go(worker);
	worker->timer = sd_event_source_disable_unref(worker->timer);
	worker->readmit = sd_event_source_disable_unref(worker->readmit);
	if (worker->arena)
		munmap(worker->arena, VC_WORKER_ARENA_SIZE);
	if (worker->arena_fd >= 0)
		close(worker->arena_fd);
	worker->arena = NULL;
	worker->arena_fd = -1;
}

/* True when this fault is one too many: the max_faults-th within the window. */
static bool count_fault(struct vc_worker *worker) {
	unsigned max = worker->config->max_faults;
	int64_t now = vc_clock_now();
	worker->fault_ns[worker->faults++ % max] = now;
	/* Once the ring is full its next slot holds the oldest of the last max faults. */
	int64_t oldest = worker->fault_ns[worker->faults % max];
	return worker->faults >= max && now - oldest <= worker->config->fault_window_ms * VC_NS_PER_MS;
}

unsigned vc_worker_recent_faults(const struct vc_worker *worker) {
	unsigned max = worker->config->max_faults, recent = 0;
	int64_t since = vc_clock_now() - worker->config->fault_window_ms * VC_NS_PER_MS;
	for (unsigned i = 0; i < max && i < worker->faults; i++)
		recent += worker->fault_ns[i] >= since;
	return recent;
}

int64_t vc_worker_readmit_in_ms(const struct vc_worker *worker) {
	if (!worker->banned || worker->config->readmit_ms == 0)
		return -1;
	int64_t left = worker->banned_ns / VC_NS_PER_MS + worker->config->readmit_ms - vc_clock_now() / VC_NS_PER_MS;
	return left > 0 ? left : 0;
}

static void ban(struct vc_worker *worker) {
	worker->banned = true;
	worker->bans++;
	worker->banned_ns = vc_clock_now();
	char until[48] = "somebody allows it";
	if (worker->config->readmit_ms > 0) {
		arm(worker->readmit, worker->banned_ns + worker->config->readmit_ms * VC_NS_PER_MS);
		snprintf(until, sizeof(until), "%lld ms are over", (long long)worker->config->readmit_ms);
	}
	vc_error("%u GPU worker faults within %lld ms: this guest gets 2D only until %s", worker->config->max_faults,
		 (long long)worker->config->fault_window_ms, until);
}

bool vc_worker_allow(struct vc_worker *worker) {
	if (!worker->banned)
		return false;
	worker->banned = false;
	worker->faults = 0;
	sd_event_source_set_enabled(worker->readmit, SD_EVENT_OFF);
	vc_worker_kill(worker, NULL);
	worker->events->allowed(worker->data);
	return true;
}

static int on_readmit(sd_event_source *source, uint64_t usec, void *data) {
	(void)source;
	(void)usec;
	vc_info("readmit_ms are over: the guest gets 3D again");
	vc_worker_allow(data);
	return 0;
}

/* How long the next worker waits, see worker.h. */
static int64_t next_delay_ms(const struct vc_worker *worker, bool was_ready) {
	const struct vc_gpu_config *c = worker->config;
	bool lived = vc_clock_now() - worker->started_ns >= c->respawn_max_ms * VC_NS_PER_MS;
	if (lived && was_ready)
		return 0;
	int64_t delay = worker->delay_ms > 0 ? 2 * worker->delay_ms : c->respawn_ms;
	return delay < c->respawn_max_ms ? delay : c->respawn_max_ms;
}

static void start_or_retry(struct vc_worker *worker) {
	int err = vc_worker_start(worker);
	if (err == 0)
		return;
	vc_error("GPU worker %s cannot be started: %s", worker->path, strerror(-err));
	wake_at(worker, vc_clock_now() + worker->config->respawn_ms * VC_NS_PER_MS);
}

static void handle_death(struct vc_worker *worker, const char *how) {
	char why[256];
	bool asked = worker->asked, was_ready = worker->ready;
	snprintf(why, sizeof(why), "GPU worker %d %s%s%s", (int)worker->pid, how, worker->why[0] ? ": " : "",
		 worker->why);
	let_go(worker);
	if (!asked && count_fault(worker) && worker->config->virgl && !worker->banned)
		ban(worker);
	worker->events->died(worker->data, asked ? NULL : why);
	worker->delay_ms = next_delay_ms(worker, was_ready);
	if (worker->delay_ms > 0)
		wake_at(worker, vc_clock_now() + worker->delay_ms * VC_NS_PER_MS);
	else
		start_or_retry(worker);
}

static int on_child(sd_event_source *source, const siginfo_t *info, void *data) {
	struct vc_worker *worker = data;
	(void)source;
	if (!worker)
		return 0; /* one left behind */
	char how[64];
	if (info->si_code == CLD_EXITED)
		snprintf(how, sizeof(how), "exited with code %d", info->si_status);
	else
		snprintf(how, sizeof(how), "was killed by signal %d (%s)", info->si_status, strsignal(info->si_status));
	worker->child = sd_event_source_disable_unref(worker->child);
	handle_death(worker, how);
	return 0;
}

static int on_message(sd_event_source *source, int fd, uint32_t revents, void *data) {
	struct vc_worker *worker = data;
	(void)source;
	(void)revents;
	/* A few at a time, so that the guest's rings get their turn. */
	for (int i = 0; i < 64 && worker->sock == fd && !worker->killed; i++) {
		union vc_worker_answer answer;
		int got_fd = -1;
		unsigned nfds = 1;
		ssize_t size = vc_ipc_recv(fd, &answer, sizeof(answer), &got_fd, &nfds);
		if (size == -EAGAIN)
			break;
		if (size < (ssize_t)sizeof(answer.op)) {
			/* Its end, or nonsense: the process itself follows. */
			vc_worker_kill(worker, size == 0 ? "" : "it sent a message of the wrong size");
			break;
		}
		if (nfds == 0)
			got_fd = -1;
		if (!worker->ready && answer.op == VC_WORKER_READY && size == sizeof(answer.ready)) {
			worker->ready = true;
			answer.ready.renderer[sizeof(answer.ready.renderer) - 1] = '\0';
			vc_info("GPU worker %d is ready: %s", (int)worker->pid, answer.ready.renderer);
			worker->events->ready(worker->data, &answer.ready);
			if (got_fd >= 0)
				close(got_fd);
		} else {
			worker->events->answer(worker->data, &answer, (size_t)size, got_fd);
		}
	}
	return 0;
}

/* The kernel is to take the worker first when memory ends, not the device beside it. */
static void offer_to_oom_killer(void) {
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	if (fd >= 0 && write(fd, "1000", 4) != 4)
		vc_debug("oom_score_adj can't be set: %s", strerror(errno));
	if (fd >= 0)
		close(fd);
}

static void set_number(const char *name, uint32_t value) {
	char text[16];
	snprintf(text, sizeof(text), "%u", value);
	setenv(name, text, 1);
}

/* In the child. Descriptors 0 to 2 stay, the socket and the arena take their places, all others close. */
static _Noreturn void exec_worker(const struct vc_worker *worker, int sock, pid_t parent) {
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	int high_sock = fcntl(sock, F_DUPFD, 10), high_arena = fcntl(worker->arena_fd, F_DUPFD, 10);
	if (high_sock < 0 || high_arena < 0 || dup2(high_sock, VC_WORKER_SOCKET) < 0 ||
	    dup2(high_arena, VC_WORKER_ARENA) < 0 || close_range(VC_WORKER_ARENA + 1, ~0u, 0) < 0)
		_exit(1);
	offer_to_oom_killer();
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* No display server, no caches on disk: nothing outside the process is needed but libraries and device nodes. */
	unsetenv("DISPLAY");
	unsetenv("WAYLAND_DISPLAY");
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	setenv("EGL_PLATFORM", "surfaceless", 1);
	setenv("MESA_SHADER_CACHE_DISABLE", "true", 1);
	set_number("LP_NUM_THREADS", worker->config->threads);
	char memory[16], files[16];
	snprintf(memory, sizeof(memory), "%u", worker->config->worker_memory_mb);
	snprintf(files, sizeof(files), "%u", worker->config->worker_files);
	execl(worker->path, worker->path, worker->config->virgl && !worker->banned ? "virgl" : "2d", memory, files,
	      (char *)NULL);
	vc_error("%s: %s", worker->path, strerror(errno));
	_exit(127);
}

int vc_worker_start(struct vc_worker *worker) {
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	pid_t parent = getpid(), pid = fork();
	if (pid == 0)
		exec_worker(worker, pair[1], parent);
	int err = pid < 0 ? -errno : 0;
	close(pair[1]);
	if (err < 0) {
		close(pair[0]);
		return err;
	}
	fcntl(pair[0], F_SETFL, O_NONBLOCK);
	worker->sock = pair[0];
	worker->pid = pid;
	worker->started_ns = vc_clock_now();
	err = sd_event_add_child(worker->event, &worker->child, pid, WEXITED, on_child, worker);
	if (err >= 0)
		err = sd_event_add_io(worker->event, &worker->io, worker->sock, EPOLLIN, on_message, worker);
	vc_worker_watch(worker);
	return err < 0 ? err : 0;
}

bool vc_worker_send(struct vc_worker *worker, const struct vc_worker_command *command, const int *fds, unsigned nfds) {
	if (!worker->ready || worker->killed)
		return false;
	int err = vc_ipc_send(worker->sock, command, sizeof(*command), fds, nfds);
	if (err < 0)
		vc_worker_kill(worker, "its socket took no more");
	return err == 0;
}

void vc_worker_kill(struct vc_worker *worker, const char *why) {
	if (worker->pid <= 0 || worker->killed)
		return;
	worker->killed = true;
	worker->asked = why == NULL;
	if (why)
		snprintf(worker->why, sizeof(worker->why), "%s", why);
	worker->io = sd_event_source_disable_unref(worker->io);
	kill(worker->pid, SIGKILL);
	wake_at(worker, vc_clock_now() + worker->config->kill_ms * VC_NS_PER_MS);
}

void vc_worker_watch(struct vc_worker *worker) {
	if (worker->pid <= 0 || worker->killed)
		return;
	int64_t at = worker->ready ? worker->events->deadline(worker->data)
				   : worker->started_ns + worker->config->start_ms * VC_NS_PER_MS;
	if (at == INT64_MAX)
		sd_event_source_set_enabled(worker->timer, SD_EVENT_OFF);
	else
		wake_at(worker, at);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *data) {
	struct vc_worker *worker = data;
	(void)source;
	(void)usec;
	if (worker->pid <= 0) {
		start_or_retry(worker);
	} else if (worker->killed) {
		/* The kernel will let it go some day; the reaper stays in the loop without an owner. */
		sd_event_source_set_floating(worker->child, true);
		sd_event_source_set_userdata(worker->child, NULL);
		worker->child = sd_event_source_unref(worker->child);
		handle_death(worker, "was killed and would not go");
	} else if (!worker->ready) {
		vc_worker_kill(worker, "it was not ready in time");
	} else if (worker->events->deadline(worker->data) <= vc_clock_now()) {
		vc_worker_kill(worker, "a command took longer than command_ms");
	} else {
		vc_worker_watch(worker);
	}
	return 0;
}
