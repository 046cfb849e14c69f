/* SPDX-License-Identifier: Apache-2.0 */
/* gpu-colours FILE.png X Y WIDTH HEIGHT: prints the mean red, green and blue (0 … 255) of a rectangle. */
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
	png_image image = {.version = PNG_IMAGE_VERSION};
	if (argc != 6 || !png_image_begin_read_from_file(&image, argv[1])) {
		fprintf(stderr, "gpu-colours: %s\n", argc == 6 ? image.message : "usage: FILE.png X Y WIDTH HEIGHT");
		return 2;
	}
	image.format = PNG_FORMAT_RGB;
	uint8_t *pixels = malloc(PNG_IMAGE_SIZE(image));
	if (!pixels || !png_image_finish_read(&image, NULL, pixels, 0, NULL)) {
		fprintf(stderr, "gpu-colours: %s: %s\n", argv[1], image.message);
		return 2;
	}
	unsigned long box[4];
	for (int i = 0; i < 4; i++)
		box[i] = strtoul(argv[2 + i], NULL, 10);
	if (box[2] == 0 || box[3] == 0 || box[0] + box[2] > image.width || box[1] + box[3] > image.height) {
		fprintf(stderr, "gpu-colours: the rectangle is not inside %ux%u\n", image.width, image.height);
		return 2;
	}
	uint64_t sum[3] = {0};
	for (unsigned long y = box[1]; y < box[1] + box[3]; y++)
		for (unsigned long x = box[0]; x < box[0] + box[2]; x++)
			for (int c = 0; c < 3; c++)
				sum[c] += pixels[(y * image.width + x) * 3 + (unsigned)c];
	uint64_t n = box[2] * box[3];
	printf("%u %u %u\n", (unsigned)(sum[0] / n), (unsigned)(sum[1] / n), (unsigned)(sum[2] / n));
	free(pixels);
	return 0;
}
