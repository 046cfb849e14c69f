/* SPDX-License-Identifier: Apache-2.0 */
#include "adopt.h"

#include "copy.h"
#include "memory.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Below LEAST the system calls cost more than the copies that they save. */
enum { PAGE = 4096, LEAST = 64 << 10 };

struct adopted {
	struct adopted *next;
	void *memory;
	size_t size;
};

static struct adopted *list;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* True if all of it is private memory without a file, to be read and written. What else there is (stacks grow) is named. */
static bool is_plain(const void *memory, size_t size) {
	FILE *maps = fopen("/proc/self/maps", "re");
	if (!maps)
		return false;
	uint64_t at = (uintptr_t)memory, end = at + size;
	char line[512];
	while (at < end && fgets(line, sizeof(line), maps)) {
		uint64_t from, to, inode;
		char rights[5], name[16] = "";
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s %*x %*s %" SCNu64 " %15s", &from, &to, rights, &inode,
			   name) < 4 ||
		    to <= at)
			continue;
		if (from > at || strcmp(rights, "rw-p") != 0 || inode != 0 ||
		    (name[0] && strcmp(name, "[heap]") != 0 && strncmp(name, "[anon:", 6) != 0))
			break;
		at = to;
	}
	fclose(maps);
	return at >= end;
}

uint8_t *vc_adopt(struct vc_link *link, void *memory, size_t size) {
	if (size < LEAST || size % PAGE != 0 || (uintptr_t)memory % PAGE != 0 || !is_plain(memory, size))
		return NULL;
	struct adopted *entry = malloc(sizeof(*entry));
	uint8_t *piece = entry ? vc_memory_alloc(link, size, PAGE) : NULL;
	if (!piece) {
		free(entry);
		return NULL;
	}
	vc_copy_counted(piece, memory, size);
	*entry = (struct adopted){.memory = memory, .size = size};
	pthread_mutex_lock(&lock);
	/* An old size of 0 makes a second mapping of the same shared pages: mremap(2). */
	bool good = mremap(piece, 0, size, MREMAP_MAYMOVE | MREMAP_FIXED, memory) == memory;
	if (good) {
		entry->next = list;
		list = entry;
	}
	pthread_mutex_unlock(&lock);
	if (good)
		return piece;
	free(entry);
	vc_memory_free(piece);
	return NULL;
}

/* Private pages with the same bytes instead. Without memory for them those that are there stay, which is harmless to the program. */
static void make_private(const struct adopted *entry) {
	void *own = mmap(NULL, entry->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (own == MAP_FAILED)
		return;
	memcpy(own, entry->memory, entry->size);
	if (mremap(own, entry->size, entry->size, MREMAP_MAYMOVE | MREMAP_FIXED, entry->memory) == MAP_FAILED)
		munmap(own, entry->size);
}

void vc_adopt_end(void *memory) {
	pthread_mutex_lock(&lock);
	struct adopted **where = &list;
	while (*where && (*where)->memory != memory)
		where = &(*where)->next;
	struct adopted *entry = *where;
	if (entry) {
		*where = entry->next;
		make_private(entry);
		vc_copy_count(entry->size);
	}
	pthread_mutex_unlock(&lock);
	free(entry);
}

void vc_adopt_after_fork(void) {
	pthread_mutex_init(&lock, NULL);
	for (const struct adopted *entry = list; entry; entry = entry->next)
		make_private(entry);
	list = NULL; /* the entries are the child's for good: a fork may come at any time, also within malloc() */
}
