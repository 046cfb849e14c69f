/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the compositor and the output monitor: a connection to the control socket that has become the monitor's by
 * VC_CONTROL_MONITOR. Only the user that compositor.ini names may do that, and one at a time.
 *
 *   monitor                              compositor
 *     MONITOR (control-proto.h)   ──►
 *                                 ◄──     LAYER, one for each layer with the role "cluster"
 *                                 ◄──     BUFFER + descriptor   when a frame comes in memory not seen before
 *                                 ◄──     FRAME                 a frame went to the kernel, still shows, or would
 *     VERDICT                     ──►
 *
 * The compositor waits for nothing here. It keeps the memory of one frame of each layer from being drawn into until the
 * verdict is there, or until silent_ms is over; frames that come meanwhile are not sent. Numbers are in the machine's byte order.
 */
#ifndef VC_MONITOR_PROTO_H
#define VC_MONITOR_PROTO_H

#include "control-proto.h"

enum vc_monitor_type {
	/* compositor to monitor */
	VC_MONITOR_LAYER = 0x201,
	VC_MONITOR_BUFFER = 0x202, /* carries one descriptor: a memfd, opened read-only, or a dma-buf */
	VC_MONITOR_FRAME = 0x203,
	/* monitor to compositor */
	VC_MONITOR_VERDICT = 0x211,
};

/* A layer to watch. */
struct vc_monitor_layer {
	uint32_t type; /* VC_MONITOR_LAYER */
	uint32_t layer;
	uint32_t output;
	uint32_t safe_image;          /* 1: its fallback is an image, which shows each telltale as "unknown" */
	uint32_t x, y, width, height; /* on the output */
	int64_t hold_ns;              /* an old picture may stay so long */
	char name[VC_DISPLAY_NAME_MAX];
};

#define VC_MONITOR_BUFFERS_MAX (2 * VC_DISPLAY_BUFFERS_MAX)

/* Memory that frames of a layer are in. Replaces what had the same number. */
struct vc_monitor_buffer {
	uint32_t type; /* VC_MONITOR_BUFFER */
	uint32_t layer;
	uint32_t buffer; /* below VC_MONITOR_BUFFERS_MAX */
	uint32_t width, height, stride, fourcc;
	uint32_t reserved;
	uint64_t offset; /* of the first row in the memory */
};

struct vc_monitor_frame {
	uint32_t type; /* VC_MONITOR_FRAME */
	uint32_t layer, buffer;
	uint32_t shown;    /* 1: on the screen or on its way there; 0: the safe picture shows instead */
	uint32_t source;   /* the connection that it came over: each source of a layer counts its own frames */
	uint32_t x, y;     /* of the shown part in the buffer; its size is the zone's */
	uint32_t declared; /* bytes of declaration, 0: none came */
	uint64_t seq;
	uint64_t ticket; /* of this message: the verdict bears it */
	int64_t kept_ns; /* for how long it has been shown for want of another, by the display's clock */
	uint8_t declaration[VC_DISPLAY_DECLARATION_MAX];
};

/* What a check found. Protected from end to end, because the safe picture hangs on it. */
struct vc_monitor_verdict {
	uint32_t type;     /* VC_MONITOR_VERDICT */
	uint32_t counter;  /* rises by 1 with each verdict of a connection, from 1 */
	uint32_t check;    /* enum vc_monitor_check */
	uint32_t layer;    /* 0 for VC_CHECK_NONE, as is all that follows */
	uint32_t finding;  /* enum vc_monitor_finding */
	uint32_t telltale; /* the first that is wrong, for the findings about telltales */
	uint64_t ticket;   /* of FRAME, or of CAPTURED for VC_CHECK_OUTPUT; one that isn't due any more is not heeded */
	uint64_t seq;      /* of the frame that was checked, */
	uint32_t source;   /* and its source, as FRAME or CAPTURED had them */
	uint32_t crc;      /* vc_monitor_verdict_crc() */
};

/* CRC-32 over VC_MONITOR_DATA_ID and all fields before crc. */
#define VC_MONITOR_DATA_ID 0x56434d56u
uint32_t vc_monitor_verdict_crc(const struct vc_monitor_verdict *verdict);

/* "a telltale is declared on, but drawn off" */
const char *vc_monitor_finding_words(enum vc_monitor_finding finding);

#endif
