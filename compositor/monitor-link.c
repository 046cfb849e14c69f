/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor-link.h"

#include "clock.h"
#include "crc32.h"
#include "ipc.h"
#include "log.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* So many verdicts are taken between two ticks: one about each layer's frame and output, and signs of life. */
#define VERDICTS_PER_TICK (3 * VC_LAYERS_MAX)

static bool is_watched(const struct vc_layer *layer) {
	return layer->config->role == VC_ROLE_CLUSTER;
}

static void release(struct vc_monitor_link *link, unsigned i) {
	vc_content_unref(&link->watched[i].held);
	link->watched[i].frame.ticket = 0;
}

static void drop_monitor(struct vc_monitor_link *link, const char *why) {
	if (link->watch.fd < 0)
		return;
	vc_warn("the output monitor %d has gone: %s; nobody watches the cluster", (int)link->stats.pid, why);
	int fd = link->watch.fd;
	vc_loop_remove(link->loop, &link->watch);
	close(fd);
	link->watch.fd = -1;
	link->stats.connected = 0;
	link->stats.pid = 0;
	link->stats.lost++;
	for (unsigned i = 0; i < link->count; i++) {
		release(link, i);
		link->watched[i].capture.ticket = 0;
	}
}

/* A monitor that doesn't read is of no use. */
static bool send_to_monitor(struct vc_monitor_link *link, const void *message, size_t size, int fd) {
	int err = vc_ipc_send(link->watch.fd, message, size, &fd, fd >= 0 ? 1 : 0);
	if (err < 0)
		drop_monitor(link, err == -EAGAIN ? "it does not read" : strerror(-err));
	return err == 0;
}

static void judge(struct vc_monitor_link *link, unsigned i, int64_t now_ns) {
	struct vc_layer *layer = &link->layers[i];
	enum vc_layer_reason reason = vc_trust_judge(&link->watched[i].trust, &link->config->monitor.rules, now_ns);
	layer->distrusted = reason != VC_REASON_NONE;
	layer->distrust = reason;
	link->stats.distrusted &= ~(1u << i);
	link->stats.distrusted |= (uint32_t)layer->distrusted << i;
}

static void note_bad(struct vc_monitor_link *link, const struct vc_monitor_verdict *v, bool trusted, int64_t now_ns) {
	struct vc_control_monitor *s = &link->stats;
	s->bad_ns = now_ns;
	s->bad_layer = v->layer;
	s->bad_check = v->check;
	s->bad_finding = v->finding;
	s->bad_telltale = v->telltale;
	/* What follows a first bad verdict is not news. */
	if (trusted)
		vc_error("layer %s: the output monitor says that %s: frame %llu, telltale %u",
			 link->layers[v->layer].config->name,
			 vc_monitor_finding_words((enum vc_monitor_finding)v->finding), (unsigned long long)v->seq,
			 v->telltale);
}

/* Was it drawn by the connected source, or is it still seen? Of a source before that it's over once it is off the screen. No
 * source has drawn pictures without a frame. */
static bool is_current(const struct vc_layer *layer, uint32_t source) {
	const struct vc_content *screen = &layer->screen;
	return source == 0 || source == layer->source.number ||
	       (screen->kind == VC_CONTENT_FRAME && screen->frame.source == source);
}

/* Closes the question that @v answers, and returns when it was asked; 0: nobody asked that, or it's no longer of interest. */
static int64_t close_question(struct vc_monitor_link *link, const struct vc_monitor_verdict *v, int64_t now_ns) {
	struct vc_monitor_watched *w = &link->watched[v->layer];
	struct vc_monitor_question *q = v->check == VC_CHECK_SOURCE ? &w->frame : &w->capture;
	if (q->ticket == 0 || q->ticket != v->ticket || q->seq != v->seq || q->source != v->source)
		return 0;
	q->ticket = 0;
	if (!is_current(&link->layers[v->layer], q->source))
		return 0;
	const int64_t limit_ns = link->config->monitor.rules.output_max_ns;
	bool late = v->check == VC_CHECK_OUTPUT && limit_ns > 0 && now_ns - q->asked_ns >= limit_ns;
	return late ? 0 : q->asked_ns;
}

