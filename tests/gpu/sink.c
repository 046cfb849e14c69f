/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compositor that only records: speaks the server's side of the display protocol for one layer, paces it at a given rate,
 * and on SIGUSR1, and every --every MS, writes what is shown as DIR/shot-NNN.png; the first --keep frames go to
 * DIR/frame-NNN.png. DIR/sink.json always tells how things stand (written whole and renamed). It ends on SIGTERM.
 *
 *   gpu-sink --socket PATH --out DIR [--size 960x720] [--rate 30] [--every MS] [--keep N] [--reject-dmabuf]
 *            [--busy N: refuse the first N buffers with EBUSY]
 */
#include "clock.h"
#include "display-proto.h"
#include "ipc.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <getopt.h>
#include <linux/dma-buf.h>
#include <png.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

struct buffer {
	int fd; /* -1: none */
	struct vc_display_buffer_add add;
	const uint8_t *map;
	size_t map_size;
};

static struct {
	const char *out;
	uint32_t width, height, rate;
	bool reject_dmabuf;
	unsigned busy; /* buffers still to be refused for a while */
	int sock;      /* the client; -1: none */
	char layer[VC_DISPLAY_NAME_MAX];
	struct buffer buffer[VC_DISPLAY_BUFFERS_MAX];
	struct vc_display_present shown, next; /* .seq 0: none */
	uint64_t clients, presents, heartbeats, in_place, copied, bytes_copied, changed, violations;
	uint32_t checksum;
	unsigned shots, kept, keep;
} sink = {.out = ".", .width = 960, .height = 720, .rate = 30, .sock = -1};

static void drop_buffer(struct buffer *b) {
	if (b->map)
		munmap((void *)(uintptr_t)b->map, b->map_size);
	if (b->fd >= 0)
		close(b->fd);
	*b = (struct buffer){.fd = -1};
}

static void drop_client(const char *why) {
	if (sink.sock < 0)
		return;
	fprintf(stderr, "sink: client is gone: %s\n", why);
	close(sink.sock);
	sink.sock = -1;
	for (unsigned i = 0; i < VC_DISPLAY_BUFFERS_MAX; i++)
		drop_buffer(&sink.buffer[i]);
	sink.shown.seq = sink.next.seq = 0;
}

static void violate(const char *why) {
	sink.violations++;
	drop_client(why);
}

static void reply(void *message, uint32_t type, size_t size) {
	struct vc_display_header *header = message;
	*header = (struct vc_display_header){type, (uint32_t)size};
	if (sink.sock >= 0 && vc_ipc_send(sink.sock, message, size, NULL, 0) < 0)
		drop_client("it doesn't read");
}

static const uint8_t *pixels(const struct vc_display_present *p, uint32_t *stride) {
	const struct buffer *b = &sink.buffer[p->id];
	*stride = b->add.stride;
	return b->map ? b->map + b->add.offset + (size_t)p->y * *stride + (size_t)p->x * 4 : NULL;
}

static void sync_buffer(const struct buffer *b, uint64_t flags) {
	struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_READ | flags};
	if (b->add.kind == VC_DISPLAY_DMABUF)
		ioctl(b->fd, DMA_BUF_IOCTL_SYNC, &sync);
}

static uint32_t checksum(const struct vc_display_present *p) {
	uint32_t stride, sum = 2166136261u;
	const uint8_t *at = pixels(p, &stride);
	for (uint32_t y = 0; at && y < p->height; y += 7)
		for (uint32_t x = 0; x < p->width; x += 5)
			sum = (sum ^ *(const uint32_t *)(const void *)(at + (size_t)y * stride + (size_t)x * 4)) *
			      16777619u;
	return sum;
}

