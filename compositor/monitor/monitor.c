/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor.h"

#include "clock.h"
#include "ipc.h"
#include "log.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MESSAGES_PER_TURN 16

union message {
	uint32_t type;
	struct vc_monitor_layer layer;
	struct vc_monitor_buffer buffer;
	struct vc_monitor_frame frame;
	struct vc_control_failed failed;
};

static void forget(struct vc_monitor_memory *memory) {
	if (memory->map)
		munmap((void *)(uintptr_t)memory->map, memory->size);
	*memory = (struct vc_monitor_memory){0};
}

static void disconnect(struct vc_monitor *m, const char *why) {
	if (m->sock >= 0)
		close(m->sock);
	m->sock = -1;
	m->retry_ns = vc_clock_now() + m->config->reconnect_ms * VC_NS_PER_MS;
	vc_watched_clear(&m->watched);
	for (unsigned i = 0; i < VC_CONTROL_LAYERS_MAX; i++) {
		for (unsigned k = 0; k < VC_MONITOR_BUFFERS_MAX; k++)
			forget(&m->source[i].memory[k]);
		m->source[i] = (struct vc_monitor_source){0};
	}
	if (strcmp(m->told, why) == 0)
		return;
	snprintf(m->told, sizeof(m->told), "%s", why);
	vc_warn("not watching: %s; trying on", why);
}

static void try_connect(struct vc_monitor *m) {
	const struct vc_control_request request = {.type = VC_CONTROL_MONITOR, .version = VC_CONTROL_VERSION};
	m->sock = vc_ipc_connect(m->config->socket);
	int err = m->sock < 0 ? m->sock : fcntl(m->sock, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
	if (err == 0)
		err = vc_ipc_send(m->sock, &request, sizeof(request), NULL, 0);
	m->counter = 0;
	m->sent_ns = vc_clock_now();
	if (err < 0)
		disconnect(m, strerror(-err));
}

static void send_verdict(struct vc_monitor *m, struct vc_monitor_verdict verdict) {
	verdict.type = VC_MONITOR_VERDICT;
	verdict.counter = ++m->counter;
	verdict.crc = vc_monitor_verdict_crc(&verdict);
	m->sent_ns = vc_clock_now();
	int err = vc_ipc_send(m->sock, &verdict, sizeof(verdict), NULL, 0);
	if (err < 0)
		disconnect(m, err == -EAGAIN ? "the compositor does not read" : "the compositor closed the connection");
}

/* Logs a finding when it is another one than the last. */
static void tell(struct vc_monitor *m, uint32_t layer, const char *what, enum vc_monitor_finding *told,
		 struct vc_check check, uint64_t seq) {
	const struct vc_watched_layer *l = &m->watched.layer[layer];
	if (*told == check.finding)
		return;
	*told = check.finding;
	bool about = check.finding >= VC_FOUND_MISSING && check.finding <= VC_FOUND_CRC;
	if (check.finding == VC_FOUND_GOOD)
		vc_info("layer %s, frame %llu: the %s is good again", l->info.name, (unsigned long long)seq, what);
	else
		vc_error("layer %s, frame %llu: the %s is wrong: %s%s%s", l->info.name, (unsigned long long)seq, what,
			 vc_monitor_finding_words(check.finding), about ? ": " : "",
			 about ? l->references.telltale[check.telltale].name : "");
}

/* Returns false if the config has no references for it. */
static bool on_layer(struct vc_monitor *m, const struct vc_monitor_layer *layer) {
	struct vc_references references;
	char path[160], why[320];
	if (layer->layer >= VC_CONTROL_LAYERS_MAX || layer->output >= VC_CONTROL_OUTPUTS_MAX ||
	    memchr(layer->name, '\0', sizeof(layer->name)) == NULL) {
		disconnect(m, "the compositor sent nonsense");
		return true;
	}
	snprintf(path, sizeof(path), "%s/%ux%u", m->config->references, layer->width, layer->height);
	if (!vc_references_read(&references, path, why, sizeof(why))) {
		vc_error("layer %s: %s", layer->name, why);
		return false;
	}
	if (references.width != layer->width || references.height != layer->height) {
		vc_error("layer %s: %s is for another size of zone", layer->name, path);
		return false;
	}
	vc_watched_add(&m->watched, layer, &references);
	m->told[0] = '\0';
	vc_info("watching layer %s, %ux%u, %u telltales", layer->name, layer->width, layer->height, references.count);
	return true;
}

/* What can't be mapped is found unreadable when a frame comes in it. */
static void on_buffer(struct vc_monitor *m, const struct vc_monitor_buffer *buffer, int fd) {
	if (buffer->layer >= VC_CONTROL_LAYERS_MAX || buffer->buffer >= VC_MONITOR_BUFFERS_MAX)
		return;
	struct vc_monitor_memory *memory = &m->source[buffer->layer].memory[buffer->buffer];
	forget(memory);
	memory->info = *buffer;
	off_t length = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
	uint64_t size = buffer->offset + (uint64_t)buffer->stride * buffer->height;
	bool sound = buffer->width <= VC_DISPLAY_SIZE_MAX && buffer->height <= VC_DISPLAY_SIZE_MAX &&
		     buffer->stride >= buffer->width * 4 && buffer->stride % 4 == 0 && buffer->offset % 4 == 0 &&
		     (buffer->fourcc == DRM_FORMAT_XRGB8888 || buffer->fourcc == DRM_FORMAT_ARGB8888);
	if (!sound || length < 0 || (uint64_t)length < size)
		return;
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, 0);
	if (map == MAP_FAILED)
		return;
	memory->map = map;
	memory->size = size;
}

