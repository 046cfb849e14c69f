/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio-gpu model: every command's checks, fence order, pacing, and what the next worker is given. */
#include "gpu_guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct guest g;

static int setup(void **state) {
	(void)state;
	guest_init(&g);
	guest_worker_ready(&g, true);
	g.gpu.counters.worker_starts = 1;
	return 0;
}

static int teardown(void **state) {
	(void)state;
	guest_finish(&g);
	return 0;
}

#define DO(command) guest_do(&g, &(command), sizeof(command))
#define OK VIRTIO_GPU_RESP_OK_NODATA
#define BAD_ID VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID
#define BAD_PARAMETER VIRTIO_GPU_RESP_ERR_INVALID_PARAMETER
#define BAD_CONTEXT VIRTIO_GPU_RESP_ERR_INVALID_CONTEXT_ID
#define NO_MEMORY VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY
#define UNSPEC VIRTIO_GPU_RESP_ERR_UNSPEC

static uint32_t create_2d(uint32_t id, uint32_t format, uint32_t width, uint32_t height) {
	struct virtio_gpu_resource_create_2d c = {
		{.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D}, id, format, width, height};
	return DO(c);
}

static uint32_t create_3d(uint32_t id, uint32_t target, uint32_t width, uint32_t height) {
	struct virtio_gpu_resource_create_3d c = {.hdr = {.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_3D},
						  .resource_id = id,
						  .target = target,
						  .format = 1,
						  .bind = 2,
						  .width = width,
						  .height = height,
						  .depth = 1,
						  .array_size = 1,
						  .flags = VIRTIO_GPU_RESOURCE_FLAG_Y_0_TOP};
	return DO(c);
}

static uint32_t attach(uint32_t id, uint64_t gpa, uint32_t length) {
	struct {
		struct virtio_gpu_resource_attach_backing c;
		struct virtio_gpu_mem_entry e;
	} m = {{{.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING}, id, 1}, {gpa, length, 0}};
	return DO(m);
}

static uint32_t unref(uint32_t id) {
	struct virtio_gpu_resource_unref c = {{.type = VIRTIO_GPU_CMD_RESOURCE_UNREF}, id, 0};
	return DO(c);
}

static uint32_t scanout(uint32_t id, uint32_t x, uint32_t width, uint32_t height) {
	struct virtio_gpu_set_scanout c = {{.type = VIRTIO_GPU_CMD_SET_SCANOUT}, {x, 0, width, height}, 0, id};
	return DO(c);
}

static uint32_t transfer_2d(uint32_t id, uint32_t width, uint32_t height, uint64_t offset) {
	struct virtio_gpu_transfer_to_host_2d c = {
		{.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_2D}, {0, 0, width, height}, offset, id, 0};
	return DO(c);
}

static uint32_t flush(uint32_t id) {
	struct virtio_gpu_resource_flush c = {{.type = VIRTIO_GPU_CMD_RESOURCE_FLUSH}, {0, 0, 16, 16}, id, 0};
	return DO(c);
}

static uint32_t context(uint32_t type, uint32_t id) {
	struct virtio_gpu_ctx_create c = {.hdr = {.type = type, .ctx_id = id}, .nlen = 4, .debug_name = "cube"};
	return DO(c);
}

static uint32_t context_resource(uint32_t type, uint32_t id, uint32_t resource) {
	struct virtio_gpu_ctx_resource c = {{.type = type, .ctx_id = id}, resource, 0};
	return DO(c);
}

struct submit {
	struct virtio_gpu_cmd_submit c;
	uint32_t stream[4];
};

static struct submit submit_of(uint32_t id, uint32_t size) {
	return (struct submit){{{.type = VIRTIO_GPU_CMD_SUBMIT_3D, .ctx_id = id}, size, 0}, {1, 2, 3, 4}};
}

static uint32_t submit(uint32_t id, uint32_t size) {
	struct submit s = submit_of(id, size);
	return DO(s);
}

static const struct vc_worker_command *last(void) {
	return &g.sent[g.sent_count - 1];
}

