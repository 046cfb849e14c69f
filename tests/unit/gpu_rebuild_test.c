/* SPDX-License-Identifier: Apache-2.0 */
/* What outlives a worker: what the next one is given, and scanouts that need none. */
#include "gpu_commands.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

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

/* QEMU's memory moves while a picture is shown from it, and then can't be shown from there: the worker's copy isn't taken for it. */
static void test_direct_and_memory(void **state) {
	(void)state;
	direct_scanout();
	vc_gpu_settle(&g.gpu);
	vc_gpu_memory_changed(&g.gpu);
	g.direct = false;
	guest_run(&g);
	flush(1);
	assert_int_equal(g.sent[g.sent_count - 2].op, VC_WORKER_WRITE);
	assert_int_equal(g.sent[g.sent_count - 2].box.h, 64);
	assert_int_equal(last()->op, VC_WORKER_FLUSH);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		TEST(test_death),
		TEST(test_death_on_console),
		TEST(test_two_dimensions_left),
		TEST(test_memory_moves),
		TEST(test_driver_fresh),
		TEST(test_lying_worker),
		TEST(test_direct),
		TEST(test_direct_and_workers),
		TEST(test_direct_ends),
		TEST(test_direct_and_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
