/* SPDX-License-Identifier: Apache-2.0 */
/* The transport within one machine: the broker's Unix socket, memfds. */
#include "clock.h"
#include "hello.h"
#include "ipc.h"
#include "link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

/* 64 GiB of addresses that nothing else is put at: far from heaps, libraries and stacks on x86-64 and arm64. */
static const uint64_t range = UINT64_C(64) << 30;
#ifdef __SANITIZE_THREAD__ /* has an address space of its own, and none of these in it */
static const uint64_t bases[] = {0, 0, 0};
#else
static const uint64_t bases[] = {UINT64_C(0x200000000000), UINT64_C(0x210000000000), UINT64_C(0x220000000000),
				 UINT64_C(0x230000000000), 0};
#endif

enum { OUTPUT_BYTES = 1 << 20 };

static int make_channel(struct vc_link *link) {
	int fd = memfd_create("vcockpit-cl", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	void *memory = MAP_FAILED;
	if (ftruncate(fd, sizeof(*link->channel)) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0)
		memory = mmap(NULL, sizeof(*link->channel), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED) {
		close(fd);
		return -errno;
	}
	link->channel = memory;
	return fd;
}

static bool reserve(struct vc_link *link, uint64_t base) {
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (base ? MAP_FIXED_NOREPLACE : 0);
	void *at = mmap((void *)(uintptr_t)base, range, PROT_NONE, flags, -1, 0);
	if (at == MAP_FAILED)
		return false;
	link->base = (uint64_t)(uintptr_t)at;
	link->size = range;
	if (base == 0 || link->base == base)
		return true;
	munmap(at, range);
	return false;
}

/* A pipe for what kernels print. Its end for the worker, or -1. It is large, so that few kernels wait for us. */
static int make_output(struct vc_link *link) {
	int ends[2];
	if (fcntl(STDOUT_FILENO, F_GETFD) < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	fcntl(ends[0], F_SETPIPE_SZ, OUTPUT_BYTES);
	atomic_store(&link->output, ends[0]);
	return ends[1];
}

static void drop_output(struct vc_link *link) {
	int fd = atomic_exchange(&link->output, -1);
	if (fd >= 0)
		close(fd);
}

/* Says hello and hears what comes of it. -ETIMEDOUT: nothing does. */
static int greet(struct vc_link *link, const char *path, int channel, char *why, size_t size) {
	link->sock = vc_ipc_connect(path);
	if (link->sock < 0) {
		snprintf(why, size, "%s: %s", path, strerror(-link->sock));
		return link->sock;
	}
	struct vc_cl_hello hello = {.magic = VC_CL_MAGIC,
				    .version = VC_CL_VERSION,
				    .want = VC_CL_WANT_WORKER,
				    .base = link->base,
				    .size = link->size};
	snprintf(hello.name, sizeof(hello.name), "%s", program_invocation_short_name);
	int fds[2] = {channel, make_output(link)};
	struct vc_cl_welcome welcome = {0};
	int err = vc_ipc_send(link->sock, &hello, sizeof(hello), fds, fds[1] >= 0 ? 2 : 1);
	if (fds[1] >= 0)
		close(fds[1]);
	vc_ipc_limit(link->sock, vc_hello_ms());
	ssize_t got = err < 0 ? err : vc_ipc_recv(link->sock, &welcome, sizeof(welcome), NULL, NULL);
	vc_ipc_limit(link->sock, 0);
	if (got == sizeof(welcome) && welcome.magic == VC_CL_MAGIC && welcome.error == 0)
		return 0;
	if (got == sizeof(welcome) && welcome.magic == VC_CL_MAGIC) {
		welcome.why[sizeof(welcome.why) - 1] = '\0';
		snprintf(why, size, "%s", welcome.why);
		err = welcome.error < 0 ? welcome.error : -EPROTO;
	} else if (got == -EAGAIN) {
		snprintf(why, size, "%s: the broker has not answered within %lld ms (VCOCKPIT_CL_HELLO_MS)", path,
			 (long long)vc_hello_ms());
		err = -ETIMEDOUT;
	} else {
		snprintf(why, size, "%s: no welcome from the broker", path);
		err = -EPROTO;
	}
	close(link->sock);
	drop_output(link);
	return err;
}

static int local_open(struct vc_link *link, char *why, size_t size) {
	/* Programs ask for platforms many times: who has waited in vain is told the same at once, for as long again. */
	static int64_t silent_until;
	if (vc_clock_now() < silent_until) {
		snprintf(why, size, "the broker has not answered lately");
		return -ETIMEDOUT;
	}
	const char *path = getenv("VCOCKPIT_CL_SOCKET");
	int channel = make_channel(link);
	if (channel < 0) {
		snprintf(why, size, "no shared memory: %s", strerror(-channel));
		return channel;
	}
	int err = -EADDRINUSE;
	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]) && err == -EADDRINUSE; i++) {
		if (!reserve(link, bases[i]))
			continue;
		err = greet(link, path ? path : VC_CL_SOCKET, channel, why, size);
		if (err < 0)
			munmap((void *)(uintptr_t)link->base, link->size);
	}
	if (err == -ETIMEDOUT) {
		silent_until = vc_clock_now() + vc_hello_ms() * VC_NS_PER_MS;
		fprintf(stderr, "vcockpit-opencl: no platform: %s\n", why);
	}
	close(channel);
	if (err < 0)
		munmap(link->channel, sizeof(*link->channel));
	return err;
}

static int local_share(struct vc_link *link, int fd) {
	char byte = 0;
	return vc_ipc_send(link->sock, &byte, sizeof(byte), &fd, 1);
}

static void write_out(const char *bytes, size_t size) {
	while (size > 0) {
		ssize_t n = write(STDOUT_FILENO, bytes, size);
		struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};
		if (n < 0 && errno == EAGAIN)
			poll(&p, 1, -1);
		else if (n < 0 && errno != EINTR)
			return; /* as the host's own would be lost */
		bytes += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
}

static void local_print(struct vc_link *link) {
	char bytes[4096];
	pthread_mutex_lock(&link->output_lock);
	for (bool more = true; more && atomic_load(&link->output) >= 0;) {
		ssize_t n = read(atomic_load(&link->output), bytes, sizeof(bytes));
		if (n > 0)
			write_out(bytes, (size_t)n);
		else if (n == 0)
			drop_output(link); /* the worker has closed it */
		else
			more = errno == EINTR;
	}
	pthread_mutex_unlock(&link->output_lock);
}

static bool local_wait(struct vc_link *link) {
	struct pollfd p[2] = {{.fd = link->sock, .events = POLLIN}};
	do {
		p[1] = (struct pollfd){.fd = atomic_load(&link->output), .events = POLLIN};
		if (poll(p, 2, -1) > 0 && p[1].revents)
			local_print(link);
	} while (!p[0].revents);
	char byte;
	return vc_ipc_recv(link->sock, &byte, sizeof(byte), NULL, NULL) > 0;
}

static bool local_alive(struct vc_link *link) {
	struct pollfd p = {.fd = link->sock, .events = POLLRDHUP};
	return poll(&p, 1, 0) <= 0;
}

const struct vc_link_transport vc_link_local = {
	.open = local_open, .share = local_share, .wait = local_wait, .alive = local_alive, .print = local_print};
