/* SPDX-License-Identifier: Apache-2.0 */
/* The display protocol's server: who is let in, what is answered, when buffers come back, and who is thrown out. */
#include "clock.h"
#include "compositor_fake_display.h"
#include "fd-kind.h"
#include "ipc.h"
#include "messages.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

static struct fake_display fake;

/* One message of the client, as if it had come through its socket. */
#define SAY(client, type_, field, ...)                                                                                 \
	do {                                                                                                           \
		union vc_display_message m = {.field = {__VA_ARGS__}};                                                 \
		m.header = (struct vc_display_header){type_, sizeof(m.field)};                                         \
		say(client, &m, sizeof(m.field));                                                                      \
	} while (0)

static void say(struct vc_client *client, const union vc_display_message *m, size_t size) {
	int fd = -1;
	if (m->header.type == VC_DISPLAY_BUFFER_ADD)
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	vc_client_handle(client, m, size, &fd, fd >= 0, fake.now_ns);
}

/* The next message to the client, which must be of @type. */
static union vc_display_message hear(int sock, uint32_t type) {
	union vc_display_message m = {0};
	ssize_t got = vc_ipc_recv(sock, &m, sizeof(m), NULL, NULL);
	if (got <= 0 || m.header.type != type)
		fail_msg("heard %zd bytes of type 0x%x, not type 0x%x", got, m.header.type, type);
	assert_int_equal(got, m.header.size);
	return m;
}

static void hear_nothing(int sock) {
	union vc_display_message m;
	assert_int_equal(vc_ipc_recv(sock, &m, sizeof(m), NULL, NULL), -EAGAIN);
}

static void hear_error(int sock, uint32_t code, const char *text) {
	union vc_display_message m;
	/* What was said before the breach may come first. */
	do
		assert_true(vc_ipc_recv(sock, &m, sizeof(m), NULL, NULL) > 0);
	while (m.header.type != VC_DISPLAY_ERROR);
	assert_int_equal(m.error.code, code);
	if (!strstr(m.error.reason, text))
		fail_msg("\"%s\" should say \"%s\"", m.error.reason, text);
	assert_int_equal(vc_ipc_recv(sock, &m, sizeof(m), NULL, NULL), 0);
	close(sock);
}

static void hello(struct vc_client *client, const char *layer) {
	union vc_display_message m = {.hello = {.magic = VC_DISPLAY_MAGIC, .version = VC_DISPLAY_VERSION}};
	m.header = (struct vc_display_header){VC_DISPLAY_HELLO, sizeof(m.hello)};
	snprintf(m.hello.layer, sizeof(m.hello.layer), "%s", layer);
	say(client, &m, sizeof(m.hello));
}

static int join(const char *layer, struct vc_client **client) {
	unsigned door = strcmp(layer, "cluster") == 0 ? VC_DOOR_CLUSTER : VC_DOOR_GUESTS;
	int sock = fake_display_connect(&fake, door, client);
	hello(*client, layer);
	assert_int_equal(hear(sock, VC_DISPLAY_WELCOME).welcome.width, 64);
	return sock;
}

static void add_buffer(struct vc_client *client, int sock, uint32_t id) {
	SAY(client, VC_DISPLAY_BUFFER_ADD, buffer_add, .id = id, .kind = VC_DISPLAY_DMABUF, .width = 64, .height = 48,
	    .fourcc = DRM_FORMAT_XRGB8888, .stride = 256, .size = 256 * 48);
	assert_int_equal(hear(sock, VC_DISPLAY_BUFFER_READY).buffer_ready.id, id);
}

static void present(struct vc_client *client, uint32_t id, uint64_t seq) {
	SAY(client, VC_DISPLAY_PRESENT, present, .id = id, .seq = seq, .width = 64, .height = 48);
}

static int setup(void **state) {
	(void)state;
	fake_display_init(&fake);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	fake_display_finish(&fake);
	return 0;
}

