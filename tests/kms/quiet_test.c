/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Once they run, compositor and cluster allocate nothing, fault nowhere and wait for nobody: not for frames, and the compositor
 * not for sources that come and go, nor for captures.
 */
#include "rig.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <json.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRAMES 300
#define LONG_FRAMES 10000
#define LONG_HZ 120
/* Before this one everything may happen that happens once. */
#define FIRST_FRAME 200
#define LONG_LIMIT_MS 300000

/* What the modules before a program count: kms-count.so commits and allocations, kms-calls.so, if @calls was armed, calls that
 * may wait, and poll() with a time-out. */
struct counts {
	char path[2][128];
	volatile uint64_t *count, *calls;
};

static volatile uint64_t *counts_map(char *path, size_t size, const struct rig *rig, const char *program,
				     const char *what) {
	snprintf(path, size, "%s/%s-%s", rig->dir, program, what);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, 40), errno);
	volatile uint64_t *map = mmap(NULL, 40, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(map, MAP_FAILED);
	close(fd);
	return map;
}

/* The next program that is started, with @rig's modules before it, counts here. */
static void counts_open(struct counts *counts, struct rig *rig, const char *program) {
	char calls[sizeof(rig->preload)];
	counts->count = counts_map(counts->path[0], sizeof(counts->path[0]), rig, program, "count");
	counts->calls = counts_map(counts->path[1], sizeof(counts->path[1]), rig, program, "calls");
	setenv("VC_COUNT_FILE", counts->path[0], 1);
	setenv("VC_CALLS_FILE", counts->path[1], 1);
	rig_preload(rig, "kms-calls.so");
	snprintf(calls, sizeof(calls), "%s", rig->preload);
	rig_preload(rig, "kms-count.so");
	assert_true(strlen(rig->preload) + 1 + strlen(calls) < sizeof(rig->preload));
	strcat(rig->preload, ":");
	strcat(rig->preload, calls);
}

static void counts_close(struct counts *counts) {
	unsetenv("VC_COUNT_FILE");
	unsetenv("VC_CALLS_FILE");
	munmap((void *)(uintptr_t)counts->count, 32);
	munmap((void *)(uintptr_t)counts->calls, 32);
	unlink(counts->path[0]);
	unlink(counts->path[1]);
}

static void nothing_is_allocated_after_start(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	struct vc_control_status status;
	struct counts counts;
	rig_configure(&rig, "vkms", "", "hold_ms = 2000", "hold_ms = 500");
	counts_open(&counts, &rig, "compositor");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	for (int i = 0; i < FRAMES; i++) {
		if (i % 100 == 0)
			painter_open(&ivi, &rig, "ivi", 0, 0);
		painter_present(&ivi, RIG_BLUE);
		assert_int_not_equal(painter_show(&cluster, i % 2 ? RIG_RED : RIG_GREEN), 0);
		painter_listen(&ivi, 0);
		if (i % 100 == 99)
			painter_close(&ivi);
		if (i % 100 == 50)
			rig_pixel(&rig, 10, 10);
	}
	rig_status(&rig, &status);
	print_message("%llu commits, longest %.2f ms; latest wake %.2f ms; cluster due %llu, missed %llu, worst gap "
		      "%.1f ms\n",
		      (unsigned long long)status.output[0].commits, (double)status.output[0].commit_ns_max / 1e6,
		      (double)status.output[0].wake_ns_max / 1e6, (unsigned long long)status.layer[0].frames_due,
		      (unsigned long long)status.layer[0].frames_missed, (double)status.layer[0].worst_gap_ns / 1e6);
	assert_true(counts.count[0] >= FRAMES);
	assert_int_equal(counts.count[1], 0);
	counts_close(&counts);
	painter_close(&cluster);
	rig_stop(&rig);
}

