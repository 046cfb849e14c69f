/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The device's own system call filter. What a QEMU or a worker that was taken over could make of the device ends at what is listed
 * here: no other process is looked into, no network, no new rights, no mounts, no kernel's by-ways. It must let files be opened and
 * one program be started, since workers are started under it; they shut both off once GL is up (worker/sandbox.c). Which files those
 * are is left to the unit (ProtectSystem=strict).
 */
#ifndef VC_GPU_FILTER_H
#define VC_GPU_FILTER_H

/* Returns 0 or -errno. Whatever isn't allowed fails with EPERM from here on, in this process and its children. */
int vc_filter_enter(void);

#endif
