/* SPDX-License-Identifier: Apache-2.0 */
#include "declare.h"

#include <stdio.h>
#include <string.h>

_Static_assert(VC_LAMPS <= VC_TELLTALES_MAX, "all telltales fit in a declaration");
_Static_assert((int)VC_LAMP_OFF == VC_TELLTALE_OFF && (int)VC_LAMP_ON == VC_TELLTALE_ON &&
		       (int)VC_LAMP_UNKNOWN == VC_TELLTALE_UNKNOWN,
	       "a lamp's state is sent as it is");

static struct vc_pixels pixels_of(const struct vc_image *image) {
	return (struct vc_pixels){.first = image->pixels,
				  .stride = (size_t)image->stride,
				  .width = (uint32_t)image->width,
				  .height = (uint32_t)image->height};
}

static struct vc_place place_of(struct vc_rect rect) {
	return (struct vc_place){(uint16_t)rect.x, (uint16_t)rect.y, (uint16_t)rect.width, (uint16_t)rect.height};
}

void vc_declare_frame(const struct vc_scene *scene, const struct vc_image *image, const struct vc_picture *picture,
		      uint64_t seq, struct vc_display_declare *declare) {
	const struct vc_pixels pixels = pixels_of(image);
	struct vc_declaration d = {.counter = (uint32_t)seq,
				   .width = (uint16_t)image->width,
				   .height = (uint16_t)image->height,
				   .strip = vc_scene_strip(scene),
				   .count = VC_LAMPS};
	for (int i = 0; i < VC_LAMPS; i++) {
		struct vc_telltale *t = &d.telltale[i];
		t->place = place_of(vc_scene_telltale(scene, (enum vc_lamp)i));
		t->state = picture->lamp[i];
		t->crc = vc_place_crc(&pixels, &t->place);
	}
	memset(declare, 0, sizeof(*declare));
	declare->seq = seq;
	declare->size = (uint32_t)vc_declaration_encode(&d, declare->data);
}

void vc_declare_references(const struct vc_scene *scene, const struct vc_image *scratch,
			   struct vc_references *references) {
	const struct vc_pixels pixels = pixels_of(scratch);
	*references = (struct vc_references){.width = (uint16_t)scratch->width,
					     .height = (uint16_t)scratch->height,
					     .strip = vc_scene_strip(scene),
					     .count = VC_LAMPS};
	for (int state = 0; state < VC_LAMP_STATES; state++) {
		struct vc_picture picture = {.arc = {VC_ARC_NONE, VC_ARC_NONE, VC_ARC_NONE, VC_ARC_NONE}};
		memset(picture.lamp, state, sizeof(picture.lamp));
		vc_scene_draw_all(scene, scratch, &picture);
		for (int i = 0; i < VC_LAMPS; i++) {
			struct vc_reference *r = &references->telltale[i];
			snprintf(r->name, sizeof(r->name), "%s", vc_lamp_name((enum vc_lamp)i));
			r->place = place_of(vc_scene_telltale(scene, (enum vc_lamp)i));
			r->crc[state] = vc_place_crc(&pixels, &r->place);
		}
	}
}
