/* SPDX-License-Identifier: Apache-2.0 */
#include "cli_fake_control.h"

#include "clock.h"
#include "ipc.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define STRIDE 32u /* more than 5 pixels, so that padding counts */

void vc_fake_status(struct vc_control_status *status) {
	*status = (struct vc_control_status){
		.type = VC_CONTROL_STATUS,
		.version = VC_CONTROL_VERSION,
		.outputs = 2,
		.layers = 2,
		.now_ns = 90 * VC_NS_PER_S,
		.start_ns = 10 * VC_NS_PER_S,
		.output[0] = {.name = "main",
			      .card = "/dev/dri/card0",
			      .driver = "vkms",
			      .connector = "Virtual-1",
			      .crtc = 41,
			      .width = 1920,
			      .height = 720,
			      .refresh_mhz = 30000,
			      .writeback = 1,
			      .vblanks = 2400,
			      .commits = 2000,
			      .commits_refused = 3,
			      .captures = 7,
			      .commit_ns_max = 4500000,
			      .commit_ns_sum = 2000 * INT64_C(500000),
			      .wake_ns_max = 1250000},
		.output[1] = {.name = "rear", .card = "/dev/dri/card1", .driver = "bochs-drm", .adopted = 1},
		.layer[0] = {.name = "cluster",
			     .role = VC_ROLE_CLUSTER,
			     .state = VC_STATE_LIVE,
			     .path = VC_PATH_PLANE,
			     .plane = 52,
			     .width = 960,
			     .height = 720,
			     .pid = 321,
			     .uid = 990,
			     .frames_received = 1001,
			     .frames_shown = 1000,
			     .frames_dropped = 1,
			     .frames_due = 1002,
			     .frames_missed = 2,
			     .worst_gap_ns = 66666667,
			     .latency_ns_max = 30 * VC_NS_PER_MS,
			     .latency_ns_sum = 12500 * VC_NS_PER_MS},
		.layer[1] = {.name = "ivi",
			     .role = VC_ROLE_GUEST,
			     .state = VC_STATE_FALLBACK,
			     .reason = VC_REASON_GONE,
			     .path = VC_PATH_COMPOSED,
			     .plane = 31,
			     .plane_type = 1,
			     .x = 960,
			     .width = 960,
			     .height = 720,
			     .fallbacks = 1,
			     .refused = 4,
			     .bytes_copied = UINT64_C(3) << 20,
			     .frames_copied = 12,
			     .errors = 14,
			     .errors_recent = 3,
			     .bans = 1,
			     .banned_until_ns = INT64_MAX},
		.monitor = {.configured = 1,
			    .connected = 1,
			    .pid = 322,
			    .source_checks = 1000,
			    .output_checks = 40,
			    .source_bad = 3,
			    .unchecked = 2,
			    .lost = 1,
			    .bad_check = VC_CHECK_SOURCE,
			    .bad_finding = VC_FOUND_MISSING,
			    .bad_telltale = 8,
			    .bad_ns = 80 * VC_NS_PER_S,
			    .stale = 5,
			    .throttled = 6,
			    .blind = 1,
			    .output_ns = 90 * VC_NS_PER_S - 7500 * VC_NS_PER_MS,
			    .verdict_ns = 90 * VC_NS_PER_S - 20 * VC_NS_PER_MS,
			    .check_ns_max = 9 * VC_NS_PER_MS,
			    .check_ns_sum = 2500 * VC_NS_PER_MS},
	};
}

uint32_t vc_fake_pixel(uint32_t x, uint32_t y) {
	return 0x5a000000u | (0x10 + x) << 16 | (0x80 + y) << 8 | (0xf0 - x * y);
}

void vc_fake_log(struct vc_frame_log *log, uint64_t count) {
	log->version = VC_CONTROL_VERSION;
	for (uint64_t i = 0; i < count; i++)
		log->record[i % VC_FRAME_LOG_MAX] = (struct vc_frame_record){
			.vblank_ns = VC_NS_PER_S + (int64_t)i * VC_NS_PER_S / 30,
			.layer_new = (i != 4 ? 1u : 0) | (i % 30 == 0 ? 2u : 0),
			.layer_live = 3,
			.layer_missed = i == 4,
			.flags = i == 5 ? VC_FRAME_REFUSED : 0,
			.state = {i == 4 ? VC_STATE_HOLD : VC_STATE_LIVE, VC_STATE_LIVE},
			.reason = {i == 4 ? VC_REASON_SILENT : VC_REASON_NONE},
		};
	atomic_store(&log->head, count);
}

