/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The display protocol: how a source of pictures (cluster-app, a gpu-virt device) hands frames to the compositor.
 * docs/display-protocol.md tells it as a story; this header is the wire.
 *
 * Transport: SOCK_SEQPACKET Unix socket, by default /run/vcockpit/display, and /run/vcockpit/cluster for the cluster. Each message is one packet: a
 * struct vc_display_header, then the body that its type names, exactly as long as that type's struct. Byte order and
 * alignment are the machine's: both ends run on it. Reserved fields and unknown flags must be zero.
 *
 * Who may be which layer is decided by the compositor's config and the peer's credentials (SO_PEERCRED), never by what the
 * client says. A client that breaks a rule gets VC_DISPLAY_ERROR and is disconnected.
 *
 *   client                                  compositor
 *     HELLO layer "ivi"          ──►
 *                                ◄──         WELCOME size, refresh
 *     BUFFER_ADD id 0 + fd       ──►
 *                                ◄──         BUFFER_READY id 0   (or BUFFER_REJECTED with the reason)
 *     [DECLARE seq 1]            ──►                   the cluster only: what the frame holds, for the output monitor
 *     PRESENT id 0, seq 1 [+fence] ──►                 eligible once the fence has signalled
 *                                ◄──         FRAME seq 1, time of the flip      draw the next one now
 *     PRESENT id 1, seq 2        ──►
 *                                ◄──         RELEASE id 0        the client may draw into it again
 */
#ifndef VC_DISPLAY_PROTO_H
#define VC_DISPLAY_PROTO_H

#include <stdint.h>

#define VC_DISPLAY_SOCKET "/run/vcockpit/display"
#define VC_DISPLAY_CLUSTER_SOCKET "/run/vcockpit/cluster"
#define VC_DISPLAY_MAGIC 0x50445643u /* "VCDP" in memory */
#define VC_DISPLAY_VERSION 1u

#define VC_DISPLAY_NAME_MAX 32         /* layer name with its NUL */
#define VC_DISPLAY_REASON_MAX 128      /* reason text with its NUL */
#define VC_DISPLAY_BUFFERS_MAX 8       /* buffer ids are 0 … 7 */
#define VC_DISPLAY_SIZE_MAX 8192       /* widest and highest buffer, in pixels */
#define VC_DISPLAY_DECLARATION_MAX 640 /* bytes of a declaration (declaration.h) */

enum vc_display_type {
	/* client to compositor */
	VC_DISPLAY_HELLO = 1,
	VC_DISPLAY_BUFFER_ADD = 2, /* carries exactly one descriptor */
	VC_DISPLAY_BUFFER_REMOVE = 3,
	VC_DISPLAY_PRESENT = 4, /* carries one descriptor when VC_DISPLAY_PRESENT_FENCE is set, else none */
	VC_DISPLAY_HEARTBEAT = 5,
	VC_DISPLAY_DECLARE = 6, /* the cluster only */
	/* compositor to client; none carries a descriptor */
	VC_DISPLAY_WELCOME = 0x101,
	VC_DISPLAY_BUFFER_READY = 0x102,
	VC_DISPLAY_BUFFER_REJECTED = 0x103,
	VC_DISPLAY_RELEASE = 0x104,
	VC_DISPLAY_FRAME = 0x105,
	VC_DISPLAY_ERROR = 0x106,
};

struct vc_display_header {
	uint32_t type; /* enum vc_display_type */
	uint32_t size; /* of the whole message in bytes, this header included */
};

/* The first message. The compositor answers WELCOME or ERROR. */
struct vc_display_hello {
	struct vc_display_header header;
	uint32_t magic;                  /* VC_DISPLAY_MAGIC */
	uint32_t version;                /* VC_DISPLAY_VERSION */
	char layer[VC_DISPLAY_NAME_MAX]; /* the layer's name in compositor.ini, NUL-terminated and NUL-filled */
};

/* What the client's layer looks like. Sent once, after HELLO. */
struct vc_display_welcome {
	struct vc_display_header header;
	uint32_t version;
	uint32_t width, height; /* of the layer's rectangle on the screen, in pixels: buffers should have this size */
	uint32_t refresh_mhz;   /* the output's refresh rate in 1/1000 Hz */
	uint64_t period_ns;     /* the same as a duration */
	uint32_t buffers_max;   /* how many buffers the client may have at a time */
	uint32_t reserved;
};

enum vc_display_buffer_kind {
	VC_DISPLAY_DMABUF = 1, /* the descriptor is a dma-buf */
	VC_DISPLAY_MEMFD =
		2, /* a memfd sealed with F_SEAL_SHRINK and not with F_SEAL_WRITE; made a dma-buf by udmabuf */
};

/* Offers memory for frames. The client keeps its own copy of the descriptor or closes it, as it likes. An id in use must be
 * removed first. */
