/* SPDX-License-Identifier: Apache-2.0 */
/* The output monitor, with the real compositor and clusters that are honest or not: what the screen shows, and how soon. */
#include "rig.h"

#include "check.h"
#include "clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILDREN 4
#define OUTPUT_MAX_MS 8000 /* where outputs are checked at all */

struct bench {
	struct rig rig;
	struct vc_references references;
	char ini[96], cluster_ini[96], stats[96], safe[256], folder[256];
	pid_t child[CHILDREN];
	FILE *said; /* what the liar says */
};

static struct bench bench;

/* A program or file that was built, or else is installed beside this test. */
static void find(char *path, size_t size, const char *built, const char *name) {
	char self[160];
	snprintf(path, size, "%s", built);
	if (access(path, R_OK) == 0)
		return;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	assert_return_code((int)n, errno);
	self[n] = '\0';
	snprintf(path, size, "%.*s/%s", (int)(strrchr(self, '/') - self), self, name);
	if (access(path, R_OK) != 0)
		snprintf(path, size, "/usr/bin/%s", name);
	assert_return_code(access(path, R_OK), errno);
}

/* Runs @argv as @user; its standard output goes to @out, if that is not -1. Returns its place among the children. */
static int run(char *const *argv, uid_t user, int out) {
	int place = 0;
	while (bench.child[place] > 0)
		place++;
	assert_true(place < CHILDREN);
	bench.child[place] = fork();
	assert_return_code(bench.child[place], errno);
	if (bench.child[place] > 0)
		return place;
	if (out >= 0)
		dup2(out, STDOUT_FILENO);
	if (setuid(user) < 0)
		_exit(126);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	execv(argv[0], argv);
	_exit(127);
}

static void end(int place, int signal_number) {
	int status;
	assert_return_code(kill(bench.child[place], signal_number), errno);
	assert_int_equal(waitpid(bench.child[place], &status, 0), bench.child[place]);
	bench.child[place] = 0;
}

static int start_monitor(void) {
	char path[256];
	find(path, sizeof(path), VC_MONITOR_BUILT, "vcockpit-monitor");
	return run((char *[]){path, "--config", bench.ini, NULL}, 0, -1);
}

static struct vc_control_monitor monitor(void) {
	struct vc_control_status status;
	rig_status(&bench.rig, &status);
	return status.monitor;
}

