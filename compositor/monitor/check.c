/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

static bool same_place(const struct vc_place *a, const struct vc_place *b) {
	return a->x == b->x && a->y == b->y && a->width == b->width && a->height == b->height;
}

enum vc_monitor_finding vc_check_declaration(const struct vc_references *r, const uint8_t *bytes, size_t size,
					     uint64_t seq, struct vc_declaration *d) {
	if (size == 0)
		return VC_FOUND_UNDECLARED;
	if (!vc_declaration_decode(d, bytes, size))
		return VC_FOUND_GARBLED;
	if (d->counter != (uint32_t)seq)
		return VC_FOUND_REPLAYED;
	bool same = d->count == r->count && d->width == r->width && d->height == r->height &&
		    d->strip.x == r->strip.x && d->strip.y == r->strip.y && d->strip.block == r->strip.block;
	for (unsigned i = 0; same && i < d->count; i++)
		same = same_place(&d->telltale[i].place, &r->telltale[i].place);
	return same ? VC_FOUND_GOOD : VC_FOUND_PLACES;
}

/* @crc: of the pixels. */
static enum vc_monitor_finding judge(const struct vc_reference *reference, const struct vc_telltale *declared,
				     uint32_t crc) {
	if (crc == reference->crc[declared->state])
		return crc == declared->crc ? VC_FOUND_GOOD : VC_FOUND_CRC;
	if (declared->state == VC_TELLTALE_ON && crc == reference->crc[VC_TELLTALE_OFF])
		return VC_FOUND_MISSING;
	if (declared->state == VC_TELLTALE_OFF && crc == reference->crc[VC_TELLTALE_ON])
		return VC_FOUND_EXTRA;
	for (unsigned state = 0; state < VC_TELLTALE_STATES; state++)
		if (crc == reference->crc[state])
			return VC_FOUND_WRONG;
	return VC_FOUND_PIXELS;
}

struct vc_check vc_check_picture(const struct vc_references *r, const struct vc_declaration *d,
				 const struct vc_pixels *zone) {
	uint32_t counter = 0;
	if (zone->width != r->width || zone->height != r->height)
		return (struct vc_check){.finding = VC_FOUND_PLACES};
	if (!vc_strip_read(zone, &r->strip, &counter) || counter != (d->counter & VC_STRIP_COUNTER_MASK))
		return (struct vc_check){.finding = VC_FOUND_COUNTER};
	for (unsigned i = 0; i < r->count; i++) {
		enum vc_monitor_finding finding =
			judge(&r->telltale[i], &d->telltale[i], vc_place_crc(zone, &r->telltale[i].place));
		if (finding != VC_FOUND_GOOD)
			return (struct vc_check){finding, i};
	}
	return (struct vc_check){.finding = VC_FOUND_GOOD};
}

struct vc_check vc_check_safe(const struct vc_references *r, const struct vc_pixels *zone) {
	if (zone->width != r->width || zone->height != r->height)
		return (struct vc_check){.finding = VC_FOUND_PLACES};
	for (unsigned i = 0; i < r->count; i++)
		if (vc_place_crc(zone, &r->telltale[i].place) != r->telltale[i].crc[VC_TELLTALE_UNKNOWN])
			return (struct vc_check){VC_FOUND_PIXELS, i};
	return (struct vc_check){.finding = VC_FOUND_GOOD};
}
