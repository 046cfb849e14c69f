/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Guests whose fences don't signal. vgem gives dma-bufs to which fences can be attached; it signals them by itself after
 * ten seconds, or when told.
 */
#include "rig.h"

#include "clock.h"

#include <drm/vgem_drm.h>
#include <drm_fourcc.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xf86drm.h>

/* A vgem buffer as big as the guest's zone. */
struct slow_buffer {
	int card, dmabuf;
	uint32_t handle, stride, fence;
	uint64_t size;
};

static int open_vgem(void) {
	for (int i = 0; i < 16; i++) {
		char path[32];
		snprintf(path, sizeof(path), "/dev/dri/card%d", i);
		int fd = open(path, O_RDWR | O_CLOEXEC);
		drmVersion *version = fd >= 0 ? drmGetVersion(fd) : NULL;
		bool found = version && strcmp(version->name, "vgem") == 0;
		drmFreeVersion(version);
		if (found)
			return fd;
		if (fd >= 0)
			close(fd);
	}
	return -1;
}

static void slow_create(struct slow_buffer *b, uint32_t width, uint32_t height, uint32_t colour) {
	b->card = open_vgem();
	struct drm_mode_create_dumb create = {.width = width, .height = height, .bpp = 32};
	assert_return_code(drmIoctl(b->card, DRM_IOCTL_MODE_CREATE_DUMB, &create), errno);
	b->handle = create.handle;
	b->stride = create.pitch;
	b->size = create.size;
	assert_return_code(drmPrimeHandleToFD(b->card, b->handle, DRM_CLOEXEC | DRM_RDWR, &b->dmabuf), errno);
	uint32_t *pixels = mmap(NULL, b->size, PROT_READ | PROT_WRITE, MAP_SHARED, b->dmabuf, 0);
	assert_ptr_not_equal(pixels, MAP_FAILED);
	for (size_t i = 0; i < b->size / 4; i++)
		pixels[i] = colour;
	munmap(pixels, b->size);
}

static void slow_block(struct slow_buffer *b) {
	struct drm_vgem_fence_attach attach = {.handle = b->handle, .flags = VGEM_FENCE_WRITE};
	assert_return_code(drmIoctl(b->card, DRM_IOCTL_VGEM_FENCE_ATTACH, &attach), errno);
	b->fence = attach.out_fence;
}

static void slow_signal(struct slow_buffer *b) {
	struct drm_vgem_fence_signal signal = {.fence = b->fence};
	assert_return_code(drmIoctl(b->card, DRM_IOCTL_VGEM_FENCE_SIGNAL, &signal), errno);
}

static void slow_destroy(struct slow_buffer *b) {
	close(b->dmabuf);
	close(b->card);
}

static void add_slow(struct painter *p, const struct slow_buffer *b, uint32_t id) {
	struct vc_display_buffer_add add = {.id = id,
					    .kind = VC_DISPLAY_DMABUF,
					    .width = p->client.zone.width,
					    .height = p->client.zone.height,
					    .fourcc = DRM_FORMAT_XRGB8888,
					    .stride = b->stride,
					    .size = b->size};
	assert_int_equal(vc_display_buffer_add(&p->client, &add, b->dmabuf), 0);
	painter_await(p, id);
}

static void present_slow(struct painter *p, uint32_t id, int fence) {
	struct vc_display_present present = {
		.id = id, .seq = ++p->seq, .width = p->client.zone.width, .height = p->client.zone.height};
	assert_int_equal(vc_display_present(&p->client, &present, fence), 0);
}

/* Shows @frames cluster frames. None may take as long as it would behind a fence, which is ten seconds; a loaded machine
 * without KVM may well lose one. */
static void cluster_runs(struct painter *cluster, int frames) {
	int64_t last_ns = painter_show(cluster, RIG_RED);
	for (int i = 0; i < frames; i++) {
		int64_t flip_ns = painter_show(cluster, i % 2 ? RIG_RED : RIG_GREEN);
		assert_true(flip_ns - last_ns < 4 * VC_NS_PER_S);
		last_ns = flip_ns;
	}
}

static void unsignalled_frame_waits_alone(bool explicit) {
	struct rig rig;
	struct painter cluster, ivi;
	struct slow_buffer slow;
	rig_configure(&rig, "vkms", "", "hold_ms = 2000", "hold_ms = 600");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	painter_show(&ivi, RIG_BLUE);
	slow_create(&slow, 512, 480, RIG_GOLD);
	add_slow(&ivi, &slow, 2);
	slow_block(&slow);
	struct dma_buf_export_sync_file export = {.flags = DMA_BUF_SYNC_READ, .fd = -1};
	if (explicit)
		assert_return_code(ioctl(slow.dmabuf, DMA_BUF_IOCTL_EXPORT_SYNC_FILE, &export), errno);
	present_slow(&ivi, 2, export.fd);
	/* Not eligible: the cluster goes on, the guest's last frame is held and then falls back for this reason. */
	cluster_runs(&cluster, 15);
	assert_int_equal(rig_layer(&rig, "ivi").frames_shown, 1);
	for (int i = 0; rig_layer(&rig, "ivi").state != VC_STATE_FALLBACK; i++) {
		assert_true(i < 100);
		painter_show(&cluster, RIG_RED);
	}
	assert_int_equal(rig_layer(&rig, "ivi").reason, VC_REASON_FENCE);
	slow_signal(&slow);
	while (ivi.answered < ivi.seq)
		assert_true(painter_listen(&ivi, 1000));
	assert_int_not_equal(ivi.flip_ns, 0);
	rig_await(&rig, "ivi", VC_STATE_LIVE, VC_REASON_NONE);
	if (export.fd >= 0)
		close(export.fd);
	slow_destroy(&slow);
	painter_close(&ivi);
	painter_close(&cluster);
	rig_stop(&rig);
}

static void implicit_fence_keeps_a_frame_waiting(void **state) {
	(void)state;
	unsignalled_frame_waits_alone(false);
}

static void explicit_fence_keeps_a_frame_waiting(void **state) {
	(void)state;
	unsignalled_frame_waits_alone(true);
}

/* The trick that a look at the fence before the commit can't see: it is attached when the buffer is on the screen, and vkms
 * prepares all planes at each commit. */
static void fence_attached_on_screen_stops_nobody(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	struct slow_buffer slow;
	rig_configure(&rig, "vkms", "", "hold_ms = 2000", "hold_ms = 20000");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	painter_open(&ivi, &rig, "ivi", 0, 0);
	slow_create(&slow, 512, 480, RIG_GOLD);
	add_slow(&ivi, &slow, 2);
	present_slow(&ivi, 2, -1);
	while (ivi.answered < ivi.seq)
		assert_true(painter_listen(&ivi, 1000));
	assert_int_not_equal(ivi.flip_ns, 0);
	slow_block(&slow);
	cluster_runs(&cluster, 30);
	assert_int_equal(rig_layer(&rig, "cluster").fallbacks, 0);
	slow_signal(&slow);
	slow_destroy(&slow);
	painter_close(&ivi);
	painter_close(&cluster);
	rig_stop(&rig);
}

int main(void) {
	if (!rig_has_card("vkms") || !rig_has_card("vgem")) {
		print_message("vkms or vgem is missing: skipped\n");
		return 77;
	}
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(implicit_fence_keeps_a_frame_waiting),
		cmocka_unit_test(explicit_fence_keeps_a_frame_waiting),
		cmocka_unit_test(fence_attached_on_screen_stops_nobody),
	};
	return cmocka_run_group_tests_name("kms.fence", tests, NULL, NULL);
}
