/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drawing with virglrenderer over a surfaceless EGL of its own. Frames leave as dma-bufs of the guest's own textures where
 * EGL_MESA_image_dma_buf_export works, else as one read-back into a memfd.
 */
#include "renderer.h"

#include "clock.h"
#include "display-proto.h"
#include "log.h"

#include <drm_fourcc.h>
#include <epoxy/egl.h>
#include <epoxy/gl.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_gpu.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <virgl/virglrenderer.h>
#include <xf86drm.h>

/* virglrenderer's header declares it and leaves its shape to virgl's wire format. */
struct virgl_box {
	uint32_t x, y, z, w, h, d;
};

/* A resource whose texture has been exported, or has refused to be. */
struct export {
	uint32_t resource;
	uint64_t number;
	GLuint texture; /* ours, 0: virglrenderer's own */
	EGLImageKHR image;
	int fd; /* -1: can't be */
	uint32_t fourcc;
	uint32_t stride;
	uint64_t offset, modifier;
	struct export *next;
};

static struct export *exports;
static bool export_works;
static void (*tell_fenced)(uint64_t seq);
static uint64_t last_fence;

static void on_fence(void *cookie, uint32_t fence) {
	(void)cookie;
	/* Fence numbers are the low half of seq; this one is at or shortly before the last one made. */
	tell_fenced(last_fence - (uint32_t)((uint32_t)last_fence - fence));
}

/* What virglrenderer complains about is the guest's to cause, as often as it likes: a few lines a second are enough. */
static void on_log(enum virgl_log_level_flags level, const char *message, void *data) {
	static int64_t second;
	static unsigned lines;
	(void)data;
	int64_t now = vc_clock_now() / VC_NS_PER_S;
	if (now != second)
		lines = 0;
	second = now;
	if (lines++ >= 5)
		return;
	int length = (int)strcspn(message, "\n");
	if (level >= VIRGL_LOG_LEVEL_WARNING)
		vc_warn("virgl: %.*s", length, message);
	else
		vc_debug("virgl: %.*s", length, message);
}

static uint32_t response(int err) {
	if (err == 0)
		return VIRTIO_GPU_RESP_OK_NODATA;
	return err == ENOMEM || err == -ENOMEM ? VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY : VIRTIO_GPU_RESP_ERR_UNSPEC;
}

static void destroy_export(struct export *e) {
	virgl_renderer_force_ctx_0();
	if (e->fd >= 0)
		close(e->fd);
	if (e->image != EGL_NO_IMAGE_KHR)
		eglDestroyImageKHR(eglGetCurrentDisplay(), e->image);
	if (e->texture)
		glDeleteTextures(1, &e->texture);
	free(e);
}

static void forget_export(uint32_t id) {
	for (struct export **link = &exports; *link; link = &(*link)->next) {
		struct export *e = *link;
		if (e->resource != id)
			continue;
		*link = e->next;
		destroy_export(e);
		return;
	}
}

