/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include "clock.h"
#include "ipc.h"

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
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xf86drm.h>

#ifndef VC_COMPOSITOR_BUILT
#define VC_COMPOSITOR_BUILT "vcockpit-compositor"
#endif

static void pause_ms(int ms) {
	poll(NULL, 0, ms);
}

/* The compositor that runs; a test that failed leaves it behind. */
static pid_t running = -1;

/* What is in the fd stores of tests that failed: it holds the display. */
static int kept[RIG_STORE_MAX];
static unsigned keeps;

static void end_leftover(void) {
	while (keeps > 0)
		close(kept[--keeps]);
	if (running > 0) {
		kill(running, SIGKILL);
		waitpid(running, NULL, 0);
	}
	running = -1;
}

void rig_configure(struct rig *rig, const char *card, const char *extra, const char *cluster, const char *ivi) {
	end_leftover();
	*rig = (struct rig){.pid = -1, .notify_sock = -1, .tool = {.sock = -1}};
	strcpy(rig->dir, "/tmp/vcockpit-kms.XXXXXX");
	assert_non_null(mkdtemp(rig->dir));
	assert_return_code(chmod(rig->dir, 0711), errno);
	snprintf(rig->config, sizeof(rig->config), "%s/compositor.ini", rig->dir);
	snprintf(rig->display, sizeof(rig->display), "%s/display", rig->dir);
	snprintf(rig->cluster, sizeof(rig->cluster), "%s/cluster", rig->dir);
	snprintf(rig->control, sizeof(rig->control), "%s/control", rig->dir);
	snprintf(rig->notify, sizeof(rig->notify), "%s/notify", rig->dir);
	FILE *file = fopen(rig->config, "w");
	assert_non_null(file);
	fprintf(file,
		"[compositor]\npriority = 80\ndisplay_socket = %s\ncluster_socket = %s\ncontrol_socket = %s\n"
		"[output main]\ncard = %s\nmode = 1280x480@30\nbackground = #%06x\n%s\n"
		"[layer cluster]\nrole = cluster\noutput = main\nrect = 0,0 640x480\nuser = %u\n%s\n"
		"[layer ivi]\nrole = guest\noutput = main\nrect = 704,0 512x480\nuser = %u\nmessage = Back soon\n%s\n",
		rig->display, rig->cluster, rig->control, card, RIG_BACKGROUND, extra, rig_user("cluster"), cluster,
		rig_user("ivi"), ivi);
	assert_int_equal(fclose(file), 0);

	struct sockaddr_un address = {.sun_family = AF_UNIX};
	strcpy(address.sun_path, rig->notify);
	rig->notify_sock = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_return_code(bind(rig->notify_sock, (struct sockaddr *)&address, sizeof(address)), errno);
}

void rig_add(const struct rig *rig, const char *text) {
	FILE *file = fopen(rig->config, "a");
	assert_non_null(file);
	fprintf(file, "%s\n", text);
	assert_int_equal(fclose(file), 0);
}

uid_t rig_user(const char *layer) {
	static const char *const names[] = {"cluster", "ivi", "nav", "under", "cluster2", "ivi2"};
	for (uid_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(layer, names[i]) == 0)
			return 40001 + i;
	/* Any other: its letters say. */
	uint32_t uid = 0;
	for (; *layer; layer++)
		uid = uid * 31 + (uint8_t)*layer;
	return 50000 + uid % 10000;
}

/* As sd_listen_fds(3) wants it: descriptors from 3 on, without close-on-exec. */
static void hand_over(const struct rig *rig) {
	char names[RIG_STORE_MAX * 96] = "", text[32];
	/* Out of the way first. */
	int high[RIG_STORE_MAX];
	for (unsigned i = 0; i < rig->stored; i++)
		high[i] = fcntl(rig->store[i].fd, F_DUPFD_CLOEXEC, 3 + RIG_STORE_MAX);
	for (unsigned i = 0; i < rig->stored; i++) {
		if (dup2(high[i], 3 + (int)i) < 0)
			_exit(126);
		size_t used = strlen(names);
		snprintf(names + used, sizeof(names) - used, "%s%s", i > 0 ? ":" : "", rig->store[i].name);
	}
	snprintf(text, sizeof(text), "%d", (int)getpid());
	setenv("LISTEN_PID", text, 1);
	snprintf(text, sizeof(text), "%u", rig->stored);
	setenv("LISTEN_FDS", text, 1);
	setenv("LISTEN_FDNAMES", names, 1);
}

