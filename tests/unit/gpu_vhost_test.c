/* SPDX-License-Identifier: Apache-2.0 */
#include "vhost.h"

#include <fcntl.h>
#include <linux/virtio_gpu.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct vc_vhost v;
static int peer;
static unsigned settled, moved, changed, fresh;

static void on_settle(void *data) {
	(void)data;
	settled++;
}
static void on_memory(void *data) {
	(void)data;
	moved++;
}
static void on_ring(void *data, unsigned index) {
	(void)data;
	(void)index;
	changed++;
}
static void on_fresh(void *data) {
	(void)data;
	fresh++;
}

static const struct vc_vhost_ops ops = {on_settle, on_memory, on_ring, on_fresh};

static int setup(void **state) {
	(void)state;
	int pair[2];
	settled = moved = changed = fresh = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	vc_vhost_init(&v, &ops, NULL);
	vc_vhost_open(&v, pair[0]);
	v.device_features = 3;
	peer = pair[1];
	return 0;
}

static int teardown(void **state) {
	(void)state;
	vc_vhost_close(&v);
	close(peer);
	return 0;
}

static void say(uint32_t request, uint32_t flags, const void *payload, uint32_t size, const int *fds, unsigned nfds) {
	uint8_t out[2048];
	uint32_t header[3] = {request, flags | 1, size};
	memcpy(out, header, 12);
	if (size)
		memcpy(out + 12, payload, size);
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(8 * sizeof(int))];
	} control = {0};
	struct iovec iov = {out, 12 + size};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	if (nfds) {
		msg.msg_control = &control;
		msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(nfds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, nfds * sizeof(int));
	}
	assert_int_equal(sendmsg(peer, &msg, 0), 12 + size);
}

static const char *say_u64(uint32_t request, uint64_t value) {
	say(request, 0, &value, 8, NULL, 0);
	return vc_vhost_receive(&v);
}

static const char *say_state(uint32_t request, uint32_t index, uint32_t num) {
	uint32_t s[2] = {index, num};
	say(request, 0, s, 8, NULL, 0);
	return vc_vhost_receive(&v);
}

static uint32_t hear(uint32_t request, void *payload, uint32_t size) {
	uint32_t header[3];
	assert_int_equal(recv(peer, header, 12, MSG_DONTWAIT), 12);
	assert_int_equal(header[0], request);
	assert_int_equal(header[1], 5);
	assert_true(header[2] <= size);
	if (header[2])
		assert_int_equal(recv(peer, payload, header[2], MSG_DONTWAIT), header[2]);
	return header[2];
}