static void frames_show_and_buffers_come_back(void **state) {
	(void)state;
	struct vc_client *c;
	int sock = join("ivi", &c);
	add_buffer(c, sock, 0);
	add_buffer(c, sock, 5);
	present(c, 0, 1);
	hear_nothing(sock);
	fake_display_flip(&fake);
	assert_int_equal(hear(sock, VC_DISPLAY_FRAME).frame.seq, 1);
	present(c, 5, 2);
	fake_display_flip(&fake);
	union vc_display_message m = hear(sock, VC_DISPLAY_RELEASE);
	assert_int_equal(m.release.id, 0);
	assert_int_equal(m.release.seq, 1);
	m = hear(sock, VC_DISPLAY_FRAME);
	assert_int_equal(m.frame.seq, 2);
	assert_int_equal(m.frame.flip_ns, fake.now_ns);
	/* A frame that is replaced before its turn is released, and answered by its successor's FRAME. */
	present(c, 0, 3);
	add_buffer(c, sock, 1);
	present(c, 1, 4);
	fake_display_flip(&fake);
	assert_int_equal(hear(sock, VC_DISPLAY_RELEASE).release.id, 0);
	assert_int_equal(hear(sock, VC_DISPLAY_RELEASE).release.id, 5);
	assert_int_equal(hear(sock, VC_DISPLAY_FRAME).frame.seq, 4);
	assert_int_equal(fake.layer[1].stats.frames_dropped, 1);
	/* Presented again while on the screen: a new frame of the same buffer. */
	present(c, 1, 5);
	fake_display_flip(&fake);
	assert_int_equal(hear(sock, VC_DISPLAY_FRAME).frame.seq, 5);
	hear_nothing(sock);
	close(sock);
}

/* Whoever presents again and again before hold_ms is over, with fences that never signal, is found out all the same. */
static void presenting_again_hides_no_stuck_fence(void **state) {
	(void)state;
	struct vc_client *c;
	int sock = join("ivi", &c);
	struct vc_layer *layer = &fake.layer[1];
	add_buffer(c, sock, 0);
	add_buffer(c, sock, 1);
	present(c, 0, 1);
	fake_display_flip(&fake);
	assert_int_equal(layer->policy.state, VC_STATE_LIVE);
	int never = eventfd(0, EFD_CLOEXEC);
	assert_true(never >= 0);
	for (unsigned i = 0; i < VC_LAYER_BUFFERS_MAX; i++)
		layer->buffer[i].import.dmabuf = never;
	const int64_t step_ns = layer->rules.hold_ns / 10;
	for (uint64_t seq = 2; seq < 14; seq++) {
		fake.now_ns += step_ns;
		present(c, seq % 2, seq);
		fake_display_flip(&fake);
	}
	assert_int_equal(layer->policy.state, VC_STATE_FALLBACK);
	assert_int_equal(layer->policy.reason, VC_REASON_FENCE);
	for (unsigned i = 0; i < VC_LAYER_BUFFERS_MAX; i++)
		layer->buffer[i].import.dmabuf = -1;
	close(never);
	close(sock);
}

static void removed_buffers_live_until_off_screen(void **state) {
	(void)state;
	struct vc_client *c;
	int sock = join("ivi", &c);
	add_buffer(c, sock, 0);
	present(c, 0, 1);
	fake_display_flip(&fake);
	hear(sock, VC_DISPLAY_FRAME);
	SAY(c, VC_DISPLAY_BUFFER_REMOVE, buffer_remove, .id = 0);
	assert_int_equal(fake.imported, 1);
	add_buffer(c, sock, 0);
	assert_int_equal(fake.imported, 2);
	present(c, 0, 2);
	fake_display_flip(&fake);
	assert_int_equal(hear(sock, VC_DISPLAY_FRAME).frame.seq, 2);
	assert_int_equal(fake.imported, 1);
	/* It outlives its source, as long as it is held. */
	vc_client_close(c, false, fake.now_ns);
	assert_int_equal(fake.imported, 1);
	fake_display_flip(&fake);
	assert_int_equal(fake.layer[1].policy.state, VC_STATE_HOLD);
	fake.now_ns += 1001 * VC_NS_PER_MS;
	fake_display_flip(&fake);
	assert_int_equal(fake.layer[1].policy.state, VC_STATE_FALLBACK);
	assert_int_equal(fake.imported, 0);
	close(sock);
}

