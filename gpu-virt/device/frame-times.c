/* SPDX-License-Identifier: Apache-2.0 */
#include "frame-times.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

void vc_frame_watch_init(struct vc_frame_watch *watch) {
	*watch = (struct vc_frame_watch){.fd = memfd_create("frame-times", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
	size_t size = sizeof(*watch->kept);
	void *memory = MAP_FAILED;
	if (watch->fd >= 0 && posix_fallocate(watch->fd, 0, (off_t)size) == 0 &&
	    (memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, watch->fd, 0)) != MAP_FAILED &&
	    fcntl(watch->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0) {
		/* Ours must stay the only writable mapping. */
		munmap(memory, size);
		memory = MAP_FAILED;
	}
	if (memory == MAP_FAILED) {
		vc_warn("times of frames aren't kept: %s", strerror(errno));
		if (watch->fd >= 0)
			close(watch->fd);
		watch->fd = -1;
		return;
	}
	watch->kept = memory;
	watch->kept->version = VC_FRAME_TIMES_VERSION;
}

void vc_frame_watch_finish(struct vc_frame_watch *watch) {
	if (watch->kept)
		munmap(watch->kept, sizeof(*watch->kept));
	if (watch->fd >= 0)
		close(watch->fd);
	*watch = (struct vc_frame_watch){.fd = -1};
}

void vc_frame_watch_flush(struct vc_frame_watch *watch, int64_t now_ns) {
	watch->now = (struct vc_frame_time){.flush_ns = now_ns};
	watch->seq = 0;
}

void vc_frame_watch_present(struct vc_frame_watch *watch, uint64_t seq, int64_t ready_ns, uint64_t bytes_copied) {
	watch->seq = seq;
	watch->now.ready_ns = ready_ns;
	watch->now.bytes_copied = bytes_copied;
}

void vc_frame_watch_flip(struct vc_frame_watch *watch, uint64_t seq, int64_t flip_ns) {
	if (!watch->kept || watch->seq == 0 || seq != watch->seq || watch->now.flush_ns == 0 || flip_ns == 0)
		return;
	watch->now.flip_ns = flip_ns;
	uint64_t head = atomic_load_explicit(&watch->kept->head, memory_order_relaxed);
	watch->kept->frame[head % VC_FRAME_TIMES_MAX] = watch->now;
	atomic_store_explicit(&watch->kept->head, head + 1, memory_order_release);
	watch->now.flush_ns = 0;
}

static int print(const struct vc_frame_times *times) {
	/* What is overwritten while we copy is left out. */
	static struct vc_frame_time copy[VC_FRAME_TIMES_MAX];
	uint64_t end = atomic_load_explicit(&times->head, memory_order_acquire);
	memcpy(copy, times->frame, sizeof(copy));
	uint64_t later = atomic_load_explicit(&times->head, memory_order_acquire);
	uint64_t begin = later >= VC_FRAME_TIMES_MAX ? later - VC_FRAME_TIMES_MAX + 1 : 0;
	printf("{\"version\": 1, \"frames\": [");
	const char *between = "\n";
	for (uint64_t i = begin; i < end; i++, between = ",\n") {
		const struct vc_frame_time *t = &copy[i % VC_FRAME_TIMES_MAX];
		printf("%s{\"flush_ns\": %" PRId64 ", \"ready_ns\": %" PRId64 ", \"flip_ns\": %" PRId64
		       ", \"bytes_copied\": %" PRIu64 "}",
		       between, t->flush_ns, t->ready_ns, t->flip_ns, t->bytes_copied);
	}
	puts("\n]}");
	return fflush(stdout) == 0 ? 0 : 1;
}

int vc_frame_times_print(int fd) {
	struct stat st;
	const struct vc_frame_times *times = MAP_FAILED;
	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_size == (off_t)sizeof(*times))
		times = mmap(NULL, sizeof(*times), PROT_READ, MAP_SHARED, fd, 0);
	if (times == MAP_FAILED || times->version != VC_FRAME_TIMES_VERSION) {
		vc_error("the running vcockpit-gpu keeps no times of frames, or is of another version than %s",
			 VC_VERSION);
		return 1;
	}
	return print(times);
}
