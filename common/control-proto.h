/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control protocol: how tools (vcockpit, the viewer) ask the compositor what it does and what the CRTC puts out.
 *
 * Transport: SOCK_SEQPACKET Unix socket, by default /run/vcockpit/control, one request at a time and one answer each. The
 * compositor answers with fixed-size structures from memory set aside at start; turning them into JSON or PNG is the
 * tool's work, outside the safety domain. A memfd that comes with an answer is sealed with F_SEAL_SHRINK, so that reading it
 * can't fault.
 */
#ifndef VC_CONTROL_PROTO_H
#define VC_CONTROL_PROTO_H

#include "display-proto.h"

#include <stdint.h>

#define VC_CONTROL_SOCKET "/run/vcockpit/control"
#define VC_CONTROL_VERSION 3u
#define VC_CONTROL_OUTPUTS_MAX 4
#define VC_CONTROL_LAYERS_MAX 8

enum vc_control_type {
	VC_CONTROL_GET_STATUS = 1,   /* answered by STATUS */
	VC_CONTROL_CAPTURE = 2,      /* answered by CAPTURED with one dma-buf or memfd, read-only, or by FAILED */
	VC_CONTROL_CAPTURE_DONE = 3, /* the tool has read the capture; no answer. Closing the socket says it too. */
	VC_CONTROL_GET_FRAMES = 4,   /* answered by FRAMES with one memfd, read-only: the frame log */
	VC_CONTROL_MONITOR =
		5, /* the output monitor's user only: from here on this connection speaks monitor-proto.h */
	VC_CONTROL_ALLOW =
		6, /* ends the ban of a layer; answered by DONE or FAILED. For root and the compositor's user */

	VC_CONTROL_STATUS = 0x101,
	VC_CONTROL_CAPTURED = 0x102,
	VC_CONTROL_FRAMES = 0x103,
	VC_CONTROL_FAILED = 0x104,
	VC_CONTROL_DONE = 0x105,
};

/* Any request. */
struct vc_control_request {
	uint32_t type;
	uint32_t version; /* VC_CONTROL_VERSION */
	uint32_t index;   /* of the output, for CAPTURE and GET_FRAMES; of the layer, for ALLOW */
	uint32_t reserved;
};

enum vc_layer_role { VC_ROLE_CLUSTER = 1, VC_ROLE_GUEST = 2 };

/* What a layer shows. */
enum vc_layer_state {
	VC_STATE_WAITING = 1,  /* no source has come yet; the fallback shows */
	VC_STATE_LIVE = 2,     /* the source's frames show */
	VC_STATE_HOLD = 3,     /* the source is late or gone; its last frame shows until hold_ms is over */
	VC_STATE_FALLBACK = 4, /* hold_ms is over; the fallback shows */
};

/* Why it shows that. */
enum vc_layer_reason {
	VC_REASON_NONE = 0,      /* live */
	VC_REASON_NO_SOURCE = 1, /* nobody connected */
	VC_REASON_SILENT = 2,    /* connected, but no frame and no heartbeat for hold_ms */
	VC_REASON_GONE = 3,      /* disconnected */
	VC_REASON_FENCE = 4,     /* frames come, but their fences don't signal */
	VC_REASON_REFUSED = 5,   /* the kernel refused the layer's plane state */
	VC_REASON_PROTOCOL = 6,  /* the client broke the protocol and was disconnected */
	VC_REASON_WRONG = 7,     /* the output monitor found the picture wrong */
	VC_REASON_UNWATCHED = 8, /* the output monitor has been silent too long */
	VC_REASON_BANNED = 9,    /* its sources made too many errors */
};

enum vc_layer_path {
	VC_PATH_PLANE = 1,    /* the source's buffer is scanned out by a KMS plane of the layer's own */
	VC_PATH_COMPOSED = 2, /* the CPU composes it into the primary plane */
};