static void bad_buffers_are_rejected_and_the_client_stays(void **state) {
	(void)state;
	struct vc_client *c;
	int sock = join("ivi", &c);
	const struct vc_display_buffer_add good = {.kind = VC_DISPLAY_MEMFD,
						   .width = 64,
						   .height = 48,
						   .fourcc = DRM_FORMAT_XRGB8888,
						   .stride = 256,
						   .size = 256 * 48};
	assert_null(vc_message_check_buffer(&good));
	struct vc_display_buffer_add bad[12];
	for (int i = 0; i < 12; i++)
		bad[i] = good;
	bad[0].width = 0;
	bad[1].height = VC_DISPLAY_SIZE_MAX + 1;
	bad[2].fourcc = DRM_FORMAT_NV12;
	bad[3].stride = 252;
	bad[4].stride = 258;
	bad[5].stride = UINT32_MAX - 3;
	bad[6].size = 256 * 48 - 1;
	bad[7].offset = 1;
	bad[8].offset = UINT64_MAX - 4095;
	bad[9].modifier = 1;
	bad[10].kind = 9;
	bad[11].offset = 4096; /* then the size is too small */
	for (int i = 0; i < 12; i++) {
		union vc_display_message m = {.buffer_add = bad[i]};
		m.header = (struct vc_display_header){VC_DISPLAY_BUFFER_ADD, sizeof(m.buffer_add)};
		say(c, &m, sizeof(m.buffer_add));
		m = hear(sock, VC_DISPLAY_BUFFER_REJECTED);
		assert_int_equal(m.buffer_rejected.error, EINVAL);
		assert_true(m.buffer_rejected.reason[0] != '\0');
	}
	assert_int_equal(fake.imported, 0);
	fake.refuse_imports = true;
	SAY(c, VC_DISPLAY_BUFFER_ADD, buffer_add, .kind = VC_DISPLAY_DMABUF, .width = 64, .height = 48,
	    .fourcc = DRM_FORMAT_XRGB8888, .stride = 256, .size = 256 * 48);
	assert_string_equal(hear(sock, VC_DISPLAY_BUFFER_REJECTED).buffer_rejected.reason, "refused by the test");
	fake.refuse_imports = false;
	add_buffer(c, sock, 0);
	close(sock);
}

#define ADD(client, id_)                                                                                               \
	SAY(client, VC_DISPLAY_BUFFER_ADD, buffer_add, .id = (id_), .kind = VC_DISPLAY_DMABUF, .width = 64,            \
	    .height = 48, .fourcc = DRM_FORMAT_XRGB8888, .stride = 256, .size = 256 * 48)

static void buffers_that_take_long_are_answered_later(void **state) {
	(void)state;
	struct vc_client *c;
	int sock = join("ivi", &c);
	fake.slow_imports = true;
	ADD(c, 0);
	ADD(c, 1);
	hear_nothing(sock);
	/* Removed meanwhile: it is given back when it comes, and nobody is told; the id may be used again. */
	SAY(c, VC_DISPLAY_BUFFER_REMOVE, buffer_remove, .id = 1);
	ADD(c, 1);
	fake_display_import(&fake);
	assert_int_equal(hear(sock, VC_DISPLAY_BUFFER_READY).buffer_ready.id, 0);
	assert_int_equal(hear(sock, VC_DISPLAY_BUFFER_READY).buffer_ready.id, 1);
	hear_nothing(sock);
	assert_int_equal(fake.imported, 2);
	/* Not ready means not to be presented. */
	ADD(c, 2);
	present(c, 2, 1);
	hear_error(sock, VC_DISPLAY_ERROR_PROTOCOL, "wait for BUFFER_READY");
	/* The source has gone meanwhile, and its successor uses the same id. */
	fake.now_ns += VC_NS_PER_S;
	sock = join("ivi", &c);
	ADD(c, 2);
	fake_display_import(&fake);
	assert_int_equal(hear(sock, VC_DISPLAY_BUFFER_READY).buffer_ready.id, 2);
	hear_nothing(sock);
	assert_int_equal(fake.imported, 1);
	/* All places are with the importer: try again. */
	for (unsigned i = 1; i < VC_LAYER_BUFFERS_MAX; i++) {
		fake.now_ns += 100 * VC_NS_PER_MS;
		ADD(c, 3);
		SAY(c, VC_DISPLAY_BUFFER_REMOVE, buffer_remove, .id = 3);
	}
	ADD(c, 3);
	assert_int_equal(hear(sock, VC_DISPLAY_BUFFER_REJECTED).buffer_rejected.error, EBUSY);
	fake.refuse_imports = true;
	fake_display_import(&fake);
	hear_nothing(sock);
	fake.refuse_imports = false;
	ADD(c, 3);
	fake_display_import(&fake);
	assert_int_equal(hear(sock, VC_DISPLAY_BUFFER_READY).buffer_ready.id, 3);
	close(sock);
}

