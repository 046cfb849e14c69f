/* SPDX-License-Identifier: Apache-2.0 */
/* What one compositor writes down and the next one reads, and what it makes of nonsense. */
#include "memo.h"

#include "clock.h"
#include "ipc.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define S VC_NS_PER_S
#define NOW (1000 * S)

/* A compositor, as far as the memo knows it. */
struct compositor {
	struct vc_config config;
	struct vc_layer layer[2];
	struct vc_loop loop;
	struct vc_monitor_link link;
	struct vc_memo memo;
};

static struct compositor first, second;
static int systemd = -1; /* its notify socket */

/* Plays systemd: takes what is put in the store; -1: nothing was. */
static int stored(void) {
	char text[256];
	int fd = -1, kept = -1;
	for (;;) {
		unsigned n = 1;
		ssize_t got = vc_ipc_recv(systemd, text, sizeof(text) - 1, &fd, &n);
		if (got <= 0)
			return kept;
		text[got] = '\0';
		if (n == 1 && strstr(text, "FDNAME=" VC_MEMO_NAME "\n"))
			kept = fd;
	}
}

static void start(struct compositor *c, int memo_fd, int64_t now_ns) {
	struct vc_store store = {0};
	if (memo_fd >= 0)
		vc_store_hand(&store, VC_MEMO_NAME, fcntl(memo_fd, F_DUPFD_CLOEXEC, 3));
	*c = (struct compositor){0};
	c->config.layers = 2;
	c->config.layer[0] = (struct vc_config_layer){.name = "cluster", .role = VC_ROLE_CLUSTER, .uid = 1};
	c->config.layer[1] = (struct vc_config_layer){
		.name = "ivi", .role = VC_ROLE_GUEST, .uid = 2, .errors = {3, 60 * S, 30 * S}, .retry_ns = S / 2};
	c->config.monitor = (struct vc_config_monitor){
		.wanted = true, .rules = {.trust_ns = S, .silent_ns = S, .lost_ns = 3 * S, .lost_safe = true}};
	for (unsigned i = 0; i < 2; i++)
		vc_layer_init(&c->layer[i], &c->config.layer[i], i, NULL, NULL);
	vc_monitor_link_init(&c->link, &c->config, &c->loop, c->layer, 2, now_ns);
	vc_memo_init(&c->memo, &store);
}

static void finish(struct compositor *c) {
	if (c->memo.page)
		munmap(c->memo.page, 2 * sizeof(struct vc_memo_page));
	c->memo.page = NULL;
}

static int set_up(void **state) {
	(void)state;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/memo-test.%d", (int)getpid());
	systemd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_return_code(bind(systemd, (struct sockaddr *)&address, sizeof(address)), errno);
	setenv("NOTIFY_SOCKET", address.sun_path, 1);
	start(&first, -1, NOW);
	return 0;
}

static int tidy(void **state) {
	(void)state;
	finish(&first);
	finish(&second);
	unlink(getenv("NOTIFY_SOCKET"));
	close(systemd);
	return 0;
}

static void ban_ivi(int64_t now_ns) {
	for (int i = 0; i < 3; i++)
		vc_layer_note_error(&first.layer[1], now_ns);
	assert_true(vc_errors_banned(&first.layer[1].errors, now_ns));
}

static void bans_and_distrust_outlive_the_compositor(void **state) {
	(void)state;
	int fd = stored();
	assert_true(fd >= 0);
	vc_memo_recall(&first.memo, &first.link, NOW);
	vc_memo_keep(&first.memo, &first.link);
	ban_ivi(NOW + S);
	first.layer[1].closed_until_ns = NOW + S + S / 2;
	vc_trust_hear(&first.link.watched[0].trust, &first.config.monitor.rules, VC_CHECK_OUTPUT, false, NOW + S);
	vc_memo_keep(&first.memo, &first.link);
	/* It's killed here. */
	start(&second, fd, NOW + S + S / 4);
	vc_memo_recall(&second.memo, &second.link, NOW + S + S / 4);
	assert_int_equal(second.layer[1].errors.banned_until_ns, NOW + 31 * S);
	assert_int_equal(second.layer[1].errors.bans, 1);
	assert_int_equal(second.layer[1].errors.total, 3);
	assert_int_equal(second.layer[1].closed_until_ns, NOW + S + S / 2);
	assert_true(second.layer[0].distrusted);
	assert_int_equal(second.layer[0].distrust, VC_REASON_WRONG);
	assert_int_equal(second.link.stats.distrusted, 1);
	assert_int_equal(stored(), -1); /* it's there already */
	close(fd);
}

