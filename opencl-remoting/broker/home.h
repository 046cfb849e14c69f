/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker's place: two users, a directory for compiled kernels, a control group.
 *
 * Of the two users the worker runs as the first. A warden, a child of the keeper, has the first as its effective and the second as its
 * real user: so it can end all of the worker's processes and clear their directory, and none of them can end it. It is there as long as the
 * place is taken, whatever becomes of keeper and broker, and ends the worker's processes when the keeper has ended, too. Where
 * processes of these users run already, other brokers' for example, the place is not free.
 */
#ifndef VC_CL_HOME_H
#define VC_CL_HOME_H

#include "broker.h"

/* Finds out what there is to give: users, the cache directory, control groups. Returns false, with a line in the log, when workers
 * can't be kept apart and that is not allowed, or there is nowhere for compiled kernels. Once, at the broker's start. */
bool vc_cl_home_set_up(struct vc_cl_broker *broker);

struct vc_cl_home {
	const struct vc_cl_broker *broker;
	unsigned place;
	pid_t warden; /* 0: none */
	int command;  /* whose end is the warden's command to end */
};

/* Takes a place for a worker of @client, and empties it of what was another's. Returns 0 or -errno, with a line in the log. */
int vc_cl_home_take(struct vc_cl_home *home, const struct vc_cl_broker *broker, uid_t client);

/* In the child that becomes the worker: enters the control group, takes the user, makes the directory known. Returns false, with a
 * line in the log. */
bool vc_cl_home_enter(const struct vc_cl_home *home);

/* Ends every process of the place, all of them the caller's descendants, and waits until they are gone. Empties the directory unless
 * it's kept. */
void vc_cl_home_leave(const struct vc_cl_home *home);

#endif
