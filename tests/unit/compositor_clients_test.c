/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The display server at real sockets: what clients send is closed by nobody but the importer, and guests at their socket keep no
 * cluster out at its own.
 */
#include "compositor_fake_display.h"
#include "ipc.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct fake_display fake;
static struct vc_loop loop;
static struct vc_watch end; /* of a turn */
static char dir[64], path[VC_DOORS][96];
static int listener[VC_DOORS];

static void end_turn(void *data, uint32_t events) {
	(void)data;
	(void)events;
	loop.quit = true;
}

/* The loop handles all that has come, several times over since a new connection brings more. */
static void turn(void) {
	for (int i = 0; i < 4; i++) {
		loop.quit = false;
		assert_int_equal(vc_loop_run(&loop), 0);
	}
}

static int setup(void **state) {
	(void)state;
	fake_display_init(&fake);
	strcpy(dir, "/tmp/vcockpit-clients.XXXXXX");
	assert_non_null(mkdtemp(dir));
	assert_int_equal(vc_loop_init(&loop), 0);
	for (unsigned i = 0; i < VC_DOORS; i++) {
		snprintf(path[i], sizeof(path[i]), "%s/%u", dir, i);
		listener[i] = vc_ipc_listen(path[i], 0600);
		assert_return_code(listener[i], errno);
	}
	assert_int_equal(vc_clients_init(&fake.clients, &loop, listener, &fake.common, fake.importer, fake.layer, 2),
			 0);
	end = (struct vc_watch){.fd = eventfd(1, EFD_CLOEXEC), .urgency = VC_URGENT_REST, .ready = end_turn};
	assert_int_equal(vc_loop_add(&loop, &end), 0);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	fake_display_finish(&fake);
	close(end.fd);
	close(loop.epoll);
	for (unsigned i = 0; i < VC_DOORS; i++) {
		close(listener[i]);
		unlink(path[i]);
	}
	rmdir(dir);
	return 0;
}

static struct vc_client *first_client(unsigned door) {
	for (unsigned i = 0; i < fake.clients.door[door].places; i++)
		if (fake.clients.door[door].place[i].watch.fd >= 0)
			return &fake.clients.door[door].place[i];
	return NULL;
}

static unsigned waiting(unsigned importer) {
	return VC_IMPORTER_DISCARDS - vc_importer_room(&fake.importer[importer]);
}

/* Sends @m with descriptor @fd, @times over, which may be more than vc_ipc_send() would. */
static void send_many(int sock, const void *m, size_t size, int fd, unsigned times) {
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(VC_IPC_FDS_ALL * sizeof(int))];
	} control = {0};
	struct iovec iov = {.iov_base = (void *)(uintptr_t)m, .iov_len = size};
	struct msghdr header = {.msg_iov = &iov,
				.msg_iovlen = 1,
				.msg_control = &control,
				.msg_controllen = CMSG_SPACE(times * sizeof(int))};
	struct cmsghdr *c = CMSG_FIRSTHDR(&header);
	*c = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(times * sizeof(int))};
	for (unsigned i = 0; i < times; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof(fd));
	assert_int_equal(sendmsg(sock, &header, MSG_NOSIGNAL), size);
}

static void hello(int sock, const char *layer) {
	struct vc_display_hello m = {
		.header = {VC_DISPLAY_HELLO, sizeof(m)}, .magic = VC_DISPLAY_MAGIC, .version = VC_DISPLAY_VERSION};
	snprintf(m.layer, sizeof(m.layer), "%s", layer);
	assert_int_equal(vc_ipc_send(sock, &m, sizeof(m), NULL, 0), 0);
}

static int join(unsigned door, const char *layer) {
	union vc_display_message m;
	int sock = vc_ipc_connect(path[door]);
	assert_return_code(sock, -sock);
	hello(sock, layer);
	turn();
	assert_true(vc_ipc_recv(sock, &m, sizeof(m), NULL, NULL) > 0);
	assert_int_equal(m.header.type, VC_DISPLAY_WELCOME);
	return sock;
}

/* A file whose last close is seen at the other end. */
struct witness {
	int seen, sent;
};

static struct witness witness_new(void) {
	int ends[2];
	assert_return_code(pipe(ends), errno);
	return (struct witness){.seen = ends[0], .sent = ends[1]};
}

static bool is_closed(const struct witness *w) {
	struct pollfd p = {.fd = w->seen, .events = POLLIN};
	return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);
}

/* Not before it gets its turn. */
static void expect_closed_by_importer(const struct witness *w) {
	assert_false(is_closed(w));
	fake_display_close(&fake);
	assert_true(is_closed(w));
	close(w->seen);
}

