/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include "clock.h"
#include "ipc.h"
#include "log.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* All tools together may ask and connect so many times as often as one, and one user's may not take all places. */
#define REQUESTS_TOTAL 2
#define CONNECTS_TOTAL 2
#define OTHERS_MAX (VC_TOOLS_MAX - VC_MONITOR_PLACES)
#define TOOLS_PER_USER (OTHERS_MAX - 2)
/* Room at the importer that a message may need, and all tools' sockets. */
#define ROOM (VC_IPC_FDS_ALL + VC_TOOLS_MAX)

static bool is_monitor(const struct vc_control *c, uid_t uid) {
	return c->config->monitor.wanted && uid == c->config->monitor.uid;
}

/* Its end is felt at once; what waits in it is given up by the importer. */
static void close_socket(struct vc_control *c, int sock) {
	shutdown(sock, SHUT_RDWR);
	vc_importer_discard(c->importer, sock);
}

static void tool_close(struct vc_tool *tool) {
	if (tool->ticket.state != VC_TICKET_IDLE)
		vc_capture_cancel(&tool->output->capture, &tool->ticket);
	int fd = tool->watch.fd;
	vc_loop_remove(tool->control->loop, &tool->watch);
	close_socket(tool->control, fd);
}

/* A tool that doesn't read its answers is cut off. */
static void answer(struct vc_tool *tool, const void *message, size_t size, const int *fd) {
	if (vc_ipc_send(tool->watch.fd, message, size, fd, fd ? 1 : 0) < 0)
		tool_close(tool);
}

static void answer_failed(struct vc_tool *tool, int error, const char *reason) {
	struct vc_control_failed failed = {.type = VC_CONTROL_FAILED, .error = error};
	snprintf(failed.reason, sizeof(failed.reason), "%s", reason);
	answer(tool, &failed, sizeof(failed), NULL);
}

static void answer_status(struct vc_tool *tool) {
	struct vc_control *c = tool->control;
	struct vc_control_status *s = &c->status;
	s->type = VC_CONTROL_STATUS;
	s->version = VC_CONTROL_VERSION;
	s->outputs = c->output_count;
	s->layers = c->layer_count;
	s->now_ns = vc_clock_now();
	s->start_ns = c->start_ns;
	for (unsigned i = 0; i < c->output_count; i++)
		s->output[i] = c->outputs[i].stats;
	for (unsigned i = 0; i < c->layer_count; i++) {
		const struct vc_layer *layer = &c->layers[i];
		s->layer[i] = layer->stats;
		s->layer[i].state = layer->policy.state;
		s->layer[i].reason = layer->policy.reason;
		s->layer[i].pid = layer->source.pid;
		s->layer[i].uid = layer->source.sock >= 0 ? layer->source.uid : 0;
		s->layer[i].errors = layer->errors.total;
		s->layer[i].errors_recent = vc_errors_recent(&layer->errors, &layer->config->errors, s->now_ns);
		s->layer[i].bans = layer->errors.bans;
		s->layer[i].banned_until_ns =
			vc_errors_banned(&layer->errors, s->now_ns) ? layer->errors.banned_until_ns : 0;
	}
	s->monitor = c->monitor->stats;
	const struct vc_stalls *stalls = &c->loop->stalls;
	s->stalls = (struct vc_control_stalls){.turns = stalls->turns,
					       .minor_faults = stalls->minor_faults,
					       .major_faults = stalls->major_faults,
					       .waits = stalls->waits,
					       .waits_commit = stalls->waits_commit};
	answer(tool, s, sizeof(*s), NULL);
}

static void on_captured(struct vc_capture_ticket *ticket, const struct vc_capture_result *result) {
	struct vc_tool *tool = (struct vc_tool *)ticket;
	if (result->failed) {
		answer_failed(tool, result->error, result->failed);
		return;
	}
	const struct vc_dumb *dumb = result->dumb;
	struct vc_control_captured captured = {
		.type = VC_CONTROL_CAPTURED,
		.width = dumb->width,
		.height = dumb->height,
		.stride = dumb->stride,
		.fourcc = DRM_FORMAT_XRGB8888,
		.writeback = tool->output->stats.writeback,
		.size = dumb->size,
		.vblank_ns = result->vblank_ns,
		.ticket = result->number,
	};
	memcpy(captured.seq, result->seq, sizeof(captured.seq));
	memcpy(captured.source, result->source, sizeof(captured.source));
	tool->held_ns = vc_clock_now();
	if (ticket->check)
		vc_monitor_link_captured(tool->control->monitor, tool->output->index, &captured, tool->held_ns);
	answer(tool, &captured, sizeof(captured), &dumb->dmabuf);
}

