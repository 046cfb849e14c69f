/* SPDX-License-Identifier: Apache-2.0 */
/* What refuse.c refuses, besides pictures of one width. */
#ifndef VC_REFUSE_H
#define VC_REFUSE_H

enum {
	REFUSE_NOTHING,
	REFUSE_ALL,       /* every commit but TEST_ONLY ones */
	REFUSE_TESTS,     /* every commit, and those too */
	REFUSE_FLIPS,     /* nonblocking commits */
	REFUSE_LATE,      /* pictures of that width pass TEST_ONLY, but not the commit */
	REFUSE_ONE_EVENT, /* the next flip event is lost */
};

#endif
