/* SPDX-License-Identifier: Apache-2.0 */
#include "control.h"

#include "clock.h"
#include "ipc.h"
#include "log.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* A tool that keeps a capture longer keeps others from getting theirs. */
#define HOLD_LIMIT_NS (10 * VC_NS_PER_S)

static void tool_close(struct vc_tool *tool) {
	if (tool->ticket.state != VC_TICKET_IDLE)
		vc_capture_cancel(&tool->output->capture, &tool->ticket);
	int fd = tool->watch.fd;
	vc_loop_remove(tool->control->loop, &tool->watch);
	close(fd);
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
	}
	s->monitor = c->monitor->stats;
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
	};
	memcpy(captured.seq, result->seq, sizeof(captured.seq));
	tool->held_ns = vc_clock_now();
	answer(tool, &captured, sizeof(captured), &dumb->dmabuf);
}

static void start_capture(struct vc_tool *tool, struct vc_output *output) {
	if (tool->ticket.state != VC_TICKET_IDLE)
		answer_failed(tool, EBUSY, "a capture of this connection is not done yet");
	else if (!output->stats.writeback && !output->composed)
		answer_failed(tool, EOPNOTSUPP, "this output has no writeback connector to capture with");
	else {
		tool->output = output;
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
	close(fd);
}

static void handle(struct vc_tool *tool, const struct vc_control_request *request) {
	struct vc_control *c = tool->control;
	if (request->version != VC_CONTROL_VERSION || request->reserved != 0) {
		answer_failed(tool, EPROTO, "unknown version of the control protocol");
		return;
	}
	bool needs_output = request->type == VC_CONTROL_CAPTURE || request->type == VC_CONTROL_GET_FRAMES;
	if (needs_output && request->output >= c->output_count) {
		answer_failed(tool, ENOENT, "there is no such output");
		return;
	}
	switch (request->type) {
	case VC_CONTROL_GET_STATUS:
		answer_status(tool);
		break;
	case VC_CONTROL_CAPTURE:
		start_capture(tool, &c->outputs[request->output]);
		break;
	case VC_CONTROL_CAPTURE_DONE:
		if (tool->ticket.state == VC_TICKET_HOLDING)
			vc_capture_cancel(&tool->output->capture, &tool->ticket);
		break;
	case VC_CONTROL_GET_FRAMES: {
		const struct vc_control_frames frames = {.type = VC_CONTROL_FRAMES,
							 .size = sizeof(struct vc_frame_log)};
		answer(tool, &frames, sizeof(frames), &c->outputs[request->output].log.reader_fd);
		break;
	}
	case VC_CONTROL_MONITOR:
		if (tool->ticket.state == VC_TICKET_IDLE)
			become_monitor(tool);
		else
			answer_failed(tool, EBUSY, "a capture of this connection is not done yet");
		break;
	default:
		answer_failed(tool, EPROTO, "unknown request");
		break;
	}
}

static void on_request(void *data, uint32_t events) {
	struct vc_tool *tool = data;
	(void)events;
	struct vc_control_request request;
	ssize_t got = vc_ipc_recv(tool->watch.fd, &request, sizeof(request), NULL, NULL);
	if (got == -EAGAIN)
		return;
	if (got == (ssize_t)sizeof(request))
		handle(tool, &request);
	else
		tool_close(tool);
}

static void on_connection(void *data, uint32_t events) {
	struct vc_control *c = data;
	(void)events;
	int sock = accept4(c->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (sock < 0)
		return;
	for (unsigned i = 0; i < VC_TOOLS_MAX; i++) {
		struct vc_tool *tool = &c->tool[i];
		if (tool->watch.fd >= 0)
			continue;
		*tool = (struct vc_tool){
			.ticket = {.done = on_captured},
			.watch = {.fd = sock, .urgency = VC_URGENT_REST, .ready = on_request, .data = tool},
			.control = c,
		};
		if (vc_loop_add(c->loop, &tool->watch) == 0)
			return;
		tool->watch.fd = -1;
		break;
	}
	int64_t now_ns = vc_clock_now();
	if (now_ns - c->turned_away_ns >= VC_NS_PER_S) {
		vc_warn("control: a tool was turned away: %d are connected", VC_TOOLS_MAX);
		c->turned_away_ns = now_ns;
	}
	close(sock);
}

void vc_control_check(struct vc_control *control, int64_t now_ns) {
	for (unsigned i = 0; i < VC_TOOLS_MAX; i++) {
		struct vc_tool *tool = &control->tool[i];
		if (tool->watch.fd < 0 || tool->ticket.state != VC_TICKET_HOLDING ||
		    now_ns - tool->held_ns < HOLD_LIMIT_NS)
			continue;
		vc_warn("control: a tool kept its capture for %d s and is cut off", (int)(HOLD_LIMIT_NS / VC_NS_PER_S));
		tool_close(tool);
	}
}

int vc_control_init(struct vc_control *control, struct vc_loop *loop, int listener, struct vc_output *outputs,
		    unsigned output_count, struct vc_layer *layers, unsigned layer_count,
		    struct vc_monitor_link *monitor, int64_t start_ns) {
	*control = (struct vc_control){.loop = loop,
				       .outputs = outputs,
				       .output_count = output_count,
				       .layers = layers,
				       .layer_count = layer_count,
				       .monitor = monitor,
				       .start_ns = start_ns};
	for (unsigned i = 0; i < VC_TOOLS_MAX; i++)
		control->tool[i].watch.fd = -1;
	control->listener =
		(struct vc_watch){.fd = listener, .urgency = VC_URGENT_REST, .ready = on_connection, .data = control};
	return vc_loop_add(loop, &control->listener);
}
