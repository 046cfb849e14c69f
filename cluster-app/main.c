/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcockpit-cluster draws the instrument cluster.
 *
 * One process, one thread. It reads the car's messages from a SocketCAN interface, checks them end to end (e2e.c), turns
 * them into needle positions, characters and lamps (instruments.c), draws what has changed since a buffer was last shown
 * (scene.c), and hands the buffer to the compositor (link.c), once for every frame that the compositor shows. It trusts the
 * compositor, and nothing that comes over CAN. If the compositor goes, it waits for the next one; if the CAN messages go, it
 * shows so. Everything that allocates happens before vc_cluster_start() returns.
 */
#include "cluster.h"
#include "conf.h"
#include "log.h"
#include "render.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define EXIT_USAGE 2

static const char help[] =
	"usage: vcockpit-cluster [--config FILE]\n"
	"       vcockpit-cluster --stats [--json] [--since NS] [--until NS] [--config FILE]\n"
	"       vcockpit-cluster --render FILE.png [--size WxH] [--demo-state STATE]\n"
	"       vcockpit-cluster --render-safe FILE.png | --references FILE [--size WxH]\n"
	"\n"
	"Draws the instrument cluster from CAN messages and hands it to vcockpit-compositor.\n"
	"\n"
	"  --config FILE       default " VC_CLUSTER_CONFIG "\n"
	"  --check             only check the config\n"
	"  --stats             print what the running cluster tells about itself\n"
	"  --json              the same as JSON\n"
	"  --since NS, --until NS  latencies of pictures shown in this time, CLOCK_MONOTONIC (all that are kept)\n"
	"  --render FILE.png   draw one picture without car and compositor\n"
	"  --render-safe FILE.png  draw the safe picture, which the compositor shows instead of a wrong one\n"
	"  --references FILE   write what each telltale looks like, for vcockpit-monitor\n"
	"  --size WxH          its size in pixels, default 960x720\n"
	"  --demo-state STATE  drive (default), night-motorway, sport, warning, start, parked, partial, lost\n"
	"  --debug             log more\n"
	"  --help, --version\n";

struct options {
	const char *config, *render, *safe, *references, *state;
	int width, height;
	int64_t since_ns, until_ns;
	bool stats, json, check, debug;
};

static bool parse_size(const char *text, int *width, int *height) {
	char rest;
	return sscanf(text, "%4dx%4d%c", width, height, &rest) == 2 && *width > 0 && *height > 0 &&
	       *width <= VC_DISPLAY_SIZE_MAX && *height <= VC_DISPLAY_SIZE_MAX;
}

static bool parse_time(const char *text, int64_t *ns) {
	return vc_conf_int(text, 0, INT64_MAX, ns) == NULL;
}

static int usage_error(const char *what, const char *value) {
	fprintf(stderr, "vcockpit-cluster: %s%s%s; see vcockpit-cluster --help\n", what, value ? ": " : "",
		value ? value : "");
	return EXIT_USAGE;
}

/* Returns an exit code, or -1 to go on. */
static int parse_options(int argc, char **argv, struct options *o) {
	enum { CONFIG, CHECK, STATS, JSON, SINCE, UNTIL, RENDER, SAFE, REFERENCES, SIZE, STATE, DEBUG, HELP, VERSION };
	static const struct option known[] = {
		{"config", required_argument, NULL, CONFIG},
		{"check", no_argument, NULL, CHECK},
		{"stats", no_argument, NULL, STATS},
		{"json", no_argument, NULL, JSON},
		{"since", required_argument, NULL, SINCE},
		{"until", required_argument, NULL, UNTIL},
		{"render", required_argument, NULL, RENDER},
		{"render-safe", required_argument, NULL, SAFE},
		{"references", required_argument, NULL, REFERENCES},
		{"size", required_argument, NULL, SIZE},
		{"demo-state", required_argument, NULL, STATE},
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
		case CHECK:
			o->check = true;
			break;
		case STATS:
			o->stats = true;
			break;
		case JSON:
			o->json = true;
			break;
		case SINCE:
		case UNTIL:
			if (!parse_time(optarg, c == SINCE ? &o->since_ns : &o->until_ns))
				return usage_error("--since and --until want nanoseconds of CLOCK_MONOTONIC", optarg);
			break;
		case RENDER:
			o->render = optarg;
			break;
		case SAFE:
			o->safe = optarg;
			break;
		case REFERENCES:
			o->references = optarg;
			break;
		case SIZE:
			if (!parse_size(optarg, &o->width, &o->height))
				return usage_error("--size wants WIDTHxHEIGHT in pixels, such as 960x720", optarg);
			break;
		case STATE:
			o->state = optarg;
			break;
		case DEBUG:
			o->debug = true;
			break;
		case HELP:
			fputs(help, stdout);
			return 0;
		case VERSION:
			puts("vcockpit-cluster " VC_VERSION);
			return 0;
		default:
			return EXIT_USAGE; /* getopt has said why */
		}
	if (optind < argc)
		return usage_error("no argument expected here", argv[optind]);
	if ((o->json || o->since_ns > 0 || o->until_ns < INT64_MAX) && !o->stats)
		return usage_error("--json, --since and --until go with --stats", NULL);
	return -1;
}

static int draw_once(const struct options *o, const struct vc_config *config) {
	if (o->safe)
		return vc_render_safe(o->safe, o->width, o->height, config->fonts);
	if (o->references)
		return vc_render_references(o->references, o->width, o->height, config->fonts);
	return vc_render_state(o->render, o->state, o->width, o->height, config->fonts);
}

static int run(const struct vc_config *config) {
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	int stop_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	static struct vc_cluster cluster;
	if (stop_fd < 0 || !vc_cluster_init(&cluster, config, stop_fd))
		return 1;
	if (vc_cluster_start(&cluster))
		while (vc_cluster_round(&cluster))
			;
	struct signalfd_siginfo info;
	bool told = read(stop_fd, &info, sizeof(info)) == (ssize_t)sizeof(info);
	vc_notify_send(&cluster.notify, "STOPPING=1");
	vc_cluster_finish(&cluster);
	close(stop_fd);
	return told ? 0 : 1;
}

int main(int argc, char **argv) {
	struct options o = {.state = "drive", .width = 960, .height = 720, .until_ns = INT64_MAX};
	int code = parse_options(argc, argv, &o);
	if (code >= 0)
		return code;
	vc_log_init("vcockpit-cluster", o.debug);
	static struct vc_config config;
	char error[512];
	vc_config_defaults(&config);
	/* Pictures and figures don't need a config; a running cluster does. */
	bool drawn = o.render || o.safe || o.references, needed = !drawn && !o.stats;
	if ((needed || o.config) &&
	    !vc_config_read(&config, o.config ? o.config : VC_CLUSTER_CONFIG, error, sizeof(error))) {
		vc_error("%s", error);
		return EXIT_USAGE;
	}
	if (o.check) {
		puts("config is good");
		return 0;
	}
	if (o.stats)
		return vc_stats_print(config.stats, o.json, o.since_ns, o.until_ns);
	return drawn ? draw_once(&o, &config) : run(&config);
}
