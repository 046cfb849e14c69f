/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes into the frames of a running process behind its back, through /proc/PID/fd: a picture that nobody drew. For tests of
 * the output monitor. Needs to be root, or the process's user.
 */
#include "clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { EXIT_RUNTIME = 1, EXIT_USAGE = 2, BUFFERS_MAX = 16 };

static const char help[] =
	"usage: vcockpit-scribble PID X,Y WIDTHxHEIGHT STRIDE [MS]\n\n"
	"Paints a rectangle into all memfds named cluster-frame of process PID, again and again for MS\n"
	"milliseconds (1000). STRIDE: pixels from one row to the next. Says \"lie 0 NS\" when it starts\n"
	"(CLOCK_MONOTONIC).\n";

struct buffer {
	uint32_t *pixels;
	size_t size;
};

static int open_buffers(const char *pid, struct buffer *buffers) {
	char path[128], target[64];
	int count = 0;
	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	DIR *folder = opendir(path);
	for (struct dirent *e; folder && count < BUFFERS_MAX && (e = readdir(folder));) {
		snprintf(path, sizeof(path), "/proc/%.20s/fd/%.20s", pid, e->d_name);
		ssize_t got = readlink(path, target, sizeof(target) - 1);
		target[got > 0 ? got : 0] = '\0';
		if (strncmp(target, "/memfd:cluster-frame", 20) != 0)
			continue;
		int fd = open(path, O_RDWR | O_CLOEXEC);
		struct stat st;
		if (fd < 0 || fstat(fd, &st) < 0)
			continue;
		void *map = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		close(fd);
		if (map != MAP_FAILED)
			buffers[count++] = (struct buffer){map, (size_t)st.st_size};
	}
	if (folder)
		closedir(folder);
	return count;
}

int main(int argc, char **argv) {
	unsigned x, y, width, height, stride, ms = 1000;
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(help, stdout);
		return 0;
	}
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("vcockpit-scribble " VC_VERSION);
		return 0;
	}
	if (argc < 5 || argc > 6 || sscanf(argv[2], "%u,%u", &x, &y) != 2 ||
	    sscanf(argv[3], "%ux%u", &width, &height) != 2 || sscanf(argv[4], "%u", &stride) != 1 ||
	    (argc == 6 && sscanf(argv[5], "%u", &ms) != 1)) {
		fputs(help, stderr);
		return EXIT_USAGE;
	}
	struct buffer buffers[BUFFERS_MAX];
	int count = open_buffers(argv[1], buffers);
	if (count == 0) {
		fprintf(stderr,
			"vcockpit-scribble: process %s has no frames that may be opened; be root and name a running "
			"vcockpit-cluster\n",
			argv[1]);
		return EXIT_RUNTIME;
	}
	printf("lie 0 %lld\n", (long long)vc_clock_now());
	fflush(stdout);
	int64_t end_ns = vc_clock_now() + ms * VC_NS_PER_MS;
	while (vc_clock_now() < end_ns) {
		for (int i = 0; i < count; i++)
			for (unsigned r = 0; r < height; r++)
				for (unsigned c = 0; c < width; c++) {
					size_t at = (size_t)stride * (y + r) + x + c;
					if (at < buffers[i].size / 4)
						buffers[i].pixels[at] = 0xff00ffff;
				}
		poll(NULL, 0, 5);
	}
	return 0;
}