static void credentials_and_names_decide(void **state) {
	(void)state;
	struct vc_client *c, *other;
	int sock = fake_display_connect(&fake, VC_DOOR_GUESTS, &c);
	hello(c, "radio");
	hear_error(sock, VC_DISPLAY_ERROR_LAYER, "no layer radio");
	sock = fake_display_connect(&fake, VC_DOOR_GUESTS, &c);
	hello(c, "cluster");
	hear_error(sock, VC_DISPLAY_ERROR_DENIED, "served at the other socket, the cluster's");
	sock = fake_display_connect(&fake, VC_DOOR_CLUSTER, &c);
	hello(c, "ivi");
	hear_error(sock, VC_DISPLAY_ERROR_DENIED, "served at the other socket, the guests'");
	fake.config[0].uid = getuid() + 1;
	sock = fake_display_connect(&fake, VC_DOOR_CLUSTER, &c);
	hello(c, "cluster");
	hear_error(sock, VC_DISPLAY_ERROR_DENIED, "belongs to another user");
	int first = join("ivi", &c);
	sock = fake_display_connect(&fake, VC_DOOR_GUESTS, &other);
	hello(other, "ivi");
	hear_error(sock, VC_DISPLAY_ERROR_BUSY, "has a source already");
	sock = fake_display_connect(&fake, VC_DOOR_GUESTS, &other);
	SAY(other, VC_DISPLAY_HELLO, hello, .magic = VC_DISPLAY_MAGIC, .version = 9, .layer = "ivi");
	hear_error(sock, VC_DISPLAY_ERROR_VERSION, "version 9");
	close(first);
}

static void breaches_end_the_connection(void **state) {
	(void)state;
	struct vc_client *c;
	int sock;
#define BREACH(text, ...)                                                                                              \
	do {                                                                                                           \
		sock = join("ivi", &c);                                                                                \
		add_buffer(c, sock, 0);                                                                                \
		present(c, 0, 10);                                                                                     \
		__VA_ARGS__;                                                                                           \
		hear_error(sock, VC_DISPLAY_ERROR_PROTOCOL, text);                                                     \
		assert_true(fake.layer[1].broke_protocol);                                                             \
		fake.now_ns += VC_NS_PER_S;                                                                            \
	} while (0)
	BREACH("HELLO came twice", hello(c, "ivi"));
	BREACH("seq does not rise", present(c, 0, 10));
	BREACH("beyond all counting", present(c, 0, VC_CONTROL_ADOPTED));
	BREACH("no such buffer", present(c, 1, 11));
	BREACH("out of range", present(c, 8, 11));
	BREACH("in use", SAY(c, VC_DISPLAY_BUFFER_ADD, buffer_add, .id = 0));
	BREACH("no such buffer", SAY(c, VC_DISPLAY_BUFFER_REMOVE, buffer_remove, .id = 3));
	BREACH("reserved", SAY(c, VC_DISPLAY_BUFFER_REMOVE, buffer_remove, .id = 0, .reserved = 1));
	BREACH("outside the buffer",
	       SAY(c, VC_DISPLAY_PRESENT, present, .seq = 11, .x = UINT32_MAX, .width = 2, .height = 2));
	BREACH("outside the buffer", SAY(c, VC_DISPLAY_PRESENT, present, .seq = 11, .width = 64, .height = 49));
	BREACH("empty", SAY(c, VC_DISPLAY_PRESENT, present, .seq = 11));
	BREACH("fence flag", SAY(c, VC_DISPLAY_PRESENT, present, .seq = 11, .flags = 1, .width = 64, .height = 48));
	BREACH("unknown type", SAY(c, 77, heartbeat, .seq = 1));
	BREACH("wrong size", SAY(c, VC_DISPLAY_PRESENT, heartbeat, .seq = 1));
	sock = fake_display_connect(&fake, VC_DOOR_GUESTS, &c);
	SAY(c, VC_DISPLAY_HEARTBEAT, heartbeat, .seq = 1);
	hear_error(sock, VC_DISPLAY_ERROR_PROTOCOL, "HELLO must come first");
}

