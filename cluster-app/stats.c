/* SPDX-License-Identifier: Apache-2.0 */
#include "stats.h"

#include "clock.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <json-c/json.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

struct vc_stats *vc_stats_create(const char *path) {
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0) {
		vc_error(
			"statistics file %s: %s; create its folder (systemd: RuntimeDirectory=) or set [cluster] stats",
			path, strerror(errno));
		return NULL;
	}
	struct vc_stats *stats = MAP_FAILED;
	/* Really allocated, so that no write to it can fail later. */
	int err = ftruncate(fd, 0) < 0 ? errno : posix_fallocate(fd, 0, sizeof(*stats));
	if (err == 0)
		stats = mmap(NULL, sizeof(*stats), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (err == 0 && stats == MAP_FAILED)
		err = errno;
	close(fd);
	if (err != 0) {
		vc_error("statistics file %s: %s", path, strerror(err));
		return NULL;
	}
	stats->version = VC_STATS_VERSION;
	stats->pid = getpid();
	stats->messages = VC_DBC_MESSAGES;
	stats->magic = VC_STATS_MAGIC;
	return stats;
}

void vc_stats_destroy(struct vc_stats *stats) {
	if (stats)
		munmap(stats, sizeof(*stats));
}

#define SET(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)
#define GET(field) atomic_load_explicit(&(field), memory_order_relaxed)

void vc_stats_update(struct vc_stats *stats, const struct vc_vehicle *vehicle) {
	SET(stats->frames_received, vehicle->frames);
	for (int i = 0; i < VC_DBC_MESSAGES; i++) {
		const struct vc_e2e *from = &vehicle->message[i];
		struct vc_stats_message *to = &stats->message[i];
		SET(to->status, (uint32_t)from->status);
		SET(to->received, from->received);
		SET(to->crc_errors, from->crc_errors);
		SET(to->counter_errors, from->counter_errors);
		SET(to->malformed, from->malformed);
		SET(to->timeouts, from->timeouts);
	}
}

void vc_stats_add_picture(struct vc_stats *stats, const struct vc_stats_picture *picture) {
	uint64_t n = GET(stats->pictures);
	stats->picture[n % VC_STATS_PICTURES_MAX] = *picture;
	atomic_store_explicit(&stats->pictures, n + 1, memory_order_release);
}

/* Latencies of one kind within the time that was asked for, sorted. */
struct latencies {
	size_t count;
	int64_t ns[VC_STATS_PICTURES_MAX];
};

