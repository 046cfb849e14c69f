/* SPDX-License-Identifier: Apache-2.0 */
/* The virtio-gpu model: every command's checks, fence order and pacing. */
#include "gpu_commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

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

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(test_display),   TEST(test_capsets),      TEST(test_create),        TEST(test_backing),
		TEST(test_scanout),   TEST(test_pacing),       TEST(test_contexts),      TEST(test_submit),
		TEST(test_malformed), TEST(test_transfers_3d), TEST(test_cursor),        TEST(test_fence_order),
		TEST(test_arena),     TEST(test_turns),        TEST(test_backing_total),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