static void what_is_sent_is_closed_by_the_importer(void **state) {
	(void)state;
	static const unsigned counts[] = {1, 3, VC_IPC_FDS_ALL};
	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		const struct vc_display_present m = {.header = {VC_DISPLAY_PRESENT, sizeof(m)},
						     .flags = VC_DISPLAY_PRESENT_FENCE,
						     .seq = 1,
						     .width = 1,
						     .height = 1};
		struct witness w = witness_new();
		fake.layer[1].closed_until_ns = 0;
		int sock = join(VC_DOOR_GUESTS, "ivi");
		send_many(sock, &m, sizeof(m), w.sent, counts[i]);
		close(w.sent);
		turn();
		assert_null(first_client(VC_DOOR_GUESTS)); /* it broke a rule */
		assert_int_equal(waiting(1), counts[i]);
		assert_int_equal(waiting(VC_IMPORTER_SOCKETS), 1);
		expect_closed_by_importer(&w);
		close(sock);
	}
}

/* A connection that ends has more in its queue than was read, or was never taken in. */
static void what_waits_in_sockets_is_closed_by_the_importer(void **state) {
	(void)state;
	const struct vc_display_heartbeat m = {.header = {VC_DISPLAY_HEARTBEAT, sizeof(m)}};
	fake.common.connects = 1;
	for (int i = 0; i < 2; i++) {
		struct witness w = witness_new();
		int sock = vc_ipc_connect(path[VC_DOOR_GUESTS]);
		assert_return_code(sock, -sock);
		hello(sock, "radio");
		send_many(sock, &m, sizeof(m), w.sent, 1);
		close(w.sent);
		turn();
		assert_null(first_client(VC_DOOR_GUESTS));
		assert_int_equal(waiting(VC_IMPORTER_SOCKETS), 1);
		expect_closed_by_importer(&w);
		close(sock);
	}
}

/* What the importer has no room for stays where it is, and keeps no other client waiting. */
static void a_full_ring_leaves_messages_in_their_socket(void **state) {
	(void)state;
	const struct vc_display_heartbeat beat = {.header = {VC_DISPLAY_HEARTBEAT, sizeof(beat)}};
	int ivi = join(VC_DOOR_GUESTS, "ivi"), cluster = join(VC_DOOR_CLUSTER, "cluster");
	while (vc_importer_room(&fake.importer[1]) > VC_IPC_FDS_ALL)
		vc_importer_discard(&fake.importer[1], dup(end.fd));
	fake.layer[0].source.sign_ns = fake.layer[1].source.sign_ns = 0;
	assert_int_equal(vc_ipc_send(ivi, &beat, sizeof(beat), NULL, 0), 0);
	assert_int_equal(vc_ipc_send(cluster, &beat, sizeof(beat), NULL, 0), 0);
	turn();
	assert_int_equal(fake.layer[1].source.sign_ns, 0);
	assert_int_not_equal(fake.layer[0].source.sign_ns, 0);
	fake_display_close(&fake);
	vc_clients_check(&fake.clients, fake.now_ns);
	turn();
	assert_int_not_equal(fake.layer[1].source.sign_ns, 0);
	/* Its end is noticed all the same. */
	while (vc_importer_room(&fake.importer[1]) > VC_IPC_FDS_ALL)
		vc_importer_discard(&fake.importer[1], dup(end.fd));
	assert_int_equal(vc_ipc_send(ivi, &beat, sizeof(beat), NULL, 0), 0);
	turn();
	assert_non_null(first_client(VC_DOOR_GUESTS));
	close(ivi);
	turn();
	assert_null(first_client(VC_DOOR_GUESTS));
	close(cluster);
}

/* Guests fill their socket's queue to the brim while the compositor doesn't run; the cluster comes in before the first of them. */
static void a_flood_of_guests_keeps_no_cluster_out(void **state) {
	(void)state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int flood[64], n = 0, sock;
	strcpy(address.sun_path, path[VC_DOOR_GUESTS]);
	for (; n < 64; n++) {
		flood[n] = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (connect(flood[n], (struct sockaddr *)&address, sizeof(address)) < 0)
			break;
	}
	assert_true(n < 64);
	assert_int_equal(errno, EAGAIN);
	sock = join(VC_DOOR_CLUSTER, "cluster");
	assert_ptr_equal(first_client(VC_DOOR_CLUSTER)->layer, &fake.layer[0]);
	for (; n >= 0; n--)
		close(flood[n]);
	close(sock);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_sent_is_closed_by_the_importer, setup, teardown),
		cmocka_unit_test_setup_teardown(what_waits_in_sockets_is_closed_by_the_importer, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_ring_leaves_messages_in_their_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(a_flood_of_guests_keeps_no_cluster_out, setup, teardown),
	};
	return cmocka_run_group_tests_name("compositor.clients", tests, NULL, NULL);
}
