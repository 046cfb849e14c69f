/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which graphics card the viewer may show pictures on. Cards are looked at in sysfs and not opened: opening one can take the
 * master role away from the compositor.
 */
#ifndef VC_VIEWER_CARDS_H
#define VC_VIEWER_CARDS_H

#include "control-proto.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define VC_CARDS_MAX 16

struct vc_visible_card {
	char path[32];   /* of the device node */
	char driver[64]; /* of the device, as sysfs calls it: "virtio_gpu", "bochs-drm", "vkms" */
	dev_t device;
	uint32_t number;     /* N of cardN */
	uint32_t connectors; /* 0: no KMS, only rendering */
};

/* Lists the cards under @sysfs (normally "/sys/class/drm") in order of their numbers. Returns how many. */
size_t vc_cards_list(const char *sysfs, struct vc_visible_card *cards, size_t max);

/* The device numbers that the compositor's outputs are on. Returns false when one of them can't be told. */
bool vc_cards_taken(const struct vc_control_status *status, dev_t taken[VC_CONTROL_OUTPUTS_MAX], size_t *count,
		    char *why, size_t size);

/* Picks the card that @wish names (driver or device path; NULL: the first with connectors that isn't vkms), never one of
 * @taken. On failure returns NULL with a sentence in @why. */
const struct vc_visible_card *vc_cards_choose(const struct vc_visible_card *cards, size_t count, const char *wish,
					      const dev_t *taken, size_t taken_count, char *why, size_t size);

#endif