static int compare(const void *a, const void *b) {
	int64_t x, y;
	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* Reads the ring while it is being written: what may have been overwritten meanwhile is left out. */
static void collect(const struct vc_stats *s, int64_t since_ns, int64_t until_ns, struct latencies *arrival,
		    struct latencies *loss) {
	static struct vc_stats_picture copy[VC_STATS_PICTURES_MAX];
	uint64_t end = atomic_load_explicit(&s->pictures, memory_order_acquire);
	memcpy(copy, s->picture, sizeof(copy));
	atomic_thread_fence(memory_order_acquire);
	uint64_t now = GET(s->pictures);
	arrival->count = loss->count = 0;
	for (uint64_t i = now >= VC_STATS_PICTURES_MAX ? now - VC_STATS_PICTURES_MAX + 1 : 0; i < end; i++) {
		const struct vc_stats_picture *p = &copy[i % VC_STATS_PICTURES_MAX];
		if (p->flip_ns < since_ns || p->flip_ns > until_ns)
			continue;
		if (p->arrival_ns > 0)
			arrival->ns[arrival->count++] = p->arrival_ns;
		if (p->loss_ns > 0)
			loss->ns[loss->count++] = p->loss_ns;
	}
	qsort(arrival->ns, arrival->count, sizeof(arrival->ns[0]), compare);
	qsort(loss->ns, loss->count, sizeof(loss->ns[0]), compare);
}

static const char *status_word(uint32_t status) {
	static const char *const words[] = {"missing", "valid", "corrupt"};
	return status < 3 ? words[status] : "?";
}

struct totals {
	uint64_t crc_errors, counter_errors, malformed, timeouts;
};

static struct totals add_up(const struct vc_stats *s) {
	struct totals t = {0};
	for (int i = 0; i < VC_DBC_MESSAGES; i++) {
		t.crc_errors += GET(s->message[i].crc_errors);
		t.counter_errors += GET(s->message[i].counter_errors);
		t.malformed += GET(s->message[i].malformed);
		t.timeouts += GET(s->message[i].timeouts);
	}
	return t;
}

static double ms(int64_t ns) {
	return (double)ns / (double)VC_NS_PER_MS;
}

static double mean_ms(const struct vc_stats *s) {
	uint64_t drawn = GET(s->frames_drawn);
	return drawn ? ms(GET(s->draw_ns_sum)) / (double)drawn : 0;
}

static void add(struct json_object *object, const char *key, uint64_t value) {
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static struct json_object *latency_json(const struct latencies *l) {
	struct json_object *json = json_object_new_object();
	add(json, "pictures", l->count);
	if (l->count == 0)
		return json;
	json_object_object_add(json, "median_ms", json_object_new_double(ms(l->ns[l->count / 2])));
	json_object_object_add(json, "p99_ms", json_object_new_double(ms(l->ns[(l->count * 99 + 99) / 100 - 1])));
	json_object_object_add(json, "max_ms", json_object_new_double(ms(l->ns[l->count - 1])));
	return json;
}

static void print_json(const struct vc_stats *s, bool alive, const struct latencies *arrival,
		       const struct latencies *loss) {
	struct json_object *root = json_object_new_object(), *can = json_object_new_object();
	struct json_object *messages = json_object_new_object();
	struct totals t = add_up(s);
	json_object_object_add(root, "running", json_object_new_boolean(alive));
	json_object_object_add(root, "pid", json_object_new_int(s->pid));
	json_object_object_add(root, "connected", json_object_new_boolean(alive && GET(s->connected)));
	add(root, "width", GET(s->width));
	add(root, "height", GET(s->height));
	add(root, "heartbeat", GET(s->heartbeat));
	json_object_object_add(root, "heartbeat_age_ms",
			       json_object_new_double(ms(vc_clock_now() - GET(s->heartbeat_ns))));
	add(root, "frames_drawn", GET(s->frames_drawn));
	add(root, "frames_shown", GET(s->frames_shown));
	add(root, "frames_waited", GET(s->frames_waited));
	add(root, "pixels_drawn", GET(s->pixels_drawn));
	add(root, "connects", GET(s->connects));
	json_object_object_add(root, "longest_frame_ms", json_object_new_double(ms(GET(s->draw_ns_max))));
	json_object_object_add(root, "mean_frame_ms", json_object_new_double(mean_ms(s)));
	struct json_object *stalls = json_object_new_object();
	add(stalls, "rounds", GET(s->rounds));
	add(stalls, "minor_faults", GET(s->minor_faults));
	add(stalls, "major_faults", GET(s->major_faults));
	add(stalls, "waits", GET(s->waits));
	json_object_object_add(root, "stalls", stalls);
	json_object_object_add(can, "up", json_object_new_boolean(alive && GET(s->can_up)));
	json_object_object_add(root, "bus_to_glass", latency_json(arrival));
	json_object_object_add(root, "loss_to_glass", latency_json(loss));
	add(can, "frames_received", GET(s->frames_received));
	add(can, "crc_errors", t.crc_errors);
	add(can, "counter_errors", t.counter_errors);
	add(can, "malformed", t.malformed);
	add(can, "timeouts", t.timeouts);
	for (int i = 0; i < VC_DBC_MESSAGES; i++) {
		struct json_object *m = json_object_new_object();
		json_object_object_add(m, "status", json_object_new_string(status_word(GET(s->message[i].status))));
		add(m, "received", GET(s->message[i].received));
		add(m, "crc_errors", GET(s->message[i].crc_errors));
		add(m, "counter_errors", GET(s->message[i].counter_errors));
		add(m, "malformed", GET(s->message[i].malformed));
		add(m, "timeouts", GET(s->message[i].timeouts));
		json_object_object_add(messages, vc_dbc_messages[i].name, m);
	}
	json_object_object_add(can, "messages", messages);
	json_object_object_add(root, "can", can);
	puts(json_object_to_json_string_ext(root, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED));
	json_object_put(root);
}

static void print_latency(const char *what, const struct latencies *l) {
	if (l->count > 0)
		printf("%s median %.1f ms, longest %.1f ms, over %zu pictures\n", what, ms(l->ns[l->count / 2]),
		       ms(l->ns[l->count - 1]), l->count);
}

static void print_text(const struct vc_stats *s, bool alive, const struct latencies *arrival,
		       const struct latencies *loss) {
	struct totals t = add_up(s);
	printf("cluster %s, pid %d, heartbeat %llu, %.0f ms ago\n", alive ? "running" : "NOT RUNNING", s->pid,
	       (unsigned long long)GET(s->heartbeat), ms(vc_clock_now() - GET(s->heartbeat_ns)));
	printf("display %s, zone %ux%u, %llu connections\n", alive && GET(s->connected) ? "connected" : "away",
	       GET(s->width), GET(s->height), (unsigned long long)GET(s->connects));
	printf("frames  %llu drawn, %llu shown, %llu waited for a buffer; longest %.2f ms, mean %.2f ms\n",
	       (unsigned long long)GET(s->frames_drawn), (unsigned long long)GET(s->frames_shown),
	       (unsigned long long)GET(s->frames_waited), ms(GET(s->draw_ns_max)), mean_ms(s));
	print_latency("latency from the bus to the screen:", arrival);
	print_latency("        from a message's last good frame to its loss shown:", loss);
	printf("can     %s, %llu frames, %llu CRC errors, %llu counter errors, %llu malformed, %llu time-outs\n",
	       alive && GET(s->can_up) ? "up" : "down", (unsigned long long)GET(s->frames_received),
	       (unsigned long long)t.crc_errors, (unsigned long long)t.counter_errors, (unsigned long long)t.malformed,
	       (unsigned long long)t.timeouts);
	for (int i = 0; i < VC_DBC_MESSAGES; i++)
		printf("        %-12s %-8s %llu received\n", vc_dbc_messages[i].name,
		       status_word(GET(s->message[i].status)), (unsigned long long)GET(s->message[i].received));
}

int vc_stats_print(const char *path, bool json, int64_t since_ns, int64_t until_ns) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0) {
		vc_error("%s: %s; is vcockpit-cluster running?", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return 1;
	}
	struct vc_stats *stats = MAP_FAILED;
	if (st.st_size == (off_t)sizeof(*stats))
		stats = mmap(NULL, sizeof(*stats), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (stats == MAP_FAILED || stats->magic != VC_STATS_MAGIC || stats->version != VC_STATS_VERSION) {
		vc_error("%s: not the statistics of this version (" VC_VERSION ") of vcockpit-cluster", path);
		vc_stats_destroy(stats == MAP_FAILED ? NULL : stats);
		return 1;
	}
	bool alive = kill(stats->pid, 0) == 0 || errno == EPERM;
	static struct latencies arrival, loss;
	collect(stats, since_ns, until_ns, &arrival, &loss);
	if (json)
		print_json(stats, alive, &arrival, &loss);
	else
		print_text(stats, alive, &arrival, &loss);
	vc_stats_destroy(stats);
	return 0;
}