/* In the child: becomes the compositor. */
static void become_compositor(const struct rig *rig, int log) {
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (log >= 0)
		dup2(log, STDERR_FILENO);
	if (rig->preload[0] != '\0')
		setenv("LD_PRELOAD", rig->preload, 1);
	setenv("NOTIFY_SOCKET", rig->notify, 1);
	if (rig->stored > 0)
		hand_over(rig);
	const char *program = getenv("VC_COMPOSITOR");
	if (!program)
		program = access(VC_COMPOSITOR_BUILT, X_OK) == 0 ? VC_COMPOSITOR_BUILT : "vcockpit-compositor";
	execlp(program, program, "--config", rig->config, (char *)NULL);
	_exit(127);
}

static void drop(int fd) {
	for (unsigned i = 0; i < keeps; i++)
		if (kept[i] == fd)
			kept[i] = kept[--keeps];
	close(fd);
}

/* Gives up all that is kept under @name. */
static void forget(struct rig *rig, const char *name) {
	for (unsigned i = 0; i < rig->stored;) {
		if (strcmp(rig->store[i].name, name) != 0) {
			i++;
			continue;
		}
		drop(rig->store[i].fd);
		rig->store[i] = rig->store[--rig->stored];
	}
}

/* Does what FDSTORE= and FDSTOREREMOVE= say. Returns whether a WATCHDOG= was among it. */
static bool read_notify(struct rig *rig) {
	char text[512], name[96];
	bool lives = false;
	for (;;) {
		int fd;
		unsigned n = 1;
		ssize_t got = vc_ipc_recv(rig->notify_sock, text, sizeof(text) - 1, &fd, &n);
		if (got <= 0)
			return lives;
		text[got] = '\0';
		lives |= strstr(text, "WATCHDOG=1") != NULL;
		const char *named = strstr(text, "FDNAME=");
		bool known = named && sscanf(named, "FDNAME=%95[^\n]", name) == 1;
		if (known && strstr(text, "FDSTOREREMOVE=1")) {
			forget(rig, name);
		} else if (n == 1) {
			assert_true(known && rig->stored < RIG_STORE_MAX && keeps < RIG_STORE_MAX);
			memcpy(rig->store[rig->stored].name, name, sizeof(name));
			rig->store[rig->stored++].fd = fd;
			kept[keeps++] = fd;
		}
	}
}

bool rig_lives(struct rig *rig, int limit_ms) {
	int64_t limit_ns = vc_clock_now() + limit_ms * VC_NS_PER_MS;
	while (!read_notify(rig)) {
		int64_t left_ns = limit_ns - vc_clock_now();
		struct pollfd p = {.fd = rig->notify_sock, .events = POLLIN};
		if (left_ns <= 0 || poll(&p, 1, (int)(left_ns / VC_NS_PER_MS) + 1) < 0)
			return false;
	}
	return true;
}

int rig_stored(struct rig *rig, const char *name) {
	read_notify(rig);
	for (unsigned i = 0; i < rig->stored; i++)
		if (strcmp(rig->store[i].name, name) == 0)
			return rig->store[i].fd;
	return -1;
}

void rig_preload(struct rig *rig, const char *name) {
	char self[160];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	assert_return_code((int)n, errno);
	self[n] = '\0';
	snprintf(rig->preload, sizeof(rig->preload), "%.*s/%s", (int)(strrchr(self, '/') - self), self, name);
	assert_return_code(access(rig->preload, R_OK), errno);
}

void rig_start(struct rig *rig) {
	rig->pid = fork();
	assert_return_code(rig->pid, errno);
	if (rig->pid == 0)
		become_compositor(rig, -1);
	running = rig->pid;
	int64_t limit_ns = vc_clock_now() + RIG_LIMIT_MS * VC_NS_PER_MS;
	while (vc_control_connect(&rig->tool, rig->control, RIG_LIMIT_MS) < 0) {
		assert_int_equal(waitpid(rig->pid, NULL, WNOHANG), 0);
		assert_true(vc_clock_now() < limit_ns);
		pause_ms(20);
	}
	/* In the product a group lets them in. */
	assert_return_code(chmod(rig->display, 0666), errno);
	assert_return_code(chmod(rig->cluster, 0666), errno);
	/* The socket is there before the display is; the first answer comes when all is up. */
	struct vc_control_status status;
	rig_status(rig, &status);
	read_notify(rig);
}

