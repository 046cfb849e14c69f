/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcockpit-gpu-worker: draws for one guest. Started by vcockpit-gpu with two descriptors (worker-proto.h) and nothing else,
 * it takes commands in order and answers each. It is expected to die: whatever a guest makes GL do ends here.
 *
 * Once GL is up it closes the door behind it: no files, no sockets, no processes, bounded memory (sandbox.c).
 */
#include "guest.h"
#include "ipc.h"
#include "log.h"
#include "renderer.h"
#include "sandbox.h"

#include <errno.h>
#include <linux/virtio_gpu.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct vc_renderer *renderer;
static uint8_t *arena;
static unsigned fences; /* under way */

/* The device always reads, unless it has died, and then we do too. */
static void send_answer(const void *answer, size_t size, int fd) {
	int err;
	while ((err = vc_ipc_send(VC_WORKER_SOCKET, answer, size, &fd, fd >= 0 ? 1 : 0)) == -EAGAIN) {
		struct pollfd p = {.fd = VC_WORKER_SOCKET, .events = POLLOUT};
		poll(&p, 1, -1);
	}
	if (err < 0)
		exit(0);
}

static void on_fenced(uint64_t seq) {
	struct vc_worker_fenced fenced = {.op = VC_WORKER_FENCED, .seq = seq};
	send_answer(&fenced, sizeof(fenced), -1);
	if (fences > 0)
		fences--;
}

static uint32_t attach(const struct vc_worker_command *c) {
	unsigned count = c->arena_size / (unsigned)sizeof(struct vc_worker_piece);
	struct iovec *iov = vc_guest_iov((const struct vc_worker_piece *)(arena + c->arena_offset), count);
	return iov ? renderer->attach(c->resource, iov, count) : VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER;
}

static uint32_t run(const struct vc_worker_command *c, struct vc_worker_done *done, int *fd) {
	switch (c->op) {
	case VC_WORKER_CREATE:
		return renderer->create(c->resource, &c->create);
	case VC_WORKER_UNREF:
		return renderer->unref(c->resource);
	case VC_WORKER_ATTACH:
		return attach(c);
	case VC_WORKER_DETACH:
		return renderer->detach(c->resource);
	case VC_WORKER_WRITE:
		done->bytes_copied = (uint64_t)c->box.w * c->box.h * c->box.d * 4;
		return renderer->write(c);
	case VC_WORKER_READ:
		done->bytes_copied = (uint64_t)c->box.w * c->box.h * c->box.d * 4;
		return renderer->read(c);
	case VC_WORKER_FLUSH:
		return renderer->frame(c, &done->frame, fd);
	case VC_WORKER_SUBMIT:
		return renderer->submit ? renderer->submit(c->context, arena + c->arena_offset, c->arena_size)
					: VIRTIO_GPU_RESP_ERR_UNSPEC;
	case VC_WORKER_CTX_CREATE:
	case VC_WORKER_CTX_DESTROY:
	case VC_WORKER_CTX_ATTACH:
	case VC_WORKER_CTX_DETACH:
		return renderer->context ? renderer->context(c) : VIRTIO_GPU_RESP_ERR_UNSPEC;
	default:
		return VIRTIO_GPU_RESP_ERR_UNSPEC;
	}
}

static void handle(const struct vc_worker_command *c, const int *fds, unsigned nfds) {
	struct vc_worker_done done = {.op = VC_WORKER_DONE, .seq = c->seq};
	int fd = -1;
	if (c->op == VC_WORKER_MEMORY) {
		done.response =
			vc_guest_map(c, fds, nfds) ? VIRTIO_GPU_RESP_OK_NODATA : VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	} else {
		for (unsigned i = 0; i < nfds; i++)
			close(fds[i]);
		done.response = run(c, &done, &fd);
	}
	bool fence = (c->flags & VC_WORKER_FENCE) != 0;
	bool pending = fence && renderer->fence && renderer->fence(c->seq);
	send_answer(&done, sizeof(done), fd);
	if (pending)
		fences++;
	else if (fence)
		on_fenced(c->seq);
}

/* Returns false when the device is gone. */
static bool take_command(void) {
	static struct vc_worker_command command;
	int fds[VC_WORKER_REGIONS_MAX];
	unsigned nfds = VC_WORKER_REGIONS_MAX;
	ssize_t got = vc_ipc_recv(VC_WORKER_SOCKET, &command, sizeof(command), fds, &nfds);
	if (got != sizeof(command))
		return false;
	handle(&command, fds, nfds);
	return true;
}

static void loop(void) {
	struct pollfd p[2] = {{.fd = VC_WORKER_SOCKET, .events = POLLIN},
			      {.fd = renderer->fence_fd ? renderer->fence_fd() : -1, .events = POLLIN}};
	for (;;) {
		/* Where GL can't wake us, fences are asked for each millisecond, while there are any. */
		int timeout = fences > 0 && p[1].fd < 0 ? 1 : -1;
		if (poll(p, 2, timeout) < 0 && errno != EINTR)
			return;
		if (renderer->fence_poll && fences > 0)
			renderer->fence_poll();
		if ((p[0].revents & (POLLIN | POLLHUP)) && !take_command())
			return;
	}
}

static bool number(const char *text, uint32_t *out) {
	char *end;
	errno = 0;
	unsigned long n = strtoul(text, &end, 10);
	*out = (uint32_t)n;
	return errno == 0 && end != text && *end == '\0' && n <= UINT32_MAX;
}

int main(int argc, char **argv) {
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("vcockpit-gpu-worker " VC_VERSION);
		return 0;
	}
	uint32_t memory_mb, files;
	if (argc != 4 || !number(argv[2], &memory_mb) || !number(argv[3], &files)) {
		fputs("Usage: vcockpit-gpu-worker virgl|2d MEMORY_MB FILES\n"
		      "Started by vcockpit-gpu(8), which hands it a socket and shared memory; of no use by itself.\n"
		      "  --help, --version\n",
		      argc == 2 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
		return argc == 2 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	vc_log_init("vcockpit-gpu-worker", 0);
	void *map = mmap(NULL, VC_WORKER_ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, VC_WORKER_ARENA, 0);
	if (map == MAP_FAILED || !vc_sandbox_limit(memory_mb, files)) {
		vc_error("cannot start: %s; vcockpit-gpu(8) starts it", strerror(errno));
		return 1;
	}
	arena = map;
	static struct vc_worker_ready ready = {.op = VC_WORKER_READY};
	snprintf(ready.renderer, sizeof(ready.renderer), "2D only, as configured");
	if (strcmp(argv[1], "virgl") == 0)
		renderer = vc_virgl_start(&ready, arena, on_fenced);
	if (!renderer)
		renderer = vc_plain_start();
	if (!vc_sandbox_enter())
		return 1;
	send_answer(&ready, sizeof(ready), -1);
	loop();
	return 0;
}
