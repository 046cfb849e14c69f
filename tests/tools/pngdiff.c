/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vc-pngdiff: tells as JSON how much two PNG files of one size differ in given rectangles. How much is too much is for the
 * caller to say, so a difference is no error.
 */
#include "image-diff.h"
#include "log.h"

#include <getopt.h>
#include <json.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECTS_MAX 32
#define SIZE_MAX_PIXELS 16384

struct picture {
	uint32_t width, height;
	uint8_t *rgb;
};

static const char help[] =
	"Usage: vc-pngdiff [--rect X,Y,WxH]… A.png B.png\n"
	"\n"
	"Prints how much the two pictures, which must have one size, differ: for each rectangle the\n"
	"changed pixels, their fraction, the mean absolute difference of the channels (0 to 255) and the\n"
	"number of distinct colours in each. Without --rect the whole picture counts.\n"
	"\n"
	"  --rect X,Y,WxH  in pixels; may be given several times\n"
	"  --help          this text\n"
	"  --version       prints the version\n";

static bool load(const char *path, struct picture *picture) {
	png_image image = {.version = PNG_IMAGE_VERSION};
	if (!png_image_begin_read_from_file(&image, path)) {
		vc_error("%s: %s", path, image.message);
		return false;
	}
	if (image.width > SIZE_MAX_PIXELS || image.height > SIZE_MAX_PIXELS) {
		vc_error("%s: %ux%u is larger than %d in one direction", path, image.width, image.height,
			 SIZE_MAX_PIXELS);
		png_image_free(&image);
		return false;
	}
	image.format = PNG_FORMAT_RGB;
	*picture = (struct picture){.width = image.width, .height = image.height, .rgb = malloc(PNG_IMAGE_SIZE(image))};
	png_color black = {0};
	if (picture->rgb && png_image_finish_read(&image, &black, picture->rgb, 0, NULL))
		return true;
	vc_error("%s: %s", path, picture->rgb ? image.message : "not enough memory");
	png_image_free(&image);
	free(picture->rgb);
	picture->rgb = NULL;
	return false;
}

static json_object *number(double value) {
	char text[64];
	snprintf(text, sizeof(text), "%.6f", value);
	return json_object_new_double_s(value, text);
}

static json_object *diff_json(const struct vc_rect *rect, const struct vc_image_diff *diff) {
	json_object *json = json_object_new_object();
	json_object_object_add(json, "x", json_object_new_uint64(rect->x));
	json_object_object_add(json, "y", json_object_new_uint64(rect->y));
	json_object_object_add(json, "width", json_object_new_uint64(rect->width));
	json_object_object_add(json, "height", json_object_new_uint64(rect->height));
	json_object_object_add(json, "changed_pixels", json_object_new_uint64(diff->changed_pixels));
	json_object_object_add(json, "fraction", number(diff->fraction));
	json_object_object_add(json, "mean_abs_diff", number(diff->mean_abs_diff));
	json_object_object_add(json, "distinct_colours_a", json_object_new_uint64(diff->distinct_colours_a));
	json_object_object_add(json, "distinct_colours_b", json_object_new_uint64(diff->distinct_colours_b));
	return json;
}

/* Prints the report. Returns an exit code. */
static int compare(const struct picture *a, const struct picture *b, const struct vc_rect *rects, unsigned count) {
	json_object *report = json_object_new_object();
	json_object_object_add(report, "version", json_object_new_int(1));
	json_object_object_add(report, "width", json_object_new_uint64(a->width));
	json_object_object_add(report, "height", json_object_new_uint64(a->height));
	json_object *list = json_object_new_array();
	json_object_object_add(report, "rects", list);
	int code = 0;
	for (unsigned i = 0; i < count && code == 0; i++) {
		struct vc_image_diff diff;
		if (!vc_rect_inside(&rects[i], a->width, a->height)) {
			vc_error("--rect %u,%u,%ux%u does not lie inside a picture of %ux%u", rects[i].x, rects[i].y,
				 rects[i].width, rects[i].height, a->width, a->height);
			code = 1;
		} else if (!vc_image_diff(a->rgb, b->rgb, a->width, &rects[i], &diff)) {
			vc_error("not enough memory");
			code = 1;
		} else {
			json_object_array_add(list, diff_json(&rects[i], &diff));
		}
	}
	if (code == 0)
		puts(json_object_to_json_string_ext(report, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED));
	json_object_put(report);
	if (code == 0 && fflush(stdout) != 0) {
		vc_error("standard output could not be written");
		code = 1;
	}
	return code;
}

static int run(const char *path_a, const char *path_b, struct vc_rect *rects, unsigned count) {
	struct picture a = {0};
	struct picture b = {0};
	int code = 1;
	if (load(path_a, &a) && load(path_b, &b)) {
		if (count == 0)
			rects[count++] = (struct vc_rect){.width = a.width, .height = a.height};
		if (a.width == b.width && a.height == b.height)
			code = compare(&a, &b, rects, count);
		else
			vc_error("%s is %ux%u, but %s is %ux%u: only pictures of one size can be compared", path_a,
				 a.width, a.height, path_b, b.width, b.height);
	}
	free(a.rgb);
	free(b.rgb);
	return code;
}

int main(int argc, char **argv) {
	vc_log_init("vc-pngdiff", 0);
	static const struct option options[] = {{"rect", required_argument, NULL, 'r'},
						{"help", no_argument, NULL, 'h'},
						{"version", no_argument, NULL, 'V'},
						{NULL, 0, NULL, 0}};
	struct vc_rect rects[RECTS_MAX];
	unsigned count = 0;
	int c;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'r':
			if (count < RECTS_MAX && vc_rect_parse(optarg, &rects[count])) {
				count++;
				break;
			}
			vc_error("--rect %s: give X,Y,WxH in pixels, such as 0,0,960x720, at most %d times", optarg,
				 RECTS_MAX);
			return 2;
		case 'h':
			fputs(help, stdout);
			return 0;
		case 'V':
			puts("vc-pngdiff " VC_VERSION);
			return 0;
		default:
			return 2;
		}
	}
	if (argc - optind != 2) {
		vc_error("name two PNG files: vc-pngdiff [--rect X,Y,WxH]… A.png B.png");
		return 2;
	}
	return run(argv[optind], argv[optind + 1], rects, count);
}