static void closed_for_a_moment_after_a_breach(void **state) {
	(void)state;
	struct vc_client *c;
	int sock = join("ivi", &c);
	hello(c, "ivi");
	hear_error(sock, VC_DISPLAY_ERROR_PROTOCOL, "twice");
	sock = fake_display_connect(&fake, VC_DOOR_GUESTS, &c);
	hello(c, "ivi");
	hear_error(sock, VC_DISPLAY_ERROR_BUSY, "closed for a moment");
	fake.now_ns += VC_NS_PER_S;
	close(join("ivi", &c));
}

static void breach(void) {
	struct vc_client *c;
	int sock = join("ivi", &c);
	hello(c, "ivi");
	hear_error(sock, VC_DISPLAY_ERROR_PROTOCOL, "twice");
	fake.now_ns += VC_NS_PER_S;
}

static void too_many_errors_ban(void **state) {
	(void)state;
	struct vc_client *c;
	int sock;
	fake.config[1].errors = (struct vc_error_rules){3, 10 * VC_NS_PER_S, 20 * VC_NS_PER_S};
	for (int i = 0; i < 3; i++)
		breach();
	sock = fake_display_connect(&fake, VC_DOOR_GUESTS, &c);
	hello(c, "ivi");
	hear_error(sock, VC_DISPLAY_ERROR_BANNED, "banned for 19000 ms more");
	fake_display_flip(&fake);
	assert_int_equal(fake.layer[1].policy.state, VC_STATE_FALLBACK);
	assert_int_equal(fake.layer[1].policy.reason, VC_REASON_BANNED);
	fake.now_ns += 19 * VC_NS_PER_S;
	close(join("ivi", &c));
	vc_client_close(c, false, fake.now_ns);
	/* The next one only ends when somebody says so. */
	fake.config[1].errors.ban_ns = 0;
	for (int i = 0; i < 3; i++)
		breach();
	fake.now_ns += 1000000 * VC_NS_PER_S;
	sock = fake_display_connect(&fake, VC_DOOR_GUESTS, &c);
	hello(c, "ivi");
	hear_error(sock, VC_DISPLAY_ERROR_BANNED, "until 'vcockpit allow ivi'");
	vc_layer_allow(&fake.layer[1]);
	close(join("ivi", &c));
}

static void a_banned_source_goes_and_its_picture_too(void **state) {
	(void)state;
	struct vc_client *c;
	int sock = join("ivi", &c);
	fake.config[1].errors = (struct vc_error_rules){2, VC_NS_PER_S, VC_NS_PER_S};
	add_buffer(c, sock, 0);
	present(c, 0, 1);
	fake_display_flip(&fake);
	hear(sock, VC_DISPLAY_FRAME);
	/* As output-commit.c does when the kernel refuses. */
	vc_layer_note_error(&fake.layer[1], fake.now_ns);
	fake_display_flip(&fake);
	assert_int_equal(fake.layer[1].policy.state, VC_STATE_LIVE);
	vc_layer_note_error(&fake.layer[1], fake.now_ns);
	fake_display_flip(&fake);
	assert_int_equal(fake.layer[1].policy.reason, VC_REASON_BANNED);
	hear_error(sock, VC_DISPLAY_ERROR_BANNED, "banned for 1000 ms");
	assert_int_equal(fake.imported, 0);
}

static void each_user_has_a_budget_of_connections(void **state) {
	(void)state;
	struct vc_client *c;
	fake.common.connects = 5;
	fake.config[0].uid = getuid() + 1;
	fake.now_ns += VC_NS_PER_S;
	for (int i = 0; i < 5; i++) {
		close(fake_display_connect(&fake, VC_DOOR_GUESTS, &c));
		assert_non_null(c);
	}
	for (int i = 0; i < 5; i++) {
		close(fake_display_connect(&fake, VC_DOOR_GUESTS, &c));
		assert_null(c);
	}
	/* The other user's is untouched: here, as if this one were it. */
	fake.config[0].uid = getuid();
	int sock = join("cluster", &c);
	fake.now_ns += VC_NS_PER_S / 5;
	close(fake_display_connect(&fake, VC_DOOR_GUESTS, &c));
	assert_non_null(c);
	close(sock);
}

