/* SPDX-License-Identifier: Apache-2.0 */
/* What sources and tools may cost: bans, re-admission, and floods of connections and requests beside a cluster that shows frames. */
#include "rig.h"

#include "clock.h"
#include "ipc.h"
#include "slow.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FLOOD_FRAMES 150
#define CONNECTS 20
#define REQUESTS 50

/* Presents a frame in a buffer that doesn't exist, and waits to be thrown out. */
static void breach(const struct rig *rig, struct painter *cluster) {
	struct painter ivi;
	painter_open(&ivi, rig, "ivi", 0, 0);
	struct vc_display_present wrong = {.id = 7, .seq = 1, .width = 1, .height = 1};
	assert_int_equal(vc_display_present(&ivi.client, &wrong, -1), 0);
	for (int i = 0; painter_listen(&ivi, 0); i++) {
		assert_true(i < 300);
		assert_int_not_equal(painter_show(cluster, RIG_RED), 0);
	}
	painter_close(&ivi);
}

static void errors_ban_until_allowed(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	struct vc_display_client other;
	char why[VC_DISPLAY_REASON_MAX];
	rig_configure(&rig, "vkms", "", "hold_ms = 2000", "hold_ms = 500\nerrors = 3\nban_ms = 0\nretry_ms = 0");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_show(&cluster, RIG_RED);
	for (int i = 0; i < 3; i++)
		breach(&rig, &cluster);
	rig_await(&rig, "ivi", VC_STATE_FALLBACK, VC_REASON_BANNED);
	struct vc_control_layer layer = rig_layer(&rig, "ivi");
	assert_int_equal(layer.bans, 1);
	assert_int_equal(layer.errors, 3);
	assert_int_equal(layer.banned_until_ns, INT64_MAX);
	assert_int_equal(rig_connect(&rig, &other, "ivi", why), -EACCES);
	assert_non_null(strstr(why, "banned until 'vcockpit allow ivi'"));

	assert_int_equal(vc_control_allow(&rig.tool, 1), 0);
	assert_int_equal(vc_control_allow(&rig.tool, 2), -ENOENT);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
	assert_int_equal(rig_layer(&rig, "ivi").banned_until_ns, 0);
	assert_int_equal(rig_layer(&rig, "cluster").fallbacks, 0);
	painter_close(&ivi);
	painter_close(&cluster);
	rig_stop(&rig);
}

static void bans_end_by_time(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	rig_configure(&rig, "vkms", "", "hold_ms = 2000", "errors = 2\nban_ms = 1500\nretry_ms = 0");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_show(&cluster, RIG_RED);
	breach(&rig, &cluster);
	breach(&rig, &cluster);
	rig_await(&rig, "ivi", VC_STATE_FALLBACK, VC_REASON_BANNED);
	rig_await(&rig, "ivi", VC_STATE_FALLBACK, VC_REASON_PROTOCOL);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	assert_int_not_equal(painter_show(&ivi, RIG_BLUE), 0);
	painter_close(&ivi);
	painter_close(&cluster);
	rig_stop(&rig);
}

/* In children: as fast as they can, counting what succeeds. */
struct flood {
	volatile uint64_t connects, requests;
	volatile int64_t from_ns;
};

static pid_t start_child(const struct rig *rig, struct flood *flood, void (*work)(const struct rig *, struct flood *)) {
	pid_t pid = fork();
	assert_return_code(pid, errno);
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		work(rig, flood);
}

static void flood_connects(const struct rig *rig, struct flood *flood) {
	int sock = vc_ipc_connect(rig->display);
	if (sock < 0)
		return;
	flood->connects++;
	close(sock);
}

static void flood_requests(const struct rig *rig, struct flood *flood) {
	struct vc_control_client tool;
	struct vc_control_status status;
	if (vc_control_connect(&tool, rig->control, RIG_LIMIT_MS) < 0)
		_exit(1);
	while (vc_control_get_status(&tool, &status) == 0)
		flood->requests++;
	vc_control_disconnect(&tool);
}

static void end_child(pid_t pid) {
	int status;
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
}

static void floods_are_served_within_their_budget(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster;
	struct flood *flood = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(flood, MAP_FAILED);
	char text[64];
	snprintf(text, sizeof(text), "[compositor]\nconnects = %d\nrequests = %d\n", CONNECTS, REQUESTS);
	rig_configure(&rig, "vkms", "", "hold_ms = 2000", "");
	rig_add(&rig, text);
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_show(&cluster, RIG_RED);
	int64_t from_ns = vc_clock_now();
	pid_t child[] = {start_child(&rig, flood, flood_connects), start_child(&rig, flood, flood_requests),
			 start_child(&rig, flood, flood_requests), start_child(&rig, flood, flood_requests)};
	for (int i = 0; i < FLOOD_FRAMES; i++)
		assert_int_not_equal(painter_show(&cluster, i % 2 ? RIG_RED : RIG_GREEN), 0);
	uint64_t seconds = (uint64_t)((vc_clock_now() - from_ns) / VC_NS_PER_S) + 1;
	uint64_t connects = flood->connects, requests = flood->requests;
	for (unsigned i = 0; i < 4; i++)
		end_child(child[i]);
	struct vc_control_layer layer = rig_layer(&rig, "cluster");
	print_message("%llu s: %llu connections, %llu requests; cluster due %llu, missed %llu, worst gap %.1f ms\n",
		      (unsigned long long)seconds, (unsigned long long)connects, (unsigned long long)requests,
		      (unsigned long long)layer.frames_due, (unsigned long long)layer.frames_missed,
		      (double)layer.worst_gap_ns / 1e6);
	assert_int_equal(layer.fallbacks, 0);
	assert_true(connects > 0 && requests > 0);
	/* A second's worth is there at the start; 16 wait in the listener's queue. */
	assert_true(connects <= 8 * CONNECTS * (seconds + 1) + 17);
	assert_true(requests <= 2 * REQUESTS * (seconds + 1));
	munmap(flood, 4096);
	painter_close(&cluster);
	rig_stop(&rig);
}