static int make_memory(const struct vc_fake *fake, const void *data, size_t size) {
	if (fake->fault == VC_FAKE_NOT_MEMORY) {
		int ends[2];
		if (pipe(ends) < 0)
			_exit(1);
		return ends[0];
	}
	int fd = memfd_create("fake", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || write(fd, data, size - (fake->fault == VC_FAKE_SHORT_MEMORY)) < 0)
		_exit(1);
	if (fake->fault != VC_FAKE_UNSEALED && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		_exit(1);
	return fd;
}

/* Sends @answer of @size bytes with the memory in @fd (-1: none), spoiled as told. */
static void answer(const struct vc_fake *fake, int sock, const void *message, size_t size, int fd) {
	uint8_t bytes[sizeof(struct vc_control_status) + 1] = {0};
	memcpy(bytes, message, size);
	uint32_t wrong = VC_CONTROL_FRAMES + 9;
	bool status = fd < 0;
	if (status && fake->fault == VC_FAKE_SURPLUS_FD)
		fd = make_memory(fake, "x", 1);
	bool with_fd = fd >= 0 && fake->fault != VC_FAKE_NO_FD;
	if (fake->fault == VC_FAKE_TRUNCATED)
		size--;
	if (fake->fault == VC_FAKE_LONG)
		size++;
	if (fake->fault == VC_FAKE_TINY)
		size = 2;
	if (fake->fault == VC_FAKE_WRONG_TYPE)
		memcpy(bytes, &wrong, sizeof(wrong));
	vc_ipc_send(sock, bytes, size, &fd, with_fd ? 1 : 0);
	if (fd >= 0)
		close(fd);
}

static void answer_capture(const struct vc_fake *fake, int sock) {
	uint8_t memory[STRIDE * VC_FAKE_HEIGHT];
	memset(memory, 0xee, sizeof(memory));
	for (uint32_t y = 0; y < VC_FAKE_HEIGHT; y++)
		for (uint32_t x = 0; x < VC_FAKE_WIDTH; x++) {
			uint32_t pixel = vc_fake_pixel(x, y);
			memcpy(memory + (size_t)y * STRIDE + (size_t)x * 4, &pixel, 4);
		}
	struct vc_control_captured captured = {
		.type = VC_CONTROL_CAPTURED,
		.width = VC_FAKE_WIDTH,
		.height = VC_FAKE_HEIGHT,
		.stride = fake->fault == VC_FAKE_BAD_PICTURE ? 4 * VC_FAKE_WIDTH - 4 : STRIDE,
		.fourcc = DRM_FORMAT_XRGB8888,
		.writeback = 1,
		.size = sizeof(memory),
		.vblank_ns = 42 * VC_NS_PER_S,
		.seq = {77, 0},
	};
	answer(fake, sock, &captured, sizeof(captured), make_memory(fake, memory, sizeof(memory)));
}

static void answer_frames(const struct vc_fake *fake, int sock, uint32_t output) {
	static struct vc_frame_log log;
	vc_fake_log(&log, 90);
	log.output = output + (fake->fault == VC_FAKE_OTHER_LOG);
	struct vc_control_frames frames = {.type = VC_CONTROL_FRAMES,
					   .size = sizeof(log) - (fake->fault == VC_FAKE_LOG_SIZE)};
	answer(fake, sock, &frames, sizeof(frames), make_memory(fake, &log, sizeof(log)));
}

static void answer_request(const struct vc_fake *fake, int sock, const struct vc_control_request *request) {
	if (fake->fault == VC_FAKE_REFUSING && request->type != VC_CONTROL_GET_STATUS) {
		struct vc_control_failed failed = {
			.type = VC_CONTROL_FAILED, .error = EBUSY, .reason = "busy\033[2J capturing"};
		vc_ipc_send(sock, &failed, sizeof(failed), NULL, 0);
	} else if (request->type == VC_CONTROL_CAPTURE) {
		answer_capture(fake, sock);
	} else if (request->type == VC_CONTROL_GET_FRAMES) {
		answer_frames(fake, sock, request->index);
	} else if (request->type == VC_CONTROL_ALLOW) {
		struct vc_control_done done = {.type = VC_CONTROL_DONE};
		vc_ipc_send(sock, &done, sizeof(done), NULL, 0);
	} else if (request->type == VC_CONTROL_GET_STATUS) {
		struct vc_control_status status;
		vc_fake_status(&status);
		if (fake->mangle)
			fake->mangle(&status);
		answer(fake, sock, &status, sizeof(status), -1);
	}
}

/* Serves one client after the other until it is killed. */
_Noreturn static void serve(const struct vc_fake *fake, int listener) {
	for (;;) {
		int sock = fake->fault == VC_FAKE_DEAF ? -1 : accept(listener, NULL, NULL);
		if (sock < 0) {
			pause();
			continue;
		}
		struct vc_control_request request;
		while (vc_ipc_recv(sock, &request, sizeof(request), NULL, NULL) == sizeof(request)) {
			if (fake->fault == VC_FAKE_CLOSED)
				break;
			if (fake->fault != VC_FAKE_SILENT)
				answer_request(fake, sock, &request);
		}
		close(sock);
	}
}

/* Connects to the listener until one more would have to wait. */
static void fill_queue(const char *path) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	int sock;
	do
		sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0);
	while (sock >= 0 && connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0);
}

void vc_fake_start(struct vc_fake *fake) {
	strcpy(fake->directory, "/tmp/vc-fake-XXXXXX");
	assert_non_null(mkdtemp(fake->directory));
	snprintf(fake->path, sizeof(fake->path), "%s/control", fake->directory);
	int listener = vc_ipc_listen(fake->path, 0600);
	assert_true(listener >= 0);
	assert_true(fcntl(listener, F_SETFL, 0) == 0);
	int ready[2];
	assert_true(pipe(ready) == 0);
	fake->pid = fork();
	assert_true(fake->pid >= 0);
	if (fake->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ready[0]);
		if (fake->fault == VC_FAKE_DEAF)
			fill_queue(fake->path);
		close(ready[1]);
		serve(fake, listener);
	}
	close(listener);
	close(ready[1]);
	char byte;
	assert_true(read(ready[0], &byte, 1) == 0); /* closed: the child is set up */
	close(ready[0]);
}

void vc_fake_stop(struct vc_fake *fake) {
	kill(fake->pid, SIGKILL);
	waitpid(fake->pid, NULL, 0);
	unlink(fake->path);
	rmdir(fake->directory);
}