static void hear(struct vc_monitor_link *link, const struct vc_monitor_verdict *v, int64_t now_ns) {
	const struct vc_trust_rules *rules = &link->config->monitor.rules;
	struct vc_control_monitor *s = &link->stats;
	bool good = v->finding == VC_FOUND_GOOD;
	s->verdict_ns = now_ns;
	for (unsigned i = 0; i < link->count; i++)
		vc_trust_hear(&link->watched[i].trust, rules, VC_CHECK_NONE, true, now_ns);
	if (v->check == VC_CHECK_NONE)
		return;
	struct vc_monitor_watched *w = &link->watched[v->layer];
	int64_t asked_ns = close_question(link, v, now_ns);
	if (v->check == VC_CHECK_SOURCE && w->frame.ticket == 0)
		release(link, v->layer);
	if (asked_ns == 0) {
		s->stale++;
		return;
	}
	bool trusted = !link->layers[v->layer].distrusted;
	vc_trust_hear(&w->trust, rules, (enum vc_monitor_check)v->check, good, now_ns);
	judge(link, v->layer, now_ns);
	if (!good)
		note_bad(link, v, trusted, now_ns);
	if (v->check == VC_CHECK_OUTPUT) {
		w->output_ns = now_ns;
		s->output_checks++;
		s->output_bad += !good;
		return;
	}
	s->source_checks++;
	s->source_bad += !good;
	s->check_ns_sum += now_ns - asked_ns;
	if (now_ns - asked_ns > s->check_ns_max)
		s->check_ns_max = now_ns - asked_ns;
}

static const char *check_verdict(const struct vc_monitor_link *link, const struct vc_monitor_verdict *v, size_t size) {
	if (size != sizeof(*v) || v->type != VC_MONITOR_VERDICT)
		return "it sent something else than verdicts";
	if (v->crc != vc_monitor_verdict_crc(v))
		return "the CRC of its verdict is wrong";
	if (v->counter != link->counter + 1)
		return "a verdict is missing or came twice";
	if (v->check > VC_CHECK_OUTPUT || v->finding >= VC_FINDINGS || v->layer >= link->count)
		return "its verdict is out of range";
	if (v->check != VC_CHECK_NONE && !is_watched(&link->layers[v->layer]))
		return "its verdict is about a layer that it doesn't watch";
	return NULL;
}

static void on_verdict(void *data, uint32_t events) {
	struct vc_monitor_link *link = data;
	if (link->watch.paused && (events & (EPOLLHUP | EPOLLERR))) {
		drop_monitor(link, "it closed the connection");
		return;
	}
	for (; link->verdicts < VERDICTS_PER_TICK && link->watch.fd >= 0; link->verdicts++) {
		struct vc_monitor_verdict verdict;
		ssize_t got = vc_ipc_recv(link->watch.fd, &verdict, sizeof(verdict), NULL, NULL);
		if (got == -EAGAIN)
			return;
		const char *wrong = got > 0 ? check_verdict(link, &verdict, (size_t)got) : "it closed the connection";
		if (wrong) {
			drop_monitor(link, wrong);
			return;
		}
		link->counter++;
		hear(link, &verdict, vc_clock_now());
	}
	if (link->watch.fd < 0 || link->watch.paused)
		return;
	/* Until the next tick. */
	link->stats.throttled++;
	vc_loop_pause(link->loop, &link->watch, true);
}

static bool tell_layers(struct vc_monitor_link *link) {
	for (unsigned i = 0; i < link->count; i++) {
		const struct vc_config_layer *c = link->layers[i].config;
		if (!is_watched(&link->layers[i]))
			continue;
		struct vc_monitor_layer layer = {.type = VC_MONITOR_LAYER,
						 .layer = i,
						 .output = c->output,
						 .safe_image = c->fallback == VC_FALLBACK_IMAGE,
						 .x = c->rect.x,
						 .y = c->rect.y,
						 .width = c->rect.width,
						 .height = c->rect.height,
						 .hold_ns = c->hold_ns};
		memcpy(layer.name, c->name, sizeof(layer.name));
		if (!send_to_monitor(link, &layer, sizeof(layer), -1))
			return false;
	}
	return true;
}

