/* SPDX-License-Identifier: Apache-2.0 */
/* What the scales of the dials read: drawn by face.c, used by instruments.c. */
#ifndef VC_SCALES_H
#define VC_SCALES_H

#define VC_SPEED_MAX 240.0  /* km/h at the end of the scale */
#define VC_RPM_MAX 8000.0   /* 1/min at the end of the scale */
#define VC_RPM_RED 6500.0   /* where the red zone begins */
#define VC_FUEL_LOW 0.125   /* of the tank: amber below */
#define VC_COOLANT_MIN 40.0 /* degrees Celsius at the ends of the scale */
#define VC_COOLANT_MAX 130.0
#define VC_COOLANT_HOT 115.0 /* red from here on */

#endif
