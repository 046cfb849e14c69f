/* SPDX-License-Identifier: Apache-2.0 */
/* Guest RAM in the worker. Regions come from the device, which has checked them. */
#ifndef VC_GPU_GUEST_H
#define VC_GPU_GUEST_H

#include "worker-proto.h"

#include <stdbool.h>
#include <sys/uio.h>

/* Maps the regions of a MEMORY command. What was mapped before stays until the second MEMORY after it: backings are attached
 * anew one by one, and until then the renderer looks at the old place. @fds are closed in every case. */
bool vc_guest_map(const struct vc_worker_command *command, const int *fds, unsigned nfds);

/* Makes a malloced list of @count pieces; NULL if one is outside, or memory is short. */
struct iovec *vc_guest_iov(const struct vc_worker_piece *piece, unsigned count);

#endif
