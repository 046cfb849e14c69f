/* SPDX-License-Identifier: Apache-2.0 */
#include "dbc-runtime.h"
#include "dbc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct dbc dbc;
static char error[DBC_ERROR_MAX];

static bool read_dbc(const char *text) {
	return dbc_parse(&dbc, "x.dbc", text, strlen(text), error) && dbc_check(&dbc, "x.dbc", error);
}

#define GOOD                                                                                                           \
	"VERSION \"\"\nNS_ :\n\tCM_\n\tBA_\nBS_:\nBU_: A B\n"                                                          \
	"BO_ 100 First: 8 A\n SG_ One : 0|8@1+ (1,0) [0|255] \"\" B\n SG_ Two : 15|12@0- (0.5,-10) [-50|50] \"V\" "    \
	"B,A\n"                                                                                                        \
	"BO_ 2147483748 Second: 2 A\n SG_ Big : 0|1@1+ (1,0) [0|1] \"\" B\n"

static void test_reads(void **state) {
	(void)state;
	if (!read_dbc(GOOD "VAL_ 100 One 0 \"off\" 1 \"on\" ;\nBA_ \"GenMsgCycleTime\" BO_ 100 20;\n"))
		fail_msg("%s", error);
	assert_int_equal(dbc.messages, 2);
	const struct dbc_message *m = &dbc.message[0];
	assert_string_equal(m->name, "First");
	assert_int_equal(m->id, 100);
	assert_int_equal(m->cycle_ms, 20);
	assert_int_equal(m->signals, 2);
	assert_int_equal(m->signal[0].labels, 2);
	assert_string_equal(m->signal[0].label[1].text, "on");
	assert_true(m->signal[1].motorola);
	assert_true(m->signal[1].is_signed);
	assert_int_equal(m->signal[1].start, 15);
	assert_int_equal(m->signal[1].length, 12);
	assert_true(m->signal[1].scale == 0.5 && m->signal[1].offset == -10 && m->signal[1].min == -50);
	assert_true(dbc.message[1].extended);
	assert_int_equal(dbc.message[1].id, 100);
}

static void test_errors_name_the_line(void **state) {
	(void)state;
	static const struct {
		const char *text, *error;
	} bad[] = {
		{"", "x.dbc:1: no message (BO_) in this file"},
		{"BO_ 1 A: 8 X\nFOO_ 1", "x.dbc:2: statement FOO_ is not supported"},
		{"BO_ 1 A 8 X", "x.dbc:1: ':' expected, found \"8\""},
		{"BO_ 4096 A: 8 X", "x.dbc:1: id 4096 of A is no CAN id"},
		{"BO_ 1 A: 9 X", "x.dbc:1: 9 is not a whole number from 1 to 8"},
		{"BO_ 1 A: 8 X\nBO_ 1 B: 8 X", "x.dbc:2: id 1 of B is taken by another message"},
		{" SG_ S : 0|1@1+ (1,0) [0|1] \"\" X", "x.dbc:1: SG_ before any BO_"},
		{"BO_ 1 A: 8 X\n SG_ S m0 : 0|1@1+ (1,0) [0|1] \"\" X",
		 "x.dbc:2: signal S is multiplexed (\"m0\"), which is not supported"},
		{"BO_ 1 A: 8 X\n SG_ S : 0|1@2+ (1,0) [0|1] \"\" X", "x.dbc:2: 2 is not a whole number from 0 to 1"},
		{"BO_ 1 A: 8 X\n SG_ S : 0|1@1* (1,0) [0|1] \"\" X", "x.dbc:2: '+' expected, found '*'"},
		{"BO_ 1 A: 8 X\n SG_ S : 0|1@1+ (0,0) [0|1] \"\" X", "x.dbc:2: signal S has a factor of 0"},
		{"BO_ 1 A: 8 X\n SG_ S : 0|1@1+ (1,0) [2|1] \"\" X",
		 "x.dbc:2: signal S has its minimum above its maximum"},
		{"BO_ 1 A: 1 X\n SG_ S : 4|8@1+ (1,0) [0|1] \"\" X",
		 "x.dbc:2: signal S does not fit into the 1 bytes of A"},
		{"BO_ 1 A: 1 X\n SG_ S : 0|12@0+ (1,0) [0|1] \"\" X",
		 "x.dbc:2: signal S does not fit into the 1 bytes of A"},
		{"BO_ 1 A: 8 X\n SG_ S : 0|8@1+ (1,0) [0|1] \"\" X\n SG_ T : 7|2@1+ (1,0) [0|1] \"\" X",
		 "x.dbc:3: signal T overlaps another of A"},
		{"BO_ 1 A: 8 X\n SG_ OneTwo : 0|1@1+ (1,0) [0|1] \"\" X\n SG_ one_two : 1|1@1+ (1,0) [0|1] \"\" X",
		 "x.dbc:3: signal one_two has the same name in C as OneTwo"},
		{"BO_ 1 A: 8 X\n SG_ int : 0|1@1+ (1,0) [0|1] \"\" X",
		 "x.dbc:2: signal int has a name that C reserves"},
		{"BO_ 1 A: 8 X\nBA_ \"E2EDataId\" BO_ 1 7;",
		 "x.dbc:1: A has an E2EDataId: it needs a signal Crc, one whole byte, \"@1+ (1,0)\""},
		{"BO_ 1 A: 8 X\nVAL_ 1 S 0 \"x\" ;", "x.dbc:2: message A has no signal S"},
		{"BO_ 1 A: 8 X\nVAL_ 2 S 0 \"x\" ;", "x.dbc:2: no message has the id 2"},
		{"BO_ 1 A: 8 X\nCM_ \"never closed", "x.dbc:2: string has no closing quote"},
		{"BO_ 1 A: 8 X\nCM_ \"no semicolon\"\n", "x.dbc:3: ';' expected, but the file ends"},
		{"BO_ 1 A: 8 X\n SG_ S : 1e999|1@1+", "x.dbc:2: \"1e999\" is not a number"},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(read_dbc(bad[i].text));
		assert_string_equal(error, bad[i].error);
	}
}

