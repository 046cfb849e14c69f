/* SPDX-License-Identifier: Apache-2.0 */
#include "control-client.h"

#include "clock.h"
#include "ipc.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

/* Room for any answer. */
union answer {
	uint32_t type;
	struct vc_control_status status;
	struct vc_control_captured captured;
	struct vc_control_frames frames;
	struct vc_control_failed failed;
	struct vc_control_done done;
};

__attribute__((format(printf, 3, 4))) static int fail(struct vc_control_client *client, int err, const char *format,
						      ...) {
	va_list args;
	va_start(args, format);
	vsnprintf(client->why, sizeof(client->why), format, args);
	va_end(args);
	return err;
}

/* For errors after which the connection can't be trusted. */
#define give_up(client, err, ...) (vc_control_disconnect(client), fail(client, err, __VA_ARGS__))

int vc_control_connect(struct vc_control_client *client, const char *path, int timeout_ms) {
	if (!path)
		path = VC_CONTROL_SOCKET;
	*client = (struct vc_control_client){.sock = vc_ipc_connect(path), .timeout_ms = timeout_ms};
	if (client->sock >= 0)
		return 0;
	int err = client->sock;
	client->sock = -1;
	switch (err) {
	case -ENOENT:
	case -ECONNREFUSED:
		return fail(client, err,
			    "no compositor answers at %.108s: see 'systemctl status vcockpit-compositor', or name "
			    "its socket with --socket",
			    path);
	case -EACCES:
	case -EPERM:
		return fail(client, err, "%.108s may not be opened: be root or a member of the group vcockpit-control",
			    path);
	case -EPROTOTYPE:
	case -ENOTSOCK:
		return fail(client, err, "%.108s is not a control socket: name the right one with --socket", path);
	default:
		return fail(client, err, "%.108s can't be reached: %s", path, strerror(-err));
	}
}

void vc_control_disconnect(struct vc_control_client *client) {
	if (client->sock >= 0)
		close(client->sock);
	client->sock = -1;
}

/* Copies what a stranger calls text, made fit for a terminal. */
static void copy_text(char *out, const char *text, size_t size) {
	size_t i;
	for (i = 0; i + 1 < size && text[i] != '\0'; i++)
		out[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	out[i] = '\0';
}

/* Takes one answer of @type and exactly @size bytes, or FAILED. @fd: where a descriptor goes that must come along; NULL
 * when none may. */
static int take_answer(struct vc_control_client *client, union answer *answer, uint32_t type, size_t size, int *fd) {
	int64_t deadline_ns = vc_clock_now() + client->timeout_ms * VC_NS_PER_MS;
	struct pollfd p = {.fd = client->sock, .events = POLLIN};
	int ready;
	do {
		int64_t left_ns = deadline_ns - vc_clock_now();
		ready = poll(&p, 1, left_ns > 0 ? (int)(left_ns / VC_NS_PER_MS) + 1 : 0);
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return give_up(client, -ETIMEDOUT,
			       "the compositor did not answer within %d ms: see 'systemctl status "
			       "vcockpit-compositor'",
			       client->timeout_ms);

	int got_fd = -1;
	unsigned nfds = 1;
	ssize_t got = vc_ipc_recv(client->sock, answer, sizeof(*answer), &got_fd, &nfds);
	if (got <= 0) {
		int err = got == 0 ? -ECONNRESET : (int)got;
		return give_up(client, err, "the connection to the compositor broke: %s",
			       got == 0 ? "closed without an answer" : strerror(-err));
	}
	bool good_size = (size_t)got >= sizeof(answer->type) &&
			 (size_t)got == (answer->type == VC_CONTROL_FAILED ? sizeof(answer->failed) : size);
	bool wants_fd = good_size && answer->type == type && fd;
	if (!good_size || (nfds == 1) != wants_fd || (answer->type != type && answer->type != VC_CONTROL_FAILED)) {
		if (nfds == 1)
			close(got_fd);
		return give_up(client, -EPROTO,
			       "the compositor's answer is malformed (%zd bytes, %u descriptors): do its version and "
			       "this tool's match?",
			       got, nfds);
	}
	if (answer->type == VC_CONTROL_FAILED) {
		char reason[VC_DISPLAY_REASON_MAX];
		copy_text(reason, answer->failed.reason, sizeof(reason));
		int err = answer->failed.error > 0 && answer->failed.error < 4096 ? -answer->failed.error : -EPROTO;
		return fail(client, err, "the compositor refused: %s", reason);
	}
	if (fd)
		*fd = got_fd;
	return 0;
}

static int ask(struct vc_control_client *client, uint32_t type, uint32_t index, union answer *answer,
	       uint32_t answer_type, size_t answer_size, int *fd) {
	if (client->sock < 0)
		return fail(client, -ENOTCONN, "not connected to the compositor");
	struct vc_control_request request = {.type = type, .version = VC_CONTROL_VERSION, .index = index};
	int err = vc_ipc_send(client->sock, &request, sizeof(request), NULL, 0);
	if (err < 0)
		return give_up(client, err, "the compositor could not be asked: %s", strerror(-err));
	return take_answer(client, answer, answer_type, answer_size, fd);
}

/* Whether @text ends within @size and can be shown on a terminal and in JSON as it is. */
static bool text_ok(const char *text, size_t size) {
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '\0')
			return true;
		if (text[i] < 0x20 || text[i] >= 0x7f)
			return false;
	}
	return false;
}

