/* SPDX-License-Identifier: Apache-2.0 */
/* Once it runs, the compositor allocates nothing: not for frames, not for sources that come and go, not for captures. */
#include "rig.h"

#include "clock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define FRAMES 300

static void nothing_is_allocated_after_start(void **state) {
	(void)state;
	struct rig rig;
	struct painter cluster, ivi;
	struct vc_control_status status;
	char path[128];
	rig_configure(&rig, "vkms", "", "hold_ms = 2000", "hold_ms = 500");
	snprintf(path, sizeof(path), "%s/counts", rig.dir);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	assert_return_code(fd, errno);
	assert_return_code(ftruncate(fd, 16), errno);
	const volatile uint64_t *counts = mmap(NULL, 16, PROT_READ, MAP_SHARED, fd, 0);
	assert_ptr_not_equal(counts, MAP_FAILED);
	setenv("VC_COUNT_FILE", path, 1);
	rig_preload(&rig, "kms-count.so");
	rig_start(&rig);
	painter_open(&cluster, &rig, "cluster", 0, 0);
	for (int i = 0; i < FRAMES; i++) {
		if (i % 100 == 0)
			painter_open(&ivi, &rig, "ivi", 0, 0);
		painter_present(&ivi, RIG_BLUE);
		assert_int_not_equal(painter_show(&cluster, i % 2 ? RIG_RED : RIG_GREEN), 0);
		painter_listen(&ivi, 0);
		if (i % 100 == 99)
			painter_close(&ivi);
		if (i % 100 == 50)
			rig_pixel(&rig, 10, 10);
	}
	rig_status(&rig, &status);
	print_message("%llu commits, longest %.2f ms; latest wake %.2f ms; cluster due %llu, missed %llu, worst gap "
		      "%.1f ms\n",
		      (unsigned long long)status.output[0].commits, (double)status.output[0].commit_ns_max / 1e6,
		      (double)status.output[0].wake_ns_max / 1e6, (unsigned long long)status.layer[0].frames_due,
		      (unsigned long long)status.layer[0].frames_missed, (double)status.layer[0].worst_gap_ns / 1e6);
	assert_true(counts[0] >= FRAMES);
	assert_int_equal(counts[1], 0);
	unsetenv("VC_COUNT_FILE");
	painter_close(&cluster);
	munmap((void *)(uintptr_t)counts, 16);
	close(fd);
	unlink(path);
	rig_stop(&rig);
}

int main(void) {
	if (rig_skips("vkms"))
		return RIG_SKIPPED;
	const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_is_allocated_after_start)};
	return cmocka_run_group_tests_name("kms.quiet", tests, NULL, NULL);
}
