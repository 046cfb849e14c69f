/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vhost-user messages from a hostile QEMU. The input is records of: request byte, flags byte (low 4 bits: flags; bit 7: pop
 * the rings afterwards), count of descriptors, payload length (16 bits), payload. Descriptors are a sealed memfd of 1 MiB, or an
 * eventfd for the ring messages.
 */
#include "vhost.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

static void on_event(void *data) {
	(void)data;
}

static void on_ring(void *data, unsigned index) {
	(void)data;
	(void)index;
}

static const struct vc_vhost_ops ops = {on_event, on_event, on_ring, on_event};

static int make_ram(void) {
	int fd = memfd_create("ram", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0 || ftruncate(fd, 1 << 20) < 0 || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) < 0)
		abort();
	return fd;
}

static void send_record(int sock, const uint8_t *record, size_t payload, const int *fds, unsigned nfds) {
	uint8_t out[12 + UINT16_MAX];
	uint32_t header[3] = {record[0], (record[1] & 0xfu) ^ 1u, (uint32_t)payload};
	memcpy(out, header, 12);
	memcpy(out + 12, record + 5, payload);
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = {0};
	struct iovec iov = {out, 12 + payload};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	if (nfds > 0) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	sendmsg(sock, &msg, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void pop_all(struct vc_vhost *v) {
	static struct vc_chain chain;
	for (unsigned i = 0; i < VC_VHOST_RINGS; i++) {
		for (unsigned n = 0; n < 16; n++) {
			enum vc_vring_result got = vc_vring_pop(&v->ring[i], &v->memory, &chain);
			if (got != VC_VRING_CHAIN && got != VC_VRING_BAD_CHAIN)
				break;
			vc_vring_push(&v->ring[i], chain.head, 0);
		}
		vc_vring_notify(&v->ring[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	static int ram = -1, event;
	if (ram < 0) {
		ram = make_ram();
		event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	}
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	static struct vc_vhost v;
	vc_vhost_init(&v, &ops, NULL);
	v.device_features = 3;
	v.config_size = 16;
	vc_vhost_open(&v, pair[0]);
	uint8_t drain[4096];
	while (size >= 5) {
		size_t payload = (size_t)data[3] | (size_t)data[4] << 8;
		if (payload > size - 5)
			payload = size - 5;
		int fds[8];
		for (unsigned i = 0; i < 8; i++)
			fds[i] = data[0] >= 12 && data[0] <= 14 ? event : ram;
		send_record(pair[1], data, payload, fds, data[2] % 9);
		if (vc_vhost_receive(&v))
			break;
		if (data[1] & 0x80)
			pop_all(&v);
		while (recv(pair[1], drain, sizeof(drain), MSG_DONTWAIT) > 0)
			;
		data += 5 + payload;
		size -= 5 + payload;
	}
	vc_vhost_close(&v);
	close(pair[1]);
	return 0;
}
