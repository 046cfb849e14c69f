/* SPDX-License-Identifier: Apache-2.0 */
#ifndef VC_GPU_LISTEN_H
#define VC_GPU_LISTEN_H

/* Listens on @path for stream connections, as QEMU's chardevs make them (non-blocking, close-on-exec, mode 0660). A stale
 * socket file is replaced, a live one is not. Returns the descriptor or -errno. */
int vc_listen_stream(const char *path);

#endif
