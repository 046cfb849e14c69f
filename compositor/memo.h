/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the next compositor must not forget: who is banned or kept out, which errors led so far, and what the output monitor found
 * wrong. A source that is banned, or a cluster that lies, must not get a clean record by the death of the compositor.
 *
 * It is a memfd in the fd store, mapped and kept up to date from the frame loop, so that it survives SIGKILL at any moment. There
 * are two pages, written in turn and each with a CRC: a page that was being written is worth nothing, and the other one counts.
 * What is read back is believed only within the bounds of the config that holds now. Times are of CLOCK_MONOTONIC, which goes on
 * as long as the fd store does.
 */
#ifndef VC_MEMO_H
#define VC_MEMO_H

#include "monitor-link.h"
#include "store.h"

#define VC_MEMO_NAME "memo"
#define VC_MEMO_VERSION 1u

struct vc_memo_layer {
	char name[VC_DISPLAY_NAME_MAX]; /* "": there is none */
	uint32_t uid;                   /* another user of the layer has a clean record */
	uint32_t bans;
	uint64_t errors;
	int64_t banned_until_ns, closed_until_ns;
	int64_t error_ns[VC_ERRORS_MAX];
	/* about a cluster */
	uint32_t source_wrong, output_wrong;
	int64_t sign_ns, output_ns; /* rounded down, so that the page needn't be written for each frame */
};

struct vc_memo_page {
	uint32_t magic, version;
	uint64_t number; /* the higher one is the newer page */
	struct vc_memo_layer layer[VC_LAYERS_MAX];
	uint32_t reserved;
	uint32_t crc; /* of all before */
};

struct vc_memo {
	struct vc_memo_page *page; /* two of them, shared; NULL: nothing is kept */
	struct vc_memo_page next;  /* what the next one will be */
};

/* Maps the memo that is in @store, or makes one and puts it there. Without memory for it nothing is remembered, which the log
 * says. */
void vc_memo_init(struct vc_memo *memo, struct vc_store *store);

/* Gives the layers of @link back what is known about them, and decides whom to distrust. */
void vc_memo_recall(const struct vc_memo *memo, struct vc_monitor_link *link, int64_t now_ns);

/* Writes down what has changed. Call at each tick. */
void vc_memo_keep(struct vc_memo *memo, const struct vc_monitor_link *link);

#endif
