/* SPDX-License-Identifier: Apache-2.0 */
/* Names of operations by number, for people; made by apigen. */
#ifndef VC_CL_OP_NAMES_H
#define VC_CL_OP_NAMES_H

extern const char *const vc_cl_op_names[];
extern const unsigned vc_cl_op_count;

#endif