#define TEXT_OK(array) text_ok(array, sizeof(array))

static const char *check_output(const struct vc_control_output *o) {
	if (!TEXT_OK(o->name) || !TEXT_OK(o->card) || !TEXT_OK(o->driver) || !TEXT_OK(o->connector))
		return "text of an output";
	if (o->width > VC_DISPLAY_SIZE_MAX || o->height > VC_DISPLAY_SIZE_MAX || o->refresh_mhz > 1000000)
		return "mode of an output";
	if (o->writeback > 1 || o->adopted > 1)
		return "flag of an output";
	if (o->commit_ns_max < 0 || o->commit_ns_sum < 0 || o->wake_ns_max < 0)
		return "time of an output";
	return NULL;
}

static const char *check_layer(const struct vc_control_layer *l, uint32_t outputs) {
	if (!TEXT_OK(l->name))
		return "name of a layer";
	if (l->role < VC_ROLE_CLUSTER || l->role > VC_ROLE_GUEST)
		return "role of a layer";
	if (l->state < VC_STATE_WAITING || l->state > VC_STATE_FALLBACK)
		return "state of a layer";
	if (l->reason > VC_REASON_BANNED)
		return "reason of a layer";
	if (l->path < VC_PATH_PLANE || l->path > VC_PATH_COMPOSED)
		return "path of a layer";
	if (l->output >= outputs)
		return "output of a layer";
	if (l->plane_type > 2) /* DRM_PLANE_TYPE_CURSOR */
		return "plane type of a layer";
	if (l->x > VC_DISPLAY_SIZE_MAX || l->y > VC_DISPLAY_SIZE_MAX || l->width > VC_DISPLAY_SIZE_MAX ||
	    l->height > VC_DISPLAY_SIZE_MAX)
		return "rectangle of a layer";
	if (l->pid < 0)
		return "process id of a layer";
	if (l->worst_gap_ns < 0 || l->last_flip_ns < 0 || l->latency_ns_max < 0 || l->latency_ns_sum < 0 ||
	    l->banned_until_ns < 0)
		return "time of a layer";
	return NULL;
}

static const char *check_monitor(const struct vc_control_monitor *m, uint32_t layers) {
	if (m->configured > 1 || m->connected > 1 || m->silent > 1 || m->blind > 1)
		return "flag of the monitor";
	if (m->pid < 0)
		return "process id of the monitor";
	if (m->bad_ns != 0 &&
	    (m->bad_layer >= layers || m->bad_check > VC_CHECK_OUTPUT || m->bad_finding >= VC_FINDINGS))
		return "finding of the monitor";
	if (m->bad_ns < 0 || m->verdict_ns < 0 || m->output_ns < 0 || m->check_ns_max < 0 || m->check_ns_sum < 0)
		return "time of the monitor";
	return NULL;
}