static int make_ram(size_t size, int seals) {
	int fd = memfd_create("ram", MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
	return fd;
}

struct table {
	uint32_t count, padding;
	struct {
		uint64_t gpa, size, uva, offset;
	} r[8];
};

/* A guest of more than 4 GiB in small: two regions, of one file. */
static const char *say_memory(int seals) {
	int fd = make_ram(0x200000, seals), fds[2] = {fd, fd};
	struct table t = {
		.count = 2,
		.r = {{0, 0x100000, 0x7000000000, 0}, {UINT64_C(0x100000000), 0x100000, 0x7000100000, 0x100000}}};
	say(5, 0, &t, 8 + 2 * 32, fds, 2);
	close(fd);
	return vc_vhost_receive(&v);
}

/* As stock QEMU 10.0 does it, step by step. */
static void test_startup(void **state) {
	(void)state;
	uint64_t u64;
	say(1, 0, NULL, 0, NULL, 0);
	assert_null(vc_vhost_receive(&v));
	hear(1, &u64, 8);
	assert_int_equal(u64, UINT64_C(0x170000003));
	say(15, 0, NULL, 0, NULL, 0);
	assert_null(vc_vhost_receive(&v));
	hear(15, &u64, 8);
	assert_int_equal(u64, 0x209);
	assert_null(say_u64(16, u64));
	say(17, 0, NULL, 0, NULL, 0);
	assert_null(vc_vhost_receive(&v));
	hear(17, &u64, 8);
	assert_int_equal(u64, 2);
	assert_null(say_u64(2, UINT64_C(0x10170000003)));
	assert_true(v.ring[0].event_idx);
	assert_null(say_memory(F_SEAL_SHRINK));
	assert_int_equal(moved, 1);
	assert_non_null(vc_memory_at(&v.memory, UINT64_C(0x100000000), 0x100000));
	assert_null(vc_memory_at(&v.memory, 0xffff0, 0x20));
	assert_null(say_state(8, 0, 256));
	assert_null(say_state(10, 0, 0));
	assert_int_equal(fresh, 1);
	uint64_t addr[5] = {0, 0x7000100000, 0x7000102000, 0x7000101000, 0};
	say(9, 0, addr, 40, NULL, 0);
	assert_null(vc_vhost_receive(&v));
	int kick = eventfd(0, 0);
	u64 = 0;
	say(12, 0, &u64, 8, &kick, 1);
	assert_null(vc_vhost_receive(&v));
	close(kick);
	assert_false(vc_vring_ready(&v.ring[0]));
	assert_null(say_state(18, 0, 1));
	assert_true(vc_vring_ready(&v.ring[0]));
	/* Memory moves under a running ring: it stays where it is in QEMU's addresses. */
	assert_null(say_memory(F_SEAL_SHRINK));
	assert_true(vc_vring_ready(&v.ring[0]));
	/* and stops */
	v.ring[0].next_avail = 77;
	uint32_t s[2] = {0, 0};
	say(11, 0, s, 8, NULL, 0);
	assert_null(vc_vhost_receive(&v));
	hear(11, s, 8);
	assert_int_equal(s[1], 77);
	assert_false(vc_vring_ready(&v.ring[0]));
	assert_true(settled >= 3);
}

static void test_config(void **state) {
	(void)state;
	struct virtio_gpu_config config = {.num_scanouts = 1, .num_capsets = 2};
	memcpy(v.config, &config, sizeof(config));
	v.config_size = sizeof(config);
	uint32_t ask[3 + 8] = {0, 32, 0};
	say(24, 0, ask, 12 + 32, NULL, 0);
	assert_null(vc_vhost_receive(&v));
	uint32_t got[3 + 8];
	assert_int_equal(hear(24, got, sizeof(got)), 44);
	assert_int_equal(got[3 + 2], 1);
	assert_int_equal(got[3 + 3], 2);
	assert_int_equal(got[3 + 4], 0);
	ask[1] = 257;
	say(24, 0, ask, 44, NULL, 0);
	assert_non_null(vc_vhost_receive(&v));
}

static void test_reply_ack(void **state) {
	(void)state;
	uint64_t u64;
	assert_null(say_u64(16, 0x209));
	say(3, 8, NULL, 0, NULL, 0);
	assert_null(vc_vhost_receive(&v));
	hear(3, &u64, 8);
	assert_int_equal(u64, 0);
}

static void test_pieces(void **state) {
	(void)state;
	uint32_t message[5] = {2, 1, 8, 3, 0};
	for (unsigned i = 0; i < sizeof(message); i++) {
		assert_int_equal(send(peer, (char *)message + i, 1, 0), 1);
		assert_null(vc_vhost_receive(&v));
	}
	assert_int_equal(v.features, 3);
}

static void test_refusals(void **state) {
	(void)state;
	assert_non_null(say_u64(2, UINT64_C(1) << 50));  /* feature not offered */
	assert_non_null(say_u64(16, UINT64_C(1) << 20)); /* protocol feature not offered */
	assert_non_null(say_state(8, 0, 3));             /* not a power of two */
	assert_non_null(say_state(8, 0, 2048));
	assert_non_null(say_state(8, 2, 64)); /* no such ring */
	assert_non_null(say_state(18, 0, 2));
	assert_non_null(say_state(10, 0, 65536));
	assert_non_null(say_u64(12, 0));     /* no descriptor */
	assert_non_null(say_u64(12, 0x100)); /* polling */
	assert_non_null(say_u64(13, 5));
	assert_non_null(say_memory(0)); /* can shrink */
	assert_int_equal(v.memory.count, 0);
	assert_non_null(say_u64(99, 0)); /* unknown */
	uint64_t addr[5] = {0, 1, 2, 3, 0};
	say(9, 0, addr, 40, NULL, 0);
	assert_non_null(vc_vhost_receive(&v));
	say(33, 0, NULL, 0, NULL, 0);
	assert_non_null(vc_vhost_receive(&v));
}

static void test_memory_refusals(void **state) {
	(void)state;
	int fd = make_ram(0x200000, F_SEAL_SHRINK);
	int fds[8] = {fd, fd, fd, fd, fd, fd, fd, fd};
	struct table bad[] = {
		{.count = 1, .r = {{0, 0x300000, 0, 0}}},                             /* longer than its file */
		{.count = 1, .r = {{0, 0, 0, 0}}},                                    /* empty */
		{.count = 1, .r = {{UINT64_MAX - 0xfff, 0x2000, 0, 0}}},              /* wraps */
		{.count = 1, .r = {{0, 0x1000, 0, 0x800}}},                           /* not on a page */
		{.count = 2, .r = {{0, 0x2000, 0, 0}, {0x1000, 0x1000, 0x10000, 0}}}, /* overlap */
	};
	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		say(5, 0, &bad[i], 8 + bad[i].count * 32, fds, bad[i].count);
		assert_non_null(vc_vhost_receive(&v));
	}
	struct table t = {.count = 2};
	say(5, 0, &t, 8 + 2 * 32, fds, 1); /* a descriptor is missing */
	assert_non_null(vc_vhost_receive(&v));
	t.count = 9;
	say(5, 0, &t, 8 + 8 * 32, fds, 8);
	assert_non_null(vc_vhost_receive(&v));
	close(fd);
}

static void test_header(void **state) {
	(void)state;
	uint32_t wrong_version[3] = {1, 2, 0};
	assert_int_equal(send(peer, wrong_version, 12, 0), 12);
	assert_non_null(vc_vhost_receive(&v));
}

static void test_too_long(void **state) {
	(void)state;
	uint32_t header[3] = {1, 1, 0x80000000u};
	assert_int_equal(send(peer, header, 12, 0), 12);
	assert_non_null(vc_vhost_receive(&v));
}

static void test_hang_up(void **state) {
	(void)state;
	shutdown(peer, SHUT_WR);
	assert_string_equal(vc_vhost_receive(&v), "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {TEST(test_startup), TEST(test_config),   TEST(test_reply_ack),
					   TEST(test_pieces),  TEST(test_refusals), TEST(test_memory_refusals),
					   TEST(test_header),  TEST(test_too_long), TEST(test_hang_up)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