static uint32_t virgl_detach(uint32_t id) {
	struct iovec *iov = NULL;
	int count = 0;
	virgl_renderer_resource_detach_iov((int)id, &iov, &count);
	free(iov);
	return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t virgl_unref(uint32_t id) {
	virgl_detach(id);
	virgl_renderer_resource_unref(id);
	forget_export(id);
	return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t virgl_attach(uint32_t id, struct iovec *iov, unsigned count) {
	virgl_detach(id);
	int err = virgl_renderer_resource_attach_iov((int)id, iov, (int)count);
	if (err != 0)
		free(iov);
	return response(err);
}

static uint32_t virgl_write(const struct vc_worker_command *c) {
	struct virgl_box box = {c->box.x, c->box.y, c->box.z, c->box.w, c->box.h, c->box.d};
	return response(virgl_renderer_transfer_write_iov(c->resource, c->context, (int)c->box.level, c->box.stride,
							  c->box.layer_stride, &box, c->box.offset, NULL, 0));
}

static uint32_t virgl_read(const struct vc_worker_command *c) {
	struct virgl_box box = {c->box.x, c->box.y, c->box.z, c->box.w, c->box.h, c->box.d};
	return response(virgl_renderer_transfer_read_iov(c->resource, c->context, c->box.level, c->box.stride,
							 c->box.layer_stride, &box, c->box.offset, NULL, 0));
}

static uint32_t virgl_context(const struct vc_worker_command *c) {
	switch (c->op) {
	case VC_WORKER_CTX_CREATE:
		return response(virgl_renderer_context_create(c->context, (uint32_t)strnlen(c->name, sizeof(c->name)),
							      c->name));
	case VC_WORKER_CTX_DESTROY:
		virgl_renderer_context_destroy(c->context);
		break;
	case VC_WORKER_CTX_ATTACH:
		virgl_renderer_ctx_attach_resource((int)c->context, (int)c->resource);
		break;
	default:
		virgl_renderer_ctx_detach_resource((int)c->context, (int)c->resource);
		break;
	}
	return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t virgl_submit(uint32_t context, void *stream, uint32_t bytes) {
	return response(virgl_renderer_submit_cmd(stream, (int)context, (int)(bytes / 4)));
}

static bool virgl_fence(uint64_t seq) {
	last_fence = seq;
	return virgl_renderer_create_fence((int)(uint32_t)seq, 0) == 0;
}

/* The memory of a GL texture as a dma-buf. Alpha means nothing on a screen. */
static bool export_texture(struct export *e, GLuint texture) {
	EGLDisplay display = eglGetCurrentDisplay();
	int fourcc, planes, fds[4] = {-1, -1, -1, -1};
	EGLint strides[4], offsets[4];
	EGLuint64KHR modifier;
	e->image = eglCreateImageKHR(display, eglGetCurrentContext(), EGL_GL_TEXTURE_2D_KHR,
				     (EGLClientBuffer)(uintptr_t)texture, NULL);
	if (e->image == EGL_NO_IMAGE_KHR)
		return false;
	if (!eglExportDMABUFImageQueryMESA(display, e->image, &fourcc, &planes, &modifier) || planes != 1 ||
	    !eglExportDMABUFImageMESA(display, e->image, fds, strides, offsets))
		return false;
	e->fd = fds[0];
	e->stride = (uint32_t)strides[0];
	e->offset = (uint64_t)offsets[0];
	e->modifier = modifier;
	if (fourcc == (int)DRM_FORMAT_ARGB8888 || fourcc == (int)DRM_FORMAT_XRGB8888)
		e->fourcc = DRM_FORMAT_XRGB8888;
	else if (fourcc == (int)DRM_FORMAT_ABGR8888 || fourcc == (int)DRM_FORMAT_XBGR8888)
		e->fourcc = DRM_FORMAT_XBGR8888;
	return e->fd >= 0 && e->fourcc != 0;
}

static struct export *add_export(uint32_t id) {
	struct export *e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	*e = (struct export){.resource = id, .image = EGL_NO_IMAGE_KHR, .fd = -1, .number = vc_slot_next_export()};
	e->next = exports;
	exports = e;
	return e;
}

/* The export of a texture that virglrenderer made. */
static struct export *find_export(uint32_t id, uint32_t texture) {
	for (struct export *e = exports; e; e = e->next)
		if (e->resource == id)
			return e;
	struct export *e = add_export(id);
	if (e && export_works && !export_texture(e, texture) && e->fd >= 0) {
		close(e->fd);
		e->fd = -1;
	}
	return e;
}

/* virglrenderer keeps BGRA pictures in RGBA textures, and many planes can't show those. So what may become a scanout is made
 * here, as a BGRA texture, and given to it as an image. False: let virglrenderer make it. */
static bool create_scanout(const struct virgl_renderer_resource_create_args *args) {
	struct virgl_renderer_resource_create_args copy = *args;
	struct export *e = add_export(args->handle);
	if (!e)
		return false;
	virgl_renderer_force_ctx_0();
	glGenTextures(1, &e->texture);
	glBindTexture(GL_TEXTURE_2D, e->texture);
	glTexImage2D(GL_TEXTURE_2D, 0, GL_RGBA, (GLsizei)args->width, (GLsizei)args->height, 0, GL_BGRA,
		     GL_UNSIGNED_INT_8_8_8_8_REV, NULL);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MAX_LEVEL, 0);
	glTexParameteri(GL_TEXTURE_2D, GL_TEXTURE_MIN_FILTER, GL_NEAREST);
	glBindTexture(GL_TEXTURE_2D, 0);
	if (export_texture(e, e->texture) && e->fourcc == DRM_FORMAT_XRGB8888 &&
	    virgl_renderer_resource_import_eglimage(&copy, e->image) == 0)
		return true;
	vc_debug("resource %u can't be made as a BGRA texture", args->handle);
	forget_export(args->handle);
	return false;
}

static bool may_be_scanout(const struct vc_worker_create *c) {
	return export_works && (c->bind & VIRGL_RES_BIND_SCANOUT) && c->target == 2 && c->last_level == 0 &&
	       c->nr_samples <= 1 && c->depth == 1 && c->array_size == 1 &&
	       (c->format == VIRTIO_GPU_FORMAT_B8G8R8A8_UNORM || c->format == VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM);
}

static uint32_t virgl_create(uint32_t id, const struct vc_worker_create *c) {
	struct virgl_renderer_resource_create_args args = {.handle = id,
							   .target = c->target,
							   .format = c->format,
							   .bind = c->bind,
							   .width = c->width,
							   .height = c->height,
							   .depth = c->depth,
							   .array_size = c->array_size,
							   .last_level = c->last_level,
							   .nr_samples = c->nr_samples,
							   .flags = c->flags};
	if (may_be_scanout(c) && create_scanout(&args))
		return VIRTIO_GPU_RESP_OK_NODATA;
	return response(virgl_renderer_resource_create(&args, NULL, 0));
}

/* One copy, by GL, straight into the memory that is shown. */
static uint32_t copy_frame(const struct vc_worker_command *c, struct vc_worker_frame *frame, int *fd) {
	uint32_t stride = c->flush.width * 4;
	size_t size = (size_t)stride * c->flush.height;
	struct vc_slot *slot = vc_slot_get(c->flush.slot, size);
	if (!slot)
		return VIRTIO_GPU_RESP_ERR_OUT_OF_MEMORY;
	struct virgl_box box = {c->flush.x, c->flush.y, 0, c->flush.width, c->flush.height, 1};
	struct iovec iov = {.iov_base = slot->map, .iov_len = slot->size};
	int err = virgl_renderer_transfer_read_iov(c->resource, 0, 0, stride, 0, &box, 0, &iov, 1);
	if (err != 0)
		return response(err);
	*fd = slot->fd;
	*frame = (struct vc_worker_frame){.export = slot->export,
					  .kind = VC_DISPLAY_MEMFD,
					  .width = c->flush.width,
					  .height = c->flush.height,
					  .stride = stride,
					  .size = slot->size,
					  .modifier = DRM_FORMAT_MOD_LINEAR,
					  .bytes_copied = size};
	return VIRTIO_GPU_RESP_OK_NODATA;
}

static uint32_t virgl_frame(const struct vc_worker_command *c, struct vc_worker_frame *frame, int *fd) {
	struct virgl_renderer_resource_info info;
	virgl_renderer_force_ctx_0();
	if (virgl_renderer_resource_get_info((int)c->resource, &info) != 0)
		return VIRTIO_GPU_RESP_ERR_INVALID_RESOURCE_ID;
	/* What contexts have drawn was handed to the GPU when they stopped being current; here it is waited for, so that the
	 * memory holds the picture before anybody hears of it. */
	glFinish();
	struct export *e = c->flush.must_copy ? NULL : find_export(c->resource, info.tex_id);
	if (!e || e->fd < 0) {
		uint32_t done = copy_frame(c, frame, fd);
		/* Bytes as they lie in memory: a screen has no use for alpha. */
		frame->fourcc = info.virgl_format == VIRTIO_GPU_FORMAT_R8G8B8A8_UNORM ||
						info.virgl_format == VIRTIO_GPU_FORMAT_R8G8B8X8_UNORM
					? DRM_FORMAT_XBGR8888
					: DRM_FORMAT_XRGB8888;
		return done;
	}
	*fd = e->fd;
	*frame = (struct vc_worker_frame){.export = e->number,
					  .kind = VC_DISPLAY_DMABUF,
					  .width = info.width,
					  .height = info.height,
					  .fourcc = e->fourcc,
					  .stride = e->stride,
					  .in_place = 1,
					  .offset = e->offset,
					  .size = e->offset + (uint64_t)e->stride * info.height,
					  .modifier = e->modifier,
					  .x = c->flush.x,
					  .y = c->flush.y};
	return VIRTIO_GPU_RESP_OK_NODATA;
}

static const struct vc_renderer virgl = {
	.create = virgl_create,
	.unref = virgl_unref,
	.attach = virgl_attach,
	.detach = virgl_detach,
	.write = virgl_write,
	.read = virgl_read,
	.frame = virgl_frame,
	.context = virgl_context,
	.submit = virgl_submit,
	.fence = virgl_fence,
	.fence_fd = virgl_renderer_get_poll_fd,
	.fence_poll = virgl_renderer_poll,
};

/* Where no node belongs to a GPU, Mesa would still try those it finds (vgem, vkms) and end with a software renderer that can't
 * export; told to draw in software from the start, it can. */
static void choose_driver(void) {
	static const char *const none[] = {"vgem", "vkms", "bochs-drm", "simpledrm"};
	drmDevicePtr devices[16];
	int n = drmGetDevices2(0, devices, 16);
	bool gpu = false;
	for (int i = 0; i < n; i++) {
		bool has_node = (devices[i]->available_nodes & (1 << DRM_NODE_RENDER)) != 0;
		int fd = has_node ? open(devices[i]->nodes[DRM_NODE_RENDER], O_RDWR | O_CLOEXEC) : -1;
		drmVersionPtr version = fd >= 0 ? drmGetVersion(fd) : NULL;
		bool counts = version != NULL;
		for (size_t j = 0; version && j < sizeof(none) / sizeof(none[0]); j++)
			counts = counts && strcmp(version->name, none[j]) != 0;
		gpu = gpu || counts;
		drmFreeVersion(version);
		if (fd >= 0)
			close(fd);
	}
	if (n > 0)
		drmFreeDevices(devices, n);
	if (!gpu)
		setenv("LIBGL_ALWAYS_SOFTWARE", "1", 0);
}

static void put_capsets(struct vc_worker_ready *ready, uint8_t *arena) {
	static const uint32_t ids[] = {VIRTIO_GPU_CAPSET_VIRGL, VIRTIO_GPU_CAPSET_VIRGL2};
	for (unsigned i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		uint32_t version, size;
		virgl_renderer_get_cap_set(ids[i], &version, &size);
		if (size == 0 || size > VC_WORKER_CAPSET_BYTES)
			continue;
		uint32_t offset = ready->capsets * VC_WORKER_CAPSET_BYTES;
		memset(arena + offset, 0, size);
		virgl_renderer_fill_caps(ids[i], version, arena + offset);
		ready->capset[ready->capsets++] =
			(struct vc_worker_capset){.id = ids[i], .version = version, .size = size, .offset = offset};
	}
}

const struct vc_renderer *vc_virgl_start(struct vc_worker_ready *ready, uint8_t *arena, void (*fenced)(uint64_t seq)) {
	static struct virgl_renderer_callbacks callbacks = {.version = 1, .write_fence = on_fence};
	tell_fenced = fenced;
	virgl_set_log_callback(on_log, NULL, NULL);
	choose_driver();
	int flags = VIRGL_RENDERER_USE_EGL | VIRGL_RENDERER_USE_SURFACELESS | VIRGL_RENDERER_THREAD_SYNC;
	int err = virgl_renderer_init(&callbacks, flags, &callbacks);
	if (err != 0) {
		snprintf(ready->renderer, sizeof(ready->renderer), "2D only: virglrenderer can't start (%d)", err);
		return NULL;
	}
	virgl_renderer_force_ctx_0();
	const char *name = (const char *)glGetString(GL_RENDERER);
	EGLDisplay display = eglGetCurrentDisplay();
	export_works = epoxy_has_egl_extension(display, "EGL_MESA_image_dma_buf_export") &&
		       epoxy_has_egl_extension(display, "EGL_KHR_gl_texture_2D_image");
	snprintf(ready->renderer, sizeof(ready->renderer), "virgl on %s", name ? name : "an unnamed GL");
	if (!export_works)
		vc_info("GL textures can't be exported as dma-bufs here: frames are copied");
	put_capsets(ready, arena);
	ready->virgl = 1;
	return &virgl;
}
