/* SPDX-License-Identifier: Apache-2.0 */
/* Each takes what it can get until it is killed. They are started in units of their own, so that ending the unit ends them all. */
#include "log.h"
#include "recording.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PIECE ((size_t)4 << 20)

/* Many for each CPU: whoever is scheduled like them waits for several others' turns. */
#define HOGS_PER_CPU 8

static void take_cpu(const char *folder) {
	(void)folder;
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	for (long i = 1; i < HOGS_PER_CPU * cpus; i++)
		if (fork() == 0)
			break;
	for (volatile uint64_t n = 0;; n++)
		;
}

static void take_memory(const char *folder) {
	(void)folder;
	for (;;) {
		void *piece = mmap(NULL, PIECE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (piece == MAP_FAILED)
			usleep(1000);
		else
			memset(piece, 0x5a, PIECE);
	}
}

static int make_file(const char *folder) {
	char path[256];
	snprintf(path, sizeof(path), "%s/vc-fault-hog.%d", folder, (int)getpid());
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		vc_error("%s: %s", path, strerror(errno));
	unlink(path);
	return fd;
}

/* Writes and syncs without end, inside a file of limited size. */
static void take_io(const char *folder) {
	static char piece[PIECE];
	int fd = make_file(folder);
	memset(piece, 0x5a, sizeof(piece));
	for (unsigned i = 0; fd >= 0; i++) {
		if (pwrite(fd, piece, sizeof(piece), (off_t)((i % 16) * sizeof(piece))) < 0 || fsync(fd) < 0)
			usleep(1000);
	}
}

/* Fills the file system to its last block and keeps it full. */
static void take_disk(const char *folder) {
	int fd = make_file(folder);
	off_t size = 0;
	for (off_t step = (off_t)64 << 20; fd >= 0; step = step > 4096 ? step / 2 : 4096) {
		while (posix_fallocate(fd, size, step) == 0)
			size += step;
		if (step == 4096)
			usleep(10000);
	}
}

static void take_descriptors(const char *folder) {
	(void)folder;
	for (;;)
		if (open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
			usleep(1000);
}

int vc_fault_hog(int argc, char **argv) {
	static const struct {
		const char *name;
		void (*take)(const char *folder);
	} kinds[] = {{"cpu", take_cpu},
		     {"memory", take_memory},
		     {"io", take_io},
		     {"disk", take_disk},
		     {"descriptors", take_descriptors}};
	for (size_t i = 0; argc > 1 && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(argv[1], kinds[i].name) == 0) {
			kinds[i].take(argc > 2 ? argv[2] : "/var/tmp");
			return 1; /* it has said why it could not */
		}
	vc_error("hog: say what to take: cpu, memory, io, disk or descriptors");
	return 2;
}