static bool find_zone(struct vc_monitor *m, const struct vc_monitor_frame *frame, struct vc_pixels *zone) {
	const struct vc_monitor_memory *memory = &m->source[frame->layer].memory[frame->buffer];
	const struct vc_monitor_layer *layer = &m->watched.layer[frame->layer].info;
	if (!memory->map || frame->x > memory->info.width || layer->width > memory->info.width - frame->x ||
	    frame->y > memory->info.height || layer->height > memory->info.height - frame->y)
		return false;
	const void *first = (const uint8_t *)memory->map + memory->info.offset +
			    (size_t)memory->info.stride * frame->y + (size_t)4 * frame->x;
	*zone = (struct vc_pixels){
		.first = first, .stride = memory->info.stride / 4, .width = layer->width, .height = layer->height};
	return true;
}

static struct vc_check check_frame(struct vc_monitor *m, const struct vc_monitor_frame *frame) {
	struct vc_watched_layer *layer = &m->watched.layer[frame->layer];
	struct vc_declaration declaration;
	struct vc_pixels zone;
	struct vc_check check = {.finding = vc_check_declaration(&layer->references, frame->declaration,
								 frame->declared, frame->seq, &declaration)};
	if (check.finding != VC_FOUND_GOOD)
		return check;
	vc_watched_note(&m->watched, frame->layer, frame->source, frame->seq, &declaration);
	if (!find_zone(m, frame, &zone))
		return (struct vc_check){.finding = VC_FOUND_UNREADABLE};
	return vc_check_picture(&layer->references, &declaration, &zone);
}

static void on_frame(struct vc_monitor *m, const struct vc_monitor_frame *frame) {
	if (frame->layer >= VC_CONTROL_LAYERS_MAX || frame->buffer >= VC_MONITOR_BUFFERS_MAX ||
	    frame->declared > sizeof(frame->declaration) || !m->watched.layer[frame->layer].used) {
		disconnect(m, "the compositor sent nonsense");
		return;
	}
	struct vc_monitor_source *source = &m->source[frame->layer];
	struct vc_check check = check_frame(m, frame);
	if (check.finding == VC_FOUND_GOOD && frame->kept_ns >= m->watched.layer[frame->layer].info.hold_ns)
		check.finding = VC_FOUND_FROZEN;
	tell(m, frame->layer, "picture", &source->told, check, frame->seq);
	send_verdict(m, (struct vc_monitor_verdict){.check = VC_CHECK_SOURCE,
						    .layer = frame->layer,
						    .finding = check.finding,
						    .telltale = check.telltale,
						    .ticket = frame->ticket,
						    .seq = frame->seq,
						    .source = frame->source});
}

