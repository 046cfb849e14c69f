/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The recording of a fault run: every vblank that any compositor counted, in order, in one file. The recorder appends to
 * it, the others read it while it grows. All times are CLOCK_MONOTONIC.
 */
#ifndef VC_RECORDING_H
#define VC_RECORDING_H

#include "control-proto.h"

#include <stdbool.h>
#include <stddef.h>

#define VC_RECORDING_MAGIC 0x474c4656u /* "VFLG" in memory */

struct vc_recording_header {
	uint32_t magic;
	uint32_t layers;
	int64_t period_ns;
	char layer[VC_CONTROL_LAYERS_MAX][VC_DISPLAY_NAME_MAX];
	uint32_t role[VC_CONTROL_LAYERS_MAX]; /* enum vc_layer_role */
};

struct vc_recording_entry {
	uint32_t epoch; /* which compositor since the recorder's start, from 0 */
	uint32_t lost;  /* vblanks just before this one that were overwritten before they could be read */
	struct vc_frame_record frame;
};

/* A reader. */
struct vc_recording {
	int fd;
	struct vc_recording_header header;
	size_t read;     /* entries handed out so far */
	size_t at, held; /* of those read ahead */
	struct vc_recording_entry ahead[256];
};

/* Opens @path and reads the header; waits until @limit_ns for it to be there. Returns false after telling why. */
bool vc_recording_open(struct vc_recording *log, const char *path, int64_t limit_ns);
void vc_recording_close(struct vc_recording *log);

/* Takes the next entry. Returns false when there is none yet. */
bool vc_recording_next(struct vc_recording *log, struct vc_recording_entry *entry);

/* The layer of that name, or of the cluster if @name is NULL. Returns -1 after telling why. */
int vc_recording_layer(const struct vc_recording *log, const char *name);

/* Writes what time it is to @path. Returns false after telling why. */
bool vc_fault_write_stamp(const char *path);

/* The subcommands of vc-fault; each returns an exit code. */
int vc_fault_record(int argc, char **argv);
int vc_fault_await(int argc, char **argv);
int vc_fault_judge(int argc, char **argv);
int vc_fault_stamp(int argc, char **argv);
int vc_fault_process(int argc, char **argv);
int vc_fault_order(int argc, char **argv);
int vc_fault_source(int argc, char **argv);
int vc_fault_hog(int argc, char **argv);

#endif