/* A monitor that has been silent for long must not be given new time by each compositor. */
static void silence_is_not_forgotten(void **state) {
	(void)state;
	int fd = stored();
	vc_memo_keep(&first.memo, &first.link);
	start(&second, fd, NOW + 4 * S);
	vc_memo_recall(&second.memo, &second.link, NOW + 4 * S);
	assert_int_equal(second.layer[0].distrust, VC_REASON_UNWATCHED);
	close(fd);
}

static void the_page_that_was_being_written_is_not_believed(void **state) {
	(void)state;
	int fd = stored();
	ban_ivi(NOW);
	vc_memo_keep(&first.memo, &first.link);
	vc_layer_allow(&first.layer[1]);
	vc_memo_keep(&first.memo, &first.link);
	struct vc_memo_page *torn = &first.memo.page[first.memo.next.number % 2];
	torn->layer[1].bans++;
	start(&second, fd, NOW);
	vc_memo_recall(&second.memo, &second.link, NOW);
	assert_true(vc_errors_banned(&second.layer[1].errors, NOW));
	/* And of two that aren't, nothing. */
	first.memo.page[0].crc ^= 1;
	first.memo.page[1].version++;
	finish(&second);
	start(&second, fd, NOW);
	vc_memo_recall(&second.memo, &second.link, NOW);
	assert_int_equal(second.layer[1].errors.total, 0);
	assert_false(second.layer[0].distrusted);
	close(fd);
}

/* Writes a page with a CRC that is right, whatever it says. */
static void forge(const struct vc_memo_layer *layer) {
	first.memo.next.layer[0] = *layer;
	memset(&first.memo.next.layer[1], 0, sizeof(*layer));
	struct vc_monitor_link none = {0};
	vc_memo_keep(&first.memo, &none);
}

static void what_is_read_stays_within_bounds(void **state) {
	(void)state;
	int fd = stored();
	struct vc_memo_layer m = {.name = "ivi",
				  .uid = 2,
				  .banned_until_ns = INT64_MAX,
				  .closed_until_ns = INT64_MAX,
				  .error_ns = {INT64_MAX, -5, NOW - S, INT64_MIN}};
	forge(&m);
	start(&second, fd, NOW);
	vc_memo_recall(&second.memo, &second.link, NOW);
	assert_int_equal(second.layer[1].errors.banned_until_ns, NOW + 30 * S);
	assert_int_equal(second.layer[1].closed_until_ns, NOW + S / 2);
	second.layer[1].errors.total = VC_ERRORS_MAX;
	assert_int_equal(vc_errors_recent(&second.layer[1].errors, &second.config.layer[1].errors, NOW), 1);
	finish(&second);
	/* Another user of the layer has done nothing yet; and the cluster is never kept out. */
	m.uid = 3;
	forge(&m);
	start(&second, fd, NOW);
	vc_memo_recall(&second.memo, &second.link, NOW);
	assert_int_equal(second.layer[1].errors.banned_until_ns, 0);
	finish(&second);
	m = (struct vc_memo_layer){.name = "cluster", .uid = 1, .banned_until_ns = NOW + S, .sign_ns = INT64_MAX};
	forge(&m);
	start(&second, fd, NOW);
	vc_memo_recall(&second.memo, &second.link, NOW);
	assert_false(vc_errors_banned(&second.layer[0].errors, NOW));
	assert_int_equal(second.link.watched[0].trust.sign_ns, NOW);
	close(fd);
}

static void what_is_no_memo_is_replaced(void **state) {
	(void)state;
	int good = stored();
	int bad[] = {open("/dev/null", O_RDWR | O_CLOEXEC), memfd_create("short", MFD_CLOEXEC | MFD_ALLOW_SEALING),
		     memfd_create("soft", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
	assert_return_code(ftruncate(bad[2], 2 * sizeof(struct vc_memo_page)), errno); /* but it could be cut short */
	for (int i = 0; i < 3; i++) {
		start(&second, bad[i], NOW);
		int made = stored();
		assert_true(made >= 0);
		assert_non_null(second.memo.page);
		ban_ivi(NOW);
		vc_memo_keep(&second.memo, &second.link);
		finish(&second);
		close(made);
		close(bad[i]);
	}
	close(good);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tidy)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(bans_and_distrust_outlive_the_compositor),
		TEST(silence_is_not_forgotten),
		TEST(the_page_that_was_being_written_is_not_believed),
		TEST(what_is_read_stays_within_bounds),
		TEST(what_is_no_memo_is_replaced),
	};
	return cmocka_run_group_tests_name("compositor.memo", tests, NULL, NULL);
}