static void test_snake(void **state) {
	(void)state;
	char out[DBC_NAME_MAX * 2];
	dbc_snake("DisplaySpeed", false, out);
	assert_string_equal(out, "display_speed");
	dbc_snake("ABSFault2", true, out);
	assert_string_equal(out, "ABS_FAULT2");
}

static void test_emits_what_it_read(void **state) {
	(void)state;
	char *text = NULL;
	size_t size;
	assert_true(read_dbc(GOOD));
	FILE *out = open_memstream(&text, &size);
	dbc_emit_header(&dbc, "vc_dbc", "x", out);
	dbc_emit_source(&dbc, "vc_dbc", "x", out);
	fclose(out);
	assert_non_null(strstr(text, "double two; /* -50 to 50 */"));
	assert_non_null(strstr(text, "bool big;"));
	assert_non_null(strstr(text, "vc_dbc_get_motorola(data, 15, 12)"));
	assert_non_null(strstr(text, ".id = 0x64, .extended = true"));
	free(text);
}

/* Bit positions by hand, from the drawing of the DBC bit matrix. */
static void test_bit_order(void **state) {
	(void)state;
	uint8_t data[8] = {0x12, 0x34, 0x56, 0x78};
	assert_int_equal(vc_dbc_get_intel(data, 0, 16), 0x3412);
	assert_int_equal(vc_dbc_get_intel(data, 4, 8), 0x41);
	assert_int_equal(vc_dbc_get_motorola(data, 7, 16), 0x1234);
	assert_int_equal(vc_dbc_get_motorola(data, 3, 8), 0x23);
	assert_int_equal(vc_dbc_get_motorola(data, 15, 12), 0x345);
	assert_int_equal(vc_dbc_sign(0xfff, 12), -1);
	assert_int_equal(vc_dbc_sign(0x7ff, 12), 2047);
}

static void test_put_is_the_inverse_of_get(void **state) {
	(void)state;
	for (unsigned length = 1; length <= 52; length++)
		for (unsigned start = 0; start + length <= 64; start++) {
			uint8_t data[8];
			uint64_t raw = UINT64_C(0x9e3779b97f4a7c15) >> (64 - length);
			memset(data, 0xff, sizeof(data));
			vc_dbc_put_intel(data, start, length, raw);
			assert_true(vc_dbc_get_intel(data, start, length) == raw);
			/* The bit at which a big-endian signal of this place begins. */
			unsigned first = start / 8 * 8 + 7 - start % 8;
			memset(data, 0, sizeof(data));
			vc_dbc_put_motorola(data, first, length, raw);
			assert_true(vc_dbc_get_motorola(data, first, length) == raw);
		}
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reads),     cmocka_unit_test(test_errors_name_the_line),
		cmocka_unit_test(test_snake),     cmocka_unit_test(test_emits_what_it_read),
		cmocka_unit_test(test_bit_order), cmocka_unit_test(test_put_is_the_inverse_of_get),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
