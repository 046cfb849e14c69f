/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A cluster that lies: it stands in for vcockpit-cluster, draws and declares with the same code, and after some honest frames
 * does one thing wrong. For tests of the output monitor. It has no car behind it, so whether what it declares is true of the
 * car is not its subject.
 *
 * Says on standard output when the first lie and the first honest frame after it went out: "lie SEQ NS", "honest SEQ NS"
 * (CLOCK_MONOTONIC).
 */
#include "clock.h"
#include "declare.h"
#include "link.h"
#include "log.h"
#include "states.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VICTIM VC_LAMP_BRAKE /* the telltale that is lied about */
enum { EXIT_USAGE = 2 };

static volatile sig_atomic_t stopped;

enum lie { HONEST, FROZEN, STILL, WRONG, MISSING, EXTRA, UNDECLARED, REPLAYED, GARBLED, CRC, PIXELS, LIES };

static const struct {
	const char *name, *what;
} lies[LIES] = {
	[HONEST] = {"honest", "no lie"},
	[FROZEN] = {"frozen", "new declarations with an old picture"},
	[STILL] = {"still", "no more frames, only signs of life"},
	[WRONG] = {"wrong", "the brake telltale declared off and drawn as unknown"},
	[MISSING] = {"missing", "declared on and drawn off"},
	[EXTRA] = {"extra", "declared off and drawn on"},
	[UNDECLARED] = {"undeclared", "frames without declarations"},
	[REPLAYED] = {"replayed", "the same declaration again and again"},
	[GARBLED] = {"garbled", "declarations with one bit flipped"},
	[CRC] = {"crc", "sound declarations with another CRC than the pixels'"},
	[PIXELS] = {"pixels", "a blot on a telltale after it was declared"},
};

struct liar {
	enum lie lie[LIES]; /* one after the other */
	unsigned lies, at;
	uint64_t after, lying; /* frames, before and of each lie */
	uint64_t frames;       /* since the last lie ended */
	struct vc_config config;
	struct vc_link link;
	struct vc_scene *scene;
	struct vc_picture picture;         /* the last honest one */
	struct vc_display_declare declare; /* of that */
};

static void print_help(void) {
	printf("usage: vcockpit-liar --lie LIE[,LIE…] [--after FRAMES] [--for FRAMES] [--socket PATH] [--layer "
	       "NAME]\n\n"
	       "Stands in for vcockpit-cluster and, after some honest frames, lies. Several lies come one after the "
	       "other,\n"
	       "each after as many honest frames. The lies:\n");
	for (int i = 0; i < LIES; i++)
		printf("  %-11s %s\n", lies[i].name, lies[i].what);
	printf("\n  --after FRAMES  honest frames before that (60)\n"
	       "  --for FRAMES    lying frames, then honest ones again (0: the first lie goes on until it is stopped)\n"
	       "  --socket PATH   the compositor's socket for the cluster (" VC_DISPLAY_CLUSTER_SOCKET ")\n"
	       "  --layer NAME    the layer (cluster)\n"
	       "  --help, --version\n");
}

static bool read_count(const char *text, uint64_t *count) {
	char *end;
	*count = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && *end == '\0';
}

static bool read_lies(struct liar *l, char *text) {
	for (char *name = strtok(text, ","); name; name = strtok(NULL, ",")) {
		enum lie lie = HONEST;
		while (lie < LIES && strcmp(lies[lie].name, name) != 0)
			lie++;
		if (lie == LIES || l->lies == LIES)
			return false;
		l->lie[l->lies++] = lie;
	}
	return true;
}

/* Returns an exit code, or -1 to go on. */
static int parse_options(struct liar *l, int argc, char **argv) {
	enum { LIE, AFTER, FOR, SOCKET, LAYER, HELP, VERSION };
	static const struct option known[] = {
		{"lie", required_argument, NULL, LIE},     {"after", required_argument, NULL, AFTER},
		{"for", required_argument, NULL, FOR},     {"socket", required_argument, NULL, SOCKET},
		{"layer", required_argument, NULL, LAYER}, {"help", no_argument, NULL, HELP},
		{"version", no_argument, NULL, VERSION},   {0},
	};
	bool good = true;
	for (int c; good && (c = getopt_long(argc, argv, "", known, NULL)) >= 0;)
		switch (c) {
		case LIE:
			good = read_lies(l, optarg);
			break;
		case AFTER:
			good = read_count(optarg, &l->after);
			break;
		case FOR:
			good = read_count(optarg, &l->lying);
			break;
		case SOCKET:
			snprintf(l->config.socket, sizeof(l->config.socket), "%s", optarg);
			break;
		case LAYER:
			snprintf(l->config.layer, sizeof(l->config.layer), "%s", optarg);
			break;
		case HELP:
			print_help();
			return 0;
		case VERSION:
			puts("vcockpit-liar " VC_VERSION);
			return 0;
		default:
			return EXIT_USAGE;
		}
	if (good && optind == argc)
		return -1;
	fprintf(stderr, "vcockpit-liar: bad argument; see vcockpit-liar --help\n");
	return EXIT_USAGE;
}

/* A drive in which something changes with each frame, and telltales now and then. */
static void next_picture(struct liar *l, uint64_t seq) {
	struct vc_picture *p = &l->picture;
	p->arc[VC_ARC_SPEED] = (int32_t)(l->frames * 37 % VC_ARC_FULL);
	p->lamp[VC_LAMP_TURN_LEFT] = l->frames / 12 % 2 ? VC_LAMP_ON : VC_LAMP_OFF;
	p->lamp[VC_LAMP_FUEL] = l->frames / 20 % 2 ? VC_LAMP_ON : VC_LAMP_OFF;
	p->counter = (uint32_t)seq;
}

