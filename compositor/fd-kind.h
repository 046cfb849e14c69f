/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What kind of file a client's descriptor is, found without calling into the file itself. A descriptor may come from a FUSE
 * file system that its sender serves: fstat(), poll() or ioctl() on it would wait for the sender for ever. Only when the
 * kind is known to be the kernel's own may those be used.
 */
#ifndef VC_FD_KIND_H
#define VC_FD_KIND_H

enum vc_fd_kind { VC_FD_OTHER, VC_FD_MEMFD, VC_FD_DMABUF, VC_FD_SYNC_FILE };

enum vc_fd_kind vc_fd_kind(int fd);

/* Another descriptor of a client's memory, to be given to somebody who is to look at it: one that can't write for a memfd, the
 * same for a dma-buf. Returns -1 for anything else. */
int vc_fd_view(int fd);

#endif
