/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sd_notify(3) protocol from a real-time loop: one socket opened at start, sends that never block. (libsystemd's own
 * opens a socket a call and may wait for a full queue.)
 */
#ifndef VC_NOTIFY_H
#define VC_NOTIFY_H

#include <stdint.h>

struct vc_notify {
	int sock;            /* -1: nobody asked to be notified */
	int64_t interval_ns; /* how often the watchdog wants a sign of life, 0: never */
	int64_t next_ns;
};

/* From $NOTIFY_SOCKET and $WATCHDOG_USEC; a sign of life is due four times within the watchdog's time. */
void vc_notify_init(struct vc_notify *notify);
void vc_notify_finish(struct vc_notify *notify);

/* @state: "READY=1", "STATUS=…". */
void vc_notify_send(const struct vc_notify *notify, const char *state);

/* The watchdog's sign of life, if one is due. */
void vc_notify_alive(struct vc_notify *notify, int64_t now_ns);

#endif