/* What to do with the next frame. Goes on to the next lie when one is over. */
static enum lie now(struct liar *l) {
	if (l->lying > 0 && l->frames == l->after + l->lying && l->at < l->lies) {
		l->frames = 0;
		l->at++;
	}
	return l->at < l->lies && l->frames >= l->after ? l->lie[l->at] : HONEST;
}

static void say(struct liar *l, const char *word) {
	printf("%s %llu %lld\n", word, (unsigned long long)vc_link_seq(&l->link), (long long)vc_clock_now());
	fflush(stdout);
}

static void draw(struct liar *l, struct vc_link_buffer *buffer, const struct vc_picture *picture) {
	if (buffer->blank)
		vc_scene_draw_all(l->scene, &buffer->image, picture);
	else
		vc_scene_draw(l->scene, &buffer->image, &buffer->shown, picture);
	buffer->shown = *picture;
	buffer->blank = false;
}

static void change_crc(struct vc_display_declare *declare) {
	struct vc_declaration d;
	if (!vc_declaration_decode(&d, declare->data, declare->size))
		return;
	d.telltale[VICTIM].crc ^= 1;
	vc_declaration_encode(&d, declare->data);
}

static void blot(struct liar *l, struct vc_link_buffer *buffer) {
	struct vc_rect r = vc_scene_telltale(l->scene, VICTIM);
	for (int y = 0; y < r.height / 2; y++)
		for (int x = 0; x < r.width / 2; x++)
			vc_image_row(&buffer->image, r.y + y)[r.x + x] = 0xff00ffff;
	/* What the buffer shows is no picture any more. */
	buffer->blank = true;
}

/* Draws and declares a frame with @lie in it. Returns its declaration, NULL for none. */
static struct vc_display_declare *draw_lie(struct liar *l, enum lie lie, struct vc_link_buffer *buffer, uint64_t seq,
					   struct vc_display_declare *declare) {
	struct vc_picture drawn = l->picture, declared = l->picture;
	declared.lamp[VICTIM] = lie == MISSING ? VC_LAMP_ON : VC_LAMP_OFF;
	drawn.lamp[VICTIM] = lie == EXTRA ? VC_LAMP_ON : lie == WRONG ? VC_LAMP_UNKNOWN : VC_LAMP_OFF;
	if (lie != FROZEN)
		drawn.counter = (uint32_t)seq;
	draw(l, buffer, &drawn);
	vc_declare_frame(l->scene, &buffer->image, &declared, seq, declare);
	if (lie == UNDECLARED)
		return NULL;
	if (lie == REPLAYED) {
		*declare = l->declare;
		declare->seq = seq;
	} else if (lie == GARBLED) {
		declare->data[40] ^= 1;
	} else if (lie == CRC) {
		change_crc(declare);
	} else if (lie == PIXELS) {
		blot(l, buffer);
	}
	return declare;
}

static void frame(struct liar *l, enum lie lie, struct vc_link_buffer *buffer) {
	const uint64_t seq = vc_link_seq(&l->link);
	struct vc_display_declare declare, *sent = &declare;
	if (lie != HONEST) {
		sent = draw_lie(l, lie, buffer, seq, &declare);
	} else {
		next_picture(l, seq);
		draw(l, buffer, &l->picture);
		vc_declare_frame(l->scene, &buffer->image, &l->picture, seq, &declare);
		l->declare = declare;
	}
	if (lie != HONEST && l->frames == l->after)
		say(l, "lie");
	if (lie == HONEST && l->frames == 0 && l->at > 0)
		say(l, "honest");
	vc_link_present(&l->link, buffer, sent, vc_clock_now());
	l->frames++;
}

/* The lie of the one that presents nothing: counted in heartbeats of 20 ms. */
static void stand_still(struct liar *l) {
	if (l->frames == l->after)
		say(l, "lie");
	vc_display_heartbeat(&l->link.client, l->link.seq);
	poll(NULL, 0, 20);
	l->frames++;
}

static bool prepare(struct liar *l) {
	char why[256];
	if (l->scene)
		return true;
	l->scene = vc_scene_create(l->link.width, l->link.height, l->config.fonts, why, sizeof(why));
	if (!l->scene)
		vc_error("%s", why);
	return l->scene != NULL;
}

static void on_signal(int number) {
	(void)number;
	stopped = 1;
}

int main(int argc, char **argv) {
	static struct liar l = {.after = 60};
	vc_log_init("vcockpit-liar", false);
	vc_config_defaults(&l.config);
	int code = parse_options(&l, argc, argv);
	if (code >= 0)
		return code;
	const struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	vc_state_picture("drive", &l.picture);
	vc_link_init(&l.link, &l.config);
	while (!stopped) {
		struct pollfd p = {.fd = l.link.client.sock, .events = POLLIN};
		poll(&p, 1, 20);
		int64_t now_ns = vc_clock_now();
		if (l.link.state == VC_LINK_AWAY && vc_link_connect(&l.link, now_ns) && !prepare(&l))
			return 1;
		vc_link_dispatch(&l.link, now_ns);
		const enum lie lie = now(&l);
		if (lie == STILL && l.link.state == VC_LINK_RUNNING) {
			stand_still(&l);
			continue;
		}
		struct vc_link_buffer *buffer = vc_link_next(&l.link);
		if (buffer)
			frame(&l, lie, buffer);
		vc_link_heartbeat(&l.link, now_ns);
	}
	vc_link_finish(&l.link);
	vc_scene_destroy(l.scene);
	return 0;
}
