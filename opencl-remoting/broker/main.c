/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcockpit-cld: OpenCL for containers, the broker. See broker.h for what it does; the socket is its own (--socket) or
 * systemd's (vcockpit-cl.socket).
 */
#include "home.h"

#include "ipc.h"
#include "log.h"
#include "refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

static void print_help(void) {
	puts("Usage: vcockpit-cld [OPTION...]\n"
	     "       vcockpit-cld status [--json] [--socket PATH]\n"
	     "Gives programs in containers the host's OpenCL: a worker process for each.\n"
	     "\n"
	     "  --config FILE   default: /etc/vcockpit/cld.ini, if it exists\n"
	     "  --socket PATH   default: " VC_CL_SOCKET ", or systemd's socket\n"
	     "  --mode MODE     the socket's file mode, octal; default: 0660\n"
	     "  --worker PATH   the worker's executable\n"
	     "  --private       serves its own user's programs only: allow_same_user and keep_cache are on\n"
	     "  --debug         log more\n"
	     "  --help, --version\n"
	     "\n"
	     "See vcockpit-cld(8) and vcockpit-cld.ini(5).");
}

/* Systemd's socket, non-blocking; -1: there is none. */
static int given_socket(void) {
	if (sd_listen_fds(1) <= 0)
		return -1;
	/* Several may be told of one connection. */
	fcntl(SD_LISTEN_FDS_START, F_SETFL, fcntl(SD_LISTEN_FDS_START, F_GETFL) | O_NONBLOCK);
	return SD_LISTEN_FDS_START;
}

static int open_socket(const char *path, mode_t mode) {
	int sock = vc_ipc_listen(path, mode);
	if (sock < 0)
		vc_error("--socket %s: %s%s", path, strerror(-sock),
			 sock == -EADDRINUSE ? "; another broker answers there" : "");
	return sock;
}

/* "vcockpit-cld status" is vcockpit-cl's, which lies beside this program. */
static int become_tool(char **argv) {
	char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	path[length > 0 ? length : 0] = '\0';
	char *name = strrchr(path, '/');
	if (name && name + sizeof("/vcockpit-cl") <= path + sizeof(path)) {
		strcpy(name, "/vcockpit-cl");
		argv[0] = path;
		execv(path, argv);
	}
	fprintf(stderr, "vcockpit-cld: %s: %s\n", path, strerror(errno));
	return 1;
}

/* Returns false, with a line in the log, if nobody can be served. */
static bool set_up(struct vc_cl_broker *broker, const char *config, bool private) {
	const char *standard = "/etc/vcockpit/cld.ini";
	char error[512];
	if (!config && access(standard, F_OK) == 0)
		config = standard;
	vc_cl_config_defaults(&broker->config);
	if (config && !vc_cl_config_read(&broker->config, config, error, sizeof(error))) {
		vc_error("%s", error);
		return false;
	}
	if (private)
		broker->config.allow_same_user = broker->config.keep_cache = true;
	return vc_cl_home_set_up(broker);
}

int main(int argc, char **argv) {
	if (argc > 1 && strcmp(argv[1], "status") == 0)
		return become_tool(argv);
	enum { CONFIG = 1000, SOCKET, MODE, WORKER, PRIVATE, DEBUG, HELP, VERSION };
	static const struct option table[] = {
		{"config", required_argument, NULL, CONFIG},
		{"socket", required_argument, NULL, SOCKET},
		{"mode", required_argument, NULL, MODE},
		{"worker", required_argument, NULL, WORKER},
		{"private", no_argument, NULL, PRIVATE},
		{"debug", no_argument, NULL, DEBUG},
		{"help", no_argument, NULL, HELP},
		{"version", no_argument, NULL, VERSION},
		{NULL, 0, NULL, 0},
	};
	static struct vc_cl_broker broker = {.worker_path = VC_CL_WORKER_PATH};
	const char *config = NULL, *path = VC_CL_SOCKET;
	char *end = NULL;
	unsigned long mode = 0660;
	bool private = false;
	int c;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == CONFIG) {
			config = optarg;
		} else if (c == SOCKET) {
			path = optarg;
		} else if (c == MODE) {
			mode = strtoul(optarg, &end, 8);
			if (*optarg == '\0' || *end != '\0' || mode > 0777) {
				fprintf(stderr, "vcockpit-cld: --mode %s: use an octal file mode such as 0660\n",
					optarg);
				return 2;
			}
		} else if (c == WORKER) {
			broker.worker_path = optarg;
		} else if (c == PRIVATE) {
			private = true;
		} else if (c == DEBUG) {
			broker.debug = true;
		} else if (c == HELP) {
			print_help();
			return 0;
		} else if (c == VERSION) {
			puts("vcockpit-cld " VC_VERSION);
			return 0;
		} else {
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "vcockpit-cld: unexpected argument \"%s\"; see --help\n", argv[optind]);
		return 2;
	}
	vc_log_init("vcockpit-cld", broker.debug);
	broker.listener = given_socket();
	if (!set_up(&broker, config, private)) {
		if (broker.listener >= 0)
			vc_cl_refuse_waiting(broker.listener, broker.config.hello_ms);
		return 2;
	}
	if (broker.listener < 0)
		broker.listener = open_socket(path, (mode_t)mode);
	return broker.listener < 0 ? 1 : vc_cl_broker_run(&broker);
}
