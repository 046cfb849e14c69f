/* SPDX-License-Identifier: Apache-2.0 */
#include "kms-buffer.h"

#include "fd-kind.h"

#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/dma-buf.h>
#include <linux/udmabuf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

void vc_fb_close(int card, uint32_t fb) {
	if (drmModeCloseFB(card, fb) < 0)
		drmModeRmFB(card, fb);
}

/* Framebuffer (unless there is one), mapping and export of @handle, which is closed. */
static int finish_dumb(struct vc_dumb *dumb, int card, uint32_t handle, bool add_fb, bool export) {
	const uint32_t handles[4] = {handle}, pitches[4] = {dumb->stride}, offsets[4] = {0};
	struct drm_mode_map_dumb map = {.handle = handle};
	int err = 0;
	if ((add_fb && drmModeAddFB2(card, dumb->width, dumb->height, DRM_FORMAT_XRGB8888, handles, pitches, offsets,
				     &dumb->fb, 0) < 0) ||
	    drmIoctl(card, DRM_IOCTL_MODE_MAP_DUMB, &map) < 0 ||
	    (export && drmPrimeHandleToFD(card, handle, DRM_CLOEXEC, &dumb->dmabuf) < 0))
		err = -errno;
	if (err == 0) {
		void *memory = mmap(NULL, dumb->size, PROT_READ | PROT_WRITE, MAP_SHARED, card, (off_t)map.offset);
		if (memory == MAP_FAILED)
			err = -errno;
		else
			dumb->map = memory;
	}
	drmCloseBufferHandle(card, handle);
	if (err < 0)
		vc_dumb_destroy(dumb, card);
	return err;
}

int vc_dumb_create(struct vc_dumb *dumb, int card, uint32_t width, uint32_t height, bool export) {
	*dumb = (struct vc_dumb){.width = width, .height = height, .dmabuf = -1};
	struct drm_mode_create_dumb create = {.width = width, .height = height, .bpp = 32};
	if (drmIoctl(card, DRM_IOCTL_MODE_CREATE_DUMB, &create) < 0)
		return -errno;
	dumb->stride = create.pitch;
	dumb->size = create.size;
	return finish_dumb(dumb, card, create.handle, true, export);
}

int vc_dumb_import(struct vc_dumb *dumb, int card, uint32_t width, uint32_t height, uint32_t stride, int dmabuf) {
	*dumb = (struct vc_dumb){
		.width = width, .height = height, .stride = stride, .size = (size_t)stride * height, .dmabuf = -1};
	off_t length = lseek(dmabuf, 0, SEEK_END);
	if (stride / 4 < width || length < 0 || (uint64_t)length < dumb->size)
		return -EINVAL;
	uint32_t handle;
	if (drmPrimeFDToHandle(card, dmabuf, &handle) < 0)
		return -errno;
	return finish_dumb(dumb, card, handle, true, false);
}

int vc_dumb_adopt(struct vc_dumb *dumb, int card, uint32_t fb) {
	*dumb = (struct vc_dumb){.dmabuf = -1};
	drmModeFB2 *seen = drmModeGetFB2(card, fb);
	if (!seen)
		return -errno;
	*dumb = (struct vc_dumb){.width = seen->width,
				 .height = seen->height,
				 .stride = seen->pitches[0],
				 .size = (size_t)seen->pitches[0] * seen->height,
				 .dmabuf = -1};
	bool plain = seen->pixel_format == DRM_FORMAT_XRGB8888 && seen->offsets[0] == 0 && seen->handles[1] == 0;
	uint32_t handle = seen->handles[0];
	drmModeFreeFB2(seen);
	if (handle == 0)
		return -EACCES;
	if (plain)
		return finish_dumb(dumb, card, handle, false, true);
	drmCloseBufferHandle(card, handle);
	return -EINVAL;
}

void vc_dumb_destroy(struct vc_dumb *dumb, int card) {
	if (dumb->map)
		munmap(dumb->map, dumb->size);
	if (dumb->fb)
		vc_fb_close(card, dumb->fb);
	if (dumb->dmabuf >= 0)
		close(dumb->dmabuf);
	*dumb = (struct vc_dumb){.dmabuf = -1};
}