int rig_run(struct rig *rig, char *log, size_t size) {
	int pipes[2], status;
	assert_return_code(pipe2(pipes, O_CLOEXEC), errno);
	pid_t pid = fork();
	assert_return_code(pid, errno);
	if (pid == 0)
		become_compositor(rig, pipes[1]);
	close(pipes[1]);
	size_t used = 0;
	ssize_t got;
	struct pollfd p = {.fd = pipes[0], .events = POLLIN};
	while (poll(&p, 1, RIG_LIMIT_MS) == 1 && (got = read(pipes[0], log + used, size - 1 - used)) > 0)
		used += (size_t)got;
	log[used] = '\0';
	close(pipes[0]);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void rig_kill(struct rig *rig) {
	int status;
	read_notify(rig);
	vc_control_disconnect(&rig->tool);
	assert_return_code(kill(rig->pid, SIGKILL), errno);
	assert_int_equal(waitpid(rig->pid, &status, 0), rig->pid);
	rig->pid = running = -1;
}

void rig_stop(struct rig *rig) {
	int status = 0;
	if (rig->pid > 0) {
		vc_control_disconnect(&rig->tool);
		assert_return_code(kill(rig->pid, SIGTERM), errno);
		assert_int_equal(waitpid(rig->pid, &status, 0), rig->pid);
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), 0);
		running = -1;
	}
	while (rig->stored > 0)
		drop(rig->store[--rig->stored].fd);
	close(rig->notify_sock);
	unlink(rig->config);
	unlink(rig->display);
	unlink(rig->cluster);
	unlink(rig->control);
	unlink(rig->notify);
	rmdir(rig->dir);
}

bool rig_has_card(const char *driver) {
	for (int i = 0; i < 16; i++) {
		char path[32];
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		int fd = open(path, O_RDWR | O_CLOEXEC);
		drmVersion *version = fd >= 0 ? drmGetVersion(fd) : NULL;
		bool found = version && strcmp(version->name, driver) == 0;
		drmFreeVersion(version);
		if (fd >= 0)
			close(fd);
		if (found)
			return true;
	}
	return false;
}

static void painter_buffer(struct painter *p, uint32_t id) {
	size_t size = ((size_t)p->width * p->height * 4 + 4095) & ~(size_t)4095;
	p->fd[id] = memfd_create("painter", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_return_code(p->fd[id], errno);
	assert_int_equal(posix_fallocate(p->fd[id], 0, (off_t)size), 0);
	assert_return_code(fcntl(p->fd[id], F_ADD_SEALS, F_SEAL_SHRINK), errno);
	p->pixels[id] = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, p->fd[id], 0);
	assert_ptr_not_equal(p->pixels[id], MAP_FAILED);
	struct vc_display_buffer_add add = {
		.id = id,
		.kind = VC_DISPLAY_MEMFD,
		.width = p->width,
		.height = p->height,
		.fourcc = DRM_FORMAT_XRGB8888,
		.stride = p->width * 4,
		.size = size,
	};
	assert_int_equal(vc_display_buffer_add(&p->client, &add, p->fd[id]), 0);
}

int rig_connect(const struct rig *rig, struct vc_display_client *client, const char *layer, char *why) {
	/* The kernel notes who connects. */
	assert_return_code(seteuid(rig_user(layer)), errno);
	const char *socket = strncmp(layer, "cluster", 7) == 0 ? rig->cluster : rig->display;
	int err = vc_display_connect(client, socket, layer, 5000, why);
	assert_return_code(seteuid(0), errno);
	return err;
}

void painter_open(struct painter *p, const struct rig *rig, const char *layer, uint32_t width, uint32_t height) {
	char why[VC_DISPLAY_REASON_MAX] = "";
	*p = (struct painter){0};
	int err = rig_connect(rig, &p->client, layer, why);
	if (err < 0)
		fail_msg("%s: %s", layer, why);
	p->width = width ? width : p->client.zone.width;
	p->height = height ? height : p->client.zone.height;
	painter_buffer(p, 0);
	painter_buffer(p, 1);
	painter_await(p, 0);
	painter_await(p, 1);
}

void painter_close(struct painter *p) {
	vc_display_disconnect(&p->client);
	size_t size = ((size_t)p->width * p->height * 4 + 4095) & ~(size_t)4095;
	for (int i = 0; i < 2; i++) {
		munmap(p->pixels[i], size);
		close(p->fd[i]);
	}
}

bool painter_listen(struct painter *p, int timeout_ms) {
	union vc_display_message message;
	struct pollfd poll_sock = {.fd = p->client.sock, .events = POLLIN};
	if (poll(&poll_sock, 1, timeout_ms) <= 0)
		return true;
	int got;
	while ((got = vc_display_receive(&p->client, &message)) > 0) {
		switch (message.header.type) {
		case VC_DISPLAY_BUFFER_READY:
			p->free[message.buffer_ready.id] = true;
			break;
		case VC_DISPLAY_RELEASE:
			p->free[message.release.id] = true;
			break;
		case VC_DISPLAY_FRAME:
			p->answered = message.frame.seq;
			p->flip_ns = message.frame.flip_ns;
			break;
		case VC_DISPLAY_BUFFER_REJECTED:
			fail_msg("buffer rejected: %s", message.buffer_rejected.reason);
			break;
		case VC_DISPLAY_ERROR:
			print_message("source was told: %s\n", message.error.reason);
			break;
		}
	}
	return got == 0;
}

