/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcockpit-cl-worker: one client's OpenCL. The broker starts it with these descriptors and nothing else:
 *
 *   0  /dev/null    1  a pipe to the client, for printf; or /dev/null    2  the broker's log
 *   3  the socket to the client    4  a page of figures for the broker    5  the channel, made by the client
 *
 * It locks itself up, loads the host's OpenCL by the ordinary loader (our own ICD answers "no platforms" here), and serves
 * the channel until the client goes. It trusts nothing in the channel; what it does is limited to what the client could do to
 * itself.
 */
#include "log.h"
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOCK_FD = 3, STATS_FD = 4, CHANNEL_FD = 5 };

static void print_help(void) {
	puts("Usage: vcockpit-cl-worker --base ADDRESS --size BYTES [OPTION...]\n"
	     "One client's OpenCL. Started by vcockpit-cld, not by people.\n"
	     "\n"
	     "  --base ADDRESS, --size BYTES  where the client's shared memory goes\n"
	     "  --arena-limit BYTES           most shared memory the client may have\n"
	     "  --device-limit BYTES          most memory of devices' own; 0: no limit\n"
	     "  --queues N                    most queues; 0: no limit\n"
	     "  --command-ms MS               longest that a call may block; 0: no limit\n"
	     "  --debug                       log more\n"
	     "  --help, --version");
}

static void welcome(int error, const char *why) {
	struct vc_cl_welcome message = {.magic = VC_CL_MAGIC, .error = error};
	snprintf(message.why, sizeof(message.why), "%s", why);
	if (send(SOCK_FD, &message, sizeof(message), MSG_NOSIGNAL) < 0)
		_exit(0);
}

static _Noreturn void refuse(int error, const char *why) {
	welcome(error, why);
	vc_error("client refused: %s", why);
	exit(1);
}

static void *map_shared(int fd, size_t size) {
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) < 0 || (uint64_t)st.st_size < size)
		return NULL;
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

static void set_up(void) {
	struct vc_worker *w = &vc_worker;
	w->sock = SOCK_FD;
	w->stats = map_shared(STATS_FD, sizeof(*w->stats));
	w->channel = map_shared(CHANNEL_FD, sizeof(*w->channel));
	if (!w->stats || !w->channel)
		refuse(-EPROTO, "the channel is not a sealed memory file of the right size");
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	if (w->base == 0 || w->size == 0 || w->base % page || w->size % page || w->base + w->size < w->base)
		refuse(-EPROTO, "bad addresses for shared memory");
	void *at = (void *)(uintptr_t)w->base;
	if (mmap(at, w->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0) !=
	    at)
		refuse(-EADDRINUSE, "those addresses are taken here");
	vc_ring_init(&w->commands, &w->channel->commands, w->channel->command_bytes, VC_CL_COMMANDS_SIZE);
	vc_ring_init(&w->notes, &w->channel->notes, w->channel->note_bytes, VC_CL_NOTES_SIZE);
}

int main(int argc, char **argv) {
	enum { BASE = 1000, SIZE, ARENA, DEVICE, QUEUES, COMMAND, DEBUG, HELP, VERSION };
	static const struct option table[] = {
		{"base", required_argument, NULL, BASE},
		{"size", required_argument, NULL, SIZE},
		{"arena-limit", required_argument, NULL, ARENA},
		{"command-ms", required_argument, NULL, COMMAND},
		{"device-limit", required_argument, NULL, DEVICE},
		{"queues", required_argument, NULL, QUEUES},
		{"debug", no_argument, NULL, DEBUG},
		{"help", no_argument, NULL, HELP},
		{"version", no_argument, NULL, VERSION},
		{NULL, 0, NULL, 0},
	};
	uint64_t *const numbers[] = {&vc_worker.base,         &vc_worker.size,        &vc_worker.arena_limit,
				     &vc_worker.device_limit, &vc_worker.queue_limit, &vc_worker.command_ms};
	vc_worker.arena_limit = UINT64_MAX;
	bool debug = false;
	int c;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c >= BASE && c <= COMMAND) {
			*numbers[c - BASE] = strtoull(optarg, NULL, 0);
		} else if (c == DEBUG) {
			debug = true;
		} else if (c == HELP) {
			print_help();
			return 0;
		} else if (c == VERSION) {
			puts("vcockpit-cl-worker " VC_VERSION);
			return 0;
		} else {
			return 2;
		}
	}
	vc_log_init("vcockpit-cl-worker", debug);
	struct stat st;
	if (fstat(SOCK_FD, &st) < 0 || !S_ISSOCK(st.st_mode)) {
		vc_error("no client at descriptor %d; vcockpit-cld starts this", SOCK_FD);
		return 2;
	}
	/* A compiler that outlives this process must not keep the client's connection: its end tells the client. */
	if (fcntl(SOCK_FD, F_SETFD, FD_CLOEXEC) < 0)
		refuse(-errno, "the connection can't be kept from children");
	prctl(PR_SET_DUMPABLE, 0);
	signal(SIGPIPE, SIG_IGN);
	set_up();
	if (!vc_sandbox_enter())
		refuse(-EACCES, "the worker can't lock itself up");
	welcome(0, "");
	vc_worker_run();
	return 0;
}