static const char *check_status(const struct vc_control_status *status) {
	if (status->version != VC_CONTROL_VERSION)
		return "protocol version";
	if (status->outputs > VC_CONTROL_OUTPUTS_MAX)
		return "number of outputs";
	if (status->layers > VC_CONTROL_LAYERS_MAX)
		return "number of layers";
	const char *bad = NULL;
	for (uint32_t i = 0; i < status->outputs && !bad; i++)
		bad = check_output(&status->output[i]);
	for (uint32_t i = 0; i < status->layers && !bad; i++)
		bad = check_layer(&status->layer[i], status->outputs);
	return bad ? bad : check_monitor(&status->monitor, status->layers);
}

int vc_control_get_status(struct vc_control_client *client, struct vc_control_status *status) {
	union answer answer = {0};
	int err = ask(client, VC_CONTROL_GET_STATUS, 0, &answer, VC_CONTROL_STATUS, sizeof(answer.status), NULL);
	if (err < 0)
		return err;
	const char *bad = check_status(&answer.status);
	if (bad)
		return give_up(client, -EPROTO,
			       "the compositor's status is out of range (%s): do its version and this tool's match?",
			       bad);
	*status = answer.status;
	return 0;
}

/* Maps @size bytes of what came with an answer. Only memory that can't be taken away while it's read will do: a dma-buf, or
 * a memfd sealed against shrinking. */
static const void *map_memory(int fd, uint64_t size, bool *is_dmabuf) {
	struct statfs fs;
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return NULL;
	*is_dmabuf = fs.f_type == DMA_BUF_MAGIC;
	off_t length;
	if (*is_dmabuf) {
		length = lseek(fd, 0, SEEK_END);
	} else {
		int seals = fcntl(fd, F_GET_SEALS);
		struct stat st;
		if (seals < 0 || !(seals & F_SEAL_SHRINK) || fstat(fd, &st) < 0)
			return NULL;
		length = st.st_size;
	}
	if (length < 0 || (uint64_t)length < size)
		return NULL;
	const void *memory = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	return memory == MAP_FAILED ? NULL : memory;
}

static bool sync_dmabuf(int fd, uint64_t flags) {
	struct dma_buf_sync sync = {.flags = flags | DMA_BUF_SYNC_READ};
	int err;
	do
		err = ioctl(fd, DMA_BUF_IOCTL_SYNC, &sync);
	while (err < 0 && (errno == EINTR || errno == EAGAIN));
	return err == 0;
}

static const char *check_captured(const struct vc_control_captured *c) {
	if (c->width == 0 || c->height == 0 || c->width > VC_DISPLAY_SIZE_MAX || c->height > VC_DISPLAY_SIZE_MAX)
		return "size";
	if (c->fourcc != DRM_FORMAT_XRGB8888 && c->fourcc != DRM_FORMAT_ARGB8888)
		return "pixel format";
	if (c->stride < c->width * 4 || c->stride > VC_DISPLAY_SIZE_MAX * 16 || c->stride % 4 != 0)
		return "stride";
	uint64_t needed = (uint64_t)c->stride * (c->height - 1) + UINT64_C(4) * c->width;
	if (c->size < needed || c->size > UINT64_C(2) * VC_DISPLAY_SIZE_MAX * VC_DISPLAY_SIZE_MAX * 16)
		return "memory size";
	if (c->writeback > 1)
		return "flag";
	return NULL;
}

int vc_control_capture(struct vc_control_client *client, uint32_t output, struct vc_control_picture *picture) {
	union answer answer = {0};
	int fd = -1;
	int err = ask(client, VC_CONTROL_CAPTURE, output, &answer, VC_CONTROL_CAPTURED, sizeof(answer.captured), &fd);
	if (err < 0)
		return err;
	const char *bad = check_captured(&answer.captured);
	bool is_dmabuf = false;
	const void *pixels = bad ? NULL : map_memory(fd, answer.captured.size, &is_dmabuf);
	if (!pixels) {
		close(fd);
		return give_up(client, -EPROTO, "the compositor's picture can't be read (%s)",
			       bad ? bad : "its memory is too short or not sealed");
	}
	*picture = (struct vc_control_picture){
		.info = answer.captured, .pixels = pixels, .fd = fd, .is_dmabuf = is_dmabuf};
	if (!is_dmabuf)
		return 0;
	/* POLLIN: those who write into it are done. */
	struct pollfd p = {.fd = fd, .events = POLLIN};
	if (poll(&p, 1, client->timeout_ms) != 1 || !sync_dmabuf(fd, DMA_BUF_SYNC_START)) {
		picture->is_dmabuf = false;
		vc_control_release(client, picture);
		return give_up(client, -ETIMEDOUT, "the compositor's picture was not finished within %d ms",
			       client->timeout_ms);
	}
	return 0;
}

