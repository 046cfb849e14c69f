/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the monitor decides, as pure functions of bytes and pixels: is a declaration sound and of this frame, and does a picture
 * show what it declares? Three witnesses must agree about each telltale: the state that the cluster declared, the CRC that it
 * declared, and the references that were made when the cluster was built.
 */
#ifndef VC_CHECK_H
#define VC_CHECK_H

#include "control-proto.h"
#include "references.h"

struct vc_check {
	enum vc_monitor_finding finding;
	unsigned telltale; /* the first that is wrong, for findings about telltales */
};

/* Reads the declaration of frame @seq. @size 0: none came. @declaration is filled in if the finding is VC_FOUND_GOOD. */
enum vc_monitor_finding vc_check_declaration(const struct vc_references *references, const uint8_t *bytes, size_t size,
					     uint64_t seq, struct vc_declaration *declaration);

/* Does @zone, of the references' size, show what @declaration says? */
struct vc_check vc_check_picture(const struct vc_references *references, const struct vc_declaration *declaration,
				 const struct vc_pixels *zone);

/* Does @zone show the safe picture: every telltale "unknown"? */
struct vc_check vc_check_safe(const struct vc_references *references, const struct vc_pixels *zone);

#endif
