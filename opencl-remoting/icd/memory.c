/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arenas are memory files, each cut into pieces that follow each other and cover it. Small ones share an arena; from LARGE on each has
 * its own, which goes with it, or stays for the next one of that size as long as not more than KEEP bytes stay: to touch new memory
 * on both sides costs more than to copy it. The file's pages are there only where they were touched.
 */
#include "memory.h"

#include "call.h"
#include "link.h"
#include "opencl-api.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { GRAIN = 256, ARENA = 16 << 20, LARGE = 4 << 20, ROUND = 64 << 10, KEEP = 64 << 20 };

struct piece {
	struct piece *next; /* behind this one, in the same arena */
	uint64_t address, size;
	bool used;
};

struct arena {
	struct arena *next; /* with a higher address */
	struct vc_link *link;
	uint64_t address, size, taken;
	struct piece *pieces;
};

static struct arena *arenas;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static uint64_t round_up(uint64_t n, uint64_t to) {
	return (n + to - 1) & ~(to - 1);
}

/* Where @size bytes of addresses of @link are free: the link that goes before the new arena. */
static struct arena **find_gap(const struct vc_link *link, uint64_t size, uint64_t *address) {
	uint64_t at = link->base;
	struct arena **where = &arenas;
	for (; *where; where = &(*where)->next) {
		const struct arena *a = *where;
		if (a->address + a->size <= link->base)
			continue;
		if (a->address >= link->base + link->size || a->address - at >= size)
			break;
		at = a->address + a->size;
	}
	*address = at;
	return at + size <= link->base + link->size ? where : NULL;
}

/* A memory file of @size bytes at @address, here and there. */
static bool map_arena(struct vc_link *link, uint64_t address, uint64_t size) {
	int fd = memfd_create("vcockpit-cl-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return false;
	void *at = (void *)(uintptr_t)address;
	bool good = ftruncate(fd, (off_t)size) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0 &&
		    mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == at;
	if (good) {
		good = vc_call_link_alive() == link && link->transport->share(link, fd) == 0 &&
		       vc_call_vcAddArena(address, size) == CL_SUCCESS;
		if (!good)
			mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	}
	close(fd);
	return good;
}

static struct arena *add_arena(struct vc_link *link, uint64_t size) {
	uint64_t address;
	struct arena **where = find_gap(link, size, &address);
	struct arena *a = calloc(1, sizeof(*a));
	struct piece *all = calloc(1, sizeof(*all));
	if (!where || !a || !all || !map_arena(link, address, size)) {
		free(a);
		free(all);
		return NULL;
	}
	*all = (struct piece){.address = address, .size = size};
	*a = (struct arena){.next = *where, .link = link, .address = address, .size = size, .pieces = all};
	*where = a;
	return a;
}

/* Cuts the piece off that begins at @address, and leaves @size of it. */
static struct piece *cut(struct piece *p, uint64_t address, uint64_t size) {
	if (p->address < address) {
		struct piece *rest = malloc(sizeof(*rest));
		if (!rest)
			return NULL;
		*rest = (struct piece){p->next, address, p->size - (address - p->address), false};
		p->size = address - p->address;
		p->next = rest;
		p = rest;
	}
	if (p->size > size) {
		struct piece *rest = malloc(sizeof(*rest));
		if (!rest)
			return NULL;
		*rest = (struct piece){p->next, p->address + size, p->size - size, false};
		p->size = size;
		p->next = rest;
	}
	return p;
}

static void *take_piece(struct arena *a, uint64_t size, uint64_t align) {
	if (a->size - a->taken < size)
		return NULL;
	for (struct piece *p = a->pieces; p; p = p->next) {
		uint64_t at = round_up(p->address, align);
		if (p->used || p->size < size || at - p->address > p->size - size)
			continue;
		p = cut(p, at, size);
		if (!p)
			return NULL;
		p->used = true;
		a->taken += size;
		return (void *)(uintptr_t)at;
	}
	return NULL;
}

void *vc_memory_alloc(struct vc_link *link, size_t wanted, size_t align) {
	if (wanted == 0 || wanted > link->size)
		return NULL;
	uint64_t size = round_up(wanted, GRAIN);
	void *memory = NULL;
	if (align < GRAIN)
		align = GRAIN;
	pthread_mutex_lock(&lock);
	if (size < LARGE)
		for (struct arena *a = arenas; a && !memory; a = a->next)
			if (a->link == link && a->size == ARENA)
				memory = take_piece(a, size, align);
	for (struct arena *a = arenas; size >= LARGE && a && !memory; a = a->next)
		if (a->link == link && a->taken == 0 && a->size != ARENA && a->size / 2 <= size)
			memory = take_piece(a, size, align);
	if (!memory) {
		/* One of its own has a size that shared ones don't have. */
		uint64_t room = size < LARGE ? ARENA : round_up(size, ROUND);
		if (size >= LARGE && room == ARENA)
			room += ROUND;
		struct arena *a = add_arena(link, room);
		memory = a ? take_piece(a, size, align) : NULL;
	}
	pthread_mutex_unlock(&lock);
	return memory;
}

/* Bytes of arenas that stay though nothing is in them. */
static uint64_t kept(const struct vc_link *link) {
	uint64_t bytes = 0;
	for (const struct arena *a = arenas; a; a = a->next)
		if (a->link == link && a->taken == 0 && a->size != ARENA)
			bytes += a->size;
	return bytes;
}

static void drop_arena(struct arena **where) {
	struct arena *a = *where;
	*where = a->next;
	void *at = (void *)(uintptr_t)a->address;
	vc_call_vcDropArena(a->address);
	mmap(at, a->size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
	free(a->pieces);
	free(a);
}

/* Joins each free piece with free ones behind it. */
static void join(struct arena *a) {
	for (struct piece *p = a->pieces; p; p = p->next)
		while (!p->used && p->next && !p->next->used) {
			struct piece *gone = p->next;
			p->size += gone->size;
			p->next = gone->next;
			free(gone);
		}
}

void vc_memory_free(void *memory) {
	if (!memory)
		return;
	uint64_t address = (uint64_t)(uintptr_t)memory;
	pthread_mutex_lock(&lock);
	for (struct arena **where = &arenas; *where; where = &(*where)->next) {
		struct arena *a = *where;
		if (address < a->address || address - a->address >= a->size)
			continue;
		for (struct piece *p = a->pieces; p; p = p->next)
			if (p->address == address && p->used) {
				p->used = false;
				a->taken -= p->size;
				join(a);
				break;
			}
		if (a->taken == 0 && a->size != ARENA && !atomic_load(&a->link->dead) && kept(a->link) > KEEP)
			drop_arena(where);
		break;
	}
	pthread_mutex_unlock(&lock);
}

size_t vc_memory_left(const void *memory) {
	uint64_t address = (uint64_t)(uintptr_t)memory;
	size_t left = 0;
	pthread_mutex_lock(&lock);
	for (struct arena *a = arenas; a; a = a->next)
		if (address >= a->address && address - a->address < a->size)
			for (struct piece *p = a->pieces; p; p = p->next)
				if (p->used && address >= p->address && address - p->address < p->size)
					left = p->address + p->size - address;
	pthread_mutex_unlock(&lock);
	return left;
}
