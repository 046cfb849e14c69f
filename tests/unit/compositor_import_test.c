/* SPDX-License-Identifier: Apache-2.0 */
/* Which of sources' memory is taken in, and which is read by the CPU: what can't fault there, and isn't made at our expense. */
#include "fd-kind.h"
#include "kms-buffer.h"

#include <drm_fourcc.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xf86drmMode.h>

#include <cmocka.h>

#define PAGE 4096
#define PAGES 12 /* 64x192 pixels */
#define UDMABUF 1000

static unsigned wraps;      /* dma-bufs made of memfds */
static bool fill_meanwhile; /* the source writes to a hole while udmabuf is at work */
static enum vc_fd_kind kind;

/* udmabuf: the "dma-buf" is another descriptor of the memfd. */
int __wrap_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...) {
	va_list args;
	va_start(args, request);
	const void *arg = va_arg(args, void *);
	va_end(args);
	if (request != UDMABUF_CREATE)
		return request == DMA_BUF_IOCTL_SYNC ? 0 : -1;
	const struct udmabuf_create *create = arg;
	assert_int_equal(fd, UDMABUF);
	assert_int_equal(create->size, PAGES * PAGE);
	wraps++;
	if (fill_meanwhile)
		assert_int_equal(pwrite((int)create->memfd, "x", 1, (PAGES + 1) * PAGE), 1);
	return fcntl((int)create->memfd, F_DUPFD_CLOEXEC, 0);
}

enum vc_fd_kind __wrap_vc_fd_kind(int fd);
enum vc_fd_kind __wrap_vc_fd_kind(int fd) {
	(void)fd;
	return kind;
}

int __wrap_drmPrimeFDToHandle(int card, int fd, uint32_t *handle);
int __wrap_drmPrimeFDToHandle(int card, int fd, uint32_t *handle) {
	(void)card;
	(void)fd;
	*handle = 1;
	return 0;
}

int __wrap_drmCloseBufferHandle(int card, uint32_t handle);
int __wrap_drmCloseBufferHandle(int card, uint32_t handle) {
	(void)card;
	assert_int_equal(handle, 1);
	return 0;
}

int __wrap_drmModeAddFB2(int card, uint32_t width, uint32_t height, uint32_t format, const uint32_t handles[4],
			 const uint32_t pitches[4], const uint32_t offsets[4], uint32_t *fb, uint32_t flags);
int __wrap_drmModeAddFB2(int card, uint32_t width, uint32_t height, uint32_t format, const uint32_t handles[4],
			 const uint32_t pitches[4], const uint32_t offsets[4], uint32_t *fb, uint32_t flags) {
	(void)card;
	(void)width;
	(void)height;
	(void)format;
	(void)handles;
	(void)pitches;
	(void)offsets;
	(void)flags;
	*fb = 77;
	return 0;
}

int __wrap_drmModeCloseFB(int card, uint32_t fb);
int __wrap_drmModeCloseFB(int card, uint32_t fb) {
	(void)card;
	assert_int_equal(fb, 77);
	return 0;
}

/* A sealed memfd of two pages more than the picture has, of which the first @there are there. */
static int make_memfd(unsigned there) {
	static const char page[PAGE] = {1};
	int fd = memfd_create("picture", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, (PAGES + 2) * PAGE), errno);
	for (unsigned i = 0; i < there; i++)
		assert_int_equal(pwrite(fd, page, PAGE, i * PAGE), PAGE);
	assert_return_code(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), errno);
	return fd;
}

static int take_in(struct vc_import *import, enum vc_display_buffer_kind as, int fd, unsigned ways, char *why) {
	const struct vc_display_buffer_add add = {.kind = as,
						  .width = 64,
						  .height = 192,
						  .fourcc = DRM_FORMAT_XRGB8888,
						  .stride = 256,
						  .size = PAGES * PAGE};
	kind = as == VC_DISPLAY_MEMFD ? VC_FD_MEMFD : VC_FD_DMABUF;
	wraps = 0;
	why[0] = '\0';
	return vc_import_create(import, 1001, UDMABUF, &add, fd, ways, why);
}

static void memfds_with_holes_are_refused(void **state) {
	(void)state;
	struct vc_import import;
	char why[VC_DISPLAY_REASON_MAX], expected[64];
	for (unsigned there = 0; there < PAGES; there += PAGES - 1) {
		int fd = make_memfd(there);
		assert_int_equal(take_in(&import, VC_DISPLAY_MEMFD, fd, VC_IMPORT_FB | VC_IMPORT_MAP, why), -EINVAL);
		snprintf(expected, sizeof(expected), "has a hole at byte %u;", there * PAGE);
		if (!strstr(why, expected))
			fail_msg("\"%s\" should say \"%s\"", why, expected);
		assert_int_equal(wraps, 0);
		struct stat st;
		assert_return_code(fstat(fd, &st), errno);
		assert_int_equal(st.st_blocks, there * (PAGE / 512));
		close(fd);
	}
	/* Behind the picture there may be one. */
	int fd = make_memfd(PAGES);
	assert_int_equal(take_in(&import, VC_DISPLAY_MEMFD, fd, VC_IMPORT_FB | VC_IMPORT_MAP, why), 0);
	assert_int_equal(wraps, 1);
	assert_int_equal(import.fb, 77);
	assert_int_equal(*(const uint8_t *)import.map, 1);
	vc_import_destroy(&import, 1001);
	close(fd);
}

static void memory_that_grows_meanwhile_is_refused(void **state) {
	(void)state;
	struct vc_import import;
	char why[VC_DISPLAY_REASON_MAX];
	int fd = make_memfd(PAGES);
	fill_meanwhile = true;
	assert_int_equal(take_in(&import, VC_DISPLAY_MEMFD, fd, VC_IMPORT_FB, why), VC_IMPORT_CHANGED);
	fill_meanwhile = false;
	assert_non_null(strstr(why, "got more pages"));
	close(fd);
}

/* Who exports it could make a read of it wait, or fault. */
static void dmabufs_of_others_are_never_mapped(void **state) {
	(void)state;
	struct vc_import import;
	char why[VC_DISPLAY_REASON_MAX];
	int fd = make_memfd(PAGES);
	assert_int_equal(take_in(&import, VC_DISPLAY_DMABUF, fd, VC_IMPORT_MAP, why), -EINVAL);
	assert_non_null(strstr(why, "reads memfds and no dma-bufs"));
	assert_int_equal(take_in(&import, VC_DISPLAY_DMABUF, fd, VC_IMPORT_FB | VC_IMPORT_MAP, why), 0);
	assert_int_equal(import.fb, 77);
	assert_null(import.map);
	assert_int_equal(wraps, 0);
	vc_import_destroy(&import, 1001);
	close(fd);
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memfds_with_holes_are_refused),
		cmocka_unit_test(memory_that_grows_meanwhile_is_refused),
		cmocka_unit_test(dmabufs_of_others_are_never_mapped),
	};
	return cmocka_run_group_tests_name("compositor.import", tests, NULL, NULL);
}