struct vc_control_layer {
	char name[VC_DISPLAY_NAME_MAX];
	uint32_t role, state, reason, path; /* enums above */
	uint32_t output;                    /* index */
	uint32_t plane;                     /* KMS object id */
	uint32_t plane_type;                /* DRM_PLANE_TYPE_* */
	uint32_t x, y, width, height;       /* on the screen */
	int32_t pid;                        /* of the source, 0 if none */
	uint32_t uid;
	uint64_t frames_received; /* PRESENTs taken */
	uint64_t frames_shown;    /* of those, flipped to the screen */
	uint64_t frames_dropped;  /* replaced before their turn */
	uint64_t frames_due;      /* vblanks while live or on hold */
	uint64_t
		frames_missed; /* of those, the ones without a new frame (counted for the cluster; guests set their own pace) */
	uint64_t fallbacks;     /* how often the fallback was entered */
	uint64_t refused;       /* commits that the kernel refused because of this layer */
	uint64_t bytes_copied;  /* CPU copies for this layer: what the source declared plus what composition cost */
	uint64_t frames_copied; /* frames that cost a copy */
	int64_t worst_gap_ns; /* longest time between two frames of this layer on the screen, while it was live or held */
	int64_t last_flip_ns;
	int64_t latency_ns_max, latency_ns_sum; /* from drawn_ns to flip, over frames_shown frames that gave drawn_ns */
	uint64_t errors;                        /* breaches, refused frames, fences that never signalled */
	uint32_t errors_recent;                 /* of those, the ones that still count towards a ban */
	uint32_t bans;                          /* since start */
	int64_t banned_until_ns;                /* 0: not banned; INT64_MAX: until it is allowed */
};

struct vc_control_output {
	char name[VC_DISPLAY_NAME_MAX];
	char card[64], driver[32], connector[32];
	uint32_t crtc, width, height, refresh_mhz;
	uint32_t writeback; /* 1: captures come from a writeback connector; 0: from the composed buffer */
	uint32_t adopted;   /* 1: taken over lit from the last compositor, without a modeset */
	uint64_t vblanks;   /* counted since start */
	uint64_t commits, commits_refused, commits_late; /* late: ready after its vblank had passed */
	uint64_t captures;
	int64_t commit_ns_max, commit_ns_sum; /* time in the atomic ioctl */
	int64_t wake_ns_max;                  /* frame clock: expiry to running */
	int64_t first_commit_ns;              /* when the kernel had taken the first commit */
};

/* Which check of the output monitor. */
enum vc_monitor_check {
	VC_CHECK_NONE = 0,   /* nothing to check: a sign of life */
	VC_CHECK_SOURCE = 1, /* the pixels of a frame of the cluster, against its declaration and the references */
	VC_CHECK_OUTPUT = 2, /* what the CRTC puts out, likewise */
};

/* What a check found. */
enum vc_monitor_finding {
	VC_FOUND_GOOD = 0,
	VC_FOUND_UNDECLARED = 1,  /* the frame came without a declaration */
	VC_FOUND_GARBLED = 2,     /* the declaration's CRC or layout is wrong */
	VC_FOUND_REPLAYED = 3,    /* the declaration is of another frame */
	VC_FOUND_PLACES = 4,      /* it declares other telltales, or at other places, than the references have */
	VC_FOUND_COUNTER = 5,     /* the picture doesn't bear the frame's counter: frozen, covered or overwritten */
	VC_FOUND_MISSING = 6,     /* a telltale is declared on, but drawn off */
	VC_FOUND_EXTRA = 7,       /* declared off, but drawn on */
	VC_FOUND_WRONG = 8,       /* declared and drawn are two states, and one of them is "unknown" */
	VC_FOUND_PIXELS = 9,      /* a telltale's pixels are none of its three states */
	VC_FOUND_CRC = 10,        /* the pixels are right, but the declared CRC is of others */
	VC_FOUND_FROZEN = 11,     /* the cluster lives, but brings no new frame */
	VC_FOUND_UNREADABLE = 12, /* the frame's memory cannot be read */
	VC_FINDINGS
};