static enum vc_monitor_round on_message(struct vc_monitor *m, const union message *message, size_t size, int fd) {
	if (message->type == VC_MONITOR_FRAME && size == sizeof(message->frame)) {
		on_frame(m, &message->frame);
	} else if (message->type == VC_MONITOR_BUFFER && size == sizeof(message->buffer)) {
		on_buffer(m, &message->buffer, fd);
	} else if (message->type == VC_MONITOR_LAYER && size == sizeof(message->layer)) {
		return on_layer(m, &message->layer) ? VC_MONITOR_GOES_ON : VC_MONITOR_MISCONFIGURED;
	} else if (message->type == VC_CONTROL_FAILED && size == sizeof(message->failed)) {
		char why[VC_DISPLAY_REASON_MAX];
		snprintf(why, sizeof(why), "%.*s", (int)sizeof(why) - 1, message->failed.reason);
		disconnect(m, why);
	} else {
		disconnect(m, "the compositor sent nonsense");
	}
	return VC_MONITOR_GOES_ON;
}

static enum vc_monitor_round listen_to_compositor(struct vc_monitor *m) {
	enum vc_monitor_round round = VC_MONITOR_GOES_ON;
	for (int i = 0; i < MESSAGES_PER_TURN && m->sock >= 0 && round == VC_MONITOR_GOES_ON; i++) {
		union message message;
		int fd = -1;
		unsigned fds = 1;
		ssize_t got = vc_ipc_recv(m->sock, &message, sizeof(message), &fd, &fds);
		if (got == -EAGAIN)
			break;
		if (got < (ssize_t)sizeof(message.type))
			disconnect(m, "the compositor closed the connection");
		else
			round = on_message(m, &message, (size_t)got, fds == 1 ? fd : -1);
		if (got > 0 && fds == 1)
			close(fd);
	}
	return round;
}

/* The other thread's results become verdicts. */
static void pass_on(struct vc_monitor *m) {
	uint64_t count;
	if (read(m->output.ready, &count, sizeof(count)) != sizeof(count))
		return;
	for (uint32_t i = 0; i < VC_CONTROL_LAYERS_MAX && m->sock >= 0; i++) {
		struct vc_output_result result;
		if (!vc_output_check_take(&m->output, i, &result) || !m->watched.layer[i].used)
			continue;
		tell(m, i, "output", &m->source[i].told_output, result.check, result.seq);
		send_verdict(m, (struct vc_monitor_verdict){.check = VC_CHECK_OUTPUT,
							    .layer = i,
							    .finding = result.check.finding,
							    .telltale = result.check.telltale,
							    .ticket = result.ticket,
							    .seq = result.seq,
							    .source = result.source});
	}
}

bool vc_monitor_init(struct vc_monitor *m, const struct vc_monitor_config *config, int stop_fd) {
	memset(m, 0, sizeof(*m));
	m->config = config;
	m->stop_fd = stop_fd;
	m->sock = -1;
	vc_watched_init(&m->watched);
	vc_notify_init(&m->notify);
	int err = vc_output_check_start(&m->output, config, &m->watched);
	if (err < 0)
		vc_error("the check of the output can't start: %s", strerror(-err));
	return err == 0;
}

void vc_monitor_finish(struct vc_monitor *m) {
	snprintf(m->told, sizeof(m->told), "stopped");
	disconnect(m, "stopped");
	vc_output_check_stop(&m->output);
	vc_notify_finish(&m->notify);
}

enum vc_monitor_round vc_monitor_run(struct vc_monitor *m) {
	struct pollfd fds[3] = {{.fd = m->stop_fd, .events = POLLIN},
				{.fd = m->output.ready, .events = POLLIN},
				{.fd = m->sock, .events = POLLIN}};
	const int64_t heartbeat_ns = m->config->heartbeat_ms * VC_NS_PER_MS;
	if (poll(fds, 3, (int)m->config->heartbeat_ms) < 0 && errno != EINTR)
		return VC_MONITOR_STOPPED;
	if (fds[0].revents)
		return VC_MONITOR_STOPPED;
	int64_t now_ns = vc_clock_now();
	vc_notify_alive(&m->notify, now_ns);
	if (m->sock < 0 && now_ns >= m->retry_ns)
		try_connect(m);
	if (m->sock < 0)
		return VC_MONITOR_GOES_ON;
	enum vc_monitor_round round = listen_to_compositor(m);
	pass_on(m);
	if (m->sock >= 0 && vc_clock_now() - m->sent_ns >= heartbeat_ns)
		send_verdict(m, (struct vc_monitor_verdict){.check = VC_CHECK_NONE});
	return round;
}
