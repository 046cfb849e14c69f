/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The back-end's side of a vhost-user connection (QEMU's interop/vhost-user, with vhost-user-gpu's GPU_SET_SOCKET), as far as
 * stock QEMU's vhost-user-gpu-pci speaks it. It owns the connection, guest memory and the two virtqueues, and knows nothing of
 * what is in them.
 */
#ifndef VC_GPU_VHOST_H
#define VC_GPU_VHOST_H

#include "memory.h"
#include "vring.h"

#include <stdbool.h>
#include <stdint.h>

enum { VC_VHOST_CONTROL = 0, VC_VHOST_CURSOR = 1, VC_VHOST_RINGS = 2 };

#define VC_VHOST_PAYLOAD_MAX 1024
#define VC_VHOST_FDS_MAX 8
#define VC_VHOST_CONFIG_MAX 256 /* VHOST_USER_MAX_CONFIG_SIZE */

struct vc_vhost;

struct vc_vhost_ops {
	/* The rings are about to stop or guest memory to move: hand back every chain now. */
	void (*settle)(void *data);
	/* Guest memory has changed. */
	void (*memory_changed)(void *data);
	/* A ring's kick descriptor or its readiness has changed. The old descriptor is still open: QEMU has it too, so that
	 * epoll would keep what isn't taken out before the close. */
	void (*ring_changed)(void *data, unsigned index);
	/* The control ring begins at 0: a driver starts from nothing and knows of no resource. */
	void (*driver_fresh)(void *data);
};

struct vc_vhost {
	int sock;                 /* -1: no connection */
	uint64_t device_features; /* virtio-gpu's own, VIRTIO_GPU_F_*; set by the owner */
	uint8_t config[64];       /* struct virtio_gpu_config; set by the owner */
	unsigned config_size;
	const struct vc_vhost_ops *ops;
	void *data;

	uint64_t features, protocol;
	struct vc_memory memory;
	struct vc_vring ring[VC_VHOST_RINGS];
	struct {
		bool set;
		uint64_t desc, avail, used;
	} place[VC_VHOST_RINGS]; /* QEMU's addresses, to be found again when memory moves */
	int gpu_sock;            /* QEMU's own display; kept open and unused, since frames go to the compositor */

	uint8_t in[12 + VC_VHOST_PAYLOAD_MAX];
	size_t have;
	int fds[VC_VHOST_FDS_MAX];
	unsigned nfds;
};

void vc_vhost_init(struct vc_vhost *vhost, const struct vc_vhost_ops *ops, void *data);

/* Starts a connection on @sock, which is the vhost's from now on. */
void vc_vhost_open(struct vc_vhost *vhost, int sock);

/* Ends it: rings, memory and descriptors are given up. */
void vc_vhost_close(struct vc_vhost *vhost);

/* Handles what has arrived, without blocking, and not more than a few dozen messages at a time. Returns NULL, or why the connection must end ("" for an ordinary close). */
const char *vc_vhost_receive(struct vc_vhost *vhost);

#endif
