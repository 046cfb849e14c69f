/* SPDX-License-Identifier: Apache-2.0 */
#include "cards.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* Reads "cardN" or "cardN-CONNECTOR". Returns what follows N, or NULL. */
static const char *parse_card(const char *name, uint32_t *number) {
	if (strncmp(name, "card", 4) != 0 || name[4] < '0' || name[4] > '9')
		return NULL;
	char *end;
	unsigned long value = strtoul(name + 4, &end, 10);
	if (value > UINT16_MAX)
		return NULL;
	*number = (uint32_t)value;
	return end;
}

/* The last part of where @path leads to, or false. */
static bool read_target(const char *path, char *name, size_t size) {
	char target[PATH_MAX];
	if (!realpath(path, target))
		return false;
	snprintf(name, size, "%s", strrchr(target, '/') + 1);
	return true;
}

/* The driver of the virtio device behind the PCI device @path. */
static void read_virtio_driver(const char *path, char *driver, size_t size) {
	DIR *directory = opendir(path);
	if (!directory)
		return;
	for (const struct dirent *entry; (entry = readdir(directory));) {
		char below[PATH_MAX];
		int n = snprintf(below, sizeof(below), "%s/%s/driver", path, entry->d_name);
		if (n < (int)sizeof(below) && strncmp(entry->d_name, "virtio", 6) == 0 &&
		    read_target(below, driver, size))
			break;
	}
	closedir(directory);
}

/* The driver bound to the card's device. A virtual device may have none and bears its name instead; a virtio card's device
 * is the PCI transport, which says nothing. */
static void read_driver(const char *sysfs, uint32_t number, char *driver, size_t size) {
	char device[PATH_MAX / 2], path[PATH_MAX];
	snprintf(device, sizeof(device), "%s/card%u/device", sysfs, number);
	snprintf(path, sizeof(path), "%s/driver", device);
	if (!read_target(path, driver, size) && !read_target(device, driver, size))
		snprintf(driver, size, "unknown");
	if (strcmp(driver, "virtio-pci") == 0)
		read_virtio_driver(device, driver, size);
}

/* Fills in @card. Returns false if it has gone meanwhile. */
static bool read_card(const char *sysfs, uint32_t number, struct vc_visible_card *card) {
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/card%u/dev", sysfs, number);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	unsigned major_number, minor_number;
	bool good = fscanf(file, "%u:%u", &major_number, &minor_number) == 2;
	fclose(file);
	if (!good)
		return false;
	*card = (struct vc_visible_card){.device = makedev(major_number, minor_number), .number = number};
	snprintf(card->path, sizeof(card->path), "/dev/dri/card%u", number);
	read_driver(sysfs, number, card->driver, sizeof(card->driver));
	return true;
}

static int by_number(const void *a, const void *b) {
	const struct vc_visible_card *left = a;
	const struct vc_visible_card *right = b;
	return (left->number > right->number) - (left->number < right->number);
}

static void count_connectors(DIR *directory, struct vc_visible_card *cards, size_t count) {
	rewinddir(directory);
	for (const struct dirent *entry; (entry = readdir(directory));) {
		uint32_t number;
		const char *rest = parse_card(entry->d_name, &number);
		/* Writeback connectors are sinks in memory; no person sees them. */
		if (!rest || rest[0] != '-' || strncmp(rest, "-Writeback", 10) == 0)
			continue;
		for (size_t i = 0; i < count; i++)
			cards[i].connectors += cards[i].number == number;
	}
}

size_t vc_cards_list(const char *sysfs, struct vc_visible_card *cards, size_t max) {
	DIR *directory = opendir(sysfs);
	if (!directory)
		return 0;
	size_t count = 0;
	for (const struct dirent *entry; count < max && (entry = readdir(directory));) {
		uint32_t number;
		const char *rest = parse_card(entry->d_name, &number);
		if (rest && rest[0] == '\0' && read_card(sysfs, number, &cards[count]))
			count++;
	}
	count_connectors(directory, cards, count);
	closedir(directory);
	qsort(cards, count, sizeof(*cards), by_number);
	return count;
}

bool vc_cards_taken(const struct vc_control_status *status, dev_t taken[VC_CONTROL_OUTPUTS_MAX], size_t *count,
		    char *why, size_t size) {
	*count = 0;
	for (uint32_t i = 0; i < status->outputs; i++) {
		struct stat st;
		if (stat(status->output[i].card, &st) < 0 || !S_ISCHR(st.st_mode)) {
			snprintf(why, size, "can't tell which card the compositor's output %s is on: %s: %s",
				 status->output[i].name, status->output[i].card, strerror(errno));
			return false;
		}
		taken[(*count)++] = st.st_rdev;
	}
	return true;
}

/* Whether two driver names are one but for '-' and '_', which the kernel mixes ("virtio-gpu", "virtio_gpu"). A module's name
 * may be the start of it ("bochs" for "bochs-drm"). */
static bool same_driver(const char *driver, const char *wish) {
	for (; *wish; driver++, wish++) {
		char a = *driver == '-' ? '_' : *driver;
		char b = *wish == '-' ? '_' : *wish;
		if (a != b)
			return false;
	}
	return *driver == '\0' || strcmp(driver, "-drm") == 0;
}

static bool is_taken(const struct vc_visible_card *card, const dev_t *taken, size_t count) {
	for (size_t i = 0; i < count; i++)
		if (taken[i] == card->device)
			return true;
	return false;
}

/* Whether @card is what @wish asks for; @wish_device: of the node that @wish names, 0 if it names a driver. */
static bool matches(const struct vc_visible_card *card, const char *wish, dev_t wish_device) {
	if (!wish)
		return !same_driver(card->driver, "vkms");
	return wish_device ? card->device == wish_device : same_driver(card->driver, wish);
}

const struct vc_visible_card *vc_cards_choose(const struct vc_visible_card *cards, size_t count, const char *wish,
					      const dev_t *taken, size_t taken_count, char *why, size_t size) {
	dev_t wish_device = 0;
	struct stat st;
	if (wish && wish[0] == '/') {
		if (stat(wish, &st) < 0 || !S_ISCHR(st.st_mode)) {
			snprintf(why, size, "--card %s is not there or no device: 'ls /dev/dri' lists the cards", wish);
			return NULL;
		}
		wish_device = st.st_rdev;
	}
	const struct vc_visible_card *refused = NULL;
	for (size_t i = 0; i < count; i++) {
		if (cards[i].connectors == 0 || !matches(&cards[i], wish, wish_device))
			continue;
		if (!is_taken(&cards[i], taken, taken_count))
			return &cards[i];
		refused = &cards[i];
	}
	if (wish && refused)
		snprintf(why, size, "--card %s is the compositor's own (%s): name another", wish, refused->path);
	else if (wish)
		snprintf(why, size, "--card %s: no card with connectors has this driver or path", wish);
	else
		snprintf(why, size,
			 "no visible card: a second one is needed besides the compositor's, such as virtio-gpu");
	return NULL;
}
