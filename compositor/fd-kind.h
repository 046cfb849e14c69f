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

#endif
