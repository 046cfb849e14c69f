/* SPDX-License-Identifier: Apache-2.0 */
/* Files that the drawing code makes without car and compositor. Each function returns the program's exit code after telling what
 * went wrong. Sizes in pixels, @fonts as in cluster.ini. */
#ifndef VC_RENDER_H
#define VC_RENDER_H

/* A PNG of one of states.h's pictures. */
int vc_render_state(const char *path, const char *state, int width, int height, const char *fonts);

/* The safe picture (safe.h), a PNG. */
int vc_render_safe(const char *path, int width, int height, const char *fonts);

/* What each telltale looks like (references.h). */
int vc_render_references(const char *path, int width, int height, const char *fonts);

#endif
