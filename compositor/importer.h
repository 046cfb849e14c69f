/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes a source's memory in and gives it back, on a thread of its own. Pinning pages, importing and making framebuffers takes
 * the kernel tens of milliseconds when it must allocate pages, or wait for its own workers on every CPU (udmabuf does); the
 * frame loop has no such time. Nor has it time to close what strangers send: the last close frees a file's memory, or waits for
 * whoever serves its file system. The thread has no real-time priority, so a job may take as long as it likes.
 *
 * The frame loop hands jobs over and gets them back through two rings without locks, and an eventfd wakes the other side: it
 * neither waits nor allocates. While a job is with the importer, the job and what it points to are the thread's alone.
 * Descriptors to be closed go by a third ring. Whoever reads from a source looks before whether there is room for all that one
 * message may bring, and if not leaves it in its socket: a source whose files take long to close is read the later for it.
 */
#ifndef VC_IMPORTER_H
#define VC_IMPORTER_H

#include "kms-buffer.h"
#include "loop.h"

#include <pthread.h>
#include <stdatomic.h>

struct vc_import_job {
	enum { VC_IMPORT_CREATE, VC_IMPORT_DESTROY } task;
	int card;
	unsigned ways;                    /* CREATE: VC_IMPORT_* */
	bool scaled;                      /* CREATE: its layer scales pictures */
	int fd;                           /* CREATE: the source's descriptor; closed by the importer */
	struct vc_display_buffer_add add; /* CREATE: has passed vc_message_check_buffer() */
	struct vc_import *import;         /* what is made, or unmade */
	int error;                        /* CREATE: 0 or -errno with why */
	char why[VC_DISPLAY_REASON_MAX];
	void *owner;
};

/* As many as a layer's table holds, so that a job, which is in one ring at a time, always finds room. A power of two. */
#define VC_IMPORTER_JOBS 16
/* Descriptors that wait to be closed, at most. A power of two. */
#define VC_IMPORTER_DISCARDS 512

/* One side puts, the other takes. */
struct vc_import_ring {
	_Atomic unsigned put, taken; /* counted, not wrapped */
	struct vc_import_job *job[VC_IMPORTER_JOBS];
};

struct vc_discard_ring {
	_Atomic unsigned put, taken;
	int fd[VC_IMPORTER_DISCARDS];
};

struct vc_importer {
	int udmabuf; /* /dev/udmabuf, -1: none */
	int wake;    /* eventfd: work has come */
	struct vc_watch done;
	struct vc_import_ring asked, answered;
	struct vc_discard_ring discards;
	void (*finished)(void *data, struct vc_import_job *job);
	void *data;
	pthread_t thread;
};

/* Starts the thread, which lives as long as the process. @urgency: of its answers. @finished: called by the loop's thread for
 * each job that is through. Returns 0 or -errno. */
int vc_importer_init(struct vc_importer *importer, struct vc_loop *loop, enum vc_urgency urgency, int udmabuf,
		     void (*finished)(void *data, struct vc_import_job *job), void *data);

/* Hands @job over until finished() gives it back. Never waits. */
void vc_importer_submit(struct vc_importer *importer, struct vc_import_job *job);

/* Hands @fd over to be closed. Never waits: without room, see below, it stays open for good and the log says so. */
void vc_importer_discard(struct vc_importer *importer, int fd);

/* For so many more there is room, at the least. */
unsigned vc_importer_room(const struct vc_importer *importer);

#endif