__attribute__((format(printf, 3, 4))) static int reject(char *why, int err, const char *format, ...) {
	va_list args;
	va_start(args, format);
	vsnprintf(why, VC_DISPLAY_REASON_MAX, format, args);
	va_end(args);
	return err;
}

/* The bytes of the picture's last row end here. */
static uint64_t picture_end(const struct vc_display_buffer_add *add) {
	return add->offset + (uint64_t)add->stride * add->height;
}

/* What isn't there the kernel would make for us, at our expense and not at the source's. Pages that were only reserved by
 * fallocate() count as missing, too: nobody has cleared them yet. Moves the file's offset. */
static int check_whole(int fd, uint64_t from, uint64_t size, char *why) {
	off_t hole = lseek(fd, (off_t)from, SEEK_HOLE);
	if (hole < 0)
		return reject(why, -errno, "the memfd cannot tell whether all its pages are there: %s",
			      strerror(errno));
	if ((uint64_t)hole < from + size)
		return reject(why, -EINVAL, "the memfd has a hole at byte %" PRIi64 "; write to all its pages first",
			      (int64_t)hole);
	return 0;
}

/* Holes that were made after check_whole() have been filled. */
static int check_unchanged(int fd, const struct stat *before, char *why) {
	struct stat now;
	if (fstat(fd, &now) == 0 && now.st_blocks <= before->st_blocks)
		return 0;
	return reject(why, VC_IMPORT_CHANGED, "the memfd got more pages while it came in; change nothing meanwhile");
}

/* Makes a dma-buf of a memfd's pages. Returns it or -errno. */
static int wrap_memfd(int udmabuf, const struct vc_display_buffer_add *add, int fd, char *why) {
	if (vc_fd_kind(fd) != VC_FD_MEMFD)
		return reject(why, -EINVAL, "the descriptor is no memfd");
	int seals = fcntl(fd, F_GET_SEALS);
	if (!(seals & F_SEAL_SHRINK) || (seals & F_SEAL_WRITE))
		return reject(why, -EINVAL, "the memfd must be sealed with F_SEAL_SHRINK and not with F_SEAL_WRITE");
	struct stat st;
	if (fstat(fd, &st) < 0)
		return reject(why, -errno, "fstat: %s", strerror(errno));
	uint64_t length = (uint64_t)add->stride * add->height;
	uint64_t pages = (length + 4095) & ~UINT64_C(4095);
	if ((uint64_t)st.st_size < add->size || (uint64_t)st.st_size < add->offset + pages)
		return reject(why, -EINVAL,
			      "the memfd has %" PRIi64 " bytes, not the %" PRIu64 " that its whole pages need",
			      (int64_t)st.st_size, add->offset + pages);
	int err = check_whole(fd, add->offset, pages, why);
	if (err < 0)
		return err;
	if (udmabuf < 0)
		return reject(why, -ENODEV, "memfds need /dev/udmabuf, which this compositor cannot open");
	struct udmabuf_create create = {
		.memfd = (uint32_t)fd, .flags = UDMABUF_FLAGS_CLOEXEC, .offset = add->offset, .size = pages};
	int dmabuf = ioctl(udmabuf, UDMABUF_CREATE, &create);
	if (dmabuf < 0)
		return reject(why, -errno, "udmabuf takes no %" PRIu64 " bytes: %s", pages, strerror(errno));
	err = check_unchanged(fd, &st, why);
	if (err < 0)
		close(dmabuf);
	return err < 0 ? err : dmabuf;
}

static int take_dmabuf(const struct vc_display_buffer_add *add, int fd, char *why) {
	if (vc_fd_kind(fd) != VC_FD_DMABUF)
		return reject(why, -EINVAL, "the descriptor is no dma-buf");
	off_t length = lseek(fd, 0, SEEK_END);
	if (length < 0 || (uint64_t)length < add->size || (uint64_t)length < picture_end(add))
		return reject(why, -EINVAL, "the dma-buf has %" PRIi64 " bytes, less than the picture",
			      (int64_t)length);
	int dmabuf = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return dmabuf >= 0 ? dmabuf : reject(why, -errno, "dup: %s", strerror(errno));
}

