/* SPDX-License-Identifier: Apache-2.0 */
#include "gpu_guest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

static struct guest g;
static struct vc_chain chain;

static int setup(void **state) {
	(void)state;
	guest_init(&g);
	return 0;
}

static int teardown(void **state) {
	(void)state;
	guest_finish(&g);
	return 0;
}

static void desc(unsigned i, uint32_t at, uint32_t len, uint16_t flags, uint16_t next) {
	*guest_desc(&g, 0, i) = (struct vring_desc){.addr = GUEST_GPA + at, .len = len, .flags = flags, .next = next};
}

static enum vc_vring_result pop(void) {
	return vc_vring_pop(&g.ring[0], &g.memory, &chain);
}

static void test_chain(void **state) {
	(void)state;
	desc(3, 0x10000, 8, VRING_DESC_F_NEXT, 7);
	desc(7, 0x20000, 16, VRING_DESC_F_NEXT, 1);
	desc(1, 0x30000, 24, VRING_DESC_F_WRITE, 0);
	memcpy(g.ram + 0x10000, "abcdefgh", 8);
	memcpy(g.ram + 0x20000, "ijkl", 4);
	assert_int_equal(pop(), VC_VRING_EMPTY);
	guest_offer(&g, 0, 3);
	assert_int_equal(pop(), VC_VRING_CHAIN);
	assert_int_equal(chain.head, 3);
	assert_int_equal(chain.reads, 2);
	assert_int_equal(chain.writes, 1);
	assert_int_equal(chain.read_size, 24);
	assert_int_equal(chain.write_size, 24);
	char text[6];
	assert_int_equal(vc_chain_read(&chain, 5, text, 6), 6);
	assert_memory_equal(text, "fghijk", 6);
	assert_int_equal(vc_chain_read(&chain, 23, text, 6), 1);
	assert_int_equal(pop(), VC_VRING_EMPTY);
}

static void test_indirect(void **state) {
	(void)state;
	struct vring_desc *table = (void *)(g.ram + 0x40000);
	for (unsigned i = 0; i < 121; i++)
		table[i] = (struct vring_desc){.addr = GUEST_GPA + 0x50000 + i * 16,
					       .len = 16,
					       .flags = (uint16_t)(i < 120 ? VRING_DESC_F_NEXT : VRING_DESC_F_WRITE),
					       .next = (uint16_t)(i + 1)};
	desc(0, 0x40000, 121 * 16, VRING_DESC_F_INDIRECT, 0);
	guest_offer(&g, 0, 0);
	assert_int_equal(pop(), VC_VRING_CHAIN);
	assert_int_equal(chain.reads, 120);
	assert_int_equal(chain.writes, 1);

	/* nested, with NEXT, ragged, out of memory: each hands the chain back */
	table[0].flags = VRING_DESC_F_INDIRECT;
	guest_offer(&g, 0, 0);
	assert_int_equal(pop(), VC_VRING_BAD_CHAIN);
	assert_int_equal(chain.head, 0);
	desc(0, 0x40000, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1);
	guest_offer(&g, 0, 0);
	assert_int_equal(pop(), VC_VRING_BAD_CHAIN);
	desc(0, 0x40000, 17, VRING_DESC_F_INDIRECT, 0);
	guest_offer(&g, 0, 0);
	assert_int_equal(pop(), VC_VRING_BAD_CHAIN);
	desc(0, GUEST_RAM - 8, 16, VRING_DESC_F_INDIRECT, 0);
	guest_offer(&g, 0, 0);
	assert_int_equal(pop(), VC_VRING_BAD_CHAIN);
}

static void test_malformed(void **state) {
	(void)state;
	desc(0, 0x10000, 8, VRING_DESC_F_NEXT, 1); /* a loop */
	desc(1, 0x10000, 8, VRING_DESC_F_NEXT, 0);
	guest_offer(&g, 0, 0);
	assert_int_equal(pop(), VC_VRING_BAD_CHAIN);
	desc(GUEST_RING, 0x10000, 8, 0, 0); /* looks well, but lies behind the table */
	desc(0, 0x10000, 8, VRING_DESC_F_NEXT, GUEST_RING);
	guest_offer(&g, 0, 0);
	assert_int_equal(pop(), VC_VRING_BAD_CHAIN);
	desc(0, GUEST_RAM - 4, 8, 0, 0); /* leaves memory */
	guest_offer(&g, 0, 0);
	assert_int_equal(pop(), VC_VRING_BAD_CHAIN);
	desc(0, 0x10000, 0, 0, 0); /* empty */
	guest_offer(&g, 0, 0);
	assert_int_equal(pop(), VC_VRING_BAD_CHAIN);
	desc(0, 0x10000, 8, VRING_DESC_F_WRITE | VRING_DESC_F_NEXT, 1); /* read after write */
	desc(1, 0x10000, 8, 0, 0);
	guest_offer(&g, 0, 0);
	assert_int_equal(pop(), VC_VRING_BAD_CHAIN);
	guest_desc(&g, 0, 0)->addr = UINT64_MAX - 3; /* wraps */
	guest_desc(&g, 0, 0)->len = 8;
	guest_desc(&g, 0, 0)->flags = 0;
	guest_offer(&g, 0, 0);
	assert_int_equal(pop(), VC_VRING_BAD_CHAIN);
	assert_false(g.ring[0].broken);
}