static void test_display(void **state) {
	(void)state;
	struct virtio_gpu_ctrl_hdr info = {.type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO};
	struct virtio_gpu_resp_display_info *i = guest_put(&g, 0, 0, &info, sizeof(info), sizeof(*i));
	guest_run(&g);
	assert_int_equal(i->hdr.type, VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	assert_int_equal(i->pmodes[0].r.width, 960);
	assert_int_equal(i->pmodes[0].enabled, 1);
	assert_int_equal(i->pmodes[1].enabled, 0);
	struct virtio_gpu_cmd_get_edid get = {.hdr = {.type = VIRTIO_GPU_CMD_GET_EDID}};
	struct virtio_gpu_resp_edid *e = guest_put(&g, 0, 0, &get, sizeof(get), sizeof(*e));
	guest_run(&g);
	assert_int_equal(e->hdr.type, VIRTIO_GPU_RESP_OK_EDID);
	assert_int_equal(e->size, 128);
	get.scanout = 1;
	assert_int_equal(DO(get), VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
}

static void test_capsets(void **state) {
	(void)state;
	struct virtio_gpu_get_capset_info c = {.hdr = {.type = VIRTIO_GPU_CMD_GET_CAPSET_INFO}, .capset_index = 1};
	struct virtio_gpu_resp_capset_info *i = guest_put(&g, 0, 0, &c, sizeof(c), sizeof(*i));
	guest_run(&g);
	assert_int_equal(i->capset_id, 2);
	assert_int_equal(i->capset_max_size, 1500);
	struct virtio_gpu_get_capset get = {
		.hdr = {.type = VIRTIO_GPU_CMD_GET_CAPSET}, .capset_id = 2, .capset_version = 2};
	uint8_t *bytes = guest_put(&g, 0, 0, &get, sizeof(get), 24 + 1500);
	guest_run(&g);
	assert_int_equal(((struct virtio_gpu_ctrl_hdr *)(void *)bytes)->type, VIRTIO_GPU_RESP_OK_CAPSET);
	assert_int_equal(bytes[24 + 1499], 0x5a);
	assert_int_equal(guest_used(&g, 0)->ring[1].len, 24 + 1500);
	get.capset_id = 9;
	assert_int_equal(DO(get), BAD_PARAMETER);
}

static void test_create(void **state) {
	(void)state;
	assert_int_equal(create_2d(1, 2, 960, 720), OK);
	assert_int_equal(last()->op, VC_WORKER_CREATE);
	assert_int_equal(create_2d(1, 2, 960, 720), BAD_ID);
	assert_int_equal(create_2d(0, 2, 960, 720), BAD_ID);
	assert_int_equal(create_2d(2, 3000, 960, 720), BAD_PARAMETER);
	assert_int_equal(create_2d(2, 2, 0, 720), BAD_PARAMETER);
	assert_int_equal(create_2d(2, 2, 0xffffffff, 0xffffffff), BAD_PARAMETER);
	assert_int_equal(create_2d(2, 2, 16384, 16384), NO_MEMORY); /* 1 GiB of 64 MiB */
	assert_int_equal(create_3d(2, 2, 64, 64), OK);
	assert_int_equal(last()->create.flags, 0); /* Y_0_TOP is ours to decide */
	assert_int_equal(create_3d(3, 0, 0xffffffff, 1), NO_MEMORY);
	assert_int_equal(unref(2), OK);
	assert_int_equal(unref(2), BAD_ID);
	/* What the worker can't make doesn't exist. */
	g.response = NO_MEMORY;
	assert_int_equal(create_2d(5, 2, 16, 16), NO_MEMORY);
	g.response = 0;
	assert_int_equal(unref(5), BAD_ID);
	unsigned made = 1;
	for (uint32_t id = 100; id < 300; id++)
		made += create_2d(id, 1, 16, 16) == OK;
	assert_int_equal(made, g.config.max_resources);
	assert_int_equal(g.gpu.tables.resources, made);
}

static void test_backing(void **state) {
	(void)state;
	assert_int_equal(create_2d(1, 2, 64, 64), OK);
	assert_int_equal(attach(9, GUEST_GPA, 4096), BAD_ID);
	assert_int_equal(attach(1, GUEST_GPA + GUEST_RAM - 4096, 8192), BAD_PARAMETER);
	assert_int_equal(attach(1, GUEST_GPA - 1, 4096), BAD_PARAMETER);
	assert_int_equal(attach(1, UINT64_MAX, 4096), BAD_PARAMETER);
	assert_int_equal(attach(1, GUEST_GPA, 0), BAD_PARAMETER);
	struct virtio_gpu_resource_attach_backing none = {{.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING}, 1, 0};
	assert_int_equal(DO(none), BAD_PARAMETER);
	none.nr_entries = 0x10000000; /* and none there */
	assert_int_equal(DO(none), BAD_PARAMETER);
	assert_int_equal(transfer_2d(1, 64, 64, 0), BAD_PARAMETER); /* nothing behind it */
	assert_int_equal(attach(1, GUEST_GPA + 0x100000, 64 * 64 * 4), OK);
	const struct vc_worker_piece *piece = (const void *)(g.arena + last()->arena_offset);
	assert_int_equal(last()->arena_size, sizeof(*piece));
	assert_int_equal(piece->offset, 0x100000);
	assert_int_equal(transfer_2d(1, 64, 64, 0), OK);
	assert_int_equal(transfer_2d(1, 64, 64, 4), BAD_PARAMETER);
	assert_int_equal(transfer_2d(1, 65, 64, 0), BAD_PARAMETER);
	assert_int_equal(transfer_2d(1, 64, 64, UINT64_MAX), BAD_PARAMETER);
	struct virtio_gpu_resource_detach_backing detach = {{.type = VIRTIO_GPU_CMD_RESOURCE_DETACH_BACKING}, 1, 0};
	assert_int_equal(DO(detach), OK);
	assert_int_equal(DO(detach), UNSPEC);
	assert_int_equal(transfer_2d(1, 64, 64, 0), BAD_PARAMETER);
}

static void test_scanout(void **state) {
	(void)state;
	assert_int_equal(create_2d(1, 2, 64, 64), OK);
	assert_int_equal(scanout(7, 0, 64, 64), BAD_ID);
	assert_int_equal(scanout(1, 1, 64, 64), BAD_PARAMETER);
	assert_int_equal(scanout(1, 0xffffffff, 64, 64), BAD_PARAMETER);
	assert_int_equal(scanout(1, 0, 0, 64), BAD_PARAMETER);
	struct virtio_gpu_set_scanout second = {{.type = VIRTIO_GPU_CMD_SET_SCANOUT}, {0, 0, 64, 64}, 1, 1};
	assert_int_equal(DO(second), VIRTIO_GPU_RESP_ERR_INVALID_SCANOUT_ID);
	assert_int_equal(flush(1), OK);
	assert_int_equal(g.shown, 0); /* not on the screen */
	assert_int_equal(scanout(1, 0, 64, 64), OK);
	assert_int_equal(flush(1), OK);
	assert_int_equal(g.shown, 1);
	assert_int_equal(flush(3), BAD_ID);
	assert_int_equal(unref(1), OK);
	assert_false(vc_gpu_scanout_lives(&g.gpu));
}

/* A frame on its way to the screen holds the ring, and its own answer. */
static void test_pacing(void **state) {
	(void)state;
	create_2d(1, 2, 64, 64);
	scanout(1, 0, 64, 64);
	g.paced = false;
	assert_int_equal(flush(1), 0);
	assert_int_equal(g.shown, 1);
	struct virtio_gpu_ctrl_hdr info = {.type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO};
	const struct virtio_gpu_ctrl_hdr *a = guest_put(&g, 0, 1, &info, sizeof(info), 1024);
	guest_run(&g);
	assert_int_equal(a->type, 0);
	assert_int_equal(vc_queue_deadline(&g.gpu.queue, 1000), INT64_MAX); /* the worker is not to blame */
	g.paced = true;
	guest_run(&g);
	assert_int_equal(a->type, VIRTIO_GPU_RESP_OK_DISPLAY_INFO);
	assert_int_equal(guest_used(&g, 0)->idx, g.ring[0].next_avail);
}

static void test_contexts(void **state) {
	(void)state;
	assert_int_equal(context(VIRTIO_GPU_CMD_CTX_CREATE, 1), OK);
	assert_int_equal(context(VIRTIO_GPU_CMD_CTX_CREATE, 1), BAD_CONTEXT);
	assert_int_equal(context(VIRTIO_GPU_CMD_CTX_CREATE, 0), BAD_CONTEXT);
	for (uint32_t id = 2; id <= 4; id++)
		assert_int_equal(context(VIRTIO_GPU_CMD_CTX_CREATE, id), OK);
	assert_int_equal(context(VIRTIO_GPU_CMD_CTX_CREATE, 5), NO_MEMORY);
	create_3d(9, 2, 16, 16);
	assert_int_equal(context_resource(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, 9), OK);
	assert_int_equal(context_resource(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, 8), BAD_ID);
	assert_int_equal(context_resource(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 7, 9), BAD_CONTEXT);
	assert_int_equal(context_resource(VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, 2, 9), BAD_ID);
	assert_int_equal(context(VIRTIO_GPU_CMD_CTX_DESTROY, 1), OK);
	assert_int_equal(vc_tables_find(&g.gpu.tables, 9)->attachments, 0);
	struct virtio_gpu_ctx_create c = {.hdr = {.type = VIRTIO_GPU_CMD_CTX_CREATE, .ctx_id = 1}, .nlen = 65};
	assert_int_equal(DO(c), BAD_PARAMETER);
}

static void test_submit(void **state) {
	(void)state;
	context(VIRTIO_GPU_CMD_CTX_CREATE, 1);
	assert_int_equal(submit(2, 16), BAD_CONTEXT);
	assert_int_equal(submit(1, 0), BAD_PARAMETER);
	assert_int_equal(submit(1, 15), BAD_PARAMETER);
	assert_int_equal(submit(1, 20), BAD_PARAMETER); /* more than is there */
	assert_int_equal(submit(1, 0xfffffffc), BAD_PARAMETER);
	g.silent = true;
	assert_int_equal(submit(1, 16), 0);
	/* The guest changes its mind after the check: the worker sees what was checked. */
	memset(g.ram + GUEST_DATA, 0xff, 256);
	const uint32_t want[] = {1, 2, 3, 4};
	assert_memory_equal(g.arena + last()->arena_offset, want, sizeof(want));
	g.silent = false;
	guest_run(&g);
	assert_int_equal(g.gpu.counters.submits, 1);
}

static void test_transfers_3d(void **state) {
	(void)state;
	create_3d(1, 2, 64, 32);
	attach(1, GUEST_GPA, 64 * 32 * 4);
	struct virtio_gpu_transfer_host_3d t = {
		.hdr = {.type = VIRTIO_GPU_CMD_TRANSFER_TO_HOST_3D}, .box = {0, 0, 0, 64, 32, 1}, .resource_id = 1};
	assert_int_equal(DO(t), OK);
	t.box.w = 65;
	assert_int_equal(DO(t), BAD_PARAMETER);
	t.box.w = 64, t.box.x = 0xffffffff;
	assert_int_equal(DO(t), BAD_PARAMETER);
	t.box.x = 0, t.box.z = 1;
	assert_int_equal(DO(t), BAD_PARAMETER);
	t.box.z = 0, t.level = 31;
	assert_int_equal(DO(t), BAD_PARAMETER);
	t.level = 0, t.offset = 64 * 32 * 4;
	assert_int_equal(DO(t), BAD_PARAMETER);
	t.offset = 0, t.hdr.ctx_id = 4;
	assert_int_equal(DO(t), BAD_CONTEXT);
	t.hdr.ctx_id = 0, t.hdr.type = VIRTIO_GPU_CMD_TRANSFER_FROM_HOST_3D;
	assert_int_equal(DO(t), OK);
	assert_int_equal(last()->op, VC_WORKER_READ);
}

static void test_malformed(void **state) {
	(void)state;
	struct virtio_gpu_ctrl_hdr hdr = {.type = 0x9999};
	assert_int_equal(DO(hdr), UNSPEC);
	hdr.type = VIRTIO_GPU_CMD_RESOURCE_CREATE_2D; /* and nothing behind it */
	assert_int_equal(DO(hdr), BAD_PARAMETER);
	hdr.type = VIRTIO_GPU_CMD_UPDATE_CURSOR; /* on the wrong ring */
	assert_int_equal(DO(hdr), UNSPEC);
	uint64_t errors = g.gpu.counters.errors;
	guest_put(&g, 0, 0, &hdr, sizeof(hdr), 23); /* no room for an answer */
	guest_run(&g);
	assert_int_equal(g.gpu.counters.errors, errors + 1);
	assert_int_equal(guest_used(&g, 0)->idx, g.ring[0].next_avail);
}

static void test_cursor(void **state) {
	(void)state;
	struct virtio_gpu_update_cursor c = {.hdr = {.type = VIRTIO_GPU_CMD_MOVE_CURSOR}};
	const struct virtio_gpu_ctrl_hdr *a = guest_put(&g, 1, 0, &c, sizeof(c), 24);
	guest_run(&g);
	assert_int_equal(a->type, OK);
	c.hdr.type = VIRTIO_GPU_CMD_UPDATE_CURSOR;
	c.resource_id = 5;
	a = guest_put(&g, 1, 0, &c, sizeof(c), 24);
	guest_run(&g);
	assert_int_equal(a->type, BAD_ID);
	/* Stock drivers give cursor commands no room for an answer. */
	c.resource_id = 0;
	memcpy(g.ram + GUEST_DATA, &c, sizeof(c));
	*guest_desc(&g, 1, 0) = (struct vring_desc){.addr = GUEST_GPA + GUEST_DATA, .len = sizeof(c)};
	guest_offer(&g, 1, 0);
	uint64_t errors = g.gpu.counters.errors;
	guest_run(&g);
	assert_int_equal(g.gpu.counters.errors, errors);
	assert_int_equal(guest_used(&g, 1)->idx, 3);
}

/* An answer with a fence says that all earlier fences are done: never before they are. */
static void test_fence_order(void **state) {
	(void)state;
	context(VIRTIO_GPU_CMD_CTX_CREATE, 1);
	g.lazy = true;
	struct submit s = submit_of(1, 16);
	s.c.hdr.flags = VIRTIO_GPU_FLAG_FENCE;
	s.c.hdr.fence_id = 100;
	const struct virtio_gpu_ctrl_hdr *first = guest_put(&g, 0, 0, &s, sizeof(s), 24);
	s.c.hdr.fence_id = 101;
	s.c.hdr.ctx_id = 77; /* refused at once */
	const struct virtio_gpu_ctrl_hdr *second = guest_put(&g, 0, 1, &s, sizeof(s), 24);
	s.c.hdr.flags = 0;
	const struct virtio_gpu_ctrl_hdr *third = guest_put(&g, 0, 2, &s, sizeof(s), 24);
	guest_run(&g);
	assert_int_equal(first->type, 0);
	assert_int_equal(second->type, 0);
	assert_int_equal(third->type, BAD_CONTEXT);
	assert_true(vc_queue_deadline(&g.gpu.queue, 1000) < INT64_MAX);
	guest_fence(&g, last()->seq);
	assert_int_equal(first->type, OK);
	assert_int_equal(first->fence_id, 100);
	assert_int_equal(second->type, BAD_CONTEXT);
	assert_int_equal(second->fence_id, 101);
	assert_int_equal(second->flags, VIRTIO_GPU_FLAG_FENCE);
	assert_int_equal(guest_used(&g, 0)->ring[2].id, 0);
	assert_int_equal(guest_used(&g, 0)->ring[3].id, 2);
}

static void expect_sent(unsigned *at, uint32_t op, uint32_t resource, uint32_t id) {
	assert_true(*at < g.sent_count);
	assert_int_equal(g.sent[*at].op, op);
	assert_int_equal(g.sent[*at].resource, resource);
	assert_int_equal(g.sent[*at].context, id);
	++*at;
}

/* The whole story of a worker's death, with a console, a client that had drawn and one that hadn't. */
static void test_death(void **state) {
	(void)state;
	create_2d(1, 2, 64, 64);
	attach(1, GUEST_GPA + 0x100000, 64 * 64 * 4);
	transfer_2d(1, 64, 64, 0);
	create_2d(2, 2, 64, 64); /* never filled */
	create_3d(3, 2, 64, 64);
	context(VIRTIO_GPU_CMD_CTX_CREATE, 1);
	context_resource(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, 3);
	assert_int_equal(submit(1, 16), OK);
	context(VIRTIO_GPU_CMD_CTX_CREATE, 2);
	context_resource(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 2, 1);
	scanout(3, 0, 64, 64);
	flush(3);
	assert_int_equal(g.shown, 1);

	g.silent = true;
	struct submit s = submit_of(1, 16);
	s.c.hdr.flags = VIRTIO_GPU_FLAG_FENCE;
	s.c.hdr.fence_id = 5;
	const struct virtio_gpu_ctrl_hdr *under_way = guest_put(&g, 0, 0, &s, sizeof(s), 24);
	guest_run(&g);
	assert_int_equal(under_way->type, 0);
	vc_gpu_worker_died(&g.gpu);
	assert_int_equal(under_way->type, UNSPEC);
	assert_int_equal(under_way->fence_id, 5);
	/* Until the next worker is there the ring waits. */
	struct virtio_gpu_resource_flush f = {{.type = VIRTIO_GPU_CMD_RESOURCE_FLUSH}, {0, 0, 16, 16}, 3, 0};
	const struct virtio_gpu_ctrl_hdr *waiting = guest_put(&g, 0, 1, &f, sizeof(f), 24);
	guest_run(&g);
	assert_int_equal(waiting->type, 0);

	g.silent = false;
	guest_worker_ready(&g, true);
	unsigned at = 0;
	expect_sent(&at, VC_WORKER_MEMORY, 0, 0);
	expect_sent(&at, VC_WORKER_CREATE, 1, 0);
	expect_sent(&at, VC_WORKER_CREATE, 2, 0);
	expect_sent(&at, VC_WORKER_CREATE, 3, 0);
	expect_sent(&at, VC_WORKER_ATTACH, 1, 0);
	expect_sent(&at, VC_WORKER_WRITE, 1, 0);
	expect_sent(&at, VC_WORKER_CTX_CREATE, 0, 2); /* 1 is lost */
	expect_sent(&at, VC_WORKER_CTX_ATTACH, 1, 2);
	assert_int_equal(at, g.sent_count); /* and the lost picture isn't shown */
	assert_int_equal(waiting->type, OK);
	assert_int_equal(g.shown, 1);
	assert_int_equal(g.gpu.counters.frames_lost, 1);

	/* The old client gets errors, and can go away in peace. */
	unsigned sent = g.sent_count;
	assert_int_equal(submit(1, 16), UNSPEC);
	assert_int_equal(context_resource(VIRTIO_GPU_CMD_CTX_DETACH_RESOURCE, 1, 3), OK);
	assert_int_equal(context(VIRTIO_GPU_CMD_CTX_DESTROY, 1), OK);
	assert_int_equal(g.sent_count, sent);
	/* A new one draws into the same memory: it lives again. */
	context(VIRTIO_GPU_CMD_CTX_CREATE, 1);
	context_resource(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, 3);
	assert_false(vc_gpu_scanout_lives(&g.gpu));
	assert_int_equal(submit(1, 16), OK);
	assert_true(vc_gpu_scanout_lives(&g.gpu));
	flush(3);
	assert_int_equal(g.shown, 2);
	/* The console never noticed. */
	scanout(1, 0, 64, 64);
	flush(1);
	assert_int_equal(g.shown, 3);
}

/* The console on the screen comes back by itself. */
static void test_death_on_console(void **state) {
	(void)state;
	create_2d(1, 2, 64, 64);
	attach(1, GUEST_GPA + 0x100000, 64 * 64 * 4);
	transfer_2d(1, 64, 64, 0);
	scanout(1, 0, 64, 64);
	vc_gpu_worker_died(&g.gpu);
	guest_worker_ready(&g, true);
	assert_int_equal(last()->op, VC_WORKER_FLUSH);
	assert_int_equal(g.shown, 1);
}

/* Off the GPU: 2D goes on, 3D is refused, and what was 3D can be cleared away. */
static void test_two_dimensions_left(void **state) {
	(void)state;
	create_2d(1, 2, 64, 64);
	create_3d(3, 2, 64, 64);
	context(VIRTIO_GPU_CMD_CTX_CREATE, 1);
	vc_gpu_worker_died(&g.gpu);
	guest_worker_ready(&g, false);
	unsigned at = 0;
	expect_sent(&at, VC_WORKER_MEMORY, 0, 0);
	expect_sent(&at, VC_WORKER_CREATE, 1, 0);
	assert_int_equal(at, g.sent_count);
	assert_int_equal(submit(1, 16), UNSPEC);
	assert_int_equal(context(VIRTIO_GPU_CMD_CTX_CREATE, 2), UNSPEC);
	assert_int_equal(create_3d(4, 2, 64, 64), UNSPEC);
	assert_int_equal(unref(3), OK);
	assert_int_equal(context(VIRTIO_GPU_CMD_CTX_DESTROY, 1), OK);
	assert_int_equal(at, g.sent_count);
	struct virtio_gpu_get_capset get = {
		.hdr = {.type = VIRTIO_GPU_CMD_GET_CAPSET}, .capset_id = 1, .capset_version = 1};
	assert_int_equal(DO(get), VIRTIO_GPU_RESP_OK_CAPSET); /* as it was promised */
}

static void test_memory_moves(void **state) {
	(void)state;
	create_2d(1, 2, 64, 64);
	attach(1, GUEST_GPA + 0x100000, 64 * 64 * 4);
	g.sent_count = g.answered = 0;
	vc_gpu_settle(&g.gpu);
	vc_gpu_memory_changed(&g.gpu);
	guest_run(&g);
	unsigned at = 0;
	expect_sent(&at, VC_WORKER_MEMORY, 0, 0);
	expect_sent(&at, VC_WORKER_ATTACH, 1, 0);
	assert_int_equal(at, g.sent_count);
}

static void test_driver_fresh(void **state) {
	(void)state;
	vc_gpu_driver_fresh(&g.gpu);
	assert_int_equal(g.restarts, 0); /* nothing to forget */
	create_2d(1, 2, 64, 64);
	vc_gpu_driver_fresh(&g.gpu);
	assert_int_equal(g.restarts, 1);
	assert_int_equal(g.gpu.tables.resources, 0);
}

/* A worker that a guest has taken over can't confuse the device. */
static void test_lying_worker(void **state) {
	(void)state;
	union vc_worker_answer a = {.done = {.op = VC_WORKER_DONE, .seq = 9999, .response = OK}};
	vc_gpu_worker_answer(&g.gpu, &a, sizeof(a.done), -1);
	assert_int_equal(g.restarts, 1);
	a = (union vc_worker_answer){.fenced = {.op = VC_WORKER_FENCED, .seq = UINT64_MAX}};
	vc_gpu_worker_answer(&g.gpu, &a, sizeof(a.fenced), -1);
	assert_int_equal(g.restarts, 2);
	a.op = 77;
	vc_gpu_worker_answer(&g.gpu, &a, sizeof(a), -1);
	assert_int_equal(g.restarts, 3);
	create_2d(1, 2, 64, 64);
	scanout(1, 0, 64, 64);
	g.silent = true;
	assert_int_equal(flush(1), 0);
	a = (union vc_worker_answer){.done = {.op = VC_WORKER_DONE, .seq = last()->seq, .response = OK}};
	a.done.frame = (struct vc_worker_frame){.export = 1, .width = 64, .height = 64, .x = 32}; /* sticks out */
	vc_gpu_worker_answer(&g.gpu, &a, sizeof(a.done), -1);
	assert_int_equal(g.shown, 0);
	assert_int_equal(g.gpu.counters.frames_undelivered, 1);
}

/* From the guest's own memory: no copies, no worker; and when that ends, the worker gets what it has missed. */
static void test_direct(void **state) {
	(void)state;
	g.direct = true;
	create_2d(1, 2, 64, 64);
	attach(1, GUEST_GPA + 0x100000, 64 * 64 * 4);
	assert_int_equal(transfer_2d(1, 64, 64, 0), OK);
	assert_int_equal(last()->op, VC_WORKER_WRITE); /* it isn't a scanout yet */
	scanout(1, 0, 64, 64);
	unsigned sent = g.sent_count;
	g.paced = false;
	assert_int_equal(flush(1), 0); /* not before it is on the screen */
	assert_int_equal(vc_queue_deadline(&g.gpu.queue, 1000), INT64_MAX);
	g.paced = true;
	guest_run(&g);
	assert_int_equal(guest_used(&g, 0)->idx, g.ring[0].next_avail);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(transfer_2d(1, 64, 64, 0), OK);
		assert_int_equal(flush(1), OK);
	}
	assert_int_equal(g.sent_count, sent);
	assert_int_equal(g.shown_directly, 4);
	assert_int_equal(g.gpu.counters.frames_direct, 4);
	assert_true(vc_gpu_scanout_is_direct(&g.gpu));
}

static void direct_scanout(void) {
	g.direct = true;
	create_2d(1, 2, 64, 64);
	attach(1, GUEST_GPA + 0x100000, 64 * 64 * 4);
	scanout(1, 0, 64, 64);
	flush(1);
	transfer_2d(1, 64, 64, 0);
	assert_int_equal(g.shown_directly, 1);
}

/* A worker's death isn't seen, and what GL wants to look at is given to it first. */
static void test_direct_and_workers(void **state) {
	(void)state;
	direct_scanout();
	unsigned forgotten = g.forgotten;
	vc_gpu_worker_died(&g.gpu);
	guest_worker_ready(&g, true);
	for (unsigned i = 0; i < g.sent_count; i++)
		assert_int_not_equal(g.sent[i].op, VC_WORKER_FLUSH);
	assert_int_equal(g.forgotten, forgotten);
	assert_true(vc_gpu_scanout_lives(&g.gpu));
	context(VIRTIO_GPU_CMD_CTX_CREATE, 1);
	context_resource(VIRTIO_GPU_CMD_CTX_ATTACH_RESOURCE, 1, 1);
	assert_int_equal(g.sent[g.sent_count - 2].op, VC_WORKER_WRITE);
	assert_int_equal(g.sent[g.sent_count - 2].box.h, 64);
	assert_int_equal(last()->op, VC_WORKER_CTX_ATTACH);
	transfer_2d(1, 64, 64, 0);
	assert_int_equal(last()->op, VC_WORKER_WRITE);
	flush(1);
	assert_int_equal(last()->op, VC_WORKER_FLUSH);
	context(VIRTIO_GPU_CMD_CTX_DESTROY, 1);
	flush(1);
	assert_int_equal(g.shown_directly, 2);
}

static void test_direct_ends(void **state) {
	(void)state;
	direct_scanout();
	/* The compositor doesn't like it any more. */
	g.direct = false;
	flush(1);
	assert_int_equal(g.sent[g.sent_count - 2].op, VC_WORKER_WRITE);
	assert_int_equal(last()->op, VC_WORKER_FLUSH);
	assert_false(vc_gpu_scanout_is_direct(&g.gpu));
	/* Other memory is another chance. */
	g.direct = true;
	attach(1, GUEST_GPA + 0x200000, 64 * 64 * 4);
	flush(1);
	assert_int_equal(g.shown_directly, 2);
	unsigned forgotten = g.forgotten;
	vc_gpu_memory_changed(&g.gpu);
	assert_int_equal(g.forgotten, forgotten + 1);
	assert_int_equal(unref(1), OK);
}

/* However much a guest asks for, others get their turn. */
static void test_turns(void **state) {
	(void)state;
	struct virtio_gpu_ctrl_hdr hdr = {.type = VIRTIO_GPU_CMD_GET_DISPLAY_INFO};
	guest_put(&g, 0, 0, &hdr, sizeof(hdr), 0x400);
	for (unsigned i = 1; i < GUEST_RING; i++)
		guest_offer(&g, 0, 0);
	guest_used(&g, 0)->idx = g.ring[0].next_used = 0;
	uint16_t before = g.ring[0].next_avail;
	assert_true(vc_gpu_pump(&g.gpu));
	assert_int_equal((uint16_t)(g.ring[0].next_avail - before), VC_GPU_TURN);
	/* A guest that puts the same chains in again while they are taken. */
	for (unsigned i = 0; i < GUEST_RING; i++)
		guest_offer(&g, 0, 0);
	guest_offer(&g, 1, 0);
	guest_put(&g, 1, 0, &hdr, sizeof(hdr), 0x400);
	assert_true(vc_gpu_pump(&g.gpu));
	assert_false(vc_gpu_pump(&g.gpu));
	assert_int_equal(g.ring[0].next_avail, guest_avail(&g, 0)->idx);
}

static void test_backing_total(void **state) {
	(void)state;
	g.config.max_backing_total = 256;
	struct {
		struct virtio_gpu_resource_attach_backing c;
		struct virtio_gpu_mem_entry e[128];
	} m = {{{.type = VIRTIO_GPU_CMD_RESOURCE_ATTACH_BACKING}, 1, 128}, {{0}}};
	for (unsigned i = 0; i < 128; i++)
		m.e[i] = (struct virtio_gpu_mem_entry){GUEST_GPA + i * 16, 16, 0};
	for (uint32_t id = 1; id <= 3; id++) {
		create_2d(id, 2, 16, 16);
		m.c.resource_id = id;
		assert_int_equal(DO(m), id < 3 ? OK : NO_MEMORY);
	}
	assert_non_null(strstr(g.gpu.last_reason, "max_backing_total"));
	m.c.resource_id = 2;
	assert_int_equal(DO(m), OK); /* instead of what it had */
	assert_int_equal(g.gpu.tables.pieces, 256);
	unref(1);
	m.c.resource_id = 3;
	assert_int_equal(DO(m), OK);
	vc_gpu_driver_fresh(&g.gpu);
	assert_int_equal(g.gpu.tables.pieces, 0);
}

/* The arena is a ring: large and small reservations never overlap while they are under way. */
static void test_arena(void **state) {
	(void)state;
	struct vc_queue *q = &g.gpu.queue;
	vc_queue_init(q);
	static const uint32_t sizes[] = {64, 4096, 1 << 20, 3 << 20, 100, 5 << 20};
	struct {
		uint32_t start, end;
		uint64_t seq;
	} live[VC_QUEUE_RUNNING];
	unsigned n = 0, made = 0;
	for (unsigned i = 0; made < 2000; i++) {
		uint32_t size = sizes[i % 6];
		if (!vc_queue_room(q, size)) {
			assert_true(n > 0);
			assert_non_null(vc_queue_executed(q, live[0].seq, 0));
			memmove(live, live + 1, --n * sizeof(live[0]));
			while (vc_queue_next_answer(q))
				;
			continue;
		}
		uint32_t start = vc_queue_arena(q, size);
		assert_true(start + size <= VC_WORKER_ARENA_SIZE);
		for (unsigned j = 0; j < n; j++)
			assert_true(start + size <= live[j].start || live[j].end <= start);
		live[n].start = start;
		live[n].end = start + size;
		live[n++].seq = vc_queue_add(q, VC_WORKER_SUBMIT, 0)->seq;
		made++;
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(test_display),
		TEST(test_capsets),
		TEST(test_create),
		TEST(test_backing),
		TEST(test_scanout),
		TEST(test_pacing),
		TEST(test_contexts),
		TEST(test_submit),
		TEST(test_malformed),
		TEST(test_transfers_3d),
		TEST(test_cursor),
		TEST(test_fence_order),
		TEST(test_death),
		TEST(test_death_on_console),
		TEST(test_two_dimensions_left),
		TEST(test_memory_moves),
		TEST(test_driver_fresh),
		TEST(test_lying_worker),
		TEST(test_arena),
		TEST(test_direct),
		TEST(test_direct_and_workers),
		TEST(test_direct_ends),
		TEST(test_turns),
		TEST(test_backing_total),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
