/* SPDX-License-Identifier: Apache-2.0 */
/* The guest's screen at the compositor: a strict one, that ends the connection for a buffer it doesn't know. */
#include "scanout.h"

#include "clock.h"
#include "ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define LIMIT_MS 5000

static sd_event *event;
static struct vc_gpu_config config;
static struct vc_scanout s;
static char dir[32];
static int listener, peer;
static bool alive;

static bool is_alive(void *data) {
	(void)data;
	return alive;
}

static void run(void) {
	while (sd_event_run(event, 2000) > 0)
		;
}

static void say(void *message, uint32_t type, size_t size) {
	*(struct vc_display_header *)message = (struct vc_display_header){type, (uint32_t)size};
	assert_int_equal(vc_ipc_send(peer, message, size, NULL, 0), 0);
	run();
}

/* The next message that is no heartbeat; 0 if there's none. */
static uint32_t hear(union vc_display_message *m) {
	for (;;) {
		int fd = -1;
		unsigned nfds = 1;
		ssize_t got = vc_ipc_recv(peer, m, sizeof(*m), &fd, &nfds);
		if (got <= 0)
			return 0;
		if (nfds)
			close(fd);
		if (m->header.type != VC_DISPLAY_HEARTBEAT)
			return m->header.type;
	}
}

static void ready(uint32_t id) {
	struct vc_display_buffer_ready m = {.id = id};
	say(&m, VC_DISPLAY_BUFFER_READY, sizeof(m));
}

static void rejected(uint32_t id, int error) {
	struct vc_display_buffer_rejected m = {.id = id, .error = error, .reason = "no"};
	say(&m, VC_DISPLAY_BUFFER_REJECTED, sizeof(m));
}

/* Connecting waits for the answer, so somebody else has to give it. */
static void *welcome(void *data) {
	(void)data;
	struct vc_display_welcome w = {.header = {VC_DISPLAY_WELCOME, sizeof(w)},
				       .version = VC_DISPLAY_VERSION,
				       .width = 800,
				       .height = 480,
				       .refresh_mhz = 50000};
	struct vc_display_hello hello;
	struct pollfd p = {.fd = listener, .events = POLLIN};
	poll(&p, 1, LIMIT_MS);
	int sock = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (vc_ipc_recv(sock, &hello, sizeof(hello), NULL, NULL) == sizeof(hello))
		vc_ipc_send(sock, &w, sizeof(w), NULL, 0);
	fcntl(sock, F_SETFL, O_NONBLOCK);
	peer = sock;
	return NULL;
}

static void connect_all(void) {
	pthread_t thread;
	uint64_t before = s.connections;
	assert_int_equal(pthread_create(&thread, NULL, welcome, NULL), 0);
	for (int i = 0; i < 1000 && s.connections == before; i++)
		run();
	pthread_join(thread, NULL);
	assert_int_equal(s.connections, before + 1);
}

static int setup(void **state) {
	(void)state;
	strcpy(dir, "/tmp/vc-scanout-XXXXXX");
	int fd = mkstemp(dir);
	close(fd);
	unlink(dir);
	vc_gpu_config_defaults(&config);
	snprintf(config.display, sizeof(config.display), "%s", dir);
	config.reconnect_ms = 50;
	config.heartbeat_ms = 10;
	alive = true;
	listener = vc_ipc_listen(dir, 0600);
	if (listener < 0 || sd_event_new(&event) < 0 || vc_scanout_init(&s, event, &config, is_alive, NULL) < 0)
		return -1;
	connect_all();
	return 0;
}

static int teardown(void **state) {
	(void)state;
	vc_scanout_finish(&s);
	close(peer);
	sd_event_unref(event);
	close(listener);
	unlink(dir);
	return 0;
}

static bool show(uint64_t export, uint32_t resource, bool in_place) {
	struct vc_worker_frame f = {.export = export,
				    .kind = VC_DISPLAY_MEMFD,
				    .width = 64,
				    .height = 64,
				    .fourcc = 0x34325258,
				    .stride = 256,
				    .in_place = in_place,
				    .size = 16384};
	return vc_scanout_show(&s, &f, resource, 64, 64, memfd_create("frame", MFD_CLOEXEC));
}

static void expect(uint32_t type, uint32_t id) {
	union vc_display_message m;
	assert_int_equal(hear(&m), type);
	/* the first field of all that a client says about buffers */
	assert_int_equal(m.buffer_remove.id, id);
}

static void expect_nothing(void) {
	union vc_display_message m;
	assert_int_equal(hear(&m), 0);
}

static void test_zone(void **state) {
	(void)state;
	assert_int_equal(s.width, 800);
	assert_int_equal(s.height, 480);
	assert_int_equal(s.refresh_mhz, 50000);
}

