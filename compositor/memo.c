/* SPDX-License-Identifier: Apache-2.0 */
#include "memo.h"

#include "clock.h"
#include "crc32.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x56434d45u
#define BYTES (2 * sizeof(struct vc_memo_page))
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW)
#define ROUND_NS (VC_NS_PER_S / 4)

_Static_assert(offsetof(struct vc_memo_page, crc) + sizeof(uint32_t) == sizeof(struct vc_memo_page),
	       "no gap after crc");

static uint32_t page_crc(const struct vc_memo_page *page) {
	return vc_crc32(0, page, offsetof(struct vc_memo_page, crc));
}

static bool is_sound(const struct vc_memo_page *page) {
	return page->magic == MAGIC && page->version == VC_MEMO_VERSION && page->crc == page_crc(page);
}

/* The page that counts, NULL if there is none. */
static const struct vc_memo_page *newest(const struct vc_memo *memo) {
	const struct vc_memo_page *best = NULL;
	for (int i = 0; memo->page && i < 2; i++)
		if (is_sound(&memo->page[i]) && (!best || memo->page[i].number > best->number))
			best = &memo->page[i];
	return best;
}

/* One that could be cut short would kill who reads it. */
static bool map(struct vc_memo *memo, int fd) {
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	if (fstat(fd, &st) < 0 || st.st_size != BYTES || seals < 0 || (seals & SEALS) != SEALS)
		return false;
	void *pages = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	memo->page = pages == MAP_FAILED ? NULL : pages;
	return memo->page != NULL;
}

static int create(void) {
	int fd = memfd_create("vcockpit-memo", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd >= 0 && ftruncate(fd, BYTES) == 0 && fcntl(fd, F_ADD_SEALS, SEALS) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

void vc_memo_init(struct vc_memo *memo, struct vc_store *store) {
	*memo = (struct vc_memo){.next = {.magic = MAGIC, .version = VC_MEMO_VERSION}};
	int fd = vc_store_take(store, VC_MEMO_NAME, NULL);
	if (fd >= 0 && !map(memo, fd)) {
		vc_warn("what the last compositor wrote down cannot be read: bans and distrust are forgotten");
		close(fd);
		vc_store_remove(VC_MEMO_NAME);
		fd = -1;
	}
	if (fd < 0) {
		fd = create();
		if (fd >= 0 && map(memo, fd))
			vc_store_put(VC_MEMO_NAME, fd);
		else
			vc_warn("no memory for what the next compositor must know: %s", strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	const struct vc_memo_page *page = newest(memo);
	if (page)
		memo->next.number = page->number;
}

/* A time that has been; what lies in the future is nonsense, and counts as none. */
static int64_t past(int64_t ns, int64_t now_ns) {
	return ns > 0 && ns <= now_ns ? ns : 0;
}

/* No ban and no closed door lasts longer than it would if it began now. */
static int64_t until(int64_t ns, int64_t most_ns, int64_t now_ns) {
	if (ns <= now_ns || most_ns <= 0)
		return 0;
	return ns - now_ns > most_ns ? now_ns + most_ns : ns;
}

static void recall_errors(struct vc_layer *layer, const struct vc_memo_layer *m, int64_t now_ns) {
	const struct vc_config_layer *config = layer->config;
	struct vc_errors *errors = &layer->errors;
	layer->closed_until_ns = until(m->closed_until_ns, config->retry_ns, now_ns);
	if (config->errors.limit == 0)
		return;
	errors->total = m->errors;
	errors->bans = m->bans;
	for (unsigned i = 0; i < VC_ERRORS_MAX; i++)
		errors->at_ns[i] = past(m->error_ns[i], now_ns);
	if (config->errors.ban_ns == 0)
		errors->banned_until_ns = m->banned_until_ns > now_ns ? VC_BAN_UNTIL_ALLOWED : 0;
	else
		errors->banned_until_ns = until(m->banned_until_ns, config->errors.ban_ns, now_ns);
	if (errors->banned_until_ns > 0)
		vc_warn("layer %s: still banned by the compositor before this one", config->name);
}

static void recall_trust(struct vc_trust *trust, const struct vc_layer *layer, const struct vc_memo_layer *m,
			 int64_t now_ns) {
	trust->source_wrong = m->source_wrong != 0;
	trust->output_wrong = m->output_wrong != 0;
	if (past(m->sign_ns, now_ns) > 0)
		trust->sign_ns = m->sign_ns;
	if (past(m->output_ns, now_ns) > 0)
		trust->output_ns = m->output_ns;
	if (trust->source_wrong || trust->output_wrong)
		vc_warn("layer %s: still distrusted by the compositor before this one", layer->config->name);
}

void vc_memo_recall(const struct vc_memo *memo, struct vc_monitor_link *link, int64_t now_ns) {
	const struct vc_memo_page *page = newest(memo);
	for (unsigned i = 0; page && i < link->count; i++) {
		struct vc_layer *layer = &link->layers[i];
		for (unsigned k = 0; k < VC_LAYERS_MAX; k++) {
			const struct vc_memo_layer *m = &page->layer[k];
			if (strncmp(m->name, layer->config->name, sizeof(m->name)) != 0 || m->uid != layer->config->uid)
				continue;
			recall_errors(layer, m, now_ns);
			if (link->config->monitor.wanted && layer->config->role == VC_ROLE_CLUSTER)
				recall_trust(&link->watched[i].trust, layer, m, now_ns);
		}
	}
	vc_monitor_link_judge(link, now_ns);
}

static int64_t rounded(int64_t ns) {
	return ns - ns % ROUND_NS;
}

void vc_memo_keep(struct vc_memo *memo, const struct vc_monitor_link *link) {
	struct vc_memo_page *next = &memo->next;
	if (!memo->page)
		return;
	for (unsigned i = 0; i < link->count; i++) {
		const struct vc_layer *layer = &link->layers[i];
		const struct vc_trust *trust = &link->watched[i].trust;
		struct vc_memo_layer *m = &next->layer[i];
		memcpy(m->name, layer->config->name, sizeof(m->name));
		m->uid = layer->config->uid;
		m->bans = layer->errors.bans;
		m->errors = layer->errors.total;
		m->banned_until_ns = layer->errors.banned_until_ns;
		m->closed_until_ns = layer->closed_until_ns;
		memcpy(m->error_ns, layer->errors.at_ns, sizeof(m->error_ns));
		m->source_wrong = trust->source_wrong;
		m->output_wrong = trust->output_wrong;
		m->sign_ns = rounded(trust->sign_ns);
		m->output_ns = rounded(trust->output_ns);
	}
	const struct vc_memo_page *last = &memo->page[next->number % 2];
	if (last->number == next->number && memcmp(last->layer, next->layer, sizeof(next->layer)) == 0)
		return;
	next->number++;
	next->crc = page_crc(next);
	memo->page[next->number % 2] = *next;
}