const char *vc_monitor_link_adopt(struct vc_monitor_link *link, int sock, int64_t now_ns) {
	uid_t uid;
	gid_t gid;
	pid_t pid;
	if (!link->config->monitor.wanted)
		return "compositor.ini has no [monitor] section";
	if (vc_ipc_peer(sock, &uid, &gid, &pid) < 0 || uid != link->config->monitor.uid)
		return "[monitor] user in compositor.ini is another user";
	if (link->watch.fd >= 0)
		return "there is an output monitor already";
	link->watch = (struct vc_watch){.fd = sock, .urgency = VC_URGENT_CLUSTER, .ready = on_verdict, .data = link};
	if (vc_loop_add(link->loop, &link->watch) < 0) {
		link->watch.fd = -1;
		return "no room in the event loop";
	}
	link->counter = 0;
	link->stats.connected = 1;
	link->stats.pid = pid;
	for (unsigned i = 0; i < link->count; i++)
		memset(link->watched[i].told, 0, sizeof(link->watched[i].told));
	vc_info("the output monitor is process %d", (int)pid);
	(void)now_ns;
	tell_layers(link);
	return NULL;
}

void vc_monitor_link_captured(struct vc_monitor_link *link, unsigned output, const struct vc_control_captured *captured,
			      int64_t now_ns) {
	for (unsigned i = 0; i < link->count; i++)
		if (is_watched(&link->layers[i]) && link->layers[i].config->output == output)
			link->watched[i].capture = (struct vc_monitor_question){.ticket = captured->ticket,
										.seq = captured->seq[i],
										.source = captured->source[i],
										.asked_ns = now_ns};
}

static bool tell_buffer(struct vc_monitor_link *link, unsigned i, const struct vc_buffer *buffer) {
	const unsigned at = (unsigned)(buffer - link->layers[i].buffer);
	if (link->watched[i].told[at] == buffer->serial)
		return true;
	const struct vc_monitor_buffer message = {.type = VC_MONITOR_BUFFER,
						  .layer = i,
						  .buffer = at,
						  .width = buffer->width,
						  .height = buffer->height,
						  .stride = buffer->stride,
						  .fourcc = buffer->fourcc,
						  .offset = buffer->offset};
	/* Without a view the monitor finds the frame unreadable, and says so. */
	if (!send_to_monitor(link, &message, sizeof(message), buffer->view))
		return false;
	link->watched[i].told[at] = buffer->serial;
	return true;
}

/* Gives @frame to the monitor, unless that is busy with another one. */
static void offer(struct vc_monitor_link *link, unsigned i, const struct vc_frame *frame, bool shown, int64_t now_ns) {
	struct vc_monitor_watched *w = &link->watched[i];
	if (w->held.kind == VC_CONTENT_FRAME) {
		if (w->held.frame.seq != frame->seq && w->skipped != frame->seq)
			link->stats.unchecked++;
		w->skipped = frame->seq;
		return;
	}
	const struct vc_buffer *buffer = frame->buffer;
	if (!tell_buffer(link, i, buffer))
		return;
	struct vc_monitor_frame message = {.type = VC_MONITOR_FRAME,
					   .layer = i,
					   .buffer = (uint32_t)(buffer - link->layers[i].buffer),
					   .shown = shown,
					   .x = frame->part.x,
					   .y = frame->part.y,
					   .declared = buffer->declared.size,
					   .seq = frame->seq,
					   .source = frame->source,
					   .ticket = ++link->ticket,
					   .kept_ns = shown ? w->kept_ns : 0};
	memcpy(message.declaration, buffer->declared.data, sizeof(message.declaration));
	if (!send_to_monitor(link, &message, sizeof(message), -1))
		return;
	w->held = (struct vc_content){.kind = VC_CONTENT_FRAME, .frame = *frame};
	w->held.frame.fence = -1;
	w->frame = (struct vc_monitor_question){message.ticket, frame->seq, frame->source, now_ns};
	vc_content_ref(&w->held);
}

/* While the safe picture shows instead of them, frames are checked all the same, and answered, so that their source goes on. */
static void pass_by(struct vc_monitor_link *link, unsigned i, int64_t now_ns) {
	struct vc_layer *layer = &link->layers[i];
	unsigned ready = layer->frames;
	while (ready > 0 && !layer->frame[ready - 1].ready)
		ready--;
	if (ready > 0 && link->watch.fd >= 0)
		offer(link, i, &layer->frame[ready - 1], false, now_ns);
	vc_layer_drop_frames(layer, ready);
}

/* Counts the vblanks at which @content stays because nothing else is there or on its way. Counted, not measured: when this
 * process sleeps too long, that's not the source's doing. */