static void test_waits_for_ready(void **state) {
	(void)state;
	assert_true(show(1, 7, true));
	expect(VC_DISPLAY_BUFFER_ADD, 0);
	expect_nothing();
	ready(0);
	expect(VC_DISPLAY_PRESENT, 0);
	assert_false(s.framed);
	struct vc_display_frame frame = {.seq = 1};
	say(&frame, VC_DISPLAY_FRAME, sizeof(frame));
	assert_true(vc_scanout_paced(&s));
	/* Known memory is offered once. */
	assert_true(show(1, 7, true));
	expect(VC_DISPLAY_PRESENT, 0);
	expect_nothing();
}

static void test_busy(void **state) {
	(void)state;
	show(1, 7, true);
	expect(VC_DISPLAY_BUFFER_ADD, 0);
	rejected(0, EBUSY);
	/* It is offered again with a heartbeat, some milliseconds later. */
	struct pollfd p = {.fd = peer, .events = POLLIN};
	for (int ms = 0; ms < LIMIT_MS && poll(&p, 1, 1) == 0; ms++)
		run();
	expect(VC_DISPLAY_BUFFER_ADD, 0);
	ready(0);
	expect(VC_DISPLAY_PRESENT, 0);
	struct vc_worker_flush flush;
	vc_scanout_plan(&s, 7, &flush);
	assert_false(flush.must_copy);
}

static void test_rejected(void **state) {
	(void)state;
	show(1, 7, true);
	expect(VC_DISPLAY_BUFFER_ADD, 0);
	rejected(0, EINVAL);
	struct vc_worker_flush flush;
	vc_scanout_plan(&s, 7, &flush);
	assert_true(flush.must_copy);
	vc_scanout_plan(&s, 8, &flush); /* another resource may do better */
	assert_false(flush.must_copy);
	assert_false(show(1, 7, true));
	assert_true(show(2, 7, false)); /* a copy */
	expect(VC_DISPLAY_BUFFER_ADD, 1);
	/* The next compositor may think otherwise. */
	close(peer);
	run();
	connect_all();
	vc_scanout_plan(&s, 7, &flush);
	assert_false(flush.must_copy);
	expect(VC_DISPLAY_BUFFER_ADD, 0);
	expect(VC_DISPLAY_BUFFER_ADD, 1);
	rejected(0, EINVAL);
	vc_scanout_forget(&s, 7);
	expect_nothing(); /* the compositor never had it */
	vc_scanout_plan(&s, 7, &flush);
	assert_false(flush.must_copy);
}

static void test_forget_unanswered(void **state) {
	(void)state;
	show(1, 7, true);
	expect(VC_DISPLAY_BUFFER_ADD, 0);
	vc_scanout_forget(&s, 7);
	expect_nothing();
	show(2, 8, true); /* the id is still taken */
	expect(VC_DISPLAY_BUFFER_ADD, 1);
	ready(0);
	expect(VC_DISPLAY_BUFFER_REMOVE, 0);
	ready(1);
	expect(VC_DISPLAY_PRESENT, 1);
	show(3, 9, true);
	expect(VC_DISPLAY_BUFFER_ADD, 0);
	vc_scanout_forget(&s, 0);
	expect(VC_DISPLAY_BUFFER_REMOVE, 1);
	rejected(0, EINVAL);
	expect_nothing();
}

static void test_least_recent_goes(void **state) {
	(void)state;
	for (uint32_t i = 0; i < 8; i++) {
		show(i + 1, i + 1, true);
		expect(VC_DISPLAY_BUFFER_ADD, i);
		ready(i);
		expect(VC_DISPLAY_PRESENT, i);
	}
	show(1, 1, true);
	expect(VC_DISPLAY_PRESENT, 0);
	show(9, 9, true);
	expect(VC_DISPLAY_BUFFER_REMOVE, 1);
	expect(VC_DISPLAY_BUFFER_ADD, 1);
}

/* A device that was kept from running finds its layer in the fallback: a frame leads back, a heartbeat does not. */
static void test_late_heartbeat(void **state) {
	(void)state;
	config.heartbeat_ms = 10000;
	show(1, 7, true);
	expect(VC_DISPLAY_BUFFER_ADD, 0);
	ready(0);
	expect(VC_DISPLAY_PRESENT, 0);
	s.beat_ns -= 4 * config.heartbeat_ms * VC_NS_PER_MS;
	sd_event_source_set_time(s.heartbeat, 0);
	run();
	expect(VC_DISPLAY_PRESENT, 0);
	sd_event_source_set_time(s.heartbeat, 0);
	run();
	expect_nothing();
}