/* While one source's memory takes the kernel for ever, others' comes in. */
static void slow_memory_delays_its_own_source(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, nav;
	struct vc_display_client ivi;
	union vc_display_message m;
	char fifo[96], why[VC_DISPLAY_REASON_MAX], text[160];
	rig_configure(&rig, "vkms", "", "hold_ms = 20000", "hold_ms = 20000");
	snprintf(text, sizeof(text), "[layer nav]\nrole = guest\noutput = main\nrect = 640,0 64x64\nuser = %u\n",
		 rig_user("nav"));
	rig_add(&rig, text);
	snprintf(fifo, sizeof(fifo), "%s/fifo", rig.dir);
	assert_return_code(mkfifo(fifo, 0600), errno);
	setenv("VC_SLOW_FIFO", fifo, 1);
	rig_preload(&rig, "kms-slow.so");
	rig_start(&rig);
	unsetenv("VC_SLOW_FIFO");
	assert_int_equal(rig_connect(&rig, &ivi, "ivi", why), 0);
	int fd = memfd_create("slow", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_int_equal(posix_fallocate(fd, 0, SLOW_BYTES), 0);
	void *map = mmap(NULL, SLOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	munmap(map, SLOW_BYTES);
	assert_return_code(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), errno);
	struct vc_display_buffer_add add = {.kind = VC_DISPLAY_MEMFD,
					    .width = SLOW_SIDE,
					    .height = SLOW_SIDE,
					    .fourcc = DRM_FORMAT_XRGB8888,
					    .stride = SLOW_SIDE * 4,
					    .size = SLOW_BYTES};
	assert_int_equal(vc_display_buffer_add(&ivi, &add, fd), 0);
	close(fd);
	painter_open(&nav, &rig, "nav", 0, 0);
	assert_int_not_equal(painter_show(&nav, RIG_GOLD), 0);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	assert_int_equal(vc_display_receive(&ivi, &m), 0); /* still there, still without an answer */
	int gate = open(fifo, O_WRONLY | O_CLOEXEC);
	assert_return_code(gate, errno);
	struct pollfd answer = {.fd = ivi.sock, .events = POLLIN};
	assert_int_equal(poll(&answer, 1, RIG_LIMIT_MS), 1);
	assert_int_equal(vc_display_receive(&ivi, &m), 1);
	assert_int_equal(m.header.type, VC_DISPLAY_BUFFER_READY);
	close(gate);
	vc_display_disconnect(&ivi);
	painter_close(&nav);
	painter_close(&cluster);
	unlink(fifo);
	rig_stop(&rig);
}

/* Sources send files where none belong, come and go; the frame loop closes nothing of it. */
static void sources_files_are_closed_elsewhere(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster;
	char file[96];
	rig_configure(&rig, "vkms", "", "hold_ms = 2000", "errors = 0\nretry_ms = 0");
	snprintf(file, sizeof(file), "%s/calls", rig.dir);
	int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_return_code(ftruncate(fd, 40), errno);
	volatile uint64_t *calls = mmap(NULL, 40, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(calls, MAP_FAILED);
	close(fd);
	setenv("VC_CALLS_FILE", file, 1);
	rig_preload(&rig, "kms-calls.so");
	rig_start(&rig);
	unsetenv("VC_CALLS_FILE");
	painter_open(&cluster, &rig, "cluster", 0, 0);
	assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
	calls[0] = 1;
	for (int i = 0; i < 5; i++) {
		struct painter ivi;
		painter_open(&ivi, &rig, "ivi", 0, 0);
		struct vc_display_present present = {.id = 0, .seq = 1, .width = 1, .height = 1};
		struct vc_display_heartbeat beat = {.header = {VC_DISPLAY_HEARTBEAT, sizeof(beat)}};
		const int fds[] = {ivi.fd[0], ivi.fd[1], ivi.fd[0]};
		/* As a fence; and three with a message that may have none, which waits when the connection ends. */
		assert_int_equal(vc_display_present(&ivi.client, &present, ivi.fd[0]), 0);
		vc_ipc_send(ivi.client.sock, &beat, sizeof(beat), fds, 3);
		for (int k = 0; painter_listen(&ivi, 0); k++) {
			assert_true(k < 300);
			assert_int_not_equal(painter_show(&cluster, RIG_RED), 0);
		}
		painter_close(&ivi);
		breach(&rig, &cluster);
	}
	assert_int_equal(rig_layer(&rig, "ivi").errors, 10);
	assert_true(calls[3] > 0);
	assert_int_equal(calls[4], 0);
	munmap((void *)(uintptr_t)calls, 40);
	unlink(file);
	painter_close(&cluster);
	rig_stop(&rig);
}

int main(void) {
	if (rig_skips("vkms"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_ban_until_allowed),
		cmocka_unit_test(bans_end_by_time),
		cmocka_unit_test(floods_are_served_within_their_budget),
		cmocka_unit_test(slow_memory_delays_its_own_source),
		cmocka_unit_test(sources_files_are_closed_elsewhere),
	};
	return cmocka_run_group_tests_name("kms.budget", tests, NULL, NULL);
}
