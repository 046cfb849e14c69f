/* SPDX-License-Identifier: Apache-2.0 */
#include "messages.h"

#include <drm_fourcc.h>
#include <stdbool.h>
#include <string.h>

/* NUL-terminated, and nothing but NULs after. */
static bool is_name(const char *name, size_t size) {
	size_t length = strnlen(name, size);
	if (length == 0 || length == size)
		return false;
	for (size_t i = 0; i < size; i++)
		if (i < length ? name[i] <= ' ' || name[i] > '~' : name[i] != '\0')
			return false;
	return true;
}

static const char *check_hello(const struct vc_display_hello *hello) {
	if (hello->magic != VC_DISPLAY_MAGIC)
		return "HELLO: wrong magic";
	return is_name(hello->layer, sizeof(hello->layer)) ? NULL : "HELLO: layer is no name";
}

static const char *check_present(const struct vc_display_present *present, unsigned fds) {
	if (present->id >= VC_DISPLAY_BUFFERS_MAX)
		return "PRESENT: buffer id out of range";
	if (present->flags & ~VC_DISPLAY_PRESENT_FENCE)
		return "PRESENT: unknown flags";
	if (((present->flags & VC_DISPLAY_PRESENT_FENCE) != 0) != (fds == 1))
		return "PRESENT: needs one descriptor with the fence flag and none without";
	if (present->width == 0 || present->height == 0)
		return "PRESENT: empty picture";
	if (present->drawn_ns < 0)
		return "PRESENT: negative time";
	return NULL;
}

static const char *check_declare(const struct vc_display_declare *declare) {
	if (declare->reserved != 0)
		return "DECLARE: reserved field is not zero";
	if (declare->size == 0 || declare->size > sizeof(declare->data))
		return "DECLARE: size out of range";
	return NULL;
}

const char *vc_message_check(const union vc_display_message *message, size_t size, unsigned fds) {
	if (size < sizeof(message->header))
		return "shorter than a header";
	if (message->header.size != size)
		return "header and packet disagree about the size";
	size_t right;
	unsigned right_fds = 0, most_fds = 0;
	switch (message->header.type) {
	case VC_DISPLAY_HELLO:
		right = sizeof(message->hello);
		break;
	case VC_DISPLAY_BUFFER_ADD:
		right = sizeof(message->buffer_add);
		right_fds = most_fds = 1;
		break;
	case VC_DISPLAY_BUFFER_REMOVE:
		right = sizeof(message->buffer_remove);
		break;
	case VC_DISPLAY_PRESENT:
		right = sizeof(message->present);
		most_fds = 1;
		break;
	case VC_DISPLAY_HEARTBEAT:
		right = sizeof(message->heartbeat);
		break;
	case VC_DISPLAY_DECLARE:
		right = sizeof(message->declare);
		break;
	default:
		return "unknown type of message";
	}
	if (size != right)
		return "wrong size for its type";
	if (fds < right_fds || fds > most_fds)
		return "wrong number of descriptors";

	switch (message->header.type) {
	case VC_DISPLAY_HELLO:
		return check_hello(&message->hello);
	case VC_DISPLAY_BUFFER_ADD:
		return message->buffer_add.id < VC_DISPLAY_BUFFERS_MAX ? NULL : "BUFFER_ADD: buffer id out of range";
	case VC_DISPLAY_BUFFER_REMOVE:
		if (message->buffer_remove.reserved != 0)
			return "BUFFER_REMOVE: reserved field is not zero";
		return message->buffer_remove.id < VC_DISPLAY_BUFFERS_MAX ? NULL
									  : "BUFFER_REMOVE: buffer id out of range";
	case VC_DISPLAY_PRESENT:
		return check_present(&message->present, fds);
	case VC_DISPLAY_DECLARE:
		return check_declare(&message->declare);
	default:
		return NULL;
	}
}

/* 0 for a format that is not known here. */
static uint32_t bytes_per_pixel(uint32_t fourcc) {
	switch (fourcc) {
	case DRM_FORMAT_XRGB8888:
	case DRM_FORMAT_ARGB8888:
	case DRM_FORMAT_XBGR8888:
	case DRM_FORMAT_ABGR8888:
		return 4;
	case DRM_FORMAT_RGB565:
		return 2;
	default:
		return 0;
	}
}

const char *vc_message_check_buffer(const struct vc_display_buffer_add *add) {
	if (add->kind != VC_DISPLAY_DMABUF && add->kind != VC_DISPLAY_MEMFD)
		return "kind is neither dma-buf nor memfd";
	if (add->width == 0 || add->height == 0 || add->width > VC_DISPLAY_SIZE_MAX ||
	    add->height > VC_DISPLAY_SIZE_MAX)
		return "width or height out of range";
	uint32_t cpp = bytes_per_pixel(add->fourcc);
	if (cpp == 0)
		return "unknown pixel format; use XRGB8888 or ARGB8888";
	if (add->stride < add->width * cpp || add->stride % cpp != 0 || add->stride > 16 * VC_DISPLAY_SIZE_MAX)
		return "stride does not fit the width";
	if (add->kind == VC_DISPLAY_MEMFD && add->modifier != DRM_FORMAT_MOD_LINEAR)
		return "a memfd is always linear";
	if (add->kind == VC_DISPLAY_MEMFD && add->offset % 4096 != 0)
		return "offset in a memfd must be a multiple of 4096";
	/* Offsets of framebuffers are 32 bits wide in KMS. */
	if (add->offset > INT32_MAX)
		return "offset out of range";
	if (add->size < add->offset + (uint64_t)add->stride * (add->height - 1) + (uint64_t)add->width * cpp)
		return "the picture reaches outside the memory";
	return NULL;
}