static void write_png(const char *path, const struct vc_display_present *p) {
	uint32_t stride;
	const uint8_t *at = pixels(p, &stride);
	uint8_t *rgb = malloc((size_t)p->width * p->height * 3);
	if (!at || !rgb) {
		free(rgb);
		return;
	}
	bool bgr = sink.buffer[p->id].add.fourcc == DRM_FORMAT_XBGR8888;
	for (uint32_t y = 0; y < p->height; y++)
		for (uint32_t x = 0; x < p->width; x++) {
			const uint8_t *s = at + (size_t)y * stride + (size_t)x * 4;
			uint8_t *d = rgb + ((size_t)y * p->width + x) * 3;
			d[0] = s[bgr ? 0 : 2];
			d[1] = s[1];
			d[2] = s[bgr ? 2 : 0];
		}
	png_image image = {
		.version = PNG_IMAGE_VERSION, .width = p->width, .height = p->height, .format = PNG_FORMAT_RGB};
	if (!png_image_write_to_file(&image, path, 0, rgb, 0, NULL))
		fprintf(stderr, "sink: %s: %s\n", path, image.message);
	free(rgb);
}

static void shoot(const char *name, unsigned number) {
	if (sink.shown.seq == 0)
		return;
	char path[512];
	snprintf(path, sizeof(path), "%s/%s-%03u.png", sink.out, name, number);
	sync_buffer(&sink.buffer[sink.shown.id], DMA_BUF_SYNC_START);
	write_png(path, &sink.shown);
	sync_buffer(&sink.buffer[sink.shown.id], DMA_BUF_SYNC_END);
}

static void write_json(void) {
	char path[512], temporary[520];
	snprintf(path, sizeof(path), "%s/sink.json", sink.out);
	snprintf(temporary, sizeof(temporary), "%s.new", path);
	FILE *f = fopen(temporary, "w");
	if (!f)
		return;
	fprintf(f,
		"{\"layer\": \"%s\", \"connected\": %s, \"clients\": %llu, \"presents\": %llu, \"changed\": %llu, "
		"\"heartbeats\": %llu, \"dmabuf\": %llu, \"memfd\": %llu, \"bytes_copied\": %llu, \"width\": %u, "
		"\"height\": %u, \"shots\": %u, \"violations\": %llu}\n",
		sink.layer, sink.sock >= 0 ? "true" : "false", (unsigned long long)sink.clients,
		(unsigned long long)sink.presents, (unsigned long long)sink.changed,
		(unsigned long long)sink.heartbeats, (unsigned long long)sink.in_place, (unsigned long long)sink.copied,
		(unsigned long long)sink.bytes_copied, sink.shown.width, sink.shown.height, sink.shots,
		(unsigned long long)sink.violations);
	fclose(f);
	rename(temporary, path);
}

/* The next vblank: what was presented last is shown, what it replaces is released. */
static void on_vblank(void) {
	if (sink.next.seq == 0)
		return;
	struct vc_display_present old = sink.shown;
	sink.shown = sink.next;
	sink.next.seq = 0;
	sync_buffer(&sink.buffer[sink.shown.id], DMA_BUF_SYNC_START);
	uint32_t sum = checksum(&sink.shown);
	sync_buffer(&sink.buffer[sink.shown.id], DMA_BUF_SYNC_END);
	if (sum != sink.checksum)
		sink.changed++;
	sink.checksum = sum;
	if (sink.kept < sink.keep)
		shoot("frame", sink.kept++);
	int64_t now = vc_clock_now();
	struct vc_display_frame frame = {
		.seq = sink.shown.seq, .flip_ns = now, .deadline_ns = now + VC_NS_PER_S / sink.rate};
	reply(&frame, VC_DISPLAY_FRAME, sizeof(frame));
	if (old.seq) {
		struct vc_display_release release = {.id = old.id, .seq = old.seq};
		reply(&release, VC_DISPLAY_RELEASE, sizeof(release));
	}
}

static void on_hello(const struct vc_display_hello *hello) {
	if (hello->magic != VC_DISPLAY_MAGIC || hello->version != VC_DISPLAY_VERSION) {
		violate("bad HELLO");
		return;
	}
	memcpy(sink.layer, hello->layer, sizeof(sink.layer) - 1);
	struct vc_display_welcome welcome = {.version = VC_DISPLAY_VERSION,
					     .width = sink.width,
					     .height = sink.height,
					     .refresh_mhz = sink.rate * 1000,
					     .period_ns = (uint64_t)VC_NS_PER_S / sink.rate,
					     .buffers_max = VC_DISPLAY_BUFFERS_MAX};
	reply(&welcome, VC_DISPLAY_WELCOME, sizeof(welcome));
}

