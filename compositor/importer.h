/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Takes sources' memory in and gives it back, on a thread of its own. Pinning pages, importing and making framebuffers takes
 * the kernel tens of milliseconds when it must allocate pages, or wait for its own workers on every CPU (udmabuf does); the
 * frame loop has no such time. The thread has no real-time priority, so a job may take as long as it likes.
 *
 * The frame loop hands jobs over and gets them back through two rings without locks, and an eventfd wakes the other side: it
 * neither waits nor allocates. While a job is with the importer, the job and what it points to are the thread's alone.
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

/* As many as all layers' tables hold, so that a job, which is in one ring at a time, always finds room. A power of two. */
#define VC_IMPORTER_JOBS 128

/* One side puts, the other takes. */
struct vc_import_ring {
	_Atomic unsigned put, taken; /* counted, not wrapped */
	struct vc_import_job *job[VC_IMPORTER_JOBS];
};

struct vc_importer {
	int udmabuf; /* /dev/udmabuf, -1: none */
	int wake;    /* eventfd: work has come */
	struct vc_watch done;
	struct vc_import_ring asked, answered;
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

#endif
