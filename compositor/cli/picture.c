/* SPDX-License-Identifier: Apache-2.0 */
#include "picture.h"

#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint8_t *vc_picture_rgb(const struct vc_control_picture *picture) {
	size_t width = picture->info.width;
	size_t height = picture->info.height;
	uint8_t *rgb = malloc(width * height * 3);
	uint8_t *row = malloc(width * 4);
	if (rgb && row) {
		for (size_t y = 0; y < height; y++) {
			/* Scanout memory may be uncached: one sequential copy, then work in the cache. */
			memcpy(row, picture->pixels + y * picture->info.stride, width * 4);
			uint8_t *out = rgb + y * width * 3;
			/* drm_fourcc.h: XRGB8888 and ARGB8888 are little endian words, so blue comes first in memory. */
			for (size_t x = 0; x < width; x++) {
				out[x * 3 + 0] = row[x * 4 + 2];
				out[x * 3 + 1] = row[x * 4 + 1];
				out[x * 3 + 2] = row[x * 4 + 0];
			}
		}
	} else {
		free(rgb);
		rgb = NULL;
	}
	free(row);
	return rgb;
}

static bool write_png(FILE *file, const uint8_t *rgb, uint32_t width, uint32_t height, char *why, size_t size) {
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = width,
		.height = height,
		.format = PNG_FORMAT_RGB,
		.flags = PNG_IMAGE_FLAG_FAST, /* little time, slightly larger files */
	};
	errno = 0;
	if (png_image_write_to_stdio(&image, file, 0, rgb, 0, NULL) && fflush(file) == 0)
		return true;
	snprintf(why, size, "%s", errno ? strerror(errno) : image.message);
	png_image_free(&image);
	return false;
}

/* Opens a new file beside @path with the mode that creat(2) would give. Returns NULL with errno set. */
static FILE *open_beside(const char *path, char *temporary, size_t size) {
	int n = snprintf(temporary, size, "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= size) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return NULL;
	mode_t mask = umask(0);
	umask(mask);
	FILE *file = fchmod(fd, 0666 & ~mask) == 0 ? fdopen(fd, "wb") : NULL;
	if (!file) {
		int err = errno;
		unlink(temporary);
		close(fd);
		errno = err;
	}
	return file;
}

bool vc_picture_write(const uint8_t *rgb, uint32_t width, uint32_t height, const char *path, char *why, size_t size) {
	char reason[128];
	if (strcmp(path, "-") == 0) {
		if (write_png(stdout, rgb, width, height, reason, sizeof(reason)))
			return true;
		snprintf(why, size, "standard output could not be written: %s", reason);
		return false;
	}
	/* Renaming would replace a device, a pipe or a directory. */
	struct stat st;
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode)) {
		snprintf(why, size, "%s is not a regular file: use - to write to standard output", path);
		return false;
	}
	char temporary[4096];
	FILE *file = open_beside(path, temporary, sizeof(temporary));
	if (!file) {
		snprintf(why, size, "%s can't be created: %s", path, strerror(errno));
		return false;
	}
	bool good = write_png(file, rgb, width, height, reason, sizeof(reason));
	if (fclose(file) != 0 && good) {
		snprintf(reason, sizeof(reason), "%s", strerror(errno));
		good = false;
	}
	if (good && rename(temporary, path) < 0) {
		snprintf(reason, sizeof(reason), "%s", strerror(errno));
		good = false;
	}
	if (!good) {
		unlink(temporary);
		snprintf(why, size, "%s could not be written: %s", path, reason);
	}
	return good;
}
