/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole loop against a compositor without a display and a bus without a wire: frames flow, nothing is allocated while
 * they do, and each of the two may go away and come back.
 */
#include "clock.h"
#include "cluster.h"
#include "cluster_alloc_count.h"
#include "cluster_fake_compositor.h"
#include "log.h"
#include "states.h"

#include <fcntl.h>
#include <linux/can.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define FRAMES 10000

static char folder[] = "/tmp/vc-cluster-loop-XXXXXX";
static char socket_path[64], stats_path[64];
static struct vc_config config;

struct rig {
	struct fake_compositor fake;
	struct vc_cluster cluster;
	int bus;     /* our end of the CAN socket */
	int stop[2]; /* closing the second one stops the loop */
	unsigned cycle;
};
static struct rig rig;

static int make_folder(void **state) {
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	vc_log_init("test", 0);
	snprintf(socket_path, sizeof(socket_path), "%s/display", folder);
	snprintf(stats_path, sizeof(stats_path), "%s/stats", folder);
	vc_config_defaults(&config);
	snprintf(config.socket, sizeof(config.socket), "%s", socket_path);
	snprintf(config.stats, sizeof(config.stats), "%s", stats_path);
	snprintf(config.can, sizeof(config.can), "vc-no-can");
	config.priority = 0;
	config.lamp_check_ms = 0;
	config.reconnect_ms = 10;
	/* The test's clock is the real one, and a busy machine must not make its bus look silent. */
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		config.rules.timeout_ns[i] = 10 * VC_NS_PER_S;
	return 0;
}

static int remove_folder(void **state) {
	(void)state;
	unlink(stats_path);
	unlink(socket_path);
	return rmdir(folder);
}

