/* SPDX-License-Identifier: Apache-2.0 */
/* The compositor's end of the output monitor: what it is told, what is believed of what it says, and that frames come back. */
#include "clock.h"
#include "compositor_fake_display.h"
#include "ipc.h"
#include "monitor-link.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define MS VC_NS_PER_MS
#define BYTES (64 * 4 * 48)

static struct fake_display fake;
static struct vc_config config;
static struct vc_loop loop;
static struct vc_monitor_link link_;
static struct vc_client *cluster;
static int cluster_sock, monitor_sock;
static uint32_t counter;
static struct vc_monitor_frame told; /* the frame that the monitor was told of last */

union message {
	uint32_t type;
	struct vc_monitor_layer layer;
	struct vc_monitor_buffer buffer;
	struct vc_monitor_frame frame;
};

static union message hear(uint32_t type, int *fd) {
	union message m = {0};
	unsigned fds = 1;
	int got_fd = -1;
	ssize_t got = vc_ipc_recv(monitor_sock, &m, sizeof(m), &got_fd, &fds);
	if (got <= 0 || m.type != type)
		fail_msg("heard %zd bytes of type 0x%x, not 0x%x", got, m.type, type);
	assert_int_equal(fds, fd ? 1 : 0);
	if (fd)
		*fd = got_fd;
	if (type == VC_MONITOR_FRAME)
		told = m.frame;
	return m;
}

static void hear_nothing(void) {
	union message m;
	assert_int_equal(vc_ipc_recv(monitor_sock, &m, sizeof(m), NULL, NULL), -EAGAIN);
}

static void say(struct vc_monitor_verdict verdict) {
	assert_int_equal(vc_ipc_send(monitor_sock, &verdict, sizeof(verdict), NULL, 0), 0);
	link_.watch.ready(link_.watch.data, EPOLLIN);
}

static struct vc_monitor_verdict sealed(struct vc_monitor_verdict v) {
	v.type = VC_MONITOR_VERDICT;
	v.counter = ++counter;
	v.crc = vc_monitor_verdict_crc(&v);
	return v;
}

/* About the frame that it was told of last. */
static struct vc_monitor_verdict verdict(enum vc_monitor_check check, enum vc_monitor_finding finding, uint64_t seq) {
	return sealed((struct vc_monitor_verdict){
		.check = check, .finding = finding, .ticket = told.ticket, .seq = seq, .source = told.source});
}

static void to_cluster(union vc_display_message *m, uint32_t type, size_t size, int fd) {
	m->header = (struct vc_display_header){type, (uint32_t)size};
	vc_client_handle(cluster, m, size, &fd, fd >= 0, fake.now_ns);
}

