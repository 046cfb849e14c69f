/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How tools speak with a guest's GPU device. SOCK_SEQPACKET Unix socket /run/vcockpit/gpu-NAME/status: whoever connects gets one
 * struct vc_gpu_status at once, with the descriptor of frame-times-proto.h (none, if memory was short), and may then send one struct
 * vc_gpu_request, which is answered by one struct vc_gpu_reply.
 */
#ifndef VC_GPU_PROTO_H
#define VC_GPU_PROTO_H

#include <stdint.h>

#define VC_GPU_STATUS_VERSION 2u
#define VC_GPU_REASON_MAX 160

struct vc_gpu_counters {
	uint64_t commands; /* taken from both rings */
	uint64_t errors;   /* of those, answered with VIRTIO_GPU_RESP_ERR_* or not answerable */
	uint64_t submits;  /* SUBMIT_3D forwarded */
	uint64_t cursor_commands;
	uint64_t flushes;            /* of the scanout */
	uint64_t frames;             /* handed to the compositor */
	uint64_t frames_in_place;    /* of those, without a copy */
	uint64_t frames_direct;      /* of those, from the guest's own memory */
	uint64_t frames_lost;        /* flushes not shown: the content died with a worker */
	uint64_t frames_undelivered; /* no compositor, or it refused the buffer */
	uint64_t bytes_copied;       /* to make frames presentable */
	uint64_t bytes_transferred;  /* guest RAM to resources and back, as the guest asked */
	uint64_t worker_starts;
	uint64_t worker_faults; /* deaths that weren't asked for */
	uint64_t bans;
	uint64_t connections; /* of QEMU */
	uint64_t connection_faults;
	uint64_t display_connections;
};

struct vc_gpu_status {
	uint32_t version;        /* VC_GPU_STATUS_VERSION */
	uint32_t size;           /* of this struct */
	int32_t pid, worker_pid; /* 0: no worker */
	uint32_t worker_ready;
	uint32_t virgl;   /* 1: the worker renders 3D now */
	uint32_t guest;   /* 1: QEMU is connected */
	uint32_t display; /* 1: the compositor is connected */
	uint32_t width, height, refresh_mhz;
	uint32_t scanout_resource, scanout_width, scanout_height, scanout_lost;
	uint32_t resources, contexts;
	uint32_t resets;                    /* as told to the guest */
	uint32_t banned;                    /* 1: from 3D */
	uint32_t recent_faults, max_faults; /* within the window that ends now, and how many of them ban */
	uint32_t reserved;
	int64_t readmit_in_ms; /* until the ban ends by itself; -1: no ban, or it doesn't */
	uint64_t resource_bytes, backing_pieces;
	char renderer[128];
	char last_reason[VC_GPU_REASON_MAX]; /* of the last fault or refusal, "" if none */
	struct vc_gpu_counters counters;
};

enum vc_gpu_request_type {
	VC_GPU_ALLOW = 1, /* end a ban; only root and the device's own user may */
};

struct vc_gpu_request {
	uint32_t version; /* VC_GPU_STATUS_VERSION */
	uint32_t type;    /* enum vc_gpu_request_type */
};

struct vc_gpu_reply {
	uint32_t version;
	int32_t error; /* 0 or an errno: EPERM, EALREADY (there is no ban), EINVAL */
	char reason[VC_GPU_REASON_MAX];
};

/* Asks the device at @path (NULL: that of guest @guest) to end a ban. Waits for it @timeout_ms at the most. Returns 0 or -errno
 * (-EALREADY: there is no ban) with a sentence in @why, which has room for VC_GPU_REASON_MAX. */
int vc_gpu_allow(const char *path, const char *guest, int timeout_ms, char *why);

#endif
