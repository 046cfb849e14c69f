/* SPDX-License-Identifier: Apache-2.0 */
#include "frame-log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Maps the log for writing, closes it to all other writers, and opens it for readers. */
static int set_up(struct vc_frame_log_writer *writer, int fd, uint32_t output) {
	if (ftruncate(fd, sizeof(struct vc_frame_log)) < 0)
		return -errno;
	void *map = mmap(NULL, sizeof(struct vc_frame_log), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	struct vc_frame_log *log = map;
	writer->log = log;
	/* Ours stays the only writable mapping, whatever a reader does with its descriptor. */
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) < 0)
		return -errno;
	char path[64];
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	writer->reader_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (writer->reader_fd < 0)
		return -errno;
	memset(log, 0, sizeof(*log)); /* all pages there before the loop runs */
	log->version = VC_CONTROL_VERSION;
	log->output = output;
	return 0;
}

int vc_frame_log_init(struct vc_frame_log_writer *writer, uint32_t output) {
	*writer = (struct vc_frame_log_writer){.reader_fd = -1};
	int fd = memfd_create("vcockpit-frames", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	int err = set_up(writer, fd, output);
	close(fd);
	return err;
}

void vc_frame_log_write(struct vc_frame_log_writer *writer, const struct vc_frame_record *record) {
	uint64_t head = atomic_load_explicit(&writer->log->head, memory_order_relaxed);
	writer->log->record[head % VC_FRAME_LOG_MAX] = *record;
	atomic_store_explicit(&writer->log->head, head + 1, memory_order_release);
}