static void on_buffer_add(const struct vc_display_buffer_add *add, int fd) {
	off_t end = fd >= 0 ? lseek(fd, 0, SEEK_END) : -1;
	if (fd < 0 || add->id >= VC_DISPLAY_BUFFERS_MAX || sink.buffer[add->id].fd >= 0 || add->width == 0 ||
	    add->stride < add->width * 4 || add->offset + (uint64_t)add->stride * add->height > add->size || end < 0 ||
	    (uint64_t)end < add->size) {
		if (fd >= 0)
			close(fd);
		violate("bad BUFFER_ADD");
		return;
	}
	bool known = add->fourcc == DRM_FORMAT_XRGB8888 || add->fourcc == DRM_FORMAT_ARGB8888 ||
		     add->fourcc == DRM_FORMAT_XBGR8888;
	struct buffer *b = &sink.buffer[add->id];
	*b = (struct buffer){.fd = fd, .add = *add, .map_size = add->size};
	void *map = mmap(NULL, add->size, PROT_READ, MAP_SHARED, fd, 0);
	b->map = map == MAP_FAILED ? NULL : map;
	if (!b->map || !known || (sink.reject_dmabuf && add->kind == VC_DISPLAY_DMABUF)) {
		struct vc_display_buffer_rejected no = {
			.id = add->id, .error = EINVAL, .reason = "not taken by this sink"};
		drop_buffer(b);
		b->fd = -1;
		reply(&no, VC_DISPLAY_BUFFER_REJECTED, sizeof(no));
		return;
	}
	struct vc_display_buffer_ready ready = {.id = add->id};
	reply(&ready, VC_DISPLAY_BUFFER_READY, sizeof(ready));
}

static void on_present(const struct vc_display_present *p) {
	if (p->id >= VC_DISPLAY_BUFFERS_MAX) {
		violate("bad id");
		return;
	}
	const struct buffer *b = &sink.buffer[p->id];
	if (b->fd < 0) {
		violate("PRESENT of no buffer");
		return;
	}
	if (p->flags != 0 || p->width == 0 || p->x + p->width > b->add.width || p->y + p->height > b->add.height) {
		violate("bad PRESENT");
		return;
	}
	if (sink.next.seq && sink.next.id != p->id) {
		struct vc_display_release release = {.id = sink.next.id, .seq = sink.next.seq};
		reply(&release, VC_DISPLAY_RELEASE, sizeof(release));
	}
	sink.next = *p;
	sink.presents++;
	sink.bytes_copied += p->bytes_copied;
	if (b->add.kind == VC_DISPLAY_DMABUF)
		sink.in_place++;
	else
		sink.copied++;
}

static void on_client(void) {
	union vc_display_message m;
	int fd = -1;
	unsigned nfds = 1;
	ssize_t got = vc_ipc_recv(sink.sock, &m, sizeof(m), &fd, &nfds);
	if (got == -EAGAIN)
		return;
	if (nfds == 0)
		fd = -1;
	if (got < (ssize_t)sizeof(m.header) || (size_t)got != m.header.size) {
		drop_client(got == 0 ? "closed" : "nonsense");
	} else if (m.header.type == VC_DISPLAY_BUFFER_ADD) {
		on_buffer_add(&m.buffer_add, fd);
		return;
	} else if (m.header.type == VC_DISPLAY_HELLO) {
		on_hello(&m.hello);
	} else if (m.header.type == VC_DISPLAY_PRESENT) {
		on_present(&m.present);
	} else if (m.header.type == VC_DISPLAY_HEARTBEAT) {
		sink.heartbeats++;
	} else if (m.header.type == VC_DISPLAY_BUFFER_REMOVE && m.buffer_remove.id < VC_DISPLAY_BUFFERS_MAX) {
		uint32_t id = m.buffer_remove.id;
		if (sink.buffer[id].fd < 0) {
			violate("BUFFER_REMOVE of no buffer");
			return;
		}
		if (sink.shown.seq && sink.shown.id == id)
			sink.shown.seq = 0;
		if (sink.next.seq && sink.next.id == id)
			sink.next.seq = 0;
		drop_buffer(&sink.buffer[id]);
	} else {
		violate("unknown message");
	}
	if (fd >= 0)
		close(fd);
}

