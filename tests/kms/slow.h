/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of so many bytes takes slow.c for ever: a picture of 96x96 pixels. */
#ifndef VC_SLOW_H
#define VC_SLOW_H

#define SLOW_SIDE 96
#define SLOW_BYTES (SLOW_SIDE * SLOW_SIDE * 4)

#endif
