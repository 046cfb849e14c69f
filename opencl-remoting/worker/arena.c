/* SPDX-License-Identifier: Apache-2.0 */
/* Memory files of the client, mapped where the client has them. */
#include "state.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ARENAS_MAX = 4096 };

static struct {
	uint64_t address, size;
} arenas[ARENAS_MAX];
static unsigned count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* A memfd that can't shrink under us: else a touch of it would be SIGBUS. */
static bool is_sealed(int fd, uint64_t size) {
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	return seals >= 0 && (seals & F_SEAL_SHRINK) && fstat(fd, &st) == 0 && (uint64_t)st.st_size >= size;
}

int vc_arena_add(uint64_t address, uint64_t size, int fd) {
	int err = 0;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	pthread_mutex_lock(&lock);
	if (size == 0 || size % page || address % page || address < vc_worker.base || size > vc_worker.size ||
	    address - vc_worker.base > vc_worker.size - size || !is_sealed(fd, size))
		err = -EPROTO;
	else if (count == ARENAS_MAX || size > vc_worker.arena_limit - vc_worker.stats->arena_bytes)
		err = -EDQUOT;
	for (unsigned i = 0; i < count && err == 0; i++)
		if (address < arenas[i].address + arenas[i].size && arenas[i].address < address + size)
			err = -EPROTO;
	if (err == 0 &&
	    mmap((void *)(uintptr_t)address, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == MAP_FAILED)
		err = -errno;
	if (err == 0) {
		arenas[count].address = address;
		arenas[count++].size = size;
		atomic_fetch_add(&vc_worker.stats->arena_bytes, size);
	}
	pthread_mutex_unlock(&lock);
	close(fd);
	return err;
}

bool vc_arena_drop(uint64_t address) {
	bool found = false;
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < count && !found; i++) {
		if (arenas[i].address != address)
			continue;
		/* The addresses stay ours, with nothing behind them. */
		mmap((void *)(uintptr_t)address, arenas[i].size, PROT_NONE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
		atomic_fetch_sub(&vc_worker.stats->arena_bytes, arenas[i].size);
		arenas[i] = arenas[--count];
		found = true;
	}
	pthread_mutex_unlock(&lock);
	return found;
}

bool vc_arena_holds(const void *address, uint64_t size) {
	uint64_t a = (uintptr_t)address;
	bool holds = false;
	pthread_mutex_lock(&lock);
	for (unsigned i = 0; i < count && !holds; i++)
		holds = a >= arenas[i].address && size <= arenas[i].size &&
			a - arenas[i].address <= arenas[i].size - size;
	pthread_mutex_unlock(&lock);
	return holds;
}
