/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How "vcockpit-gpu --status" asks a running device process what it does. SOCK_SEQPACKET Unix socket
 * /run/vcockpit/gpu-NAME/status: whoever connects gets one struct vc_gpu_status with the descriptor of frame-times-proto.h
 * (none, if memory was short), then the connection is closed.
 */
#ifndef VC_GPU_STATUS_PROTO_H
#define VC_GPU_STATUS_PROTO_H

#include <stdint.h>

#define VC_GPU_STATUS_VERSION 1u
#define VC_GPU_REASON_MAX 160

struct vc_gpu_counters {
	uint64_t commands; /* taken from both rings */
	uint64_t errors;   /* of those, answered with VIRTIO_GPU_RESP_ERR_* or not answerable */
	uint64_t submits;  /* SUBMIT_3D forwarded */
	uint64_t cursor_commands;
	uint64_t flushes;            /* of the scanout */
	uint64_t frames;             /* handed to the compositor */
	uint64_t frames_in_place;    /* of those, without a copy */
	uint64_t frames_lost;        /* flushes not shown: the content died with a worker */
	uint64_t frames_undelivered; /* no compositor, or it refused the buffer */
	uint64_t bytes_copied;       /* to make frames presentable */
	uint64_t bytes_transferred;  /* guest RAM to resources and back, as the guest asked */
	uint64_t worker_starts;
	uint64_t worker_faults; /* deaths that weren't asked for */
	uint64_t connections;   /* of QEMU */
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
	uint32_t resets; /* as told to the guest */
	uint64_t resource_bytes;
	char renderer[128];
	char last_reason[VC_GPU_REASON_MAX]; /* of the last fault or refusal, "" if none */
	struct vc_gpu_counters counters;
};

#endif
