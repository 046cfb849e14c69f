/* SPDX-License-Identifier: Apache-2.0 */
/* Is a message from a client well-formed? Pure; decides on the bytes alone, before anything acts on them. */
#ifndef VC_MESSAGES_H
#define VC_MESSAGES_H

#include "display-proto.h"

#include <stddef.h>

/* Checks @size bytes with @fds descriptors: known type, exact size, the right number of descriptors, reserved fields zero,
 * numbers in range. Returns NULL or what is wrong. */
const char *vc_message_check(const union vc_display_message *message, size_t size, unsigned fds);

/* Checks the picture that BUFFER_ADD describes: a fault here rejects the buffer, not the client. Returns NULL or what is
 * wrong. */
const char *vc_message_check_buffer(const struct vc_display_buffer_add *add);

#endif