/* Waits until @field of the monitor's figures is at least @value. */
#define AWAIT(field, value)                                                                                            \
	do {                                                                                                           \
		int64_t await_ns = vc_clock_now() + 2 * RIG_LIMIT_MS * VC_NS_PER_MS;                                   \
		while (monitor().field < (value)) {                                                                    \
			if (vc_clock_now() > await_ns)                                                                 \
				fail_msg(#field " does not reach %d", (int)(value));                                   \
			poll(NULL, 0, 10);                                                                             \
		}                                                                                                      \
	} while (0)

/* What comes out of @fd is read line by line with hear(). */
static void listen_to(int fd) {
	bench.said = fdopen(fd, "r");
	assert_non_null(bench.said);
	setvbuf(bench.said, NULL, _IONBF, 0); /* poll() must see each line */
}

static int start_liar(const char *lie, const char *after, const char *lying) {
	char path[256];
	int pipes[2];
	find(path, sizeof(path), VC_LIAR_BUILT, "vcockpit-liar");
	assert_return_code(pipe(pipes), errno);
	int place = run((char *[]){path, "--socket", bench.rig.cluster, "--lie", (char *)(uintptr_t)lie, "--after",
				   (char *)(uintptr_t)after, "--for", (char *)(uintptr_t)lying, NULL},
			rig_user("cluster"), pipes[1]);
	close(pipes[1]);
	listen_to(pipes[0]);
	return place;
}

/* The time in the next line that the liar says, which must start with @word. */
static int64_t hear(const char *word) {
	char line[80], first[16];
	long long seq, ns;
	struct pollfd p = {.fd = fileno(bench.said), .events = POLLIN};
	assert_int_equal(poll(&p, 1, RIG_LIMIT_MS), 1);
	assert_non_null(fgets(line, sizeof(line), bench.said));
	assert_int_equal(sscanf(line, "%15s %lld %lld", first, &seq, &ns), 3);
	assert_string_equal(first, word);
	return ns;
}

/* @rules: of the section [monitor], with @output_max_ms; @output_ms: of monitor.ini. */
static void set_up(const char *rules, int output_max_ms, int output_ms) {
	char extra[256], layer[320], why[320], path[320];
	for (int i = 0; i < CHILDREN; i++)
		if (bench.child[i] > 0) /* of a test that failed */
			end(i, SIGKILL);
	bench = (struct bench){0};
	find(bench.safe, sizeof(bench.safe), VC_KMS_BUILT "/safe-640x480.png", "safe-640x480.png");
	find(path, sizeof(path), VC_KMS_BUILT "/telltales/640x480", "telltales/640x480");
	snprintf(bench.folder, sizeof(bench.folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	if (!vc_references_read(&bench.references, path, why, sizeof(why)))
		fail_msg("%s", why);
	snprintf(extra, sizeof(extra), "[monitor]\nuser = %u\noutput_max_ms = %d\n%s", getuid(), output_max_ms, rules);
	snprintf(layer, sizeof(layer), "hold_ms = 400\nfallback = image %s", bench.safe);
	rig_configure(&bench.rig, "vkms", extra, layer, "fallback = none");
	snprintf(bench.ini, sizeof(bench.ini), "%s/monitor.ini", bench.rig.dir);
	FILE *file = fopen(bench.ini, "w");
	assert_non_null(file);
	fprintf(file, "[monitor]\ncontrol_socket = %s\nreferences = %s\noutput_ms = %d\n", bench.rig.control,
		bench.folder, output_ms);
	assert_int_equal(fclose(file), 0);
}

static void tear_down(void) {
	for (int i = 0; i < CHILDREN; i++)
		if (bench.child[i] > 0)
			end(i, SIGTERM);
	if (bench.said)
		fclose(bench.said);
	unlink(bench.ini);
	unlink(bench.cluster_ini);
	unlink(bench.stats);
	rig_stop(&bench.rig);
}

/* Does a capture show the safe picture in the cluster's zone? */
static void expect_safe_picture(void) {
	struct vc_control_picture picture;
	if (vc_control_capture(&bench.rig.tool, 0, &picture) < 0)
		fail_msg("capture: %s", bench.rig.tool.why);
	const void *first = picture.pixels;
	const struct vc_pixels zone = {first, picture.info.stride / 4, 640, 480};
	struct vc_check check = vc_check_safe(&bench.references, &zone);
	vc_control_release(&bench.rig.tool, &picture);
	if (check.finding != VC_FOUND_GOOD)
		fail_msg("telltale %u is not crossed out on the screen", check.telltale);
}

/* The vblank at which the cluster's zone first showed the safe picture because it was wrong, after @from_ns; vblank_ns 0: not
 * yet. */
static struct vc_frame_record find_fallback(int64_t from_ns) {
	static struct vc_control_records records;
	if (vc_control_get_frames(&bench.rig.tool, 0, &records) < 0)
		fail_msg("frames: %s", bench.rig.tool.why);
	for (size_t i = 0; i < records.count; i++) {
		const struct vc_frame_record *r = &records.record[i];
		/* The state is known when the commit goes out; the picture is there when that has come to the screen. */
		bool there = r->commit_ns >= from_ns && !(r->layer_live & 1u);
		if (there && r->state[0] == VC_STATE_FALLBACK && r->reason[0] == VC_REASON_WRONG)
			return *r;
	}
	return (struct vc_frame_record){0};
}

/* Waits for it, since the state changes when the commit goes out; says how long after @from_ns that was, and returns how long
 * after it the picture was there, in ms. */
static int64_t await_fallback(const char *what, int64_t from_ns) {
	int64_t limit_ns = vc_clock_now() + RIG_LIMIT_MS * VC_NS_PER_MS;
	struct vc_frame_record r;
	while ((r = find_fallback(from_ns)).vblank_ns == 0) {
		assert_true(vc_clock_now() < limit_ns);
		poll(NULL, 0, 10);
	}
	int64_t commit_ms = (r.commit_ns - from_ns) / VC_NS_PER_MS, safe_ms = (r.vblank_ns - from_ns) / VC_NS_PER_MS;
	print_message("%-10s %3lld ms to the safe picture's commit, %3lld ms until it shows\n", what,
		      (long long)commit_ms, (long long)safe_ms);
	return safe_ms;
}

static void honest_cluster_is_left_alone(void **state) {
	(void)state;
	set_up("", OUTPUT_MAX_MS, 700);
	rig_start(&bench.rig);
	start_monitor();
	start_liar("honest", "0", "0");
	rig_await(&bench.rig, "cluster", VC_STATE_LIVE, VC_REASON_NONE);
	AWAIT(source_checks, 150);
	AWAIT(output_checks, 3);
	struct vc_control_monitor m = monitor();
	struct vc_control_layer layer = rig_layer(&bench.rig, "cluster");
	print_message(
		"%llu frames checked, %llu not; %llu outputs; from commit to verdict %.2f ms, %.2f at most; cluster "
		"frames due %llu, missed %llu\n",
		(unsigned long long)m.source_checks, (unsigned long long)m.unchecked,
		(unsigned long long)m.output_checks,
		(double)m.check_ns_sum / (double)m.source_checks / (double)VC_NS_PER_MS,
		(double)m.check_ns_max / (double)VC_NS_PER_MS, (unsigned long long)layer.frames_due,
		(unsigned long long)layer.frames_missed);
	assert_int_equal(m.source_bad, 0);
	assert_int_equal(m.output_bad, 0);
	/* On a busy machine the liar may be late, and its silence is not the monitor's affair. */
	assert_int_equal(m.distrusted, 0);
	tear_down();
}

static void lies_lead_to_the_safe_picture(void **state) {
	(void)state;
	static const struct {
		const char *lie;
		enum vc_monitor_finding finding;
	} cases[] = {
		{"frozen", VC_FOUND_COUNTER},        {"wrong", VC_FOUND_WRONG},       {"missing", VC_FOUND_MISSING},
		{"extra", VC_FOUND_EXTRA},           {"pixels", VC_FOUND_PIXELS},     {"crc", VC_FOUND_CRC},
		{"undeclared", VC_FOUND_UNDECLARED}, {"replayed", VC_FOUND_REPLAYED}, {"garbled", VC_FOUND_GARBLED},
		{"still", VC_FOUND_FROZEN},
	};
	char names[128] = "";
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? "," : "", cases[i].lie);
	set_up("trust_ms = 300\n", 0, 0);
	rig_start(&bench.rig);
	start_monitor();
	AWAIT(connected, 1);
	start_liar(names, "40", "60");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int64_t lie_ns = hear("lie");
		rig_await(&bench.rig, "cluster", VC_STATE_FALLBACK, VC_REASON_WRONG);
		struct vc_control_monitor m = monitor();
		int64_t safe_ms = await_fallback(cases[i].lie, lie_ns);
		expect_safe_picture();
		int64_t honest_ns = hear("honest");
		rig_await(&bench.rig, "cluster", VC_STATE_LIVE, VC_REASON_NONE);
		print_message("%-10s live %lld ms after the last lie\n", "",
			      (long long)((vc_clock_now() - honest_ns) / VC_NS_PER_MS));
		assert_int_equal(m.bad_finding, cases[i].finding);
		assert_true(safe_ms < 1000);
	}
	tear_down();
}

/* Nobody lies here: a hand from outside writes into the frames of the real cluster. */
static void scribbles_are_noticed(void **state) {
	(void)state;
	char cluster[256], scribble[256], pid[16], at[32];
	set_up("trust_ms = 300\n", 0, 0);
	rig_start(&bench.rig);
	start_monitor();
	snprintf(bench.cluster_ini, sizeof(bench.cluster_ini), "%s/cluster.ini", bench.rig.dir);
	snprintf(bench.stats, sizeof(bench.stats), "%s.stats", bench.rig.dir);
	FILE *file = fopen(bench.cluster_ini, "w");
	assert_non_null(file);
	fprintf(file, "[cluster]\npriority = 0\nstats = %s\n[display]\nsocket = %s\n", bench.stats, bench.rig.cluster);
	assert_int_equal(fclose(file), 0);
	find(cluster, sizeof(cluster), VC_CLUSTER_BUILT, "vcockpit-cluster");
	int place = run((char *[]){cluster, "--config", bench.cluster_ini, NULL}, rig_user("cluster"), -1);
	rig_await(&bench.rig, "cluster", VC_STATE_LIVE, VC_REASON_NONE);
	AWAIT(source_checks, 60);
	assert_int_equal(monitor().source_bad, 0);

	const struct vc_place *victim = &bench.references.telltale[8].place;
	find(scribble, sizeof(scribble), VC_SCRIBBLE_BUILT, "vcockpit-scribble");
	snprintf(pid, sizeof(pid), "%d", (int)bench.child[place]);
	snprintf(at, sizeof(at), "%u,%u", victim->x, victim->y);
	int pipes[2];
	assert_return_code(pipe(pipes), errno);
	run((char *[]){scribble, pid, at, "12x12", "640", "1500", NULL}, 0, pipes[1]);
	close(pipes[1]);
	listen_to(pipes[0]);
	int64_t lie_ns = hear("lie");
	rig_await(&bench.rig, "cluster", VC_STATE_FALLBACK, VC_REASON_WRONG);
	expect_safe_picture();
	struct vc_control_monitor m = monitor();
	await_fallback("scribbled", lie_ns);
	assert_int_equal(m.bad_check, VC_CHECK_SOURCE);
	assert_int_equal(m.bad_telltale, 8);
	/* What isn't shown is drawn anew, so the cluster comes back by itself once it is left alone. */
	rig_await(&bench.rig, "cluster", VC_STATE_LIVE, VC_REASON_NONE);
	tear_down();
}

/* The plane is somewhere else than it should be, though every frame is right. */
static void misplaced_plane_is_noticed(void **state) {
	(void)state;
	char flag[96];
	set_up("trust_ms = 300\n", OUTPUT_MAX_MS, 300);
	snprintf(flag, sizeof(flag), "%s/shift", bench.rig.dir);
	setenv("VC_SHIFT_FILE", flag, 1);
	rig_preload(&bench.rig, "kms-shift.so");
	rig_start(&bench.rig);
	start_monitor();
	start_liar("honest", "0", "0");
	rig_await(&bench.rig, "cluster", VC_STATE_LIVE, VC_REASON_NONE);
	AWAIT(output_checks, 2);
	assert_int_equal(monitor().output_bad, 0);
	FILE *file = fopen(flag, "w");
	assert_non_null(file);
	fclose(file);
	int64_t from_ns = vc_clock_now();
	rig_await(&bench.rig, "cluster", VC_STATE_FALLBACK, VC_REASON_WRONG);
	struct vc_control_monitor m = monitor();
	await_fallback("misplaced", from_ns);
	assert_int_equal(m.bad_check, VC_CHECK_OUTPUT);
	assert_int_equal(m.source_bad, 0);
	/* The safe picture is misplaced as well: no way back before that is over. */
	const uint64_t bad = m.output_bad;
	AWAIT(output_bad, bad + 2);
	assert_int_equal(rig_layer(&bench.rig, "cluster").state, VC_STATE_FALLBACK);
	unlink(flag);
	rig_await(&bench.rig, "cluster", VC_STATE_LIVE, VC_REASON_NONE);
	unsetenv("VC_SHIFT_FILE");
	tear_down();
}

/* Connects as the user of @layer, who is not the monitor's. */
static void open_tool(struct vc_control_client *tool, const char *layer) {
	assert_return_code(seteuid(rig_user(layer)), errno);
	int err = vc_control_connect(tool, bench.rig.control, RIG_LIMIT_MS);
	assert_return_code(seteuid(0), errno);
	assert_int_equal(err, 0);
}

/* As many as may hold a capture do, for as long as they may, and the output is checked all the same. */
static void tools_that_keep_captures_keep_nobody_from_checking(void **state) {
	(void)state;
	static struct vc_control_client tool[2];
	struct vc_control_picture picture[2];
	set_up("", OUTPUT_MAX_MS, 300);
	rig_add(&bench.rig, "[compositor]\ncapture_hold_ms = 60000\n");
	rig_start(&bench.rig);
	assert_return_code(chmod(bench.rig.control, 0666), errno);
	start_monitor();
	start_liar("honest", "0", "0");
	rig_await(&bench.rig, "cluster", VC_STATE_LIVE, VC_REASON_NONE);
	AWAIT(output_checks, 1);
	for (int i = 0; i < 2; i++) {
		open_tool(&tool[i], "ivi");
		if (vc_control_capture(&tool[i], 0, &picture[i]) < 0)
			fail_msg("capture: %s", tool[i].why);
	}
	const struct vc_control_monitor before = monitor();
	AWAIT(output_checks, before.output_checks + 3);
	assert_true(monitor().output_ns > before.output_ns);
	assert_int_equal(monitor().blind, 0);
	assert_int_equal(monitor().output_bad, 0);
	for (int i = 0; i < 2; i++) {
		vc_control_release(&tool[i], &picture[i]);
		vc_control_disconnect(&tool[i]);
	}
	tear_down();
}

/* A monitor that gets no captures any more is as good as dead. */
static void unchecked_output_may_mean_the_safe_picture(void **state) {
	(void)state;
	set_up("lost = safe\n", 3000, 0);
	rig_start(&bench.rig);
	start_monitor();
	start_liar("honest", "0", "0");
	AWAIT(source_checks, 10);
	AWAIT(blind, 1);
	rig_await(&bench.rig, "cluster", VC_STATE_FALLBACK, VC_REASON_UNWATCHED);
	assert_int_equal(monitor().silent, 0);
	expect_safe_picture();
	tear_down();
}

/* A cluster that was found lying is not believed by the next compositor either, before the monitor has looked again. */
static void distrust_outlives_the_compositor(void **state) {
	(void)state;
	set_up("trust_ms = 300\n", 0, 0);
	rig_start(&bench.rig);
	int place = start_monitor();
	AWAIT(connected, 1);
	start_liar("extra", "20", "1000000");
	hear("lie");
	rig_await(&bench.rig, "cluster", VC_STATE_FALLBACK, VC_REASON_WRONG);
	end(place, SIGKILL);
	rig_kill(&bench.rig);
	rig_start(&bench.rig);
	rig_await(&bench.rig, "cluster", VC_STATE_FALLBACK, VC_REASON_WRONG);
	assert_int_equal(monitor().distrusted, 1);
	assert_int_equal(rig_layer(&bench.rig, "cluster").frames_shown, 0);
	expect_safe_picture();
	tear_down();
}

static void lost_monitor_is_said_and_costs_nothing(void **state) {
	(void)state;
	set_up("silent_ms = 300\nlost_ms = 600\nlost = keep\n", 0, 0);
	rig_start(&bench.rig);
	int place = start_monitor();
	start_liar("honest", "0", "0");
	AWAIT(source_checks, 30);
	end(place, SIGKILL);
	AWAIT(silent, 1);
	assert_int_equal(monitor().connected, 0);
	assert_int_equal(monitor().lost, 1);
	const uint64_t shown = rig_layer(&bench.rig, "cluster").frames_shown;
	int64_t limit_ns = vc_clock_now() + RIG_LIMIT_MS * VC_NS_PER_MS;
	while (rig_layer(&bench.rig, "cluster").frames_shown < shown + 60)
		assert_true(vc_clock_now() < limit_ns);
	assert_int_equal(rig_layer(&bench.rig, "cluster").state, VC_STATE_LIVE);
	assert_int_equal(rig_layer(&bench.rig, "cluster").fallbacks, 0);
	/* One that is stopped is no better, and one that comes is heard. */
	const uint64_t checks = monitor().source_checks;
	place = start_monitor();
	AWAIT(source_checks, checks + 10);
	assert_int_equal(monitor().silent, 0);
	assert_return_code(kill(bench.child[place], SIGSTOP), errno);
	AWAIT(silent, 1);
	assert_int_equal(rig_layer(&bench.rig, "cluster").fallbacks, 0);
	assert_return_code(kill(bench.child[place], SIGCONT), errno);
	tear_down();
}

static void lost_monitor_may_mean_the_safe_picture(void **state) {
	(void)state;
	set_up("silent_ms = 200\nlost_ms = 400\nlost = safe\ntrust_ms = 300\n", 0, 0);
	rig_start(&bench.rig);
	int place = start_monitor();
	start_liar("honest", "0", "0");
	AWAIT(source_checks, 30);
	end(place, SIGKILL);
	rig_await(&bench.rig, "cluster", VC_STATE_FALLBACK, VC_REASON_UNWATCHED);
	expect_safe_picture();
	start_monitor();
	rig_await(&bench.rig, "cluster", VC_STATE_LIVE, VC_REASON_NONE);
	tear_down();
}

int main(void) {
	if (rig_skips("vkms"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(honest_cluster_is_left_alone),
		cmocka_unit_test(lies_lead_to_the_safe_picture),
		cmocka_unit_test(scribbles_are_noticed),
		cmocka_unit_test(misplaced_plane_is_noticed),
		cmocka_unit_test(tools_that_keep_captures_keep_nobody_from_checking),
		cmocka_unit_test(unchecked_output_may_mean_the_safe_picture),
		cmocka_unit_test(distrust_outlives_the_compositor),
		cmocka_unit_test(lost_monitor_is_said_and_costs_nothing),
		cmocka_unit_test(lost_monitor_may_mean_the_safe_picture),
	};
	return cmocka_run_group_tests_name("kms.monitor", tests, NULL, NULL);
}
