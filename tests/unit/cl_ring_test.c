/* SPDX-License-Identifier: Apache-2.0 */
#include "ring.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SIZE = 256 };

static struct vc_ring_shared shared;
static uint8_t bytes[SIZE];
static struct vc_ring producer, consumer;

static int setup(void **state) {
	(void)state;
	memset(&shared, 0, sizeof(shared));
	memset(bytes, 0, sizeof(bytes));
	vc_ring_init(&producer, &shared, bytes, SIZE);
	vc_ring_init(&consumer, &shared, bytes, SIZE);
	return 0;
}

/* A record of @size bytes, of which all but the first 4 are @fill. */
static bool push(uint32_t size, int fill) {
	uint8_t record[SIZE];
	memset(record, fill, sizeof(record));
	memcpy(record, &size, sizeof(size));
	const struct iovec pieces[] = {{record, 8}, {record + 8, size - 8}};
	return vc_ring_push(&producer, pieces, 2);
}

static void test_order_and_wrap(void **state) {
	(void)state;
	uint8_t out[SIZE];
	assert_int_equal(vc_ring_pop(&consumer, out, SIZE, 8), 0);
	/* Sizes that don't divide the ring's, so that records go around its end at many places. */
	for (int i = 0; i < 1000; i++) {
		assert_true(push(40, i & 0xff));
		assert_true(push(72, (i + 1) & 0xff));
		assert_int_equal(vc_ring_pop(&consumer, out, SIZE, 8), 40);
		for (int k = 4; k < 40; k++)
			assert_int_equal(out[k], i & 0xff);
		assert_int_equal(vc_ring_pop(&consumer, out, SIZE, 8), 72);
		for (int k = 4; k < 72; k++)
			assert_int_equal(out[k], (i + 1) & 0xff);
	}
	assert_false(vc_ring_ready(&consumer));
}

static void test_full(void **state) {
	(void)state;
	uint8_t out[SIZE];
	assert_true(push(128, 1));
	assert_true(push(128, 2));
	assert_false(push(8, 3));
	assert_int_equal(vc_ring_pop(&consumer, out, SIZE, 8), 128);
	assert_true(push(8, 3));
	assert_false(push(128, 4));
}

static void test_hostile_producer(void **state) {
	(void)state;
	uint8_t out[SIZE];
	/* More than the ring holds. */
	atomic_store(&shared.head, SIZE + 8);
	assert_int_equal(vc_ring_pop(&consumer, out, SIZE, 8), -EPROTO);
	/* Behind the consumer. */
	atomic_store(&shared.head, (uint32_t)-8);
	assert_int_equal(vc_ring_pop(&consumer, out, SIZE, 8), -EPROTO);
	/* Not a multiple. */
	atomic_store(&shared.head, 12);
	assert_int_equal(vc_ring_pop(&consumer, out, SIZE, 8), -EPROTO);
	/* Records that are longer than what is there, than the room, shorter than a header, odd. */
	const uint32_t sizes[] = {72, 0xffffffff, 0, 4, 20, 0x80000000};
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		atomic_store(&shared.head, 64);
		memcpy(bytes, &sizes[i], 4);
		assert_int_equal(vc_ring_pop(&consumer, out, SIZE, 8), -EPROTO);
	}
	uint32_t size = 64;
	memcpy(bytes, &size, 4);
	assert_int_equal(vc_ring_pop(&consumer, out, 56, 8), -EPROTO);
	assert_int_equal(vc_ring_pop(&consumer, out, 64, 72), -EPROTO);
	assert_int_equal(vc_ring_pop(&consumer, out, 64, 8), 64);
}

static void test_hostile_consumer(void **state) {
	(void)state;
	/* It claims to have taken what was never there: nothing is overwritten. */
	assert_true(push(128, 1));
	assert_true(push(128, 2));
	atomic_store(&shared.tail, 264);
	assert_false(push(8, 1));
	atomic_store(&shared.tail, (uint32_t)-8);
	assert_false(push(8, 1));
}

static void test_bell(void **state) {
	(void)state;
	assert_true(push(8, 1));
	assert_false(vc_ring_call(&producer)); /* nobody rests */
	vc_ring_rest(&consumer, true);
	assert_true(vc_ring_ready(&consumer)); /* so it doesn't sleep */
	uint32_t heard = atomic_load(&shared.bell);
	assert_true(vc_ring_call(&producer));
	assert_int_not_equal(atomic_load(&shared.bell), heard);
	assert_false(vc_ring_call(&producer)); /* once is enough */
}

enum { MANY = 200000 };

static void *produce(void *unused) {
	(void)unused;
	for (uint64_t i = 0; i < MANY; i++) {
		uint32_t size = 16 + (uint32_t)(i % 5) * 8;
		uint8_t record[64] = {0};
		memcpy(record, &size, 4);
		memcpy(record + 8, &i, 8);
		const struct iovec piece = {record, size};
		while (!vc_ring_push(&producer, &piece, 1))
			vc_ring_wait_room(&producer, size);
		vc_ring_call(&producer);
	}
	return NULL;
}

/* Two threads, each of which sleeps when it must: all records arrive, in order, and nobody sleeps for ever. */
static void test_two_threads(void **state) {
	(void)state;
	pthread_t thread;
	assert_int_equal(pthread_create(&thread, NULL, produce, NULL), 0);
	for (uint64_t i = 0; i < MANY;) {
		uint8_t record[64];
		uint32_t heard = atomic_load(&shared.bell);
		int size = vc_ring_pop(&consumer, record, sizeof(record), 8);
		if (size == 0) {
			vc_ring_rest(&consumer, true);
			if (!vc_ring_ready(&consumer))
				vc_futex_wait(&shared.bell, heard, -1);
			vc_ring_rest(&consumer, false);
			continue;
		}
		uint64_t got;
		memcpy(&got, record + 8, 8);
		assert_int_equal(got, i);
		assert_int_equal(size, 16 + (int)(i % 5) * 8);
		i++;
	}
	pthread_join(thread, NULL);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_order_and_wrap, setup),
		cmocka_unit_test_setup(test_full, setup),
		cmocka_unit_test_setup(test_hostile_producer, setup),
		cmocka_unit_test_setup(test_hostile_consumer, setup),
		cmocka_unit_test_setup(test_bell, setup),
		cmocka_unit_test_setup(test_two_threads, setup),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