static void strangers_of_one_user_push_out_each_other_only(void **state) {
	(void)state;
	struct vc_client *c, *first, *second, *third;
	int sock = fake_display_connect(&fake, VC_DOOR_GUESTS, &c);
	c->uid = getuid() + 1; /* somebody else's */
	close(fake_display_connect(&fake, VC_DOOR_GUESTS, &first));
	fake.now_ns++;
	close(fake_display_connect(&fake, VC_DOOR_GUESTS, &second));
	fake.now_ns++;
	close(fake_display_connect(&fake, VC_DOOR_GUESTS, &third));
	assert_ptr_equal(third, first);
	assert_true(c->watch.fd >= 0 && second->watch.fd >= 0);
	close(sock);
}

static void pictures_keep_to_the_layers_limits(void **state) {
	(void)state;
	struct vc_client *c;
	int sock = join("ivi", &c);
	fake.config[1].max_width = 63;
	ADD(c, 0);
	if (!strstr(hear(sock, VC_DISPLAY_BUFFER_REJECTED).buffer_rejected.reason, "max_size"))
		fail();
	fake.config[1].max_width = 64;
	fake.config[1].max_bytes = 256 * 48 - 1;
	ADD(c, 0);
	if (!strstr(hear(sock, VC_DISPLAY_BUFFER_REJECTED).buffer_rejected.reason, "max_bytes"))
		fail();
	fake.config[1].max_bytes++;
	add_buffer(c, sock, 0);
	close(sock);
}

static void cluster_must_fill_its_zone(void **state) {
	(void)state;
	struct vc_client *c;
	int sock = join("cluster", &c);
	add_buffer(c, sock, 0);
	SAY(c, VC_DISPLAY_PRESENT, present, .id = 0, .seq = 1, .width = 63, .height = 48);
	hear_error(sock, VC_DISPLAY_ERROR_PROTOCOL, "fill its zone");
	close(join("cluster", &c)); /* and may come back at once */
}

static void floods_end(void **state) {
	(void)state;
	struct vc_client *c;
	int sock = join("ivi", &c);
	for (int i = 0; i < 100; i++)
		SAY(c, VC_DISPLAY_HEARTBEAT, heartbeat, .seq = 1);
	assert_ptr_equal(c->layer, &fake.layer[1]);
	/* 100 per second: after 50 ms there is room for five more. */
	fake.now_ns += 50 * VC_NS_PER_MS;
	for (int i = 0; i < 5; i++)
		SAY(c, VC_DISPLAY_HEARTBEAT, heartbeat, .seq = 1);
	assert_ptr_equal(c->layer, &fake.layer[1]);
	SAY(c, VC_DISPLAY_HEARTBEAT, heartbeat, .seq = 1);
	hear_error(sock, VC_DISPLAY_ERROR_FLOOD, "100 messages a second");
}

static void silent_strangers_go(void **state) {
	(void)state;
	struct vc_client *stranger;
	int sock = fake_display_connect(&fake, VC_DOOR_GUESTS, &stranger);
	fake_display_flip(&fake);
	hear_nothing(sock);
	fake.now_ns += VC_NS_PER_S + 1;
	fake_display_flip(&fake);
	hear_error(sock, VC_DISPLAY_ERROR_PROTOCOL, "no HELLO");
}

static void deaf_sources_go(void **state) {
	(void)state;
	struct vc_client *c;
	int sock = join("cluster", &c);
	add_buffer(c, sock, 0);
	/* Never reads its FRAMEs: once its queue is full it goes, and nobody waited for it. */
	for (uint64_t seq = 1; c->layer && seq < 5000; seq++) {
		fake.now_ns += 2 * VC_NS_PER_MS;
		present(c, 0, seq);
		fake_display_flip(&fake);
	}
	assert_null(c->layer);
	assert_true(fake.layer[0].broke_protocol);
	close(sock);
}