static void rig_start(struct rig *r, uint32_t width, uint32_t height) {
	memset(r, 0, sizeof(*r));
	r->fake = (struct fake_compositor){.path = socket_path, .width = width, .height = height};
	assert_true(fake_compositor_start(&r->fake));
	assert_int_equal(pipe(r->stop), 0);
	assert_true(vc_cluster_init(&r->cluster, &config, r->stop[0]));
	/* recv() doesn't mind what kind of socket it is: each datagram is a struct can_frame. */
	int pair[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(r->cluster.can.sock, -1);
	r->cluster.can.sock = pair[0];
	r->bus = pair[1];
}

static void rig_stop(struct rig *r) {
	assert_int_equal(r->fake.violations, 0);
	vc_cluster_finish(&r->cluster);
	fake_compositor_stop(&r->fake);
	close(r->bus);
	close(r->stop[0]);
	if (r->stop[1] >= 0)
		close(r->stop[1]);
}

static void send_can(struct rig *r, int message, uint8_t *data) {
	const struct vc_dbc_message *m = &vc_dbc_messages[message];
	struct can_frame frame = {.can_id = m->id, .len = m->size};
	vc_e2e_protect(m, data, (uint8_t)(r->cycle % 15));
	memcpy(frame.data, data, m->size);
	assert_int_equal(send(r->bus, &frame, sizeof(frame), 0), sizeof(frame));
}

/* A car whose every value moves a little with each cycle. */
static void send_all(struct rig *r) {
	uint8_t d[VC_DBC_MESSAGES][8];
	memset(d, 0, sizeof(d));
	unsigned n = r->cycle;
	vc_dbc_speed_encode(&(struct vc_dbc_speed){n % 2400 / 10.0}, d[VC_DBC_SPEED]);
	vc_dbc_engine_encode(&(struct vc_dbc_engine){.engine_speed = n * 7 % 8000,
						     .coolant_temperature = n / 50 % 130,
						     .engine_fault = n % 64 > 32,
						     .oil_pressure_low = n % 50 > 25},
			     d[VC_DBC_ENGINE]);
	vc_dbc_gearbox_encode(&(struct vc_dbc_gearbox){n / 100 % 5, n / 40 % 9}, d[VC_DBC_GEARBOX]);
	vc_dbc_body_encode(&(struct vc_dbc_body){.turn_left = n % 30 > 15, .high_beam = n % 90 > 45}, d[VC_DBC_BODY]);
	vc_dbc_fuel_encode(&(struct vc_dbc_fuel){.level = n / 20 % 100}, d[VC_DBC_FUEL]);
	vc_dbc_trip_encode(&(struct vc_dbc_trip){n, n / 10.0}, d[VC_DBC_TRIP]);
	vc_dbc_ambient_encode(&(struct vc_dbc_ambient){.hour = n / 60 % 24,
						       .minute = n % 60,
						       .outside_temperature = n % 600 / 10.0 - 20},
			      d[VC_DBC_AMBIENT]);
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		send_can(r, i, d[i]);
	r->cycle++;
}

static uint64_t drawn(const struct rig *r) {
	return atomic_load(&r->cluster.stats->frames_drawn);
}

/* Rounds until @count more frames are drawn; every frame gets its messages. Fails after 60 s. */
static void run_frames(struct rig *r, uint64_t count) {
	uint64_t last = drawn(r), end = last + count;
	int64_t limit = vc_clock_now() + 60 * VC_NS_PER_S;
	send_all(r);
	while (drawn(r) < end) {
		assert_true(vc_cluster_round(&r->cluster));
		assert_true(vc_clock_now() < limit);
		if (drawn(r) != last) {
			last = drawn(r);
			send_all(r);
		}
	}
}

static void test_no_allocation(void **state) {
	(void)state;
	rig_start(&rig, 640, 480);
	assert_true(vc_cluster_start(&rig.cluster));
	run_frames(&rig, 20);
	uint64_t before = alloc_count();
	run_frames(&rig, FRAMES);
	uint64_t allocated = alloc_count() - before;
	assert_int_equal(allocated, 0);
	assert_true(atomic_load(&rig.cluster.stats->frames_received) > FRAMES * VC_DBC_MESSAGES);
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		assert_int_equal(rig.cluster.vehicle.message[i].status, VC_E2E_VALID);
	rig_stop(&rig);
}

/* The counter that the test above trusts does count, in our code and in libraries. */
static void test_the_counter_counts(void **state) {
	(void)state;
	uint64_t before = alloc_count();
	void *volatile p = malloc(10);
	free(p);
	assert_true(alloc_count() >= before + 1);
	before = alloc_count();
	FILE *file = fopen("/dev/null", "r");
	fclose(file);
	assert_true(alloc_count() >= before + 1);
}

/* What lies in the buffer on the screen is the picture of the last state. */
static void test_pixels_reach_the_compositor(void **state) {
	(void)state;
	rig_start(&rig, 640, 480);
	assert_true(vc_cluster_start(&rig.cluster));
	run_frames(&rig, 50);
	const struct vc_link *link = &rig.cluster.link;
	struct vc_image whole;
	assert_true(vc_image_create(&whole, 640, 480));
	vc_scene_draw_all(rig.cluster.scene, &whole, &link->buffer[link->last].shown);
	/* The fake maps the same memory; look at it through that mapping. */
	const struct fake_buffer *seen = &rig.fake.buffer[link->last];
	assert_non_null(seen->memory);
	for (int y = 0; y < 480; y++)
		assert_memory_equal((const char *)seen->memory + (size_t)y * seen->stride, vc_image_row(&whole, y),
				    640 * 4);
	vc_image_destroy(&whole);
	rig_stop(&rig);
}

static void test_reconnects(void **state) {
	(void)state;
	rig_start(&rig, 640, 480);
	assert_true(vc_cluster_start(&rig.cluster));
	run_frames(&rig, 20);
	uint32_t *pixels = rig.cluster.link.buffer[0].image.pixels;
	rig.fake.hang_up = true;
	run_frames(&rig, 40);
	assert_int_equal(rig.fake.clients, 2);
	assert_ptr_equal(rig.cluster.link.buffer[0].image.pixels, pixels); /* buffers are kept */
	/* The next compositor gives us another zone. */
	fake_compositor_stop(&rig.fake);
	assert_int_equal(rig.fake.violations, 0);
	rig.fake = (struct fake_compositor){.path = socket_path, .width = 800, .height = 400};
	for (int i = 0; i < 3; i++)
		assert_true(vc_cluster_round(&rig.cluster));
	assert_int_equal(rig.cluster.link.state, VC_LINK_AWAY);
	assert_true(fake_compositor_start(&rig.fake));
	run_frames(&rig, 20);
	assert_int_equal(rig.cluster.link.width, 800);
	assert_int_equal(rig.fake.buffer[rig.cluster.link.last].width, 800);
	rig_stop(&rig);
}

static void test_latencies_are_kept(void **state) {
	(void)state;
	rig_start(&rig, 640, 480);
	assert_true(vc_cluster_start(&rig.cluster));
	run_frames(&rig, 30);
	const struct vc_stats *s = rig.cluster.stats;
	uint64_t n = atomic_load(&s->pictures);
	assert_true(n >= 20);
	for (uint64_t i = 0; i < n; i++) {
		assert_true(s->picture[i].flip_ns > 0);
		assert_true(s->picture[i].arrival_ns >= 0 && s->picture[i].arrival_ns < 10 * VC_NS_PER_S);
		assert_int_equal(s->picture[i].loss_ns, 0);
	}
	/* The bus falls silent: the first picture that says so tells how long ago it was heard. */
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		config.rules.timeout_ns[i] = 50 * VC_NS_PER_MS;
	int64_t limit = vc_clock_now() + 10 * VC_NS_PER_S, loss_ns = 0;
	while (loss_ns == 0 && vc_clock_now() < limit) {
		assert_true(vc_cluster_round(&rig.cluster));
		loss_ns = s->picture[(atomic_load(&s->pictures) - 1) % VC_STATS_PICTURES_MAX].loss_ns;
	}
	assert_true(loss_ns >= 50 * VC_NS_PER_MS);
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		config.rules.timeout_ns[i] = 10 * VC_NS_PER_S;
	rig_stop(&rig);
}

/* A picture that was never shown hands what it had to tell on to the next. */
static void test_an_unshown_picture_counts_with_the_next(void **state) {
	(void)state;
	static struct vc_stats stats;
	struct vc_latency latency = {0};
	struct vc_vehicle vehicle = {.arrived_ns = 100, .lost_ns = 40};
	memset(&stats, 0, sizeof(stats));
	vc_latency_drawn(&latency, &vehicle, 1);
	assert_int_equal(vehicle.arrived_ns, 0);
	vc_latency_answered(&latency, &stats, 1, 0);
	vehicle.arrived_ns = 200;
	vc_latency_drawn(&latency, &vehicle, 2);
	vc_latency_answered(&latency, &stats, 1, 900); /* an answer to another one */
	assert_int_equal(stats.pictures, 0);
	vc_latency_answered(&latency, &stats, 2, 1000);
	assert_int_equal(stats.pictures, 1);
	assert_int_equal(stats.picture[0].arrival_ns, 900);
	assert_int_equal(stats.picture[0].loss_ns, 960);
	vc_latency_drawn(&latency, &vehicle, 3);
	vc_latency_answered(&latency, &stats, 3, 2000);
	assert_int_equal(stats.picture[1].arrival_ns, 0);
}

/* A compositor that doesn't ask for frames gets heartbeats, and no frames. */
static void test_heartbeat(void **state) {
	(void)state;
	rig_start(&rig, 640, 480);
	assert_true(vc_cluster_start(&rig.cluster));
	run_frames(&rig, 5);
	rig.fake.quiet = true;
	int64_t limit = vc_clock_now() + 10 * VC_NS_PER_S;
	while (rig.fake.heartbeats < 3 && vc_clock_now() < limit)
		assert_true(vc_cluster_round(&rig.cluster));
	assert_true(rig.fake.heartbeats >= 3);
	uint64_t presents = rig.fake.presents;
	while (rig.fake.heartbeats < 5 && vc_clock_now() < limit)
		assert_true(vc_cluster_round(&rig.cluster));
	assert_int_equal(rig.fake.presents, presents);
	rig_stop(&rig);
}

static void test_silent_bus_shows(void **state) {
	(void)state;
	rig_start(&rig, 640, 480);
	assert_true(vc_cluster_start(&rig.cluster));
	run_frames(&rig, 20);
	const struct vc_link *link = &rig.cluster.link;
	assert_int_equal(link->buffer[link->last].shown.dashed[VC_TEXT_SPEED], 0);
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		config.rules.timeout_ns[i] = 50 * VC_NS_PER_MS;
	int64_t limit = vc_clock_now() + 10 * VC_NS_PER_S;
	while (link->buffer[link->last].shown.notice != VC_NOTICE_NO_DATA && vc_clock_now() < limit)
		assert_true(vc_cluster_round(&rig.cluster));
	struct vc_picture lost;
	assert_true(vc_state_picture("lost", &lost));
	lost.counter = link->buffer[link->last].shown.counter;
	assert_memory_equal(&link->buffer[link->last].shown, &lost, sizeof(lost));
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		config.rules.timeout_ns[i] = 10 * VC_NS_PER_S;
	run_frames(&rig, 20);
	assert_int_equal(link->buffer[link->last].shown.notice == VC_NOTICE_NO_DATA, 0);
	rig_stop(&rig);
}

/* Frames that waited in the socket while the loop was held up are as old as they are. */
static void test_queued_frames_are_old(void **state) {
	(void)state;
	int yes = 1;
	rig_start(&rig, 640, 480);
	assert_int_equal(setsockopt(rig.cluster.can.sock, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes)), 0);
	for (int i = 0; i < 4; i++)
		send_all(&rig);
	int64_t later = vc_clock_now() + VC_NS_PER_S;
	while (vc_clock_now() < later)
		poll(NULL, 0, 100);
	vc_can_receive(&rig.cluster.can, &rig.cluster.vehicle, &config.rules, vc_clock_now());
	int64_t age_ns = vc_clock_now() - rig.cluster.vehicle.message[VC_DBC_SPEED].good_ns;
	assert_true(age_ns >= VC_NS_PER_S);
	rig_stop(&rig);
}

