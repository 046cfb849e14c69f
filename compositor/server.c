/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>
#include <xf86drm.h>

static struct vc_output *output_of(struct vc_server *s, const struct vc_layer *layer) {
	return &s->output[layer->config->output];
}

static void start_job(struct vc_server *s, struct vc_buffer *buffer) {
	buffer->job.card = output_of(s, buffer->layer)->kms.card->fd;
	buffer->job.import = &buffer->import;
	buffer->job.owner = buffer;
	vc_importer_submit(buffer->layer->importer, &buffer->job);
}

static void import_buffer(void *data, struct vc_buffer *buffer, const struct vc_display_buffer_add *add, int fd) {
	struct vc_server *s = data;
	buffer->job = (struct vc_import_job){.task = VC_IMPORT_CREATE,
					     .ways = vc_output_import_ways(output_of(s, buffer->layer), buffer->layer),
					     .scaled = buffer->layer->config->scale != VC_SCALE_NONE,
					     .fd = fd,
					     .add = *add};
	start_job(s, buffer);
}

static void drop_buffer(void *data, struct vc_buffer *buffer) {
	buffer->job = (struct vc_import_job){.task = VC_IMPORT_DESTROY, .fd = -1};
	start_job(data, buffer);
}

/* Whether the plane would show it is tried here: TEST_ONLY takes some 30 us, but it takes the CRTC's locks, which a thread
 * without real-time priority must not hold when a commit is due. */
static void import_finished(void *data, struct vc_import_job *job) {
	struct vc_buffer *buffer = job->owner;
	if (job->task == VC_IMPORT_DESTROY) {
		vc_layer_buffer_dropped(buffer);
		return;
	}
	if (job->error == VC_IMPORT_CHANGED)
		vc_layer_note_error(buffer->layer, vc_clock_now());
	if (job->error == 0 && buffer->id != VC_BUFFER_NO_ID)
		job->error = vc_output_admit(output_of(data, buffer->layer), buffer, job->why);
	vc_layer_buffer_imported(buffer, job->error, job->why);
}

static int start_importers(struct vc_server *s) {
	int udmabuf = open("/dev/udmabuf", O_RDWR | O_CLOEXEC);
	if (udmabuf < 0)
		vc_warn("/dev/udmabuf: %s: sources can't show memfds, only dma-bufs", strerror(errno));
	int err = 0;
	for (unsigned i = 0; i < VC_IMPORTERS && err == 0; i++) {
		const struct vc_config *c = s->config;
		bool cluster = i < c->layers && c->layer[i].role == VC_ROLE_CLUSTER;
		if (i < c->layers || i >= VC_LAYERS_MAX)
			err = vc_importer_init(&s->importer[i], &s->loop, cluster ? VC_URGENT_CLUSTER : VC_URGENT_REST,
					       udmabuf, import_finished, s);
	}
	return err;
}

static int64_t layer_deadline(void *data, const struct vc_layer *layer) {
	return vc_output_deadline(output_of(data, layer));
}

static uint32_t layer_refresh(void *data, const struct vc_layer *layer) {
	return output_of(data, layer)->stats.refresh_mhz;
}

static void flipped(struct vc_server *s, const struct drm_event_vblank *flip) {
	int64_t vblank_ns = flip->tv_sec * VC_NS_PER_S + flip->tv_usec * INT64_C(1000);
	for (unsigned i = 0; i < s->config->outputs; i++)
		if (vc_output_flipped(&s->output[i], flip->user_data, vblank_ns))
			return;
	vc_debug("a flip event of a compositor before this one");
}

/* Flip events of a card. drm(7): several struct drm_event in one read. */
static void on_flips(void *data, uint32_t events) {
	struct vc_server_card *card = data;
	(void)events;
	char buffer[1024];
	ssize_t got = read(card->card.fd, buffer, sizeof(buffer));
	for (ssize_t at = 0; at + (ssize_t)sizeof(struct drm_event) <= got;) {
		struct drm_event event;
		memcpy(&event, buffer + at, sizeof(event));
		if (event.length < sizeof(event) || at + (ssize_t)event.length > got)
			return;
		if (event.type == DRM_EVENT_FLIP_COMPLETE && event.length >= sizeof(struct drm_event_vblank)) {
			struct drm_event_vblank flip;
			memcpy(&flip, buffer + at, sizeof(flip));
			flipped(card->server, &flip);
		}
		at += event.length;
	}
}

static void after_tick(void *data, int64_t now_ns) {
	struct vc_server *s = data;
	vc_monitor_link_tick(&s->monitor, now_ns);
	vc_memo_keep(&s->memo, &s->monitor);
	vc_clients_check(&s->clients, now_ns);
	vc_control_check(&s->control, now_ns);
	vc_notify_alive(&s->notify, now_ns);
}

static void on_signal(void *data, uint32_t events) {
	struct vc_server *s = data;
	(void)events;
	struct signalfd_siginfo info;
	if (read(s->signals.fd, &info, sizeof(info)) == sizeof(info))
		s->loop.quit = true;
}

