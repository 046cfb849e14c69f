/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vc-fault-first: says when it was started, and does nothing more. A yardstick: what systemd and this machine need to bring a killed
 * service back, however small it is. Linked statically, so that it's there as soon as a process can be.
 */
#include "clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
	int64_t now_ns = vc_clock_now();
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("vc-fault-first " VC_VERSION);
		return 0;
	}
	if (argc > 1) {
		fputs("Usage: vc-fault-first\nPrints the time on the monotonic clock, in ns, and sleeps until it is "
		      "killed.\n",
		      argc > 1 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
		return strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	printf("%" PRId64 "\n", now_ns);
	fflush(stdout);
	for (;;)
		pause();
}
