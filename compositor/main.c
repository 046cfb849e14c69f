/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcockpit-compositor: the only process that drives the display.
 *
 * One event loop in one real-time thread. Shortly before each vblank the frame clock ticks; then the policy (policy.c) decides from what
 * has come in until then what each layer shows, and one atomic commit (output-commit.c) hands it to the kernel. In between,
 * sources' messages (clients.c) fill the layers' tables (layer.c), and tools are answered (control.c). Nothing waits for
 * anybody: fences are polled, sockets never block, and a source that misbehaves is disconnected. What takes the kernel long,
 * taking sources' memory in and giving it back, is done by threads without priority (importer.c).
 *
 * After start that loop allocates no memory and none can fault: all tables are in struct vc_server, the pictures for silent
 * sources are drawn, and mlockall() holds everything in memory.
 *
 * Under systemd the card's descriptor is put in the fd store. If this process dies, the picture stays; the next one takes the
 * descriptor over and goes on without a modeset.
 */
#include "clock.h"
#include "config.h"
#include "ipc.h"
#include "log.h"
#include "picture.h"
#include "server.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/vcockpit/compositor.ini"
#define STACK_BYTES (256 * 1024)
enum { EXIT_RUNTIME = 1, EXIT_CONFIG = 2 };

struct options {
	const char *config;
	bool check, debug;
};

static void print_help(void) {
	printf("Usage: vcockpit-compositor [--config FILE] [--check] [--debug]\n"
	       "Drives the display: cluster and guests on one screen, the cluster on top whatever happens.\n\n"
	       "  --config FILE  read FILE instead of " DEFAULT_CONFIG "\n"
	       "  --check        check the config and exit\n"
	       "  --debug        log more\n"
	       "  --help         show this\n"
	       "  --version      show the version\n\n"
	       "Exit codes: 0 stopped by a signal or config good, 1 the machine failed, 2 usage or config is wrong.\n"
	       "See vcockpit-compositor(8) and vcockpit-compositor.ini(5).\n");
}

/* Returns -1 to go on, else an exit code. */
static int read_options(struct options *options, int argc, char **argv) {
	static const struct option known[] = {
		{"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 'k'},
		{"debug", no_argument, NULL, 'd'},        {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},      {NULL, 0, NULL, 0},
	};
	int c;
	while ((c = getopt_long(argc, argv, "c:h", known, NULL)) != -1) {
		switch (c) {
		case 'c':
			options->config = optarg;
			break;
		case 'k':
			options->check = true;
			break;
		case 'd':
			options->debug = true;
			break;
		case 'h':
			print_help();
			return 0;
		case 'v':
			printf("vcockpit-compositor " VC_VERSION "\n");
			return 0;
		default:
			return EXIT_CONFIG;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "vcockpit-compositor: unexpected argument %s; see --help\n", argv[optind]);
		return EXIT_CONFIG;
	}
	return -1;
}

/* Touches the stack that the loop may need, so that it never faults there. */
static __attribute__((noinline)) void prefault_stack(void) {
	volatile char stack[STACK_BYTES];
	for (size_t i = 0; i < sizeof(stack); i += 1024)
		stack[i] = 0;
}

/* Real time as far as the machine lets us; what it refuses is said and does without. */
static void become_real_time(const struct vc_config *config) {
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		vc_warn("memory cannot be locked (%s): page faults may delay frames; raise LimitMEMLOCK",
			strerror(errno));
	prefault_stack();
	if (config->priority == 0 || sched_getscheduler(0) == SCHED_FIFO)
		return;
	const struct sched_param param = {.sched_priority = config->priority};
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) < 0)
		vc_warn("priority = %d: real-time scheduling refused (%s); raise LimitRTPRIO", config->priority,
			strerror(errno));
}

/* What systemd handed over at start: sockets by name, and all else from the store. */
struct handed {
	int display[VC_DOORS], control;
	struct vc_store store;
};

static void take_handed(struct handed *handed) {
	*handed = (struct handed){.display = {-1, -1}, .control = -1};
	char **names = NULL;
	int n = sd_listen_fds_with_names(1, &names);
	for (int i = 0; i < n; i++) {
		int fd = SD_LISTEN_FDS_START + i, *place = NULL;
		if (strcmp(names[i], "display") == 0)
			place = &handed->display[VC_DOOR_GUESTS];
		else if (strcmp(names[i], "cluster") == 0)
			place = &handed->display[VC_DOOR_CLUSTER];
		else if (strcmp(names[i], "control") == 0)
			place = &handed->control;
		if (place && *place < 0)
			*place = fd;
		else
			vc_store_hand(&handed->store, names[i], fd);
		free(names[i]);
	}
	free((void *)names);
}

static int listen_at(int handed, const char *path) {
	if (handed >= 0)
		return handed;
	int fd = vc_ipc_listen(path, 0660);
	if (fd < 0)
		vc_error("%s: cannot listen: %s", path,
			 fd == -EADDRINUSE ? "another compositor serves there" : strerror(-fd));
	return fd;
}

int main(int argc, char **argv) {
	static struct vc_config config;
	static struct vc_server server;
	const int64_t start_ns = vc_clock_now();
	struct options options = {.config = DEFAULT_CONFIG};
	int code = read_options(&options, argc, argv);
	if (code >= 0)
		return code;
	vc_log_init("vcockpit-compositor", options.debug);

	char wrong[512];
	if (!vc_config_read(&config, options.config, wrong, sizeof(wrong))) {
		vc_error("%s", wrong);
		return EXIT_CONFIG;
	}
	for (unsigned i = 0; options.check && i < config.layers; i++)
		if (!vc_picture_check(&config.layer[i], wrong, sizeof(wrong))) {
			vc_error("%s: %s", options.config, wrong);
			return EXIT_CONFIG;
		}
	if (options.check)
		return 0;

	static struct handed handed;
	struct vc_kms_error error = {0};
	take_handed(&handed);
	int display[VC_DOORS], control = -1;
	display[VC_DOOR_GUESTS] = listen_at(handed.display[VC_DOOR_GUESTS], config.display_socket);
	display[VC_DOOR_CLUSTER] = listen_at(handed.display[VC_DOOR_CLUSTER], config.cluster_socket);
	if (display[VC_DOOR_GUESTS] >= 0 && display[VC_DOOR_CLUSTER] >= 0)
		control = listen_at(handed.control, config.control_socket);
	if (control < 0)
		return EXIT_RUNTIME;
	if (!vc_server_init(&server, &config, &handed.store, &error)) {
		vc_error("%s%s%s", error.config ? options.config : "", error.config ? ": " : "", error.text);
		return error.config ? EXIT_CONFIG : EXIT_RUNTIME;
	}
	server.start_ns = start_ns;
	become_real_time(&config);
	return vc_server_run(&server, display, control);
}