static void count_kept(struct vc_monitor_watched *w, const struct vc_layer *layer, const struct vc_content *content) {
	const uint32_t mhz = layer->backend->refresh_mhz(layer->backend->data, layer);
	if (layer->in_flight || layer->frames > 0 || w->kept != content->frame.seq)
		w->kept_ns = 0;
	else if (mhz > 0)
		w->kept_ns += INT64_C(1000000000000) / mhz;
	w->kept = content->frame.seq;
}

static void watch_layer(struct vc_monitor_link *link, unsigned i, int64_t now_ns) {
	struct vc_layer *layer = &link->layers[i];
	struct vc_monitor_watched *w = &link->watched[i];
	judge(link, i, now_ns);
	if (w->held.kind == VC_CONTENT_FRAME && now_ns - w->frame.asked_ns >= link->config->monitor.rules.silent_ns)
		release(link, i);
	if (layer->policy.state == VC_STATE_FALLBACK && layer->distrusted) {
		pass_by(link, i, now_ns);
		return;
	}
	const struct vc_content *content = layer->in_flight ? &layer->next : &layer->screen;
	if (layer->policy.state != VC_STATE_LIVE || content->kind != VC_CONTENT_FRAME)
		return;
	count_kept(w, layer, content);
	if (link->watch.fd >= 0)
		offer(link, i, &content->frame, true, now_ns);
}

static void note_silence(struct vc_monitor_link *link, int64_t now_ns) {
	const struct vc_config_monitor *config = &link->config->monitor;
	int64_t sign_ns = link->watched[0].trust.sign_ns;
	bool silent = now_ns - sign_ns >= config->rules.silent_ns;
	if (silent == (link->stats.silent != 0))
		return;
	link->stats.silent = silent;
	if (!silent)
		vc_info("the output monitor speaks again");
	else
		vc_warn("the output monitor has been silent for %lld ms; after %lld ms %s",
			(long long)((now_ns - sign_ns) / VC_NS_PER_MS),
			(long long)(config->rules.lost_ns / VC_NS_PER_MS),
			config->rules.lost_safe ? "the safe picture comes" : "the cluster still goes on, unwatched");
}

void vc_monitor_link_judge(struct vc_monitor_link *link, int64_t now_ns) {
	for (unsigned i = 0; i < link->count; i++)
		if (link->config->monitor.wanted && is_watched(&link->layers[i]))
			judge(link, i, now_ns);
}

static void note_blindness(struct vc_monitor_link *link, int64_t now_ns) {
	const struct vc_trust_rules *rules = &link->config->monitor.rules;
	bool blind = false;
	int64_t oldest_ns = INT64_MAX;
	for (unsigned i = 0; i < link->count; i++) {
		const struct vc_monitor_watched *w = &link->watched[i];
		if (!is_watched(&link->layers[i]))
			continue;
		blind |= vc_trust_blind(&w->trust, rules, now_ns);
		if (w->output_ns < oldest_ns)
			oldest_ns = w->output_ns;
	}
	link->stats.output_ns = oldest_ns == INT64_MAX ? 0 : oldest_ns;
	if (blind == (link->stats.blind != 0))
		return;
	link->stats.blind = blind;
	if (!blind)
		vc_info("the output is checked again");
	else
		vc_warn("the output monitor has not checked the output for %lld ms; %s",
			(long long)(rules->output_max_ns / VC_NS_PER_MS),
			rules->lost_safe ? "the safe picture comes"
					 : "the cluster still goes on, its output unwatched");
}

void vc_monitor_link_tick(struct vc_monitor_link *link, int64_t now_ns) {
	if (!link->config->monitor.wanted)
		return;
	link->verdicts = 0;
	if (link->watch.fd >= 0 && link->watch.paused)
		vc_loop_pause(link->loop, &link->watch, false);
	note_silence(link, now_ns);
	note_blindness(link, now_ns);
	for (unsigned i = 0; i < link->count; i++)
		if (is_watched(&link->layers[i]))
			watch_layer(link, i, now_ns);
}

void vc_monitor_link_init(struct vc_monitor_link *link, const struct vc_config *config, struct vc_loop *loop,
			  struct vc_layer *layers, unsigned count, int64_t now_ns) {
	vc_crc32_init();
	*link = (struct vc_monitor_link){
		.config = config, .loop = loop, .watch = {.fd = -1}, .layers = layers, .count = count};
	link->stats.configured = config->monitor.wanted;
	for (unsigned i = 0; i < count; i++)
		vc_trust_init(&link->watched[i].trust, now_ns);
}