/* The kernel's stamps are of the wall clock, which may be set between stamp and reading. */
static void test_a_set_clock_makes_no_frame_young_or_ancient(void **state) {
	(void)state;
	assert_int_equal(vc_can_arrival(0, 500, 1000), 1000);
	assert_int_equal(vc_can_arrival(300, 500, 1000), 700);
	assert_int_equal(vc_can_arrival(500, 500, 1000), 500);
	assert_int_equal(vc_can_arrival(3600 * VC_NS_PER_S, 500, 1000), 500);
	assert_int_equal(vc_can_arrival(-3600 * VC_NS_PER_S, 500, 1000), 500);
}

static void test_refused_then_stopped(void **state) {
	(void)state;
	rig_start(&rig, 640, 480);
	rig.fake.refuse = "the layer has a source already";
	close(rig.stop[1]);
	rig.stop[1] = -1;
	assert_false(vc_cluster_start(&rig.cluster));
	assert_string_equal(rig.cluster.link.told, "the layer has a source already");
	rig_stop(&rig);
}

/* READY once the first frame is on its way, then signs of life to the watchdog. */
static void test_notifies(void **state) {
	(void)state;
	char path[64], text[256];
	snprintf(path, sizeof(path), "%s/notify", folder);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	memcpy(address.sun_path, path, strlen(path));
	int sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(sock, (struct sockaddr *)&address, sizeof(address)), 0);
	setenv("NOTIFY_SOCKET", path, 1);
	setenv("WATCHDOG_USEC", "40000", 1);
	rig_start(&rig, 640, 480);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	assert_true(vc_cluster_start(&rig.cluster));
	run_frames(&rig, 5);
	bool ready = false, alive = false;
	int64_t limit = vc_clock_now() + 10 * VC_NS_PER_S;
	while (!(ready && alive) && vc_clock_now() < limit) {
		assert_true(vc_cluster_round(&rig.cluster));
		for (ssize_t n; (n = recv(sock, text, sizeof(text) - 1, 0)) > 0;) {
			text[n] = '\0';
			ready |= strncmp(text, "READY=1", 7) == 0;
			alive |= strcmp(text, "WATCHDOG=1") == 0;
		}
	}
	assert_true(ready);
	assert_true(alive);
	rig_stop(&rig);
	close(sock);
	unlink(path);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_counter_counts),
		cmocka_unit_test(test_no_allocation),
		cmocka_unit_test(test_pixels_reach_the_compositor),
		cmocka_unit_test(test_reconnects),
		cmocka_unit_test(test_latencies_are_kept),
		cmocka_unit_test(test_an_unshown_picture_counts_with_the_next),
		cmocka_unit_test(test_heartbeat),
		cmocka_unit_test(test_silent_bus_shows),
		cmocka_unit_test(test_queued_frames_are_old),
		cmocka_unit_test(test_a_set_clock_makes_no_frame_young_or_ancient),
		cmocka_unit_test(test_refused_then_stopped),
		cmocka_unit_test(test_notifies),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