static void strangers_make_room(void **state) {
	(void)state;
	struct vc_client *c, *stranger;
	int sock = join("cluster", &c), socks[40];
	for (int i = 0; i < 40; i++) {
		fake.now_ns += VC_NS_PER_MS;
		socks[i] = fake_display_connect(&fake, VC_DOOR_GUESTS, &stranger);
		assert_non_null(stranger);
	}
	assert_ptr_equal(c->layer, &fake.layer[0]);
	for (int i = 0; i < 40; i++)
		close(socks[i]);
	close(sock);
}

static void pictures_are_placed_by_their_layers_scale(void **state) {
	(void)state;
	static const struct {
		enum vc_scale scale;
		struct vc_rect part, source, target;
	} cases[] = {
		{VC_SCALE_NONE, {0, 0, 200, 100}, {0, 0, 200, 100}, {100, 50, 200, 100}},
		{VC_SCALE_NONE, {8, 4, 100, 50}, {8, 4, 100, 50}, {150, 75, 100, 50}},
		{VC_SCALE_NONE, {0, 0, 400, 50}, {100, 0, 200, 50}, {100, 75, 200, 50}},
		{VC_SCALE_NONE, {0, 0, 201, 101}, {0, 0, 200, 100}, {100, 50, 200, 100}},
		{VC_SCALE_FIT, {8, 4, 100, 50}, {8, 4, 100, 50}, {100, 50, 200, 100}},
		{VC_SCALE_FIT, {0, 0, 100, 100}, {0, 0, 100, 100}, {150, 50, 100, 100}},
		{VC_SCALE_FIT, {0, 0, 400, 50}, {0, 0, 400, 50}, {100, 87, 200, 25}},
		{VC_SCALE_FIT, {0, 0, 8192, 1}, {0, 0, 8192, 1}, {100, 99, 200, 1}},
		{VC_SCALE_FILL, {0, 0, 100, 50}, {0, 0, 100, 50}, {100, 50, 200, 100}},
		{VC_SCALE_FILL, {4, 8, 100, 100}, {4, 33, 100, 50}, {100, 50, 200, 100}},
		{VC_SCALE_FILL, {0, 0, 400, 50}, {150, 0, 100, 50}, {100, 50, 200, 100}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vc_rect source, target;
		const struct vc_config_layer layer = {.rect = {100, 50, 200, 100}, .scale = cases[i].scale};
		vc_layer_place(&layer, &cases[i].part, &source, &target);
		assert_memory_equal(&source, &cases[i].source, sizeof(source));
		assert_memory_equal(&target, &cases[i].target, sizeof(target));
	}
}

static void kinds_of_descriptors_are_told_apart(void **state) {
	(void)state;
	int fds[2];
	int memfd = memfd_create("dmabuf", MFD_CLOEXEC);
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	assert_int_equal(vc_fd_kind(memfd), VC_FD_MEMFD);
	assert_int_equal(vc_fd_kind(null), VC_FD_OTHER);
	assert_int_equal(vc_fd_kind(fds[0]), VC_FD_OTHER);
	assert_int_equal(vc_fd_kind(-1), VC_FD_OTHER);
	close(memfd);
	close(null);
	close(fds[0]);
	close(fds[1]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(frames_show_and_buffers_come_back),
		TEST(presenting_again_hides_no_stuck_fence),
		TEST(removed_buffers_live_until_off_screen),
		TEST(bad_buffers_are_rejected_and_the_client_stays),
		TEST(buffers_that_take_long_are_answered_later),
		TEST(credentials_and_names_decide),
		TEST(breaches_end_the_connection),
		TEST(closed_for_a_moment_after_a_breach),
		TEST(too_many_errors_ban),
		TEST(a_banned_source_goes_and_its_picture_too),
		TEST(each_user_has_a_budget_of_connections),
		TEST(strangers_of_one_user_push_out_each_other_only),
		TEST(pictures_keep_to_the_layers_limits),
		TEST(cluster_must_fill_its_zone),
		TEST(floods_end),
		TEST(silent_strangers_go),
		TEST(deaf_sources_go),
		TEST(strangers_make_room),
		TEST(pictures_are_placed_by_their_layers_scale),
		TEST(kinds_of_descriptors_are_told_apart),
	};
	return cmocka_run_group_tests_name("compositor.display", tests, NULL, NULL);
}
