/* SPDX-License-Identifier: Apache-2.0 */
/* The frame log (struct vc_frame_log): a ring of records in a memfd that tools may map and read, never write. */
#ifndef VC_FRAME_LOG_H
#define VC_FRAME_LOG_H

#include "control-proto.h"

struct vc_frame_log_writer {
	struct vc_frame_log *log;
	int reader_fd; /* read-only, to be handed out */
};

/* Returns 0 or -errno. */
int vc_frame_log_init(struct vc_frame_log_writer *writer, uint32_t output);
void vc_frame_log_write(struct vc_frame_log_writer *writer, const struct vc_frame_record *record);

#endif