/* A small display, as fast as an emulated machine keeps up with. */
static void configure_fast(const struct rig *rig) {
	FILE *file = fopen(rig->config, "w");
	assert_non_null(file);
	fprintf(file,
		"[compositor]\npriority = 80\ndisplay_socket = %s\ncluster_socket = %s\ncontrol_socket = %s\n"
		"[output main]\ncard = vkms\nmode = 400x200@%d\n"
		"[layer cluster]\nrole = cluster\noutput = main\nrect = 0,0 320x200\nuser = 0\nhold_ms = 2000\n"
		"rate = 10000\n[layer ivi]\nrole = guest\noutput = main\nrect = 336,0 64x200\nuser = %u\n"
		"hold_ms = 5000\nrate = 10000\n",
		rig->display, rig->cluster, rig->control, LONG_HZ, rig_user("ivi"));
	assert_int_equal(fclose(file), 0);
}

/* Runs @argv in the background; ends with this process. */
static pid_t start(char *const *argv, bool silent) {
	pid_t pid = fork();
	assert_return_code(pid, errno);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (silent && (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)))
		_exit(126);
	execvp(argv[0], argv);
	_exit(127);
}

static void stop(pid_t pid, int sig) {
	kill(pid, sig);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static const char *built_or_installed(const char *built, const char *installed) {
	return access(built, R_OK) == 0 ? built : installed;
}

/* The real cluster, with the recorded drive on vcan0 where the machine has those. */
struct drive {
	char config[96], stats[96];
	pid_t cluster, player;
	struct counts counts;
};

static void drive_start(struct drive *d, const struct rig *rig) {
	snprintf(d->config, sizeof(d->config), "%s/cluster.ini", rig->dir);
	snprintf(d->stats, sizeof(d->stats), "%s/stats", rig->dir);
	FILE *file = fopen(d->config, "w");
	assert_non_null(file);
	fprintf(file, "[cluster]\npriority = 70\nstats = %s\n[display]\nsocket = %s\n[can]\ninterface = vcan0\n",
		d->stats, rig->cluster);
	assert_int_equal(fclose(file), 0);
	const char *log = built_or_installed(VC_DRIVE_LOG, "/usr/share/vcockpit/drive.log");
	const char *program = built_or_installed(VC_CLUSTER_BUILT, "vcockpit-cluster");
	d->player = start(
		(char *[]){"canplayer", "-g", "5", "-l", "i", "-I", (char *)(uintptr_t)log, "vcan0=vcan0", NULL}, true);
	setenv("LD_PRELOAD", rig->preload, 1);
	d->cluster = start((char *[]){(char *)(uintptr_t)program, "--config", d->config, NULL}, false);
	unsetenv("LD_PRELOAD");
}

static void drive_stop(struct drive *d) {
	stop(d->player, SIGKILL);
	stop(d->cluster, SIGTERM);
	counts_close(&d->counts);
	unlink(d->config);
	unlink(d->stats);
}

/* The figure /stalls/@key, or /@key, of the running cluster. */
static json_object *drive_ask(const struct drive *d) {
	char command[256], text[65536];
	snprintf(command, sizeof(command), "%s --stats --json --config %s",
		 built_or_installed(VC_CLUSTER_BUILT, "vcockpit-cluster"), d->config);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	text[fread(text, 1, sizeof(text) - 1, pipe)] = '\0';
	pclose(pipe);
	return json_tokener_parse(text);
}

struct figures {
	uint64_t shown, allocations, may_wait;
	struct vc_control_stalls compositor;
	/* the cluster's */
	uint64_t rounds, minor_faults, major_faults, waits, can, cluster_allocations, cluster_may_wait, polls;
};

static uint64_t number(json_object *json, const char *path) {
	json_object *value = NULL;
	assert_int_equal(json_pointer_get(json, path, &value), 0);
	return json_object_get_uint64(value);
}

static void take(struct rig *rig, const struct drive *d, const struct counts *counts, struct figures *f) {
	struct vc_control_status status;
	json_object *json = drive_ask(d);
	assert_non_null(json);
	rig_status(rig, &status);
	*f = (struct figures){.shown = status.layer[0].frames_shown,
			      .allocations = counts->count[1],
			      .may_wait = counts->calls[1],
			      .cluster_allocations = d->counts.count[1],
			      .cluster_may_wait = d->counts.calls[1],
			      .polls = d->counts.calls[2],
			      .compositor = status.stalls,
			      .rounds = number(json, "/stalls/rounds"),
			      .minor_faults = number(json, "/stalls/minor_faults"),
			      .major_faults = number(json, "/stalls/major_faults"),
			      .waits = number(json, "/stalls/waits"),
			      .can = number(json, "/can/frames_received")};
	json_object_put(json);
}

/* The guest shows what it can until the cluster has shown @frames. */
static void run_until(struct rig *rig, struct painter *ivi, uint64_t frames) {
	int64_t limit_ns = vc_clock_now() + LONG_LIMIT_MS * VC_NS_PER_MS;
	uint64_t shown = 0;
	for (unsigned i = 0; shown < frames; i++) {
		painter_show(ivi, i % 2 ? RIG_BLUE : RIG_GOLD);
		if (i % 50 == 0)
			shown = rig_layer(rig, "cluster").frames_shown;
		if (vc_clock_now() > limit_ns)
			fail_msg("only %" PRIu64 " of %" PRIu64 " frames within %d s: the machine is too slow or busy",
				 shown, frames, LONG_LIMIT_MS / 1000);
	}
}

static void ten_thousand_frames_stall_nobody(void **state) {
	(void)state;
	struct rig rig;
	struct painter ivi;
	struct drive drive;
	struct counts counts;
	struct figures a, b;
	rig_configure(&rig, "vkms", "", "", "");
	configure_fast(&rig);
	/* As systemd's journal, standard error is a socket: writing to it needn't wait. */
	int ends[2], mine = dup(STDERR_FILENO);
	assert_return_code(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), errno);
	assert_return_code(dup2(ends[0], STDERR_FILENO), errno);
	counts_open(&counts, &rig, "compositor");
	rig_start(&rig);
	counts_open(&drive.counts, &rig, "cluster");
	drive_start(&drive, &rig);
	dup2(mine, STDERR_FILENO);
	close(mine);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	run_until(&rig, &ivi, FIRST_FRAME);
	counts.calls[0] = drive.counts.calls[0] = drive.counts.count[0] = 1;
	take(&rig, &drive, &counts, &a);
	int64_t from_ns = vc_clock_now();
	run_until(&rig, &ivi, a.shown + LONG_FRAMES);
	take(&rig, &drive, &counts, &b);
	print_message("%" PRIu64 " frames in %.1f s\n", b.shown - a.shown, (double)(vc_clock_now() - from_ns) / 1e9);
	print_message("compositor: %" PRIu64 " turns, %" PRIu64 " waits for locks, %" PRIu64 " in the commit\n",
		      b.compositor.turns - a.compositor.turns, b.compositor.waits - a.compositor.waits,
		      b.compositor.waits_commit - a.compositor.waits_commit);
	print_message("cluster: %" PRIu64 " rounds, %" PRIu64 " CAN frames, %" PRIu64 " waits for locks\n",
		      b.rounds - a.rounds, b.can - a.can, b.waits - a.waits);
	const uint64_t seen[] = {counts.calls[3], drive.counts.calls[3]};
	drive_stop(&drive);
	counts_close(&counts);
	close(ends[0]);
	close(ends[1]);
	painter_close(&ivi);
	rig_stop(&rig);
	assert_true(b.shown - a.shown >= LONG_FRAMES && b.rounds - a.rounds >= LONG_FRAMES);
	assert_true(seen[0] >= LONG_FRAMES && seen[1] >= LONG_FRAMES);
	assert_int_equal(b.allocations - a.allocations, 0);
	assert_int_equal(b.compositor.minor_faults - a.compositor.minor_faults, 0);
	assert_int_equal(b.compositor.major_faults - a.compositor.major_faults, 0);
	assert_int_equal(b.may_wait - a.may_wait, 0);
	assert_int_equal(b.minor_faults - a.minor_faults, 0);
	assert_int_equal(b.major_faults - a.major_faults, 0);
	assert_int_equal(b.cluster_allocations - a.cluster_allocations, 0);
	assert_int_equal(b.cluster_may_wait - a.cluster_may_wait, 0);
	/* Once a round, for the next one. */
	assert_true(b.polls - a.polls <= b.rounds - a.rounds + 1);
}

int main(void) {
	if (rig_skips("vkms"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_allocated_after_start),
					   cmocka_unit_test(ten_thousand_frames_stall_nobody)};
	return cmocka_run_group_tests_name("kms.quiet", tests, NULL, NULL);
}
