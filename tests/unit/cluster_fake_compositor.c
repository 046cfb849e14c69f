/* SPDX-License-Identifier: Apache-2.0 */
#include "cluster_fake_compositor.h"

#include "clock.h"
#include "display-proto.h"
#include "ipc.h"

#include <drm_fourcc.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void send_to(int sock, struct vc_display_header *header, uint32_t type, size_t size) {
	header->type = type;
	header->size = (uint32_t)size;
	vc_ipc_send(sock, header, size, NULL, 0);
}

static void drop_buffers(struct fake_compositor *f) {
	for (int i = 0; i < FAKE_BUFFERS; i++) {
		if (f->buffer[i].memory)
			munmap(f->buffer[i].memory, f->buffer[i].size);
		f->buffer[i] = (struct fake_buffer){0};
	}
}

static void violation(struct fake_compositor *f, const char *what) {
	fprintf(stderr, "client broke the protocol: %s\n", what);
	f->violations++;
}

static void on_hello(struct fake_compositor *f, int sock, const struct vc_display_hello *hello) {
	if (hello->magic != VC_DISPLAY_MAGIC || hello->version != VC_DISPLAY_VERSION ||
	    strcmp(hello->layer, "cluster") != 0)
		violation(f, "HELLO");
	if (f->refuse) {
		struct vc_display_error error = {.code = VC_DISPLAY_ERROR_BUSY};
		snprintf(error.reason, sizeof(error.reason), "%s", f->refuse);
		send_to(sock, &error.header, VC_DISPLAY_ERROR, sizeof(error));
		return;
	}
	struct vc_display_welcome welcome = {.version = VC_DISPLAY_VERSION,
					     .width = f->width,
					     .height = f->height,
					     .refresh_mhz = 60000,
					     .period_ns = 16666667,
					     .buffers_max = FAKE_BUFFERS};
	f->clients++;
	send_to(sock, &welcome.header, VC_DISPLAY_WELCOME, sizeof(welcome));
}

static void on_buffer(struct fake_compositor *f, int sock, const struct vc_display_buffer_add *add, int fd) {
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	if (fd < 0 || fstat(fd, &st) < 0 || add->id >= FAKE_BUFFERS || add->kind != VC_DISPLAY_MEMFD ||
	    !(seals & F_SEAL_SHRINK) || (seals & F_SEAL_WRITE) || add->fourcc != DRM_FORMAT_XRGB8888 ||
	    add->stride < add->width * 4 || add->size != (uint64_t)st.st_size ||
	    add->size < (uint64_t)add->stride * add->height || add->width != f->width || add->height != f->height ||
	    f->buffer[add->id].memory) {
		violation(f, "BUFFER_ADD");
		return;
	}
	struct fake_buffer *b = &f->buffer[add->id];
	*b = (struct fake_buffer){.size = add->size, .width = add->width, .height = add->height, .stride = add->stride};
	b->memory = mmap(NULL, add->size, PROT_READ, MAP_SHARED, fd, 0);
	if (b->memory == MAP_FAILED)
		b->memory = NULL;
	struct vc_display_buffer_ready ready = {.id = add->id};
	send_to(sock, &ready.header, VC_DISPLAY_BUFFER_READY, sizeof(ready));
}

/* Is what was declared about the frame true of the memory that it is in? */
static bool declared_truly(const struct fake_compositor *f, const struct vc_display_present *p) {
	const struct fake_buffer *b = &f->buffer[p->id];
	const struct vc_pixels pixels = {
		.first = b->memory, .stride = b->stride / 4, .width = b->width, .height = b->height};
	struct vc_declaration d;
	uint32_t counter;
	if (f->declared.seq != p->seq || !vc_declaration_decode(&d, f->declared.data, f->declared.size) ||
	    d.counter != (uint32_t)p->seq || d.width != f->width || d.height != f->height || d.count == 0 ||
	    !vc_strip_read(&pixels, &d.strip, &counter) || counter != (p->seq & VC_STRIP_COUNTER_MASK))
		return false;
	for (unsigned i = 0; i < d.count; i++)
		if (d.telltale[i].crc != vc_place_crc(&pixels, &d.telltale[i].place))
			return false;
	return true;
}

static void on_present(struct fake_compositor *f, int sock, const struct vc_display_present *p) {
	int old = f->shown;
	if (p->id >= FAKE_BUFFERS || !f->buffer[p->id].memory || (int)p->id == old || p->seq == 0 || p->flags != 0 ||
	    p->width != f->width || p->height != f->height || p->drawn_ns == 0)
		violation(f, "PRESENT");
	else if (!declared_truly(f, p))
		violation(f, "DECLARE");
	f->shown = (int)p->id;
	f->presents++;
	if (f->quiet)
		return;
	struct vc_display_release release = {.id = (uint32_t)old};
	if (old >= 0)
		send_to(sock, &release.header, VC_DISPLAY_RELEASE, sizeof(release));
	struct vc_display_frame frame = {.seq = p->seq, .flip_ns = vc_clock_now()};
	send_to(sock, &frame.header, VC_DISPLAY_FRAME, sizeof(frame));
}

/* Returns false when the connection is over. */
static bool serve(struct fake_compositor *f, int sock) {
	union vc_display_message m;
	int fd = -1;
	unsigned fds = 1;
	ssize_t got = vc_ipc_recv(sock, &m, sizeof(m), &fd, &fds);
	if (got <= 0 || atomic_exchange(&f->hang_up, false))
		return false;
	switch (m.header.type) {
	case VC_DISPLAY_HELLO:
		on_hello(f, sock, &m.hello);
		break;
	case VC_DISPLAY_BUFFER_ADD:
		on_buffer(f, sock, &m.buffer_add, fds ? fd : -1);
		break;
	case VC_DISPLAY_PRESENT:
		on_present(f, sock, &m.present);
		break;
	case VC_DISPLAY_DECLARE:
		f->declared = m.declare;
		break;
	case VC_DISPLAY_HEARTBEAT:
		f->heartbeats++;
		break;
	default:
		violation(f, "unknown message");
		break;
	}
	if (fds)
		close(fd);
	return true;
}

static void *run(void *data) {
	struct fake_compositor *f = data;
	int sock = -1;
	for (;;) {
		struct pollfd fds[3] = {{.fd = f->stop[0], .events = POLLIN},
					{.fd = sock < 0 ? f->listener : -1, .events = POLLIN},
					{.fd = sock, .events = POLLIN}};
		if (poll(fds, 3, -1) < 0 || fds[0].revents)
			break;
		if (fds[1].revents)
			sock = accept(f->listener, NULL, NULL);
		if (fds[2].revents && !serve(f, sock)) {
			close(sock);
			sock = -1;
			f->shown = -1;
			drop_buffers(f);
		}
	}
	if (sock >= 0)
		close(sock);
	return NULL;
}

bool fake_compositor_start(struct fake_compositor *f) {
	f->shown = -1;
	f->listener = vc_ipc_listen(f->path, 0600);
	if (f->listener < 0 || pipe2(f->stop, O_CLOEXEC) < 0)
		return false;
	return pthread_create(&f->thread, NULL, run, f) == 0;
}

void fake_compositor_stop(struct fake_compositor *f) {
	close(f->stop[1]);
	pthread_join(f->thread, NULL);
	close(f->stop[0]);
	close(f->listener);
	drop_buffers(f);
	unlink(f->path);
}