void vc_control_release(struct vc_control_client *client, struct vc_control_picture *picture) {
	if (picture->is_dmabuf)
		sync_dmabuf(picture->fd, DMA_BUF_SYNC_END);
	munmap((void *)(uintptr_t)picture->pixels, picture->info.size);
	close(picture->fd);
	*picture = (struct vc_control_picture){.fd = -1};
	struct vc_control_request done = {.type = VC_CONTROL_CAPTURE_DONE, .version = VC_CONTROL_VERSION};
	if (client->sock >= 0 && vc_ipc_send(client->sock, &done, sizeof(done), NULL, 0) < 0)
		vc_control_disconnect(client); /* which says it too */
}

void vc_control_copy_log(const struct vc_frame_log *log, struct vc_control_records *records) {
	uint64_t end = atomic_load_explicit(&log->head, memory_order_acquire);
	uint64_t start = end > VC_FRAME_LOG_MAX ? end - VC_FRAME_LOG_MAX : 0;
	for (uint64_t i = start; i < end; i++)
		records->record[i - start] = log->record[i % VC_FRAME_LOG_MAX];
	/* The copies must be over before the head is read again. */
	atomic_thread_fence(memory_order_acquire);
	uint64_t now = atomic_load_explicit(&log->head, memory_order_relaxed);
	/* Record number @now may be half written: the record that had its slot is lost as well. */
	uint64_t valid = now >= VC_FRAME_LOG_MAX ? now - VC_FRAME_LOG_MAX + 1 : 0;
	if (valid < start)
		valid = start;
	if (valid > end)
		valid = end;
	records->count = end - valid;
	records->lost = valid;
	memmove(records->record, records->record + (valid - start), records->count * sizeof(records->record[0]));
}

int vc_control_open_frames(struct vc_control_client *client, uint32_t output, const struct vc_frame_log **log) {
	union answer answer = {0};
	int fd = -1;
	int err = ask(client, VC_CONTROL_GET_FRAMES, output, &answer, VC_CONTROL_FRAMES, sizeof(answer.frames), &fd);
	if (err < 0)
		return err;
	bool is_dmabuf;
	const struct vc_frame_log *map = NULL;
	if (answer.frames.size == sizeof(*map))
		map = map_memory(fd, sizeof(*map), &is_dmabuf);
	close(fd);
	if (!map)
		return give_up(client, -EPROTO,
			       "the compositor's frame log can't be read: its memory has the wrong size or is not "
			       "sealed");
	if (map->version != VC_CONTROL_VERSION || map->output != output) {
		vc_control_close_frames(map);
		return give_up(client, -EPROTO, "the compositor's frame log has another version or output");
	}
	*log = map;
	return 0;
}

void vc_control_close_frames(const struct vc_frame_log *log) {
	munmap((void *)(uintptr_t)log, sizeof(*log));
}

int vc_control_get_frames(struct vc_control_client *client, uint32_t output, struct vc_control_records *records) {
	const struct vc_frame_log *log;
	int err = vc_control_open_frames(client, output, &log);
	if (err < 0)
		return err;
	vc_control_copy_log(log, records);
	vc_control_close_frames(log);
	return 0;
}

int vc_control_allow(struct vc_control_client *client, uint32_t layer) {
	union answer answer = {0};
	return ask(client, VC_CONTROL_ALLOW, layer, &answer, VC_CONTROL_DONE, sizeof(answer.done), NULL);
}