/* Adds buffer @id, a memfd whose first byte is @mark. */
static void add(uint32_t id, uint8_t mark) {
	int fd = memfd_create("frame", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_return_code(ftruncate(fd, BYTES), errno);
	assert_int_equal(pwrite(fd, &mark, 1, 0), 1);
	union vc_display_message m = {.buffer_add = {.id = id,
						     .kind = VC_DISPLAY_MEMFD,
						     .width = 64,
						     .height = 48,
						     .stride = 256,
						     .fourcc = DRM_FORMAT_XRGB8888,
						     .size = BYTES}};
	to_cluster(&m, VC_DISPLAY_BUFFER_ADD, sizeof(m.buffer_add), fd);
}

static void present(uint32_t id, uint64_t seq, const char *declaration) {
	union vc_display_message m = {0};
	if (declaration) {
		m.declare = (struct vc_display_declare){.seq = seq, .size = (uint32_t)strlen(declaration)};
		memcpy(m.declare.data, declaration, m.declare.size);
		to_cluster(&m, VC_DISPLAY_DECLARE, sizeof(m.declare), -1);
	}
	m = (union vc_display_message){.present = {.id = id, .seq = seq, .width = 64, .height = 48}};
	to_cluster(&m, VC_DISPLAY_PRESENT, sizeof(m.present), -1);
}

/* One vblank, @ms after the last. */
static void tick(int ms) {
	fake.now_ns += ms * MS;
	fake_display_flip(&fake);
	vc_monitor_link_tick(&link_, fake.now_ns);
}

/* Reads what the cluster was told; returns whether buffer @id was released. */
static bool released(uint32_t id) {
	union vc_display_message m;
	bool found = false;
	while (vc_ipc_recv(cluster_sock, &m, sizeof(m), NULL, NULL) > 0)
		found |= m.header.type == VC_DISPLAY_RELEASE && m.release.id == id;
	return found;
}

static void join_cluster(void) {
	cluster_sock = fake_display_connect(&fake, VC_DOOR_CLUSTER, &cluster);
	union vc_display_message m = {
		.hello = {.magic = VC_DISPLAY_MAGIC, .version = VC_DISPLAY_VERSION, .layer = "cluster"}};
	to_cluster(&m, VC_DISPLAY_HELLO, sizeof(m.hello), -1);
}

/* The cluster dies and comes back. */
static void replace_cluster(void) {
	vc_client_close(cluster, false, fake.now_ns);
	close(cluster_sock);
	join_cluster();
}

static int set_up(void **state) {
	(void)state;
	fake_display_init(&fake);
	/* The link takes the time of a verdict from the clock. */
	fake.now_ns = vc_clock_now();
	config = (struct vc_config){
		.monitor = {.wanted = true,
			    .uid = getuid(),
			    .rules = {.trust_ns = 60 * MS, .silent_ns = 200 * MS, .lost_ns = 400 * MS}}};
	assert_int_equal(vc_loop_init(&loop), 0);
	vc_monitor_link_init(&link_, &config, &loop, fake.layer, 2, fake.now_ns);
	join_cluster();
	for (uint32_t i = 0; i < 3; i++)
		add(i, (uint8_t)(10 + i));
	fake_display_import(&fake);
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
	assert_null(vc_monitor_link_adopt(&link_, ends[0], fake.now_ns));
	monitor_sock = ends[1];
	counter = 0;
	union message first = hear(VC_MONITOR_LAYER, NULL);
	assert_string_equal(first.layer.name, "cluster");
	assert_int_equal(first.layer.width, 64);
	assert_int_equal(first.layer.hold_ns, 100 * MS);
	return 0;
}

static int tidy(void **state) {
	(void)state;
	close(monitor_sock);
	if (link_.watch.fd >= 0)
		link_.watch.ready(link_.watch.data, EPOLLIN);
	assert_int_equal(link_.stats.connected, 0);
	fake_display_finish(&fake); /* which aborts if a frame is still held */
	close(cluster_sock);
	close(loop.epoll);
	return 0;
}

static void frames_go_to_the_monitor_with_their_declarations(void **state) {
	(void)state;
	int fd;
	uint8_t mark = 0;
	present(0, 7, "seven");
	tick(10);
	union message m = hear(VC_MONITOR_BUFFER, &fd);
	assert_int_equal(m.buffer.stride, 256);
	assert_int_equal(pread(fd, &mark, 1, 0), 1);
	assert_int_equal(mark, 10);
	assert_int_equal(pwrite(fd, &mark, 1, 0), -1); /* to look at, not to write into */
	assert_int_equal(errno, EBADF);
	close(fd);
	m = hear(VC_MONITOR_FRAME, NULL);
	assert_int_equal(m.frame.seq, 7);
	assert_int_equal(m.frame.shown, 1);
	assert_int_equal(m.frame.declared, 5);
	assert_memory_equal(m.frame.declaration, "seven", 5);
	say(verdict(VC_CHECK_SOURCE, VC_FOUND_GOOD, 7));
	assert_int_equal(link_.stats.source_checks, 1);
	/* The same memory again is not told again; a declaration of another frame counts for nothing. */
	present(1, 8, NULL);
	tick(10);
	close((hear(VC_MONITOR_BUFFER, &fd), fd));
	assert_int_equal(hear(VC_MONITOR_FRAME, NULL).frame.declared, 0);
	say(verdict(VC_CHECK_SOURCE, VC_FOUND_GOOD, 8));
	present(0, 9, "nine");
	tick(10);
	assert_int_equal(hear(VC_MONITOR_FRAME, NULL).frame.declared, 4);
}

static void one_frame_is_kept_until_the_verdict(void **state) {
	(void)state;
	int fd;
	present(0, 1, "a");
	tick(10);
	close((hear(VC_MONITOR_BUFFER, &fd), fd));
	hear(VC_MONITOR_FRAME, NULL);
	present(1, 2, "b");
	tick(10);
	assert_false(released(0)); /* off the screen, but with the monitor */
	hear_nothing();            /* and so the next one isn't sent */
	assert_int_equal(link_.stats.unchecked, 1);
	say(verdict(VC_CHECK_SOURCE, VC_FOUND_GOOD, 1));
	assert_true(released(0));
	/* A monitor that doesn't answer keeps it for silent_ns only, and what it says then is too late. */
	tick(1);
	close((hear(VC_MONITOR_BUFFER, &fd), fd));
	hear(VC_MONITOR_FRAME, NULL);
	present(2, 3, "c");
	tick(10);
	assert_false(released(1));
	tick(250);
	assert_true(released(1));
	say(verdict(VC_CHECK_SOURCE, VC_FOUND_PIXELS, 2));
	assert_false(fake.layer[0].distrusted);
	assert_int_equal(link_.stats.source_bad, 0);
	assert_int_equal(link_.stats.stale, 1);
}

static void only_what_was_asked_is_answered(void **state) {
	(void)state;
	int fd;
	present(0, 1, "a");
	tick(10);
	close((hear(VC_MONITOR_BUFFER, &fd), fd));
	const struct vc_monitor_frame asked = hear(VC_MONITOR_FRAME, NULL).frame;
	const struct vc_monitor_verdict right = {.check = VC_CHECK_SOURCE,
						 .finding = VC_FOUND_EXTRA,
						 .ticket = asked.ticket,
						 .seq = asked.seq,
						 .source = asked.source};
	struct vc_monitor_verdict wrong[] = {right, right, right, right};
	wrong[0].ticket--;
	wrong[1].seq++;
	wrong[2].source++;
	wrong[3].check = VC_CHECK_OUTPUT;
	for (unsigned i = 0; i < 4; i++) {
		say(sealed(wrong[i]));
		assert_false(fake.layer[0].distrusted);
		assert_int_equal(link_.stats.stale, i + 1);
	}
	say(sealed(right));
	assert_true(fake.layer[0].distrusted);
	say(sealed(right)); /* once is enough */
	assert_int_equal(link_.stats.stale, 5);
	assert_int_equal(link_.stats.source_bad, 1);
}

/* The next cluster counts from the beginning: what is said about the first one's frame 1 is not about its own. */
static void the_last_clusters_frames_are_nothing_to_the_next(void **state) {
	(void)state;
	int fd;
	present(0, 1, "a");
	tick(10);
	close((hear(VC_MONITOR_BUFFER, &fd), fd));
	const struct vc_monitor_frame asked = hear(VC_MONITOR_FRAME, NULL).frame;
	replace_cluster();
	add(1, 20);
	fake_display_import(&fake);
	present(1, 1, "b");
	tick(10);
	hear_nothing(); /* the monitor is still at the first one */
	say(verdict(VC_CHECK_SOURCE, VC_FOUND_EXTRA, 1));
	assert_false(fake.layer[0].distrusted);
	assert_int_equal(link_.stats.stale, 1);
	tick(10);
	close((hear(VC_MONITOR_BUFFER, &fd), fd));
	assert_int_equal(hear(VC_MONITOR_FRAME, NULL).frame.seq, 1);
	assert_int_not_equal(told.source, asked.source);
	say(verdict(VC_CHECK_SOURCE, VC_FOUND_GOOD, 1));
	assert_int_equal(link_.stats.source_checks, 1);
}

/* One that lies and goes must not get away with it: its frame is still there. */
static void what_is_still_seen_counts_though_its_source_has_gone(void **state) {
	(void)state;
	int fd;
	present(0, 1, "a");
	tick(10);
	close((hear(VC_MONITOR_BUFFER, &fd), fd));
	hear(VC_MONITOR_FRAME, NULL);
	replace_cluster();
	say(verdict(VC_CHECK_SOURCE, VC_FOUND_EXTRA, 1));
	assert_true(fake.layer[0].distrusted);
	assert_int_equal(link_.stats.stale, 0);
}

static void verdicts_on_the_output_are_about_the_last_capture(void **state) {
	(void)state;
	struct vc_control_captured captured = {.ticket = 5, .seq = {0}};
	const struct vc_monitor_verdict right = {.check = VC_CHECK_OUTPUT, .finding = VC_FOUND_PIXELS, .ticket = 5};
	say(sealed(right)); /* nothing was captured */
	assert_int_equal(link_.stats.stale, 1);
	vc_monitor_link_captured(&link_, 1, &captured, vc_clock_now()); /* another output */
	say(sealed(right));
	assert_int_equal(link_.stats.stale, 2);
	config.monitor.rules.output_max_ns = 1000 * MS;
	vc_monitor_link_captured(&link_, 0, &captured, vc_clock_now() - 1001 * MS);
	say(sealed(right)); /* too old */
	assert_int_equal(link_.stats.stale, 3);
	assert_int_equal(link_.stats.output_checks, 0);
	vc_monitor_link_captured(&link_, 0, &captured, vc_clock_now());
	say(sealed(right));
	assert_int_equal(link_.stats.output_bad, 1);
	assert_true(fake.layer[0].distrusted);
	say(sealed(right));
	assert_int_equal(link_.stats.stale, 4);
}

/* A monitor that hears nothing about the output is not watching it, however often it says that it lives. */
static void unchecked_output_is_noticed(void **state) {
	(void)state;
	struct vc_control_captured captured = {.ticket = 1};
	config.monitor.rules.output_max_ns = 300 * MS;
	config.monitor.rules.lost_safe = true;
	tick(1);
	assert_int_equal(link_.stats.blind, 0);
	fake.now_ns += 300 * MS;
	say(verdict(VC_CHECK_NONE, VC_FOUND_GOOD, 0));
	link_.watched[0].trust.sign_ns = fake.now_ns;
	tick(0);
	assert_int_equal(link_.stats.blind, 1);
	assert_int_equal(link_.stats.output_ns, 0);
	assert_true(fake.layer[0].distrusted);
	assert_int_equal(fake.layer[0].distrust, VC_REASON_UNWATCHED);
	config.monitor.rules.lost_safe = false;
	tick(0);
	assert_false(fake.layer[0].distrusted);
	vc_monitor_link_captured(&link_, 0, &captured, vc_clock_now());
	say(sealed((struct vc_monitor_verdict){.check = VC_CHECK_OUTPUT, .ticket = 1}));
	vc_monitor_link_tick(&link_, vc_clock_now());
	assert_int_equal(link_.stats.blind, 0);
	assert_true(link_.stats.output_ns > 0);
}

static void flood_of_verdicts_waits_for_the_next_tick(void **state) {
	(void)state;
	for (int i = 0; i < 100; i++) {
		struct vc_monitor_verdict v = verdict(VC_CHECK_NONE, VC_FOUND_GOOD, 0);
		assert_int_equal(vc_ipc_send(monitor_sock, &v, sizeof(v), NULL, 0), 0);
	}
	for (int i = 0; i < 10; i++) /* as often as the loop may turn */
		link_.watch.ready(link_.watch.data, EPOLLIN);
	const uint32_t heard = link_.counter;
	assert_in_range(heard, 1, 50);
	assert_true(link_.watch.paused);
	assert_int_equal(link_.stats.throttled, 1);
	tick(10);
	assert_false(link_.watch.paused);
	link_.watch.ready(link_.watch.data, EPOLLIN);
	assert_int_equal(link_.counter, 2 * heard);
	/* One that goes meanwhile is noticed at once: the loop would tell of it for ever. */
	assert_true(link_.watch.paused);
	link_.watch.ready(link_.watch.data, EPOLLHUP);
	assert_int_equal(link_.stats.connected, 0);
}

/* The time that counts is the display's, not that of whoever was late to look. */
static void frame_that_stays_is_told_with_its_age(void **state) {
	(void)state;
	int fd;
	present(0, 1, "a");
	tick(10);
	close((hear(VC_MONITOR_BUFFER, &fd), fd));
	assert_int_equal(hear(VC_MONITOR_FRAME, NULL).frame.kept_ns, 0);
	say(verdict(VC_CHECK_SOURCE, VC_FOUND_GOOD, 1));
	const int64_t period_ns = INT64_C(1000000000) / 60;
	for (int i = 1; i <= 2; i++) {
		tick(10);
		assert_int_equal(hear(VC_MONITOR_FRAME, NULL).frame.kept_ns, i * period_ns);
		say(verdict(VC_CHECK_SOURCE, VC_FOUND_GOOD, 1));
	}
	present(1, 2, "b");
	tick(1);
	close((hear(VC_MONITOR_BUFFER, &fd), fd));
	assert_int_equal(hear(VC_MONITOR_FRAME, NULL).frame.kept_ns, 0);
}

static void bad_verdict_ends_the_trust_until_frames_are_good(void **state) {
	(void)state;
	int fd;
	present(0, 1, "a");
	tick(10);
	close((hear(VC_MONITOR_BUFFER, &fd), fd));
	hear(VC_MONITOR_FRAME, NULL);
	say(verdict(VC_CHECK_SOURCE, VC_FOUND_EXTRA, 1));
	assert_true(fake.layer[0].distrusted);
	present(1, 2, "b");
	tick(10);
	assert_int_equal(fake.layer[0].policy.state, VC_STATE_FALLBACK);
	assert_int_equal(fake.layer[0].policy.reason, VC_REASON_WRONG);
	/* The frame that isn't shown is checked and answered all the same. */
	close((hear(VC_MONITOR_BUFFER, &fd), fd));
	union message m = hear(VC_MONITOR_FRAME, NULL);
	assert_int_equal(m.frame.seq, 2);
	assert_int_equal(m.frame.shown, 0);
	say(verdict(VC_CHECK_SOURCE, VC_FOUND_GOOD, 2));
	assert_true(released(1));
	int64_t limit_ns = vc_clock_now() + 10 * VC_NS_PER_S;
	for (uint64_t seq = 3; fake.layer[0].distrusted; seq++) {
		assert_true(vc_clock_now() < limit_ns);
		present(1, seq, "b");
		poll(NULL, 0, 5); /* the cluster has a rate to keep to */
		fake.now_ns = vc_clock_now();
		tick(0);
		assert_int_equal(fake.layer[0].policy.state, VC_STATE_FALLBACK);
		hear(VC_MONITOR_FRAME, NULL);
		say(verdict(VC_CHECK_SOURCE, VC_FOUND_GOOD, seq));
		released(1);
	}
	present(1, 1000000000, "b");
	tick(1);
	assert_int_equal(fake.layer[0].policy.state, VC_STATE_LIVE);
	assert_int_equal(link_.stats.source_bad, 1);
	assert_int_equal(link_.stats.bad_finding, VC_FOUND_EXTRA);
}

static void expect_thrown_out(struct vc_monitor_verdict v) {
	say(v);
	assert_int_equal(link_.stats.connected, 0);
	assert_false(fake.layer[0].distrusted);
}

static void spoilt_crc_is_not_believed(void **state) {
	(void)state;
	struct vc_monitor_verdict v = verdict(VC_CHECK_SOURCE, VC_FOUND_EXTRA, 1);
	v.telltale ^= 4;
	expect_thrown_out(v);
}

static void repeated_verdict_is_not_believed(void **state) {
	(void)state;
	struct vc_monitor_verdict v = verdict(VC_CHECK_NONE, VC_FOUND_GOOD, 0);
	say(v);
	assert_int_equal(link_.stats.connected, 1);
	expect_thrown_out(v);
}

static void verdict_about_a_guest_is_not_believed(void **state) {
	(void)state;
	struct vc_monitor_verdict v = verdict(VC_CHECK_OUTPUT, VC_FOUND_EXTRA, 1);
	v.layer = 1;
	v.crc = vc_monitor_verdict_crc(&v);
	expect_thrown_out(v);
}

static void others_are_refused(void **state) {
	(void)state;
	int ends[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	assert_string_equal(vc_monitor_link_adopt(&link_, ends[0], 0), "there is an output monitor already");
	config.monitor.uid++;
	assert_string_equal(vc_monitor_link_adopt(&link_, ends[0], 0),
			    "[monitor] user in compositor.ini is another user");
	config.monitor.wanted = false;
	assert_string_equal(vc_monitor_link_adopt(&link_, ends[0], 0), "compositor.ini has no [monitor] section");
	close(ends[0]);
	close(ends[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tidy)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(frames_go_to_the_monitor_with_their_declarations),
		TEST(one_frame_is_kept_until_the_verdict),
		TEST(only_what_was_asked_is_answered),
		TEST(the_last_clusters_frames_are_nothing_to_the_next),
		TEST(what_is_still_seen_counts_though_its_source_has_gone),
		TEST(verdicts_on_the_output_are_about_the_last_capture),
		TEST(unchecked_output_is_noticed),
		TEST(flood_of_verdicts_waits_for_the_next_tick),
		TEST(frame_that_stays_is_told_with_its_age),
		TEST(bad_verdict_ends_the_trust_until_frames_are_good),
		TEST(spoilt_crc_is_not_believed),
		TEST(repeated_verdict_is_not_believed),
		TEST(verdict_about_a_guest_is_not_believed),
		TEST(others_are_refused),
	};
	return cmocka_run_group_tests_name("compositor.monitor", tests, NULL, NULL);
}