/* The output monitor, as the compositor knows it. */
struct vc_control_monitor {
	uint32_t configured; /* 1: there is a [monitor] section */
	uint32_t connected, silent;
	int32_t pid; /* 0 if not connected */
	uint64_t source_checks, output_checks, source_bad, output_bad;
	uint64_t unchecked;  /* frames that the monitor was too busy for */
	uint64_t lost;       /* how often it fell silent or went */
	uint64_t stale;      /* verdicts about what it was not asked for, or no longer: not heeded */
	uint64_t throttled;  /* how often it said more than it may between two ticks */
	uint32_t distrusted; /* bit per layer */
	uint32_t bad_layer, bad_check, bad_finding, bad_telltale; /* of the last bad verdict */
	uint32_t blind;                     /* 1: the output has not been checked for output_max_ms */
	int64_t bad_ns;                     /* when that was, 0: never */
	int64_t verdict_ns;                 /* its last word, 0: none yet */
	int64_t output_ns;                  /* the last check of the output, 0: none yet */
	int64_t check_ns_max, check_ns_sum; /* from the commit of a frame to its source verdict, over source_checks */
};

/* What kept the frame loop from its work, since start (stalls.h). */
struct vc_control_stalls {
	uint64_t turns; /* of the loop */
	uint64_t minor_faults, major_faults;
	uint64_t waits, waits_commit; /* the latter: in the commit's ioctl */
};

struct vc_control_status {
	uint32_t type; /* VC_CONTROL_STATUS */
	uint32_t version;
	uint32_t outputs, layers; /* how many of the tables below count */
	int64_t now_ns, start_ns;
	struct vc_control_output output[VC_CONTROL_OUTPUTS_MAX];
	struct vc_control_layer layer[VC_CONTROL_LAYERS_MAX];
	struct vc_control_monitor monitor;
	struct vc_control_stalls stalls;
};

struct vc_control_captured {
	uint32_t type; /* VC_CONTROL_CAPTURED */
	uint32_t width, height, stride, fourcc;
	uint32_t writeback; /* as in vc_control_output */
	uint64_t size;      /* bytes to map */
	int64_t vblank_ns;  /* the vblank whose picture this is */
	uint64_t ticket;    /* tells this capture from all others since start */
	/* The frame of each layer in the picture: 0 if its fallback shows, VC_CONTROL_ADOPTED if it shows what the compositor
	 * before this one left there. */
	uint64_t seq[VC_CONTROL_LAYERS_MAX];
	uint32_t source
		[VC_CONTROL_LAYERS_MAX]; /* the connection that the frame came over: each source counts its own frames */
};
#define VC_CONTROL_ADOPTED UINT64_MAX /* no frame has this number */

/* One vblank in the frame log. */
struct vc_frame_record {
	int64_t vblank_ns;     /* the flip event's time, or the clock's estimate where nothing was committed */
	int64_t commit_ns;     /* when the commit was handed to the kernel, 0 if none */
	uint32_t layer_new;    /* bit i: layer i got a new frame at this vblank */
	uint32_t layer_live;   /* bit i: layer i showed its source's frame (not the fallback) */
	uint32_t layer_missed; /* bit i: layer i's frame was due and none came (cluster only) */
	uint32_t flags;        /* VC_FRAME_* */
	uint8_t state[VC_CONTROL_LAYERS_MAX];  /* enum vc_layer_state of each layer; 0: not on this output */
	uint8_t reason[VC_CONTROL_LAYERS_MAX]; /* enum vc_layer_reason */
};
#define VC_FRAME_REFUSED 1u /* the kernel refused the first try; a safer one was shown */
#define VC_FRAME_CAPTURE 2u /* carried a writeback job */
#define VC_FRAME_LATE 4u

#define VC_FRAME_LOG_MAX 8192

/* The memory behind FRAMES. The compositor writes record[head % VC_FRAME_LOG_MAX], then head with release order; a reader
 * loads head with acquire order before and after copying, and drops what was overwritten in between. */
struct vc_frame_log {
	uint32_t version, output;
	_Atomic uint64_t head; /* records written since start */
	struct vc_frame_record record[VC_FRAME_LOG_MAX];
};

struct vc_control_frames {
	uint32_t type; /* VC_CONTROL_FRAMES */
	uint32_t reserved;
	uint64_t size; /* of struct vc_frame_log */
};

struct vc_control_done {
	uint32_t type; /* VC_CONTROL_DONE */
	uint32_t reserved;
};

struct vc_control_failed {
	uint32_t type; /* VC_CONTROL_FAILED */
	int32_t error; /* an errno value, positive */
	char reason[VC_DISPLAY_REASON_MAX];
};

#endif
