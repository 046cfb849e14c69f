/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcockpit-viewer: shows a person what the arbitrated display puts out, where that display itself is invisible (vkms). A few
 * times a second it asks the compositor for a capture, as any tool may, and copies it to another card's screen. It never
 * opens the compositor's card, and runs at low priority: captures and copies cost CPU time that the cluster comes first for.
 *
 * The loop: connect, choose and light the visible card once, then capture, copy, show, sleep. When the compositor goes away the
 * last picture stays, as it does on the arbitrated display, and the viewer tries again each second.
 */
#include "blit.h"
#include "cards.h"
#include "clock.h"
#include "log.h"
#include "screen.h"

#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define RETRY_NS VC_NS_PER_S
#define NICE 10

struct viewer {
	const char *socket, *card, *output; /* NULL: the default, the first */
	int64_t period_ns;
	bool once;
	int signals; /* signalfd: SIGTERM, SIGINT */
	struct vc_control_client client;
	uint32_t output_index;
	struct vc_screen screen;
	uint32_t width, height; /* of the pictures that the buffers' black borders fit */
	unsigned stale;         /* bit i: buffer i holds other borders */
	char said[VC_CONTROL_WHY_MAX];
};

enum step { STEP_GOOD, STEP_RETRY, STEP_FATAL };

static const char help[] =
	"Usage: vcockpit-viewer [--card DRIVER|PATH] [--rate HZ] [--output NAME] [--once] [--socket PATH]\n"
	"\n"
	"Copies what the compositor's display really puts out to a second card's screen, for people.\n"
	"\n"
	"  --card DRIVER|PATH  the visible card, such as virtio_gpu, bochs or /dev/dri/card1; if not given, the\n"
	"                      first with connectors that is neither the compositor's nor vkms\n"
	"  --rate HZ           pictures a second, 0.1 to 30 (2); each costs CPU time\n"
	"  --output NAME       as in compositor.ini; the first if not given\n"
	"  --once              shows one picture, leaves it on the screen and ends\n"
	"  --socket PATH       the compositor's control socket (" VC_CONTROL_SOCKET ")\n"
	"  --help, --version\n";

/* Tells the journal and systemctl what is going on, once for each change. */
static void say(struct viewer *viewer, enum vc_log_level level, const char *text) {
	if (strncmp(viewer->said, text, sizeof(viewer->said) - 1) == 0)
		return;
	snprintf(viewer->said, sizeof(viewer->said), "%s", text);
	vc_log(level, "%s", text);
	sd_notifyf(0, "STATUS=%s", text);
}

/* Sleeps until @until_ns. Returns false when a signal asks to end. */
static bool sleep_until(const struct viewer *viewer, int64_t until_ns) {
	for (;;) {
		int64_t left_ns = until_ns - vc_clock_now();
		/* A second at most, so that the watchdog is fed. */
		int64_t wait_ns = left_ns > VC_NS_PER_S ? VC_NS_PER_S : left_ns > 0 ? left_ns : 0;
		struct pollfd p = {.fd = viewer->signals, .events = POLLIN};
		struct timespec wait = vc_clock_timespec(wait_ns);
		if (ppoll(&p, 1, &wait, NULL) > 0)
			return false;
		sd_notify(0, "WATCHDOG=1");
		if (left_ns <= wait_ns)
			return true;
	}
}

/* Finds the output to copy in @status. */
static enum step choose_output(struct viewer *viewer, const struct vc_control_status *status) {
	for (uint32_t i = 0; i < status->outputs; i++) {
		if (viewer->output && strcmp(viewer->output, status->output[i].name) != 0)
			continue;
		viewer->output_index = i;
		return STEP_GOOD;
	}
	char text[VC_CONTROL_WHY_MAX];
	snprintf(text, sizeof(text), "the compositor has no output '%.64s': 'vcockpit status' lists them",
		 viewer->output ? viewer->output : "");
	say(viewer, VC_LOG_ERROR, text);
	return STEP_FATAL;
}

/* Chooses and opens the visible card. */
static enum step open_screen(struct viewer *viewer, const struct vc_control_status *status) {
	char why[VC_CONTROL_WHY_MAX];
	dev_t taken[VC_CONTROL_OUTPUTS_MAX];
	size_t taken_count;
	struct vc_visible_card cards[VC_CARDS_MAX];
	const struct vc_visible_card *card = NULL;
	const struct vc_control_output *output = &status->output[viewer->output_index];
	if (vc_cards_taken(status, taken, &taken_count, why, sizeof(why))) {
		size_t count = vc_cards_list("/sys/class/drm", cards, VC_CARDS_MAX);
		card = vc_cards_choose(cards, count, viewer->card, taken, taken_count, why, sizeof(why));
	}
	if (!card || !vc_screen_open(&viewer->screen, card->path, output->width, output->height, why, sizeof(why))) {
		say(viewer, VC_LOG_ERROR, why);
		return STEP_FATAL;
	}
	vc_info("output %s (%ux%u) is copied to %s (%s), %s", output->name, output->width, output->height, card->path,
		card->driver, viewer->screen.mode.name);
	return STEP_GOOD;
}