static void start_capture(struct vc_tool *tool, struct vc_output *output) {
	if (tool->ticket.state != VC_TICKET_IDLE)
		answer_failed(tool, EBUSY, "a capture of this connection is not done yet");
	else if (!output->stats.writeback && output->composed < output->layers)
		answer_failed(tool, EOPNOTSUPP, "this output has no writeback connector to capture with");
	else {
		tool->output = output;
		tool->ticket.check = is_monitor(tool->control, tool->uid);
		if (!vc_capture_request(&output->capture, &tool->ticket))
			answer_failed(tool, EBUSY, "too many captures are wanted");
	}
}

/* The connection is the output monitor's from here on. */
static void become_monitor(struct vc_tool *tool) {
	int fd = tool->watch.fd;
	vc_loop_remove(tool->control->loop, &tool->watch);
	const char *wrong = vc_monitor_link_adopt(tool->control->monitor, fd, vc_clock_now());
	if (!wrong)
		return;
	struct vc_control_failed failed = {.type = VC_CONTROL_FAILED, .error = EACCES};
	snprintf(failed.reason, sizeof(failed.reason), "%s", wrong);
	vc_ipc_send(fd, &failed, sizeof(failed), NULL, 0);
	close_socket(tool->control, fd);
}

static void allow(struct vc_tool *tool, uint32_t layer) {
	const struct vc_control_done done = {.type = VC_CONTROL_DONE};
	if (tool->uid != 0 && tool->uid != geteuid()) {
		answer_failed(tool, EPERM, "only root may end a ban");
	} else if (layer >= tool->control->layer_count) {
		answer_failed(tool, ENOENT, "there is no such layer");
	} else {
		vc_layer_allow(&tool->control->layers[layer]);
		answer(tool, &done, sizeof(done), NULL);
	}
}

static void handle(struct vc_tool *tool, const struct vc_control_request *request) {
	struct vc_control *c = tool->control;
	if (request->version != VC_CONTROL_VERSION || request->reserved != 0) {
		answer_failed(tool, EPROTO, "unknown version of the control protocol");
		return;
	}
	bool needs_output = request->type == VC_CONTROL_CAPTURE || request->type == VC_CONTROL_GET_FRAMES;
	if (needs_output && request->index >= c->output_count) {
		answer_failed(tool, ENOENT, "there is no such output");
		return;
	}
	switch (request->type) {
	case VC_CONTROL_GET_STATUS:
		answer_status(tool);
		break;
	case VC_CONTROL_CAPTURE:
		start_capture(tool, &c->outputs[request->index]);
		break;
	case VC_CONTROL_CAPTURE_DONE:
		if (tool->ticket.state == VC_TICKET_HOLDING)
			vc_capture_cancel(&tool->output->capture, &tool->ticket);
		break;
	case VC_CONTROL_GET_FRAMES: {
		const struct vc_control_frames frames = {.type = VC_CONTROL_FRAMES,
							 .size = sizeof(struct vc_frame_log)};
		answer(tool, &frames, sizeof(frames), &c->outputs[request->index].log.reader_fd);
		break;
	}
	case VC_CONTROL_MONITOR:
		if (tool->ticket.state == VC_TICKET_IDLE)
			become_monitor(tool);
		else
			answer_failed(tool, EBUSY, "a capture of this connection is not done yet");
		break;
	case VC_CONTROL_ALLOW:
		allow(tool, request->index);
		break;
	default:
		answer_failed(tool, EPROTO, "unknown request");
		break;
	}
}

static void on_request(void *data, uint32_t events) {
	struct vc_tool *tool = data;
	struct vc_control *c = tool->control;
	struct vc_control_request request;
	int64_t now_ns = vc_clock_now();
	if (tool->watch.paused && (events & (EPOLLHUP | EPOLLERR))) {
		tool_close(tool);
		return;
	}
	/* Until the next tick. Its own budget first, so that it can't use up the others'; the monitor has one of its own. */
	if (vc_importer_room(c->importer) < ROOM || !vc_bucket_take(&tool->requests, c->config->requests, 1, now_ns) ||
	    (!is_monitor(c, tool->uid) &&
	     !vc_bucket_take(&c->requests, REQUESTS_TOTAL * c->config->requests, 1, now_ns))) {
		vc_loop_pause(c->loop, &tool->watch, true);
		return;
	}
	int fds[VC_IPC_FDS_ALL];
	unsigned nfds;
	ssize_t got = vc_ipc_recv_all(tool->watch.fd, &request, sizeof(request), fds, &nfds);
	if (got == -EAGAIN)
		return;
	for (unsigned i = 0; i < nfds; i++)
		vc_importer_discard(c->importer, fds[i]);
	if (got == (ssize_t)sizeof(request))
		handle(tool, &request);
	else
		tool_close(tool);
}

