/* SPDX-License-Identifier: Apache-2.0 */
/* A control server in a child process, which answers well or in one chosen wrong way. */
#ifndef VC_CLI_FAKE_CONTROL_H
#define VC_CLI_FAKE_CONTROL_H

#include "control-proto.h"

#include <stdint.h>
#include <sys/types.h>

enum vc_fake_fault {
	VC_FAKE_GOOD,
	VC_FAKE_TRUNCATED,    /* every answer lacks its last byte */
	VC_FAKE_LONG,         /* every answer has a byte too many */
	VC_FAKE_TINY,         /* every answer is two bytes */
	VC_FAKE_CLOSED,       /* hangs up instead of answering */
	VC_FAKE_SILENT,       /* takes requests and never answers */
	VC_FAKE_WRONG_TYPE,   /* another answer's type */
	VC_FAKE_SURPLUS_FD,   /* STATUS with a descriptor */
	VC_FAKE_NO_FD,        /* CAPTURED and FRAMES without one */
	VC_FAKE_UNSEALED,     /* memory that the server may cut off while it's read */
	VC_FAKE_SHORT_MEMORY, /* memory shorter than the answer says */
	VC_FAKE_NOT_MEMORY,   /* a pipe instead of memory */
	VC_FAKE_REFUSING,     /* FAILED to everything but GET_STATUS, with control characters in its reason */
	VC_FAKE_BAD_PICTURE,  /* a stride smaller than a row */
	VC_FAKE_OTHER_LOG,    /* the frame log of another output */
	VC_FAKE_LOG_SIZE,     /* FRAMES says another size than a log has */
	VC_FAKE_BAD_STATUS,   /* vc_fake.mangle spoils the status */
	VC_FAKE_DEAF,         /* listens, but takes nobody in, and its queue is full */
};

struct vc_fake {
	char directory[64], path[96];
	pid_t pid;
	enum vc_fake_fault fault;
	void (*mangle)(struct vc_control_status *status); /* may be NULL */
};

#define VC_FAKE_WIDTH 5u
#define VC_FAKE_HEIGHT 3u

/* The status it answers with. */
void vc_fake_status(struct vc_control_status *status);

/* The pixel at @x, @y of the picture it gives, as an XRGB8888 word whose X byte is not zero. */
uint32_t vc_fake_pixel(uint32_t x, uint32_t y);

/* Fills @log with @count records: at 30 Hz from 1 s on; layer 0 new at each, missing number 4; layer 1 new at each second. */
void vc_fake_log(struct vc_frame_log *log, uint64_t count);

/* Starts the server; fault and mangle must be set. */
void vc_fake_start(struct vc_fake *fake);

/* Ends it and removes its files. */
void vc_fake_stop(struct vc_fake *fake);

#endif