static int make_timer(int64_t ns) {
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	struct itimerspec t = {vc_clock_timespec(ns), vc_clock_timespec(ns)};
	timerfd_settime(fd, 0, &t, NULL);
	return fd;
}

static void drain(int fd) {
	uint64_t count;
	if (read(fd, &count, sizeof(count)) < 0) {
	}
}

static void run(int listener, int signals, int64_t every_ms) {
	int vblank = make_timer(VC_NS_PER_S / sink.rate);
	int shots = every_ms ? make_timer(every_ms * VC_NS_PER_MS) : -1;
	int reports = make_timer(200 * VC_NS_PER_MS);
	for (;;) {
		struct pollfd p[] = {{listener, POLLIN, 0}, {sink.sock, POLLIN, 0}, {signals, POLLIN, 0},
				     {vblank, POLLIN, 0},   {shots, POLLIN, 0},     {reports, POLLIN, 0}};
		if (poll(p, 6, -1) < 0)
			continue;
		if (p[0].revents) {
			int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
			if (sock >= 0 && sink.sock >= 0)
				close(sock);
			else if (sock >= 0)
				sink.sock = sock, sink.clients++;
		} else if (p[1].revents) {
			on_client();
		}
		if (p[2].revents) {
			struct signalfd_siginfo info;
			if (read(signals, &info, sizeof(info)) > 0 && info.ssi_signo != SIGUSR1)
				return;
			shoot("shot", sink.shots++);
		}
		if (p[3].revents) {
			drain(vblank);
			on_vblank();
		}
		if (p[4].revents) {
			drain(shots);
			shoot("shot", sink.shots++);
		}
		if (p[5].revents) {
			drain(reports);
			write_json();
		}
	}
}

int main(int argc, char **argv) {
	static const struct option table[] = {
		{"socket", required_argument, NULL, 's'},
		{"out", required_argument, NULL, 'o'},
		{"size", required_argument, NULL, 'z'},
		{"rate", required_argument, NULL, 'r'},
		{"every", required_argument, NULL, 'e'},
		{"keep", required_argument, NULL, 'k'},
		{"busy", required_argument, NULL, 'b'},
		{"reject-dmabuf", no_argument, NULL, 'd'},
		{NULL, 0, NULL, 0},
	};
	const char *path = NULL;
	int64_t every_ms = 0;
	int c;
	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 's')
			path = optarg;
		else if (c == 'o')
			sink.out = optarg;
		else if (c == 'z' && sscanf(optarg, "%ux%u", &sink.width, &sink.height) != 2)
			return 2;
		else if (c == 'r')
			sink.rate = (uint32_t)strtoul(optarg, NULL, 10);
		else if (c == 'e')
			every_ms = strtol(optarg, NULL, 10);
		else if (c == 'k')
			sink.keep = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'b')
			sink.busy = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'd')
			sink.reject_dmabuf = true;
		else if (c == '?')
			return 2;
	}
	if (!path || sink.rate == 0)
		return 2;
	for (unsigned i = 0; i < VC_DISPLAY_BUFFERS_MAX; i++)
		sink.buffer[i].fd = -1;
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	int listener = vc_ipc_listen(path, 0666);
	if (listener < 0) {
		fprintf(stderr, "sink: %s: %s\n", path, strerror(-listener));
		return 1;
	}
	run(listener, signalfd(-1, &set, SFD_CLOEXEC), every_ms);
	write_json();
	unlink(path);
	return 0;
}