static enum step connect_compositor(struct viewer *viewer) {
	if (viewer->client.sock >= 0)
		return STEP_GOOD;
	struct vc_control_status status;
	if (vc_control_connect(&viewer->client, viewer->socket, VC_CONTROL_TIMEOUT_MS) < 0 ||
	    vc_control_get_status(&viewer->client, &status) < 0) {
		say(viewer, VC_LOG_WARNING, viewer->client.why);
		return STEP_RETRY;
	}
	enum step step = choose_output(viewer, &status);
	if (step == STEP_GOOD && viewer->screen.fd < 0)
		step = open_screen(viewer, &status);
	return step;
}

/* Draws @picture into the back buffer, whose borders are made black if they need it. */
static bool draw(struct viewer *viewer, const struct vc_control_picture *picture) {
	pixman_image_t *back = vc_screen_back(&viewer->screen);
	if (viewer->width != picture->info.width || viewer->height != picture->info.height) {
		viewer->width = picture->info.width;
		viewer->height = picture->info.height;
		viewer->stale = 3;
	}
	unsigned bit = 1u << viewer->screen.back;
	if (viewer->stale & bit) {
		vc_blit_clear(back);
		viewer->stale &= ~bit;
	}
	struct vc_fit fit = vc_fit_picture(viewer->width, viewer->height, viewer->screen.mode.hdisplay,
					   viewer->screen.mode.vdisplay);
	return vc_blit(picture, back, &fit);
}

static enum step show_picture(struct viewer *viewer) {
	struct vc_control_picture picture;
	if (vc_control_capture(&viewer->client, viewer->output_index, &picture) < 0) {
		say(viewer, VC_LOG_WARNING, viewer->client.why);
		return STEP_RETRY;
	}
	bool drawn = draw(viewer, &picture);
	vc_control_release(&viewer->client, &picture);
	if (!drawn) {
		say(viewer, VC_LOG_ERROR, "not enough memory to draw the picture");
		return STEP_RETRY;
	}
	int err = vc_screen_show(&viewer->screen);
	if (err < 0) {
		char text[VC_CONTROL_WHY_MAX];
		snprintf(text, sizeof(text), "the visible screen doesn't take the picture: %s", strerror(-err));
		say(viewer, VC_LOG_WARNING, text);
		return STEP_RETRY;
	}
	say(viewer, VC_LOG_INFO, "pictures show");
	return STEP_GOOD;
}

/* Returns an exit code. */
static int run(struct viewer *viewer) {
	int64_t next_ns = vc_clock_now();
	for (;;) {
		enum step step = connect_compositor(viewer);
		if (step == STEP_GOOD)
			step = show_picture(viewer);
		if (viewer->once || step == STEP_FATAL)
			return step == STEP_GOOD ? 0 : 1;
		/* Pictures that take longer than a period delay the next ones; they don't pile up. */
		int64_t now_ns = vc_clock_now();
		next_ns += viewer->period_ns;
		if (next_ns < now_ns)
			next_ns = now_ns;
		if (step == STEP_RETRY && next_ns < now_ns + RETRY_NS)
			next_ns = now_ns + RETRY_NS;
		if (!sleep_until(viewer, next_ns))
			return 0;
	}
}

static bool parse_rate(const char *text, int64_t *period_ns) {
	char *end;
	double rate = strtod(text, &end);
	if (end == text || *end != '\0' || !(rate >= 0.1 && rate <= 30)) {
		vc_error("--rate %s: give pictures a second, 0.1 to 30", text);
		return false;
	}
	*period_ns = (int64_t)((double)VC_NS_PER_S / rate);
	return true;
}

/* Returns -1 to go on, or an exit code. */
static int parse_options(struct viewer *viewer, int argc, char **argv) {
	static const struct option options[] = {
		{"card", required_argument, NULL, 'c'},   {"rate", required_argument, NULL, 'r'},
		{"output", required_argument, NULL, 'o'}, {"once", no_argument, NULL, '1'},
		{"socket", required_argument, NULL, 's'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},      {NULL, 0, NULL, 0},
	};
	int c;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			viewer->card = optarg;
			break;
		case 'r':
			if (!parse_rate(optarg, &viewer->period_ns))
				return 2;
			break;
		case 'o':
			viewer->output = optarg;
			break;
		case '1':
			viewer->once = true;
			break;
		case 's':
			viewer->socket = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			puts("vcockpit-viewer " VC_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if (optind < argc) {
		vc_error("unexpected argument '%s': see --help", argv[optind]);
		return 2;
	}
	return -1;
}

int main(int argc, char **argv) {
	vc_log_init("vcockpit-viewer", 0);
	struct viewer viewer = {.period_ns = VC_NS_PER_S / 2, .client.sock = -1, .screen.fd = -1};
	int code = parse_options(&viewer, argc, argv);
	if (code >= 0)
		return code;
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	viewer.signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (viewer.signals < 0) {
		vc_error("signalfd: %s", strerror(errno));
		return 1;
	}
	if (getpriority(PRIO_PROCESS, 0) < NICE)
		setpriority(PRIO_PROCESS, 0, NICE);
	sd_notify(0, "READY=1\nSTATUS=looking for the compositor");
	code = run(&viewer);
	sd_notify(0, "STOPPING=1");
	vc_screen_close(&viewer.screen, viewer.once && code == 0);
	vc_control_disconnect(&viewer.client);
	close(viewer.signals);
	return code;
}
