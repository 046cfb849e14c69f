/* SPDX-License-Identifier: Apache-2.0 */
/* What the output monitor decides: declarations, the strip, references, pictures. */
#include "crc32.h"
#include "output-check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define WIDTH 120
#define HEIGHT 80
#define SEQ UINT64_C(0x100000123) /* beyond 32 bits, of which the declaration has the low half */

static uint32_t picture[WIDTH * HEIGHT];
static const struct vc_pixels zone = {picture, WIDTH, WIDTH, HEIGHT};
static const struct vc_strip strip = {40, 60, 2};
static struct vc_references references;

static void paint(unsigned telltale, enum vc_telltale_state state) {
	const struct vc_place *p = &references.telltale[telltale].place;
	for (unsigned y = 0; y < p->height; y++)
		for (unsigned x = 0; x < p->width; x++)
			picture[WIDTH * (p->y + y) + p->x + x] = 0xff000000u | (telltale * 40 + state * 90 + x * y);
}

static int make_references(void **state) {
	(void)state;
	references = (struct vc_references){.width = WIDTH, .height = HEIGHT, .strip = strip, .count = 3};
	for (unsigned i = 0; i < 3; i++) {
		struct vc_reference *r = &references.telltale[i];
		r->place = (struct vc_place){(uint16_t)(4 + 30 * i), 5, (uint16_t)(7 + i), 9};
		strcpy(r->name, "lamp-x");
		r->name[5] = (char)('a' + i);
		for (unsigned s = 0; s < VC_TELLTALE_STATES; s++) {
			paint(i, (enum vc_telltale_state)s);
			r->crc[s] = vc_place_crc(&zone, &r->place);
		}
	}
	return 0;
}

/* A picture that shows off, on, unknown, and its true declaration. */
static void make_true(struct vc_declaration *d) {
	*d = (struct vc_declaration){
		.counter = (uint32_t)SEQ, .width = WIDTH, .height = HEIGHT, .strip = strip, .count = 3};
	vc_strip_draw(picture, WIDTH, &strip, d->counter);
	for (unsigned i = 0; i < 3; i++) {
		paint(i, (enum vc_telltale_state)i);
		d->telltale[i] = (struct vc_telltale){references.telltale[i].place, (uint8_t)i, 0};
		d->telltale[i].crc = vc_place_crc(&zone, &d->telltale[i].place);
	}
}

static enum vc_monitor_finding declare(const struct vc_declaration *d, uint64_t seq) {
	uint8_t bytes[VC_DISPLAY_DECLARATION_MAX];
	struct vc_declaration seen;
	return vc_check_declaration(&references, bytes, vc_declaration_encode(d, bytes), seq, &seen);
}