struct vc_display_buffer_add {
	struct vc_display_header header;
	uint32_t id;   /* 0 … VC_DISPLAY_BUFFERS_MAX - 1, chosen by the client */
	uint32_t kind; /* enum vc_display_buffer_kind */
	uint32_t width, height;
	uint32_t fourcc; /* DRM_FORMAT_* of drm_fourcc.h: XRGB8888 or ARGB8888 (premultiplied) are always understood */
	uint32_t stride; /* bytes from one row to the next */
	uint64_t offset; /* of the first row in the memory, in bytes; a multiple of 4096 for a memfd */
	uint64_t
		size; /* bytes of memory from 0 to the picture's end at least; the descriptor must really be that long */
	uint64_t modifier; /* DRM_FORMAT_MOD_*; only DRM_FORMAT_MOD_LINEAR for a memfd */
};

struct vc_display_buffer_remove {
	struct vc_display_header header;
	uint32_t id;
	uint32_t reserved;
};

struct vc_display_buffer_ready {
	struct vc_display_header header;
	uint32_t id;
	uint32_t reserved;
};

/* The buffer can't be used; the connection lives on. */
struct vc_display_buffer_rejected {
	struct vc_display_header header;
	uint32_t id;
	int32_t error; /* an errno value, positive */
	char reason[VC_DISPLAY_REASON_MAX];
};

#define VC_DISPLAY_PRESENT_FENCE                                                                                       \
	1u /* a sync_file descriptor comes along: the frame counts from when it has signalled */

/* Shows a buffer from the next possible vblank on. A frame that is replaced before its turn is dropped and released. */
struct vc_display_present {
	struct vc_display_header header;
	uint32_t id;
	uint32_t flags;               /* VC_DISPLAY_PRESENT_* */
	uint64_t seq;                 /* the client's frame counter; must rise */
	uint32_t x, y, width, height; /* the part of the buffer to show, in pixels, inside the buffer */
	int64_t drawn_ns; /* when the frame was finished (vc_clock_now()), for latency figures; 0 if unknown */
	uint64_t
		bytes_copied; /* what the source copied by CPU or GPU to make this frame presentable; 0 on a zero-copy path */
};

/* What the frame that the next PRESENT shows is meant to hold. The compositor passes the bytes on to the output monitor and
 * never looks into them: they are protected from end to end (declaration.h). Comes right before the PRESENT of the same seq. */
struct vc_display_declare {
	struct vc_display_header header;
	uint64_t seq;
	uint32_t size; /* of the declaration, 1 … VC_DISPLAY_DECLARATION_MAX; the rest of data is zero */
	uint32_t reserved;
	uint8_t data[VC_DISPLAY_DECLARATION_MAX];
};

/* "I live and have nothing new": counts as a sign of life for the layer's hold time. */
struct vc_display_heartbeat {
	struct vc_display_header header;
	uint64_t seq;
};

/* The buffer is neither on the screen nor in a capture any more: the client may draw into it. */
struct vc_display_release {
	struct vc_display_header header;
	uint32_t id;
	uint32_t reserved;
	uint64_t seq; /* of the PRESENT that ended */
};

/* Answers each PRESENT once: it is time to draw the next frame. */
struct vc_display_frame {
	struct vc_display_header header;
	uint64_t seq; /* the newest PRESENT that this answers */
	int64_t flip_ns; /* when it appeared on the screen; 0 if it was not shown (dropped, layer hidden, layer in fallback) */
	int64_t deadline_ns; /* a frame presented (and signalled) before then makes the next vblank */
};

enum vc_display_error_code {
	VC_DISPLAY_ERROR_PROTOCOL = 1, /* malformed message, wrong size, wrong order, unknown type, bad id */
	VC_DISPLAY_ERROR_VERSION = 2,
	VC_DISPLAY_ERROR_LAYER = 3,  /* no such layer in the config */
	VC_DISPLAY_ERROR_DENIED = 4, /* the peer's credentials don't fit the layer */
	VC_DISPLAY_ERROR_BUSY = 5,   /* the layer has a source already */
	VC_DISPLAY_ERROR_FLOOD = 6,  /* more messages than the layer's rate limit */
	VC_DISPLAY_ERROR_BANNED = 7, /* the layer's sources made too many errors */
};

/* The last message before the compositor closes the connection. */
struct vc_display_error {
	struct vc_display_header header;
	uint32_t code;
	uint32_t reserved;
	char reason[VC_DISPLAY_REASON_MAX];
};

/* Room for any message of this protocol. */
union vc_display_message {
	struct vc_display_header header;
	struct vc_display_hello hello;
	struct vc_display_welcome welcome;
	struct vc_display_buffer_add buffer_add;
	struct vc_display_buffer_remove buffer_remove;
	struct vc_display_buffer_ready buffer_ready;
	struct vc_display_buffer_rejected buffer_rejected;
	struct vc_display_present present;
	struct vc_display_heartbeat heartbeat;
	struct vc_display_declare declare;
	struct vc_display_release release;
	struct vc_display_frame frame;
	struct vc_display_error error;
};

#endif
