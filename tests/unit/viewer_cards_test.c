/* SPDX-License-Identifier: Apache-2.0 */
/* The choice of the visible card, over a made-up sysfs. */
#include "cards.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[] = "/tmp/vc-cards-XXXXXX";

static void shell(const char *commands) {
	assert_int_equal(system(commands), 0);
}

static int enter(void **state) {
	(void)state;
	if (!mkdtemp(directory) || chdir(directory) < 0)
		return -1;
	/* A render-only card 0, vkms without a bound driver as card 1, virtio-gpu as card 2, bochs as card 10. */
	shell("mkdir -p drivers/panfrost drivers/virtio_gpu drivers/bochs-drm devices/a devices/vkms devices/c "
	      "devices/d\n"
	      "ln -s ../../drivers/panfrost devices/a/driver\n"
	      "mkdir drivers/virtio-pci devices/c/virtio0; ln -s ../../drivers/virtio-pci devices/c/driver\n"
	      "ln -s ../../../drivers/virtio_gpu devices/c/virtio0/driver\n"
	      "ln -s ../../drivers/bochs-drm devices/d/driver\n"
	      "mkdir -p drm/card0 drm/card1 drm/card2 drm/card10 drm/renderD128 drm/card1-Virtual-1 "
	      "drm/card1-Writeback-1\n"
	      "mkdir -p drm/card2-Virtual-2 drm/card2-Virtual-3 drm/card10-Virtual-4 drm/cardboard\n"
	      "ln -s ../../devices/a drm/card0/device; ln -s ../../devices/vkms drm/card1/device\n"
	      "ln -s ../../devices/c drm/card2/device; ln -s ../../devices/d drm/card10/device\n"
	      "for n in 0 1 2 10; do echo 226:$n > drm/card$n/dev; done\n");
	return 0;
}

static int leave(void **state) {
	(void)state;
	char line[64];
	snprintf(line, sizeof(line), "cd / && rm -r %s", directory);
	return system(line);
}

static struct vc_visible_card cards[VC_CARDS_MAX];

static const char *choose(const char *wish, unsigned taken_minor, char *why) {
	dev_t taken = makedev(226, taken_minor);
	const struct vc_visible_card *card = vc_cards_choose(cards, 4, wish, &taken, 1, why, 256);
	return card ? card->path : NULL;
}

static void sysfs_is_read(void **state) {
	(void)state;
	assert_int_equal(vc_cards_list("drm", cards, VC_CARDS_MAX), 4);
	static const struct {
		const char *path, *driver;
		unsigned minor, connectors;
	} expected[] = {
		{"/dev/dri/card0", "panfrost", 0, 0},
		{"/dev/dri/card1", "vkms", 1, 1},
		{"/dev/dri/card2", "virtio_gpu", 2, 2},
		{"/dev/dri/card10", "bochs-drm", 10, 1},
	};
	for (size_t i = 0; i < 4; i++) {
		assert_string_equal(cards[i].path, expected[i].path);
		assert_string_equal(cards[i].driver, expected[i].driver);
		assert_int_equal(cards[i].connectors, expected[i].connectors);
		assert_int_equal(cards[i].device, makedev(226, expected[i].minor));
	}
	assert_int_equal(vc_cards_list("drm", cards, 2), 2);
	assert_int_equal(vc_cards_list("no/such/place", cards, VC_CARDS_MAX), 0);
	assert_int_equal(vc_cards_list("drm", cards, VC_CARDS_MAX), 4);
}

static void cards_are_chosen_by_wish(void **state) {
	(void)state;
	char why[256] = "";
	vc_cards_list("drm", cards, VC_CARDS_MAX);
	assert_string_equal(choose(NULL, 1, why), "/dev/dri/card2");
	assert_string_equal(choose(NULL, 2, why), "/dev/dri/card10"); /* never vkms by itself */
	assert_string_equal(choose("virtio_gpu", 1, why), "/dev/dri/card2");
	assert_string_equal(choose("virtio-gpu", 1, why), "/dev/dri/card2");
	assert_string_equal(choose("bochs", 1, why), "/dev/dri/card10");
	assert_string_equal(choose("bochs-drm", 1, why), "/dev/dri/card10");
	assert_string_equal(choose("vkms", 2, why), "/dev/dri/card1");
}

static void the_compositors_card_is_never_chosen(void **state) {
	(void)state;
	char why[256] = "";
	vc_cards_list("drm", cards, VC_CARDS_MAX);
	assert_null(choose("vkms", 1, why));
	assert_string_equal(why, "--card vkms is the compositor's own (/dev/dri/card1): name another");
	assert_null(choose("bochs", 10, why));
	assert_null(choose("panfrost", 1, why));
	assert_non_null(strstr(why, "no card with connectors"));
	assert_null(choose("virt", 1, why));
	assert_null(choose("virtio_gpu_more", 1, why));
	assert_null(choose("/dev/null/none", 1, why));
	assert_non_null(strstr(why, "is not there"));
	assert_null(choose("/dev/null", 1, why));
	const dev_t all[] = {makedev(226, 2), makedev(226, 10)};
	assert_null(vc_cards_choose(cards, 4, NULL, all, 2, why, sizeof(why)));
	assert_non_null(strstr(why, "no visible card"));
}

static void a_card_that_cannot_be_told_is_an_error(void **state) {
	(void)state;
	struct vc_control_status status = {.outputs = 1, .output[0] = {.name = "main", .card = "/dev/null"}};
	dev_t taken[VC_CONTROL_OUTPUTS_MAX];
	size_t count;
	char why[256] = "";
	assert_true(vc_cards_taken(&status, taken, &count, why, sizeof(why)));
	assert_int_equal(count, 1);
	assert_int_equal(taken[0], makedev(1, 3));
	strcpy(status.output[0].card, "/dev/not-there");
	assert_false(vc_cards_taken(&status, taken, &count, why, sizeof(why)));
	assert_non_null(strstr(why, "/dev/not-there"));
}

int main(void) {
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sysfs_is_read),
		cmocka_unit_test(cards_are_chosen_by_wish),
		cmocka_unit_test(the_compositors_card_is_never_chosen),
		cmocka_unit_test(a_card_that_cannot_be_told_is_an_error),
	};
	return cmocka_run_group_tests_name("cards", tests, enter, leave);
}
