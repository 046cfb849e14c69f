/* SPDX-License-Identifier: Apache-2.0 */
#include "guest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct mapping {
	unsigned count;
	struct {
		uint8_t *at;
		uint64_t size;
	} region[VC_WORKER_REGIONS_MAX];
};

static struct mapping now, before;

static void unmap(struct mapping *m) {
	for (unsigned i = 0; i < m->count; i++)
		munmap(m->region[i].at, m->region[i].size);
	m->count = 0;
}

bool vc_guest_map(const struct vc_worker_command *command, const int *fds, unsigned nfds) {
	unmap(&before);
	before = now;
	now.count = 0;
	bool good = nfds == command->memory.count && nfds <= VC_WORKER_REGIONS_MAX;
	for (unsigned i = 0; i < nfds; i++) {
		if (good) {
			const struct vc_worker_region *r = &command->memory.region[i];
			void *at = mmap(NULL, r->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fds[i],
					(off_t)r->offset);
			good = at != MAP_FAILED;
			if (good) {
				now.region[now.count].at = at;
				now.region[now.count++].size = r->size;
			}
		}
		close(fds[i]);
	}
	return good;
}

struct iovec *vc_guest_iov(const struct vc_worker_piece *piece, unsigned count) {
	struct iovec *iov = malloc(count * sizeof(*iov));
	for (unsigned i = 0; iov && i < count; i++) {
		const struct vc_worker_piece *p = &piece[i];
		if (p->region >= now.count || p->length > now.region[p->region].size ||
		    p->offset > now.region[p->region].size - p->length) {
			free(iov);
			return NULL;
		}
		iov[i] = (struct iovec){.iov_base = now.region[p->region].at + p->offset, .iov_len = p->length};
	}
	return iov;
}
