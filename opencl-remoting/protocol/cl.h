/* SPDX-License-Identifier: Apache-2.0 */
/* OpenCL's headers as both sides want them: all of 3.0, deprecated functions included, and the ICD's dispatch table. */
#ifndef VC_CL_CL_H
#define VC_CL_CL_H

#define CL_TARGET_OPENCL_VERSION 300
#define CL_USE_DEPRECATED_OPENCL_1_0_APIS
#define CL_USE_DEPRECATED_OPENCL_1_1_APIS
#define CL_USE_DEPRECATED_OPENCL_1_2_APIS
#define CL_USE_DEPRECATED_OPENCL_2_0_APIS
#define CL_USE_DEPRECATED_OPENCL_2_1_APIS
#define CL_USE_DEPRECATED_OPENCL_2_2_APIS
/* cl.h knows no ICD table entries for Windows' interfaces; nor do we. */
#include <CL/cl.h>
#include <CL/cl_ext.h>
#include <CL/cl_icd.h>

#endif