static void crc_is_the_known_one(void **state) {
	(void)state;
	assert_int_equal(vc_crc32(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(vc_crc32(vc_crc32(0, "1234", 4), "56789", 5), 0xcbf43926);
	/* Pixels are bytes, least significant first, with a zero for the byte that is not used. */
	const uint32_t pixels[] = {0xaa332211, 0xbb665544, 0xcc998877};
	const uint8_t bytes[] = {0x11, 0x22, 0x33, 0, 0x44, 0x55, 0x66, 0, 0x77, 0x88, 0x99, 0};
	for (size_t n = 0; n <= 3; n++)
		assert_int_equal(vc_crc32_pixels(5, pixels, n), vc_crc32(5, bytes, 4 * n));
}

static void declarations_come_through_whole(void **state) {
	(void)state;
	struct vc_declaration d, back;
	uint8_t bytes[VC_DISPLAY_DECLARATION_MAX];
	make_true(&d);
	size_t size = vc_declaration_encode(&d, bytes);
	assert_true(vc_declaration_decode(&back, bytes, size));
	assert_memory_equal(&back, &d, sizeof(d));
	d.count = VC_TELLTALES_MAX;
	for (unsigned i = 3; i < VC_TELLTALES_MAX; i++)
		d.telltale[i] = d.telltale[0];
	assert_true(vc_declaration_encode(&d, bytes) <= sizeof(bytes));
	/* Any bit that is wrong is found, and any length. */
	for (size_t bit = 0; bit < size * 8; bit++) {
		d.count = 3;
		vc_declaration_encode(&d, bytes);
		bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_false(vc_declaration_decode(&back, bytes, size));
	}
	vc_declaration_encode(&d, bytes);
	for (size_t n = 0; n < size; n++)
		assert_false(vc_declaration_decode(&back, bytes, n));
	assert_false(vc_declaration_decode(&back, bytes, size + 1));
	/* A sound CRC makes nothing right that is outside the zone. */
	d.telltale[1].place.x = WIDTH - 3;
	assert_false(vc_declaration_decode(&back, bytes, vc_declaration_encode(&d, bytes)));
	make_true(&d);
	d.telltale[1].state = VC_TELLTALE_STATES;
	assert_false(vc_declaration_decode(&back, bytes, vc_declaration_encode(&d, bytes)));
	make_true(&d);
	d.strip.y = HEIGHT - 3;
	assert_false(vc_declaration_decode(&back, bytes, vc_declaration_encode(&d, bytes)));
}

static void strips_say_their_counter(void **state) {
	(void)state;
	uint32_t counter;
	for (uint32_t n = 1; n != 0; n <<= 1) {
		vc_strip_draw(picture, WIDTH, &strip, n - 1);
		assert_true(vc_strip_read(&zone, &strip, &counter));
		assert_int_equal(counter, (n - 1) & VC_STRIP_COUNTER_MASK);
	}
	/* A block that is another, or no shade of ours. */
	for (unsigned i = 0; i < VC_STRIP_COLUMNS * VC_STRIP_ROWS; i++) {
		vc_strip_draw(picture, WIDTH, &strip, 0x5a5a5a);
		uint32_t *middle = &picture[WIDTH * (strip.y + 2 * (i / 16) + 1) + strip.x + 2 * (i % 16) + 1];
		*middle = *middle == (0xff000000u | VC_STRIP_DARK) ? VC_STRIP_LIGHT : VC_STRIP_DARK;
		assert_false(vc_strip_read(&zone, &strip, &counter));
		*middle = 0;
		assert_false(vc_strip_read(&zone, &strip, &counter));
	}
}

static void declarations_are_checked(void **state) {
	(void)state;
	struct vc_declaration d;
	make_true(&d);
	assert_int_equal(declare(&d, SEQ), VC_FOUND_GOOD);
	assert_int_equal(declare(&d, SEQ + 1), VC_FOUND_REPLAYED);
	assert_int_equal(vc_check_declaration(&references, NULL, 0, SEQ, &d), VC_FOUND_UNDECLARED);
	assert_int_equal(vc_check_declaration(&references, (const uint8_t *)"nonsense", 8, SEQ, &d), VC_FOUND_GARBLED);
	d.count = 2;
	assert_int_equal(declare(&d, SEQ), VC_FOUND_PLACES);
	make_true(&d);
	d.telltale[2].place.y++;
	assert_int_equal(declare(&d, SEQ), VC_FOUND_PLACES);
	make_true(&d);
	d.strip.x++;
	assert_int_equal(declare(&d, SEQ), VC_FOUND_PLACES);
	make_true(&d);
	d.width++;
	assert_int_equal(declare(&d, SEQ), VC_FOUND_PLACES);
}

static void expect(const struct vc_declaration *d, enum vc_monitor_finding finding, unsigned telltale) {
	struct vc_check check = vc_check_picture(&references, d, &zone);
	assert_int_equal(check.finding, finding);
	assert_int_equal(check.telltale, telltale);
}

static void pictures_are_checked(void **state) {
	(void)state;
	struct vc_declaration d;
	make_true(&d);
	expect(&d, VC_FOUND_GOOD, 0);
	paint(0, VC_TELLTALE_ON); /* declared off */
	expect(&d, VC_FOUND_EXTRA, 0);
	make_true(&d);
	paint(1, VC_TELLTALE_OFF); /* declared on */
	expect(&d, VC_FOUND_MISSING, 1);
	make_true(&d);
	paint(2, VC_TELLTALE_OFF); /* declared unknown */
	expect(&d, VC_FOUND_WRONG, 2);
	make_true(&d);
	paint(1, VC_TELLTALE_UNKNOWN);
	expect(&d, VC_FOUND_WRONG, 1);
	make_true(&d);
	picture[WIDTH * 6 + 66] ^= 1; /* one bit of one pixel */
	expect(&d, VC_FOUND_PIXELS, 2);
	make_true(&d);
	picture[WIDTH * 6 + 66] ^= 0x55000000; /* nothing that anybody sees */
	expect(&d, VC_FOUND_GOOD, 0);
	d.telltale[1].crc++;
	expect(&d, VC_FOUND_CRC, 1);
	/* Lies consistently: picture and declared CRC agree, the state is another. */
	make_true(&d);
	d.telltale[0].crc = references.telltale[0].crc[VC_TELLTALE_ON];
	paint(0, VC_TELLTALE_ON);
	expect(&d, VC_FOUND_EXTRA, 0);
	make_true(&d);
	vc_strip_draw(picture, WIDTH, &strip, d.counter - 1);
	expect(&d, VC_FOUND_COUNTER, 0);
	make_true(&d);
	memset(picture, 0, sizeof(picture));
	expect(&d, VC_FOUND_COUNTER, 0);
	const struct vc_pixels other = {picture, WIDTH, WIDTH - 1, HEIGHT};
	assert_int_equal(vc_check_picture(&references, &d, &other).finding, VC_FOUND_PLACES);
}

static void safe_pictures_are_checked(void **state) {
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		paint(i, VC_TELLTALE_UNKNOWN);
	assert_int_equal(vc_check_safe(&references, &zone).finding, VC_FOUND_GOOD);
	paint(1, VC_TELLTALE_ON);
	struct vc_check check = vc_check_safe(&references, &zone);
	assert_int_equal(check.finding, VC_FOUND_PIXELS);
	assert_int_equal(check.telltale, 1);
}

/* What a capture shows is held against the declaration of that very frame of that very source, or else against nothing. */
static void captures_are_checked_for_what_they_show(void **state) {
	(void)state;
	static struct vc_watched watched;
	const struct vc_monitor_layer info = {.layer = 2, .safe_image = 1};
	struct vc_control_captured captured = {.seq = {[2] = 7}, .source = {[2] = 4}};
	struct vc_declaration d;
	struct vc_check check;
	vc_watched_init(&watched);
	vc_watched_add(&watched, &info, &references);
	make_true(&d);
	vc_watched_note(&watched, 2, 4, 7, &d);
	assert_true(vc_output_check_zone(&watched, &captured, &info, &references, &zone, &check));
	assert_int_equal(check.finding, VC_FOUND_GOOD);
	/* The next source's frame 7 declares something else. */
	captured.source[2] = 5;
	assert_false(vc_output_check_zone(&watched, &captured, &info, &references, &zone, &check));
	d.counter++;
	vc_watched_note(&watched, 2, 5, 7, &d);
	assert_true(vc_output_check_zone(&watched, &captured, &info, &references, &zone, &check));
	assert_int_equal(check.finding, VC_FOUND_COUNTER);
	captured.source[2] = 4;
	assert_true(vc_output_check_zone(&watched, &captured, &info, &references, &zone, &check));
	assert_int_equal(check.finding, VC_FOUND_GOOD);
	/* The fallback must be the safe picture, but what a compositor before this one left is neither it nor a known frame. */
	captured.seq[2] = 0;
	assert_true(vc_output_check_zone(&watched, &captured, &info, &references, &zone, &check));
	assert_int_equal(check.finding, VC_FOUND_PIXELS);
	captured.seq[2] = VC_CONTROL_ADOPTED;
	assert_false(vc_output_check_zone(&watched, &captured, &info, &references, &zone, &check));
}

static void references_come_through_whole(void **state) {
	(void)state;
	static struct vc_references back;
	char text[VC_REFERENCES_BYTES_MAX];
	size_t size = vc_references_write(&references, text);
	assert_null(vc_references_parse(&back, text, size));
	assert_memory_equal(&back, &references, sizeof(back));
	for (size_t i = 0; i < size; i++) {
		text[i] ^= 1;
		assert_non_null(vc_references_parse(&back, text, size));
		text[i] ^= 1;
		assert_non_null(vc_references_parse(&back, text, i));
	}
	/* States that can't be told apart. */
	struct vc_references same = references;
	same.telltale[1].crc[VC_TELLTALE_ON] = same.telltale[1].crc[VC_TELLTALE_OFF];
	size = vc_references_write(&same, text);
	assert_string_equal(vc_references_parse(&back, text, size), "a telltale has the same CRC in two states");
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(crc_is_the_known_one),
		cmocka_unit_test(declarations_come_through_whole),
		cmocka_unit_test(strips_say_their_counter),
		cmocka_unit_test(declarations_are_checked),
		cmocka_unit_test(pictures_are_checked),
		cmocka_unit_test(safe_pictures_are_checked),
		cmocka_unit_test(captures_are_checked_for_what_they_show),
		cmocka_unit_test(references_come_through_whole),
	};
	return cmocka_run_group_tests_name("monitor.check", tests, make_references, NULL);
}
