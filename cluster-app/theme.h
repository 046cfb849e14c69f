/* SPDX-License-Identifier: Apache-2.0 */
/* The colours of the cluster, as 0xRRGGBB. Red, amber, green and blue of the telltales follow ISO 2575's meaning: danger,
 * caution, in use, main beam. */
#ifndef VC_THEME_H
#define VC_THEME_H

#define VC_COLOUR_ACCENT 0x45bdffu  /* the swept part of the dials */
#define VC_COLOUR_ACCENT2 0x9fe3ffu /* its bright end */
#define VC_COLOUR_NEEDLE 0xffffffu
#define VC_COLOUR_TEXT 0xf2f6fau
#define VC_COLOUR_LABEL 0x8494a6u /* units and captions */
#define VC_COLOUR_FAINT 0x2a3442u
#define VC_COLOUR_RED 0xff3b30u
#define VC_COLOUR_AMBER 0xffb020u
#define VC_COLOUR_GREEN 0x2fe06eu
#define VC_COLOUR_BLUE 0x4d8dffu

#endif
