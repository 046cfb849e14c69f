/* SPDX-License-Identifier: Apache-2.0 */
#include "warning-sign.h"

#include <math.h>

void vc_warning_sign_draw(cairo_t *cr, double x, double y, double size) {
	cairo_save(cr);
	cairo_translate(cr, x, y);
	cairo_scale(cr, size, size);
	cairo_set_line_join(cr, CAIRO_LINE_JOIN_ROUND);
	cairo_set_line_cap(cr, CAIRO_LINE_CAP_ROUND);
	cairo_set_line_width(cr, 0.08);
	cairo_move_to(cr, 0, -0.4);
	cairo_line_to(cr, 0.46, 0.38);
	cairo_line_to(cr, -0.46, 0.38);
	cairo_close_path(cr);
	cairo_stroke(cr);
	cairo_set_line_width(cr, 0.09);
	cairo_move_to(cr, 0, -0.11);
	cairo_line_to(cr, 0, 0.11);
	cairo_stroke(cr);
	cairo_arc(cr, 0, 0.25, 0.055, 0, 2 * M_PI);
	cairo_fill(cr);
	cairo_restore(cr);
}
