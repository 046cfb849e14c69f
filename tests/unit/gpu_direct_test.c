/* SPDX-License-Identifier: Apache-2.0 */
/* Guest memory as a dma-buf, by the real /dev/udmabuf: the right pages in the right order, and nothing but whole pages. */
#include "direct.h"

#include "gpu_guest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#define PIECES 8
#define SKIPPED 77 /* as CMake knows it */

static struct guest g;
static int udmabuf;

static struct vc_resource resource;
static uint64_t gpa[2000];
static uint32_t length[2000];

static void back(uint32_t pieces) {
	resource = (struct vc_resource){.pieces = pieces, .gpa = gpa, .length = length};
}

/* Pages of the guest's RAM from its end to its start, none beside the next. */
static void scatter(void) {
	for (uint32_t i = 0; i < PIECES; i++) {
		uint32_t at = GUEST_RAM - (i + 1) * 0x8000;
		gpa[i] = GUEST_GPA + at;
		length[i] = 4096;
		memset(g.ram + at, (int)(0x10 + i), 4096);
	}
	back(PIECES);
}

static void test_pages(void **state) {
	(void)state;
	scatter();
	length[PIECES - 1] = 100; /* the last one may end anywhere */
	uint64_t bytes = (PIECES - 1) * 4096 + 100;
	int fd = vc_direct_wrap(udmabuf, &g.memory, &resource, bytes);
	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), PIECES * 4096);
	uint8_t *map = mmap(NULL, PIECES * 4096, PROT_READ, MAP_SHARED, fd, 0);
	assert_true(map != MAP_FAILED);
	for (unsigned i = 0; i < PIECES; i++)
		assert_int_equal(map[i * 4096 + 50], 0x10 + i);
	/* What the guest draws afterwards is there too. */
	g.ram[GUEST_RAM - 3 * 0x8000 + 7] = 0xee;
	assert_int_equal(map[2 * 4096 + 7], 0xee);
	munmap(map, PIECES * 4096);
	close(fd);
}

/* Neighbours count as one: thousands of pages in a row are no obstacle, a thousand apart are. */
static void test_many(void **state) {
	(void)state;
	for (uint32_t i = 0; i < 1000; i++) {
		gpa[i] = GUEST_GPA + i * 4096;
		length[i] = 4096;
	}
	back(1000);
	int fd = vc_direct_wrap(udmabuf, &g.memory, &resource, 1000 * 4096);
	assert_true(fd >= 0);
	close(fd);
	for (uint32_t i = 0; i < 2000; i++) {
		gpa[i] = GUEST_GPA + (i % 2) * 0x10000;
		length[i] = 4096;
	}
	back(2000);
	assert_int_equal(vc_direct_wrap(udmabuf, &g.memory, &resource, 2000 * 4096), -E2BIG);
}

static void test_unsuited(void **state) {
	(void)state;
	scatter();
	gpa[2] += 16;
	assert_int_equal(vc_direct_wrap(udmabuf, &g.memory, &resource, PIECES * 4096), -EINVAL);
	scatter();
	length[2] = 4000;
	assert_int_equal(vc_direct_wrap(udmabuf, &g.memory, &resource, PIECES * 4096 - 96), -EINVAL);
	scatter();
	assert_int_equal(vc_direct_wrap(udmabuf, &g.memory, &resource, (PIECES + 1) * 4096),
			 -EINVAL); /* not so much there */
	assert_int_equal(vc_direct_wrap(udmabuf, &g.memory, &resource, 0), -EINVAL);
	gpa[0] = GUEST_GPA + GUEST_RAM;
	assert_int_equal(vc_direct_wrap(udmabuf, &g.memory, &resource, PIECES * 4096), -EINVAL);
}

int main(void) {
	udmabuf = vc_direct_open();
	if (udmabuf < 0) {
		puts("SKIP: no /dev/udmabuf");
		return SKIPPED;
	}
	guest_init(&g);
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_pages), cmocka_unit_test(test_many),
					   cmocka_unit_test(test_unsuited)};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	guest_finish(&g);
	close(udmabuf);
	return failed;
}