/* NULL if there is none for a tool of @uid. */
static struct vc_tool *find_place(struct vc_control *c, uid_t uid) {
	struct vc_tool *empty = NULL;
	unsigned same = 0, others = 0;
	for (unsigned i = 0; i < VC_TOOLS_MAX; i++) {
		const struct vc_tool *tool = &c->tool[i];
		if (tool->watch.fd < 0)
			empty = &c->tool[i];
		else if (tool->uid == uid)
			same++;
		if (tool->watch.fd >= 0 && !is_monitor(c, tool->uid))
			others++;
	}
	if (is_monitor(c, uid))
		return same < VC_MONITOR_PLACES ? empty : NULL;
	return same < TOOLS_PER_USER && others < OTHERS_MAX ? empty : NULL;
}

static void turn_away(struct vc_control *c, uid_t uid, int64_t now_ns) {
	if (now_ns - c->turned_away_ns < VC_NS_PER_S)
		return;
	vc_warn("control: a tool of uid %u was turned away: %d may be connected, %d of one user", uid, OTHERS_MAX,
		TOOLS_PER_USER);
	c->turned_away_ns = now_ns;
}

static void on_connection(void *data, uint32_t events) {
	struct vc_control *c = data;
	int64_t now_ns = vc_clock_now();
	uid_t uid;
	gid_t gid;
	pid_t pid;
	(void)events;
	/* Until the next tick. */
	if (vc_importer_room(c->importer) < ROOM ||
	    !vc_bucket_take(&c->connects, CONNECTS_TOTAL * c->config->connects, 1, now_ns)) {
		vc_loop_pause(c->loop, &c->listener, true);
		return;
	}
	int sock = accept4(c->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (sock < 0 || vc_ipc_peer(sock, &uid, &gid, &pid) < 0) {
		if (sock >= 0)
			close_socket(c, sock);
		return;
	}
	struct vc_tool *tool = find_place(c, uid);
	if (!tool) {
		turn_away(c, uid, now_ns);
		close_socket(c, sock);
		return;
	}
	*tool = (struct vc_tool){
		.ticket = {.done = on_captured},
		.watch = {.fd = sock, .urgency = VC_URGENT_REST, .ready = on_request, .data = tool},
		.control = c,
		.uid = uid,
	};
	if (vc_loop_add(c->loop, &tool->watch) < 0) {
		tool->watch.fd = -1;
		close_socket(c, sock);
	}
}

void vc_control_check(struct vc_control *control, int64_t now_ns) {
	int64_t limit_ns = control->config->capture_hold_ns;
	if (control->listener.paused)
		vc_loop_pause(control->loop, &control->listener, false);
	for (unsigned i = 0; i < VC_TOOLS_MAX; i++) {
		struct vc_tool *tool = &control->tool[i];
		if (tool->watch.fd < 0)
			continue;
		if (tool->watch.paused)
			vc_loop_pause(control->loop, &tool->watch, false);
		if (tool->ticket.state != VC_TICKET_HOLDING || now_ns - tool->held_ns < limit_ns)
			continue;
		vc_warn("control: a tool kept its capture for %lld ms and is cut off",
			(long long)(limit_ns / VC_NS_PER_MS));
		tool_close(tool);
	}
}

int vc_control_init(struct vc_control *control, struct vc_loop *loop, int listener, const struct vc_config *config,
		    struct vc_output *outputs, struct vc_layer *layers, struct vc_monitor_link *monitor,
		    struct vc_importer *importer, int64_t start_ns) {
	*control = (struct vc_control){.loop = loop,
				       .config = config,
				       .outputs = outputs,
				       .output_count = config->outputs,
				       .layers = layers,
				       .layer_count = config->layers,
				       .monitor = monitor,
				       .importer = importer,
				       .start_ns = start_ns};
	for (unsigned i = 0; i < VC_TOOLS_MAX; i++)
		control->tool[i].watch.fd = -1;
	control->listener =
		(struct vc_watch){.fd = listener, .urgency = VC_URGENT_REST, .ready = on_connection, .data = control};
	return vc_loop_add(loop, &control->listener);
}
