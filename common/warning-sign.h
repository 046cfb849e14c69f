/* SPDX-License-Identifier: Apache-2.0 */
/* The warning triangle, as cluster and compositor draw it. A library of its own, since the daemons have no cairo. */
#ifndef VC_WARNING_SIGN_H
#define VC_WARNING_SIGN_H

#include <cairo.h>

/* A triangle with an exclamation mark in the current colour, its middle at (x, y), @size wide, in units of @cr. */
void vc_warning_sign_draw(cairo_t *cr, double x, double y, double size);

#endif
