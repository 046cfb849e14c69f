/* SPDX-License-Identifier: Apache-2.0 */
#include "vm-watch.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <json-c/json.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct watch {
	const struct vc_vm_limits *limits;
	pid_t qemu;
	int qmp;
	bool greeted;       /* capabilities are negotiated: commands may be sent */
	int64_t asked_ns;   /* when the question under way was sent, 0: none */
	int64_t paused_ns;  /* since when the processors stand still, 0: they run */
	char state[32];     /* as QEMU calls it */
	int64_t sampled_ns; /* when awake_ns was read */
	int64_t awake_ns;   /* of the main thread, all its life */
	bool spins;
	char line[8192];
	size_t have;
	char why[160];
};

static bool say(const struct watch *w, const char *command) {
	/* A monitor whose buffer is full doesn't answer either: the time runs. */
	return send(w->qmp, command, strlen(command), MSG_NOSIGNAL | MSG_DONTWAIT) >= 0 || errno == EAGAIN;
}

static void ask(struct watch *w, int64_t now) {
	w->asked_ns = now;
	say(w, "{\"execute\":\"query-status\"}\n");
}

/* What is worth a line in the journal. */
static void log_event(json_object *message, const char *event) {
	static const char *const known[] = {"WATCHDOG", "GUEST_PANICKED", "SHUTDOWN", "STOP", "RESET", "RESUME"};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(event, known[i]) == 0)
			vc_info("QEMU: %.20s %.100s", event,
				json_object_to_json_string_ext(json_object_object_get(message, "data"),
							       JSON_C_TO_STRING_PLAIN));
}

static void handle_status(struct watch *w, const char *status, int64_t now) {
	bool running = strcmp(status, "running") == 0;
	snprintf(w->state, sizeof(w->state), "%.31s", status);
	w->asked_ns = 0;
	if (running)
		w->paused_ns = 0;
	else if (w->paused_ns == 0)
		w->paused_ns = now;
}

static void handle_line(struct watch *w, const char *line, int64_t now) {
	json_object *message = json_tokener_parse(line), *part = NULL, *status = NULL;
	if (json_object_object_get_ex(message, "event", &part) && json_object_is_type(part, json_type_string)) {
		log_event(message, json_object_get_string(part));
	} else if (json_object_object_get_ex(message, "QMP", NULL)) {
		say(w, "{\"execute\":\"qmp_capabilities\"}\n");
	} else if (json_object_object_get_ex(message, "return", &part)) {
		if (json_object_object_get_ex(part, "status", &status) && json_object_is_type(status, json_type_string))
			handle_status(w, json_object_get_string(status), now);
		else if (!w->greeted)
			w->asked_ns = 0;
		w->greeted = true;
	}
	json_object_put(message);
}

/* Takes what there is. False when QEMU has closed. */
static bool receive(struct watch *w, int64_t now) {
	for (;;) {
		ssize_t got = recv(w->qmp, w->line + w->have, sizeof(w->line) - 1 - w->have, MSG_DONTWAIT);
		if (got < 0)
			return errno == EAGAIN || errno == EINTR;
		if (got == 0)
			return false;
		w->have += (size_t)got;
		w->line[w->have] = '\0';
		char *end;
		while ((end = strchr(w->line, '\n')) != NULL) {
			*end = '\0';
			handle_line(w, w->line, now);
			w->have -= (size_t)(end + 1 - w->line);
			memmove(w->line, end + 1, w->have + 1);
		}
		/* Longer than anything that is asked for here: not for us. */
		if (w->have == sizeof(w->line) - 1)
			w->have = 0;
	}
}

/* How long the main thread has run or waited for a CPU, in ns: the first two numbers of schedstat (the kernel's
 * Documentation/scheduler/sched-stats). A loop that spins never sleeps, however little of a busy machine it gets. -1: not known. */
static int64_t main_loop_awake_ns(pid_t pid) {
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/schedstat", (int)pid, (int)pid);
	FILE *file = fopen(path, "re");
	long long ran = 0, waited = 0;
	bool good = file && fscanf(file, "%lld %lld", &ran, &waited) == 2;
	if (file)
		fclose(file);
	return good ? ran + waited : -1;
}

/* Looks back once spin_ms are over, then begins again: a loop that spins is found after one to two of them. */
static void sample_awake(struct watch *w, int64_t now) {
	int64_t elapsed = now - w->sampled_ns;
	if (w->sampled_ns != 0 && elapsed < w->limits->spin_ms * VC_NS_PER_MS)
		return;
	int64_t awake = main_loop_awake_ns(w->qemu);
	w->spins = w->limits->spin_percent > 0 && w->sampled_ns != 0 && awake >= 0 &&
		   awake - w->awake_ns >= elapsed / 100 * w->limits->spin_percent;
	w->awake_ns = awake;
	w->sampled_ns = now;
}

/* Returns NULL if all is well. */
static const char *judge(struct watch *w, int64_t now) {
	const struct vc_vm_limits *l = w->limits;
	if (w->asked_ns && now - w->asked_ns >= l->answer_ms * VC_NS_PER_MS)
		snprintf(w->why, sizeof(w->why), "QEMU has not answered for %lld ms", (long long)l->answer_ms);
	else if (w->paused_ns && now - w->paused_ns >= l->pause_ms * VC_NS_PER_MS)
		snprintf(w->why, sizeof(w->why), "the guest's processors have stood still for %lld ms (%s)",
			 (long long)l->pause_ms, w->state);
	else if (w->spins)
		snprintf(w->why, sizeof(w->why), "QEMU's main loop has not slept for %lld %% of %lld ms: it spins",
			 (long long)l->spin_percent, (long long)l->spin_ms);
	else
		return NULL;
	return w->why;
}

const char *vc_vm_watch(const struct vc_vm_limits *limits, pid_t qemu, int qmp, struct vc_vm_report *report,
			struct vc_notify *notify) {
	static struct watch w;
	int64_t now = vc_clock_now(), next = now;
	bool told = false;
	/* The greeting is an answer too. */
	w = (struct watch){.limits = limits, .qemu = qemu, .qmp = qmp, .asked_ns = now};
	for (;;) {
		struct pollfd p[2] = {{.fd = qmp, .events = POLLIN},
				      {.fd = vc_vm_report_wants(report) ? report->sock : -1, .events = POLLIN}};
		int wait_ms = (int)((next - now) / VC_NS_PER_MS) + 1;
		if (poll(p, 2, wait_ms > 0 ? wait_ms : 0) < 0 && errno != EINTR)
			return NULL;
		now = vc_clock_now();
		vc_vm_report_take(report);
		if (!receive(&w, now))
			return NULL;
		if (w.greeted && !told)
			vc_notify_send(notify, "READY=1");
		told = told || w.greeted;
		if (now >= next) {
			next = now + limits->check_ms * VC_NS_PER_MS;
			vc_vm_report_more(report);
			sample_awake(&w, now);
			if (w.greeted && w.asked_ns == 0)
				ask(&w, now);
		}
		const char *why = judge(&w, now);
		if (why)
			return why;
		vc_notify_alive(notify, now);
	}
}