static void test_broken_ring(void **state) {
	(void)state;
	guest_offer(&g, 0, GUEST_RING); /* no such head */
	assert_int_equal(pop(), VC_VRING_BROKEN);
	assert_true(g.ring[0].broken);
	assert_int_equal(pop(), VC_VRING_EMPTY);
	g.ring[0].broken = false;
	guest_avail(&g, 0)->idx = GUEST_RING + 1; /* more than fit */
	assert_int_equal(pop(), VC_VRING_BROKEN);
}

static uint64_t calls(int fd) {
	uint64_t n = 0;
	return read(fd, &n, sizeof(n)) == sizeof(n) ? n : 0;
}

static void test_event_index(void **state) {
	(void)state;
	struct vc_vring *ring = &g.ring[0];
	int call = ring->call = eventfd(0, EFD_NONBLOCK);
	ring->event_idx = true;
	/* Both indices go through 65535 to 0. */
	ring->next_avail = ring->next_used = 65530;
	guest_avail(&g, 0)->idx = guest_used(&g, 0)->idx = 65530;
	desc(0, 0x10000, 8, 0, 0);
	uint16_t *used_event = &guest_avail(&g, 0)->ring[GUEST_RING];
	uint16_t *avail_event = (uint16_t *)(void *)&guest_used(&g, 0)->ring[GUEST_RING];
	*used_event = 65533; /* tell when the fourth is used */
	unsigned told = 0;
	for (unsigned i = 0; i < 12; i++) {
		guest_offer(&g, 0, 0);
		assert_int_equal(pop(), VC_VRING_CHAIN);
		vc_vring_push(ring, chain.head, 0);
		if (i == 0)
			ring->told = true, ring->told_used = 65530;
		vc_vring_notify(ring);
		if (calls(call)) {
			told++;
			assert_int_equal(i, 3);
		}
		assert_int_equal(pop(), VC_VRING_EMPTY);
		assert_int_equal(*avail_event, (uint16_t)(65531 + i));
	}
	assert_int_equal(told, 1);
	assert_int_equal(guest_used(&g, 0)->idx, 6);
	assert_int_equal(ring->next_avail, 6);
}

static void test_no_interrupt(void **state) {
	(void)state;
	struct vc_vring *ring = &g.ring[0];
	int call = ring->call = eventfd(0, EFD_NONBLOCK);
	vc_vring_push(ring, 0, 4);
	guest_avail(&g, 0)->flags = VRING_AVAIL_F_NO_INTERRUPT;
	vc_vring_notify(ring);
	assert_int_equal(calls(call), 0);
	guest_avail(&g, 0)->flags = 0;
	vc_vring_push(ring, 0, 4);
	vc_vring_notify(ring);
	assert_int_equal(calls(call), 1);
	vc_vring_notify(ring); /* nothing new */
	assert_int_equal(calls(call), 0);
}

static void test_place(void **state) {
	(void)state;
	struct vc_vring *ring = &g.ring[0];
	assert_non_null(vc_vring_place(ring, &g.memory, GUEST_UVA + 8, GUEST_UVA + 0x1000, GUEST_UVA + 0x2000));
	assert_non_null(vc_vring_place(ring, &g.memory, GUEST_UVA - 16, GUEST_UVA + 0x1000, GUEST_UVA + 0x2000));
	assert_non_null(vc_vring_place(ring, &g.memory, GUEST_UVA, GUEST_UVA + GUEST_RAM - 64, GUEST_UVA + 0x2000));
	assert_null(vc_vring_place(ring, &g.memory, GUEST_UVA, GUEST_UVA + 0x1000, GUEST_UVA + 0x2000));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
		cmocka_unit_test_setup_teardown(test_indirect, setup, teardown),
		cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_broken_ring, setup, teardown),
		cmocka_unit_test_setup_teardown(test_event_index, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_interrupt, setup, teardown),
		cmocka_unit_test_setup_teardown(test_place, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
