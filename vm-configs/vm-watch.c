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
	int64_t sampled_ns; /* when cpu_ticks were read */
	long long cpu_ticks;
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
	if (json_object_object_get_ex(message, "event", &part)) {
		log_event(message, json_object_get_string(part));
	} else if (json_object_object_get_ex(message, "QMP", NULL)) {
		say(w, "{\"execute\":\"qmp_capabilities\"}\n");
	} else if (json_object_object_get_ex(message, "return", &part)) {
		if (json_object_object_get_ex(part, "status", &status))
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

/* CPU time of the main thread in clock ticks, proc(5): fields 14 and 15 of stat. -1: it isn't there. */
static long long main_loop_ticks(pid_t pid) {
	char path[64], text[512];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)pid, (int)pid);
	FILE *file = fopen(path, "re");
	size_t n = file ? fread(text, 1, sizeof(text) - 1, file) : 0;
	if (file)
		fclose(file);
	text[n] = '\0';
	/* The name in parentheses may hold anything. */
	const char *rest = strrchr(text, ')');
	long long user, system;
	if (!rest || sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lld %lld", &user, &system) != 2)
		return -1;
	return user + system;
}

/* Looks back once spin_ms are over, then begins again: a loop that spins is found after one to two of them. */
static void sample_cpu(struct watch *w, int64_t now) {
	int64_t elapsed = now - w->sampled_ns;
	if (w->sampled_ns != 0 && elapsed < w->limits->spin_ms * VC_NS_PER_MS)
		return;
	long long ticks = main_loop_ticks(w->qemu);
	int64_t used = (ticks - w->cpu_ticks) * (VC_NS_PER_S / sysconf(_SC_CLK_TCK));
	w->spins = w->limits->spin_percent > 0 && w->sampled_ns != 0 && ticks >= 0 &&
		   used >= elapsed / 100 * w->limits->spin_percent;
	w->cpu_ticks = ticks;
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
		snprintf(w->why, sizeof(w->why), "QEMU's main loop has used %lld %% of a CPU or more for %lld ms",
			 (long long)l->spin_percent, (long long)l->spin_ms);
	else
		return NULL;
	return w->why;
}

const char *vc_vm_watch(const struct vc_vm_limits *limits, pid_t qemu, int qmp, struct vc_notify *notify) {
	static struct watch w;
	int64_t now = vc_clock_now(), next = now;
	bool told = false;
	/* The greeting is an answer too. */
	w = (struct watch){.limits = limits, .qemu = qemu, .qmp = qmp, .asked_ns = now};
	for (;;) {
		struct pollfd p = {.fd = qmp, .events = POLLIN};
		int wait_ms = (int)((next - now) / VC_NS_PER_MS) + 1;
		if (poll(&p, 1, wait_ms > 0 ? wait_ms : 0) < 0 && errno != EINTR)
			return NULL;
		now = vc_clock_now();
		if (!receive(&w, now))
			return NULL;
		if (w.greeted && !told)
			vc_notify_send(notify, "READY=1");
		told = told || w.greeted;
		if (now >= next) {
			next = now + limits->check_ms * VC_NS_PER_MS;
			sample_cpu(&w, now);
			if (w.greeted && w.asked_ns == 0)
				ask(&w, now);
		}
		const char *why = judge(&w, now);
		if (why)
			return why;
		vc_notify_alive(notify, now);
	}
}
