/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcockpit-monitor checks what the driver is shown. The cluster declares with each frame which telltales it drew (declaration.h);
 * this process looks at the pixels of that very frame, and from time to time at what the display controller puts out, and
 * compares both with the declaration and with references that were made when the cluster was built. The compositor hears the
 * verdict, and shows the safe picture if it is bad.
 *
 * It draws nothing, owns no display, and is waited for by nobody. If it dies, the compositor says so in its status and goes on
 * as its config says; systemd starts it again.
 */
#include "crc32.h"
#include "log.h"
#include "monitor.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { EXIT_RUNTIME = 1, EXIT_CONFIG = 2 };

static const char help[] =
	"usage: vcockpit-monitor [--config FILE] [--output-ms MS] [--check] [--debug]\n"
	"\n"
	"Checks that the display shows what the instrument cluster declares, and tells the compositor.\n"
	"\n"
	"  --config FILE    default " VC_MONITOR_CONFIG "\n"
	"  --output-ms MS   how often to check what the display controller puts out; 0: never\n"
	"  --check          only check the config\n"
	"  --debug          log more\n"
	"  --help, --version\n"
	"\n"
	"Exit codes: 0 stopped by a signal or config good, 1 the machine failed, 2 usage, config or references are "
	"wrong.\n"
	"See vcockpit-monitor(8) and vcockpit-monitor.ini(5).\n";

struct options {
	const char *config, *output_ms;
	bool check, debug;
};

/* Returns an exit code, or -1 to go on. */
static int parse_options(int argc, char **argv, struct options *o) {
	enum { CONFIG, OUTPUT_MS, CHECK, DEBUG, HELP, VERSION };
	static const struct option known[] = {
		{"config", required_argument, NULL, CONFIG},
		{"output-ms", required_argument, NULL, OUTPUT_MS},
		{"check", no_argument, NULL, CHECK},
		{"debug", no_argument, NULL, DEBUG},
		{"help", no_argument, NULL, HELP},
		{"version", no_argument, NULL, VERSION},
		{0},
	};
	for (int c; (c = getopt_long(argc, argv, "", known, NULL)) >= 0;)
		switch (c) {
		case CONFIG:
			o->config = optarg;
			break;
		case OUTPUT_MS:
			o->output_ms = optarg;
			break;
		case CHECK:
			o->check = true;
			break;
		case DEBUG:
			o->debug = true;
			break;
		case HELP:
			fputs(help, stdout);
			return 0;
		case VERSION:
			puts("vcockpit-monitor " VC_VERSION);
			return 0;
		default:
			return EXIT_CONFIG; /* getopt has said why */
		}
	if (optind == argc)
		return -1;
	fprintf(stderr, "vcockpit-monitor: unexpected argument %s; see vcockpit-monitor --help\n", argv[optind]);
	return EXIT_CONFIG;
}

static void become_real_time(int64_t priority) {
	if (mlockall(MCL_CURRENT | MCL_FUTURE) < 0)
		vc_warn("memory can't be locked: %s; raise LimitMEMLOCK=", strerror(errno));
	const struct sched_param param = {.sched_priority = (int)priority};
	if (priority > 0 && sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) < 0)
		vc_warn("no real-time priority: %s; raise LimitRTPRIO= to %d, or set priority = 0", strerror(errno),
			(int)priority);
}

static int run(const struct vc_monitor_config *config) {
	static struct vc_monitor monitor;
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	int stop_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	/* The other thread is there before this one becomes real time: it stays an ordinary one. */
	if (stop_fd < 0 || !vc_monitor_init(&monitor, config, stop_fd))
		return EXIT_RUNTIME;
	become_real_time(config->priority);
	vc_notify_send(&monitor.notify, "READY=1\nSTATUS=Watching");
	enum vc_monitor_round round;
	do
		round = vc_monitor_run(&monitor);
	while (round == VC_MONITOR_GOES_ON);
	vc_notify_send(&monitor.notify, "STOPPING=1");
	vc_monitor_finish(&monitor);
	close(stop_fd);
	return round == VC_MONITOR_MISCONFIGURED ? EXIT_CONFIG : 0;
}

int main(int argc, char **argv) {
	struct options o = {.config = VC_MONITOR_CONFIG};
	int code = parse_options(argc, argv, &o);
	if (code >= 0)
		return code;
	vc_log_init("vcockpit-monitor", o.debug);
	vc_crc32_init();
	static struct vc_monitor_config config;
	char error[512];
	if (!vc_monitor_config_read(&config, o.config, error, sizeof(error))) {
		vc_error("%s", error);
		return EXIT_CONFIG;
	}
	const char *wrong = o.output_ms ? vc_monitor_config_set(&config, "output_ms", o.output_ms) : NULL;
	if (wrong) {
		vc_error("--output-ms %s: %s", o.output_ms, wrong);
		return EXIT_CONFIG;
	}
	if (o.check) {
		puts("config is good");
		return 0;
	}
	return run(&config);
}