void painter_await(struct painter *p, uint32_t id) {
	int64_t limit_ns = vc_clock_now() + RIG_LIMIT_MS * VC_NS_PER_MS;
	while (!p->free[id]) {
		assert_true(vc_clock_now() < limit_ns);
		assert_true(painter_listen(p, 100));
	}
}

void painter_present(struct painter *p, uint32_t colour) {
	int64_t limit_ns = vc_clock_now() + RIG_LIMIT_MS * VC_NS_PER_MS;
	while (!p->free[0] && !p->free[1]) {
		assert_true(vc_clock_now() < limit_ns);
		assert_true(painter_listen(p, 100));
	}
	uint32_t id = p->free[0] ? 0 : 1;
	for (size_t i = 0; i < (size_t)p->width * p->height; i++)
		p->pixels[id][i] = colour;
	p->free[id] = false;
	struct vc_display_present present = {
		.id = id, .seq = ++p->seq, .width = p->width, .height = p->height, .drawn_ns = vc_clock_now()};
	assert_int_equal(vc_display_present(&p->client, &present, -1), 0);
}

int64_t painter_show(struct painter *p, uint32_t colour) {
	painter_present(p, colour);
	int64_t limit_ns = vc_clock_now() + RIG_LIMIT_MS * VC_NS_PER_MS;
	while (p->answered < p->seq) {
		assert_true(vc_clock_now() < limit_ns);
		assert_true(painter_listen(p, 100));
	}
	return p->flip_ns;
}

void rig_status(struct rig *rig, struct vc_control_status *status) {
	if (vc_control_get_status(&rig->tool, status) < 0)
		fail_msg("status: %s", rig->tool.why);
}

struct vc_control_layer rig_layer(struct rig *rig, const char *name) {
	struct vc_control_status status;
	rig_status(rig, &status);
	for (uint32_t i = 0; i < status.layers; i++)
		if (strcmp(status.layer[i].name, name) == 0)
			return status.layer[i];
	fail_msg("no layer %s", name);
	return status.layer[0];
}

void rig_await(struct rig *rig, const char *name, enum vc_layer_state state, enum vc_layer_reason reason) {
	int64_t limit_ns = vc_clock_now() + RIG_LIMIT_MS * VC_NS_PER_MS;
	for (;;) {
		struct vc_control_layer layer = rig_layer(rig, name);
		if (layer.state == state && layer.reason == reason)
			return;
		if (vc_clock_now() > limit_ns)
			fail_msg("%s stays in state %u for reason %u; expected %d, %d", name, layer.state, layer.reason,
				 state, reason);
		pause_ms(5);
	}
}

void rig_expect(struct rig *rig, const struct rig_probe *probes, unsigned count) {
	rig_expect_on(rig, 0, probes, count);
}

void rig_expect_on(struct rig *rig, unsigned output, const struct rig_probe *probes, unsigned count) {
	struct vc_control_picture picture;
	if (vc_control_capture(&rig->tool, output, &picture) < 0)
		fail_msg("capture: %s", rig->tool.why);
	for (unsigned i = 0; i < count; i++) {
		uint32_t seen;
		memcpy(&seen, picture.pixels + (size_t)picture.info.stride * probes[i].y + (size_t)probes[i].x * 4, 4);
		seen &= 0xffffff;
		if (seen != probes[i].colour)
			fail_msg("pixel %u,%u is #%06x, not #%06x", probes[i].x, probes[i].y, seen, probes[i].colour);
	}
	vc_control_release(&rig->tool, &picture);
}

uint32_t rig_pixel(struct rig *rig, uint32_t x, uint32_t y) {
	struct vc_control_picture picture;
	uint32_t seen;
	if (vc_control_capture(&rig->tool, 0, &picture) < 0)
		fail_msg("capture: %s", rig->tool.why);
	memcpy(&seen, picture.pixels + (size_t)picture.info.stride * y + (size_t)x * 4, 4);
	vc_control_release(&rig->tool, &picture);
	return seen & 0xffffff;
}

bool rig_skips(const char *driver) {
	if (rig_has_card(driver))
		return false;
	print_message("no %s card: skipped\n", driver);
	return true;
}