static void test_slots(void **state) {
	(void)state;
	struct vc_worker_flush flush;
	uint32_t used = 0;
	for (uint32_t i = 0; i < VC_WORKER_SLOTS; i++) {
		vc_scanout_plan(&s, 7, &flush);
		assert_false(used & 1u << flush.slot); /* the others are held */
		used |= 1u << flush.slot;
		show(i + 1, 7, false);
		expect(VC_DISPLAY_BUFFER_ADD, i);
		ready(i);
		expect(VC_DISPLAY_PRESENT, i);
	}
	struct vc_display_release release = {.id = 1, .seq = 2};
	say(&release, VC_DISPLAY_RELEASE, sizeof(release));
	vc_scanout_plan(&s, 7, &flush);
	assert_int_equal(flush.slot, 1);
}

static void test_next_worker(void **state) {
	(void)state;
	show(1, 7, true);
	ready(0);
	vc_scanout_next_worker(&s);
	union vc_display_message m;
	while (hear(&m))
		;
	show(1, 7, true); /* the same number, other memory */
	expect(VC_DISPLAY_BUFFER_ADD, 1);
	expect(VC_DISPLAY_BUFFER_REMOVE, 0);
}

static void test_reconnect(void **state) {
	(void)state;
	show(1, 7, true);
	ready(0);
	show(2, 8, true);
	close(peer);
	run();
	assert_int_equal(s.client.sock, -1);
	assert_false(show(2, 8, true)); /* nobody there, but remembered */
	connect_all();
	expect(VC_DISPLAY_BUFFER_ADD, 0);
	expect(VC_DISPLAY_BUFFER_ADD, 1);
	expect_nothing();
	ready(0);
	expect_nothing();
	ready(1);
	expect(VC_DISPLAY_PRESENT, 1);
	/* What is dead isn't shown to the next one. */
	alive = false;
	close(peer);
	run();
	connect_all();
	expect(VC_DISPLAY_BUFFER_ADD, 0);
	expect(VC_DISPLAY_BUFFER_ADD, 1);
	ready(1);
	expect_nothing();
}

/* Of each frame that came to the screen it is kept when it passed which stage; others leave nothing. */
static void test_times(void **state) {
	(void)state;
	const struct vc_frame_times *kept = s.watch.kept;
	struct vc_worker_flush flush;
	assert_non_null(kept);
	vc_scanout_plan(&s, 7, &flush);
	assert_true(show(1, 7, true));
	expect(VC_DISPLAY_BUFFER_ADD, 0);
	ready(0);
	expect(VC_DISPLAY_PRESENT, 0);
	assert_int_equal(kept->head, 0);
	int64_t flip = vc_clock_now() + 1000;
	struct vc_display_frame never = {.seq = s.seq + 1, .flip_ns = flip}, shown = {.seq = s.seq, .flip_ns = flip};
	say(&never, VC_DISPLAY_FRAME, sizeof(never));
	assert_int_equal(kept->head, 0);
	say(&shown, VC_DISPLAY_FRAME, sizeof(shown));
	assert_int_equal(kept->head, 1);
	assert_true(kept->frame[0].flush_ns > 0 && kept->frame[0].flush_ns <= kept->frame[0].ready_ns);
	assert_true(kept->frame[0].ready_ns < flip);
	assert_int_equal(kept->frame[0].flip_ns, flip);
	/* Said twice, counted once. */
	say(&shown, VC_DISPLAY_FRAME, sizeof(shown));
	assert_int_equal(kept->head, 1);
}

/* Whoever reads the times can't write them, whatever it does with the descriptor. */
static void test_times_are_read_only(void **state) {
	(void)state;
	const size_t size = sizeof(struct vc_frame_times);
	char again[64];
	snprintf(again, sizeof(again), "/proc/self/fd/%d", s.watch.fd);
	int fd = open(again, O_RDWR | O_CLOEXEC);
	assert_return_code(fd, errno);
	assert_ptr_equal(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
	assert_int_equal(errno, EPERM);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	const struct vc_frame_times *seen = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(seen, MAP_FAILED);
	close(fd);
	s.watch.kept->head = 7;
	assert_int_equal(seen->head, 7);
	s.watch.kept->head = 0;
	munmap((void *)(uintptr_t)seen, size);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(test_zone),
		TEST(test_waits_for_ready),
		TEST(test_busy),
		TEST(test_rejected),
		TEST(test_forget_unanswered),
		TEST(test_least_recent_goes),
		TEST(test_late_heartbeat),
		TEST(test_slots),
		TEST(test_next_worker),
		TEST(test_reconnect),
		TEST(test_times),
		TEST(test_times_are_read_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