static int make_fb(struct vc_import *import, int card, const struct vc_display_buffer_add *add, uint64_t offset,
		   char *why) {
	uint32_t handle;
	if (drmPrimeFDToHandle(card, import->dmabuf, &handle) < 0)
		return reject(why, -errno, "the display's driver cannot import this dma-buf: %s", strerror(errno));
	const uint32_t handles[4] = {handle}, pitches[4] = {add->stride}, offsets[4] = {(uint32_t)offset};
	const uint64_t modifiers[4] = {add->modifier};
	int err;
	if (add->modifier == DRM_FORMAT_MOD_LINEAR)
		err = drmModeAddFB2(card, add->width, add->height, add->fourcc, handles, pitches, offsets, &import->fb,
				    0);
	else
		err = drmModeAddFB2WithModifiers(card, add->width, add->height, add->fourcc, handles, pitches, offsets,
						 modifiers, &import->fb, DRM_MODE_FB_MODIFIERS);
	err = err < 0 ? -errno : 0;
	drmCloseBufferHandle(card, handle);
	return err == 0 ? 0 : reject(why, err, "the display's driver takes no such framebuffer: %s", strerror(-err));
}

/* Faults, and whatever the driver makes at the first access, happen here and not in the frame loop. */
static void touch(const struct vc_import *import) {
	struct dma_buf_sync sync = {.flags = DMA_BUF_SYNC_READ | DMA_BUF_SYNC_START};
	ioctl(import->dmabuf, DMA_BUF_IOCTL_SYNC, &sync);
	for (size_t at = 0; at < import->map_size; at += 4096)
		(void)((const volatile uint8_t *)import->map_start)[at];
	sync.flags = DMA_BUF_SYNC_READ | DMA_BUF_SYNC_END;
	ioctl(import->dmabuf, DMA_BUF_IOCTL_SYNC, &sync);
}

/* Of a dma-buf that was made here, which starts at the picture. */
static int map_import(struct vc_import *import, const struct vc_display_buffer_add *add, char *why) {
	import->map_size = (size_t)add->stride * add->height;
	import->map_start = mmap(NULL, import->map_size, PROT_READ, MAP_SHARED, import->dmabuf, 0);
	if (import->map_start == MAP_FAILED) {
		import->map_start = NULL;
		return reject(why, -errno, "the buffer cannot be mapped for composition: %s", strerror(errno));
	}
	import->map = import->map_start;
	touch(import);
	return 0;
}

int vc_import_create(struct vc_import *import, int card, int udmabuf, const struct vc_display_buffer_add *add, int fd,
		     unsigned ways, char *why) {
	*import = (struct vc_import){.dmabuf = -1};
	bool memfd = add->kind == VC_DISPLAY_MEMFD;
	int dmabuf = memfd ? wrap_memfd(udmabuf, add, fd, why) : take_dmabuf(add, fd, why);
	if (dmabuf < 0)
		return dmabuf;
	import->dmabuf = dmabuf;
	int err = -EINVAL;
	if ((ways & VC_IMPORT_MAP) && memfd)
		err = map_import(import, add, why);
	else if (ways & VC_IMPORT_MAP)
		reject(why, err, "this layer is composed on the CPU, which reads memfds and no dma-bufs");
	if (ways & VC_IMPORT_FB) {
		/* A wrapped memfd's dma-buf starts at the picture. */
		int fb_err = make_fb(import, card, add, memfd ? 0 : add->offset, why);
		err = err == 0 ? 0 : fb_err;
	}
	if (err < 0)
		vc_import_destroy(import, card);
	return err;
}

void vc_import_destroy(struct vc_import *import, int card) {
	if (import->map_start)
		munmap(import->map_start, import->map_size);
	if (import->fb)
		vc_fb_close(card, import->fb);
	if (import->dmabuf >= 0)
		close(import->dmabuf);
	*import = (struct vc_import){.dmabuf = -1};
}
