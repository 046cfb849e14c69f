/* SPDX-License-Identifier: Apache-2.0 */
#include "guest-fault.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifndef VC_VERSION
#define VC_VERSION "of the guest image"
#endif

#define SECONDS_DEFAULT 10

static const struct fault faults[] = {
	{"flood", "frames as fast as the kernel takes them, a thousand a second aimed at", true, false, fault_flood},
	{"bad-scanout", "scanouts of wrong size, format, stride and place", true, false, fault_bad_scanout},
	{"stale-buffer", "an old buffer shown again and again, and one that is freed while shown", true, false,
	 fault_stale_buffer},
	{"spin-shader", "a GL shader that never ends", false, true, fault_spin_shader},
	{"no-fence", "a frame on the screen whose drawing never ends, so its fence never signals", true, true,
	 fault_no_fence},
	{"bad-virgl", "GL command streams of garbage and of commands that only look right", false, false,
	 fault_bad_virgl},
	{"leak", "memory of the GPU worker used up to its limit", false, false, fault_leak},
	{"descriptors", "resources, contexts and exported textures without end", false, false, fault_descriptors},
	{"panic", "the guest's kernel panics", false, false, fault_panic},
	{"reboot-loop", "the guest reboots at once; said again at each start it is a loop", false, false, fault_reboot},
	{"hang", "every CPU of the guest spins at the highest priority", false, false, fault_hang},
};

#define FAULTS (sizeof(faults) / sizeof(faults[0]))

int64_t fault_now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

void fault_say(const char *format, ...) {
	va_list args;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static const struct fault *running;

void fault_begin(void) {
	const char *answer = getenv("FAULT_ANSWER");
	if (answer)
		dprintf(atoi(answer), "started %s\n", running->name);
}

static void list(void) {
	for (size_t i = 0; i < FAULTS; i++)
		printf("%-14s%-8s%s\n", faults[i].name, faults[i].screen ? "screen" : "-", faults[i].what);
}

int main(int argc, char **argv) {
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("guest-fault " VC_VERSION);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--list") == 0) {
		list();
		return 0;
	}
	bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
	char *end = NULL;
	long seconds = argc == 3 ? strtol(argv[2], &end, 10) : SECONDS_DEFAULT;
	if (help || argc < 2 || argc > 3 || (end && *end != '\0') || seconds < 1 || seconds > 3600) {
		fprintf(help ? stdout : stderr,
			"Usage: guest-fault NAME [SECONDS]\n"
			"Does one thing wrong, for SECONDS (1 to 3600, default %d) where it has a length of its own "
			"choice.\n"
			"  --list     what there is; \"screen\": needs the display for itself\n"
			"  --help, --version\n",
			SECONDS_DEFAULT);
		return help ? 0 : 2;
	}
	for (size_t i = 0; i < FAULTS; i++)
		if (strcmp(faults[i].name, argv[1]) == 0) {
			running = &faults[i];
			if (!running->late)
				fault_begin();
			return running->run(fault_now() + seconds * 1000000000);
		}
	fprintf(stderr, "guest-fault: there is no fault \"%s\"; see --list\n", argv[1]);
	return 2;
}