static struct vc_card *find_card(struct vc_server *s, unsigned output, struct vc_store *store,
				 struct vc_kms_error *error) {
	const char *wish = s->config->output[output].card;
	char name[VC_STORE_NAME_MAX];
	for (unsigned i = 0; i < s->cards; i++)
		if (vc_card_matches(&s->card[i].card, wish))
			return &s->card[i].card;
	struct vc_server_card *c = &s->card[s->cards];
	snprintf(name, sizeof(name), "drm-%s", s->config->output[output].name);
	int stored = vc_store_take(store, name, NULL);
	if (stored >= 0 && (!vc_card_open(&c->card, wish, stored, error) || !vc_card_matches(&c->card, wish))) {
		vc_warn("output %s: the stored card is of no use: %s", s->config->output[output].name,
			c->card.fd < 0 ? error->text : "the config wants another one");
		if (c->card.fd >= 0)
			close(c->card.fd);
		vc_store_remove(name);
		stored = -1;
	}
	if (stored < 0 && !vc_card_open(&c->card, wish, -1, error))
		return NULL;
	if (stored < 0)
		vc_store_put(name, c->card.fd);
	c->server = s;
	/* Flip events are read when they are there. */
	fcntl(c->card.fd, F_SETFL, fcntl(c->card.fd, F_GETFL) | O_NONBLOCK);
	c->flips = (struct vc_watch){.fd = c->card.fd, .urgency = VC_URGENT_FLIP, .ready = on_flips, .data = c};
	s->cards++;
	return &c->card;
}

static bool fail_errno(struct vc_kms_error *error, const char *what, int err) {
	error->config = false;
	snprintf(error->text, sizeof(error->text), "%s: %s", what, strerror(-err));
	return false;
}

bool vc_server_init(struct vc_server *s, const struct vc_config *config, struct vc_store *store,
		    struct vc_kms_error *error) {
	*s = (struct vc_server){.config = config};
	int err = vc_loop_init(&s->loop);
	if (err < 0)
		return fail_errno(error, "event loop", err);
	err = start_importers(s);
	if (err < 0)
		return fail_errno(error, "importer", err);
	vc_notify_init(&s->notify);
	s->backend = (struct vc_layer_backend){.import = import_buffer,
					       .drop = drop_buffer,
					       .deadline_ns = layer_deadline,
					       .refresh_mhz = layer_refresh,
					       .data = s};
	for (unsigned i = 0; i < config->layers; i++)
		vc_layer_init(&s->layer[i], &config->layer[i], i, &s->backend, &s->importer[i]);
	for (unsigned i = 0; i < config->outputs; i++) {
		struct vc_card *card = find_card(s, i, store, error);
		if (!card || !vc_output_init(&s->output[i], config, i, card, store, s->layer, &s->loop, error))
			return false;
		s->output[i].after_tick = after_tick;
		s->output[i].data = s;
	}
	for (unsigned i = 0; i < s->cards; i++)
		vc_card_drop_old(&s->card[i].card);
	vc_memo_init(&s->memo, store);
	vc_store_drop_rest(store);
	return true;
}

static int watch_all(struct vc_server *s, const int display[VC_DOORS], int control) {
	sigset_t mask;
	sigemptyset(&mask);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGINT);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	int fd = signalfd(-1, &mask, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	s->signals = (struct vc_watch){.fd = fd, .urgency = VC_URGENT_REST, .ready = on_signal, .data = s};
	int err = vc_loop_add(&s->loop, &s->signals);
	if (err == 0)
		err = vc_clients_init(&s->clients, &s->loop, display, s->config, s->importer, s->layer,
				      s->config->layers);
	vc_monitor_link_init(&s->monitor, s->config, &s->loop, s->layer, s->config->layers, vc_clock_now());
	vc_memo_recall(&s->memo, &s->monitor, vc_clock_now());
	if (err == 0)
		err = vc_control_init(&s->control, &s->loop, control, s->config, s->output, s->layer, &s->monitor,
				      &s->importer[VC_IMPORTER_TOOLS], s->start_ns);
	for (unsigned i = 0; err == 0 && i < s->cards; i++)
		err = vc_loop_add(&s->loop, &s->card[i].flips);
	for (unsigned i = 0; err == 0 && i < s->config->outputs; i++)
		err = vc_output_start(&s->output[i]);
	return err;
}

int vc_server_run(struct vc_server *s, const int display[VC_DOORS], int control) {
	int err = watch_all(s, display, control);
	if (err == 0) {
		vc_notify_send(&s->notify, "READY=1\nSTATUS=Showing");
		err = vc_loop_run(&s->loop);
	}
	if (err < 0) {
		vc_error("event loop: %s", strerror(-err));
		return 1;
	}
	/* Whoever comes next finds the display as it is. */
	vc_notify_send(&s->notify, "STOPPING=1");
	vc_info("stopped; the picture stays as long as somebody holds the card");
	return 0;
}
