/* SPDX-License-Identifier: Apache-2.0 */
#include "vm-report.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void complain(struct vc_vm_report *r) {
	if (!r->complained)
		vc_warn("%s: %s; what the guest tells is not kept", r->path, strerror(errno));
	r->complained = true;
}

static bool put(int file, const char *text, size_t size) {
	while (size > 0) {
		ssize_t n = write(file, text, size);
		if (n <= 0)
			return false;
		text += n;
		size -= (size_t)n;
	}
	return true;
}

/* The older half goes, up to a whole line. Who reads the file meanwhile has the old one. */
static void halve(struct vc_vm_report *r) {
	char next[PATH_MAX];
	const char *from = r->text + r->used - r->limit / 2;
	const char *line = memchr(from, '\n', r->limit / 2);
	if (line)
		from = line + 1;
	r->used = (size_t)(r->text + r->used - from);
	memmove(r->text, from, r->used);
	snprintf(next, sizeof(next), "%s.new", r->path);
	int file = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (file < 0 || !put(file, r->text, r->used) || rename(next, r->path) < 0) {
		complain(r);
		if (file >= 0)
			close(file);
		return;
	}
	close(r->file);
	r->file = file;
}

int vc_vm_report_open(struct vc_vm_report *r, const char *path, size_t limit, int sock) {
	*r = (struct vc_vm_report){.sock = sock, .path = path, .limit = limit, .text = malloc(limit)};
	r->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (r->text && r->file >= 0)
		return 0;
	int err = r->text ? -errno : -ENOMEM;
	vc_vm_report_close(r);
	return err;
}

void vc_vm_report_close(struct vc_vm_report *r) {
	if (r->sock >= 0)
		close(r->sock);
	if (r->file >= 0)
		close(r->file);
	free(r->text);
	*r = (struct vc_vm_report){.sock = -1, .file = -1};
}

bool vc_vm_report_wants(const struct vc_vm_report *r) {
	return r->sock >= 0 && r->taken < VC_VM_REPORT_QUOTA;
}

void vc_vm_report_take(struct vc_vm_report *r) {
	while (vc_vm_report_wants(r)) {
		if (r->used == r->limit)
			halve(r);
		size_t room = r->limit - r->used, left = VC_VM_REPORT_QUOTA - r->taken;
		ssize_t got = recv(r->sock, r->text + r->used, room < left ? room : left, MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (got <= 0) {
			close(r->sock);
			r->sock = -1;
			return;
		}
		if (!put(r->file, r->text + r->used, (size_t)got))
			complain(r);
		r->used += (size_t)got;
		r->taken += (size_t)got;
	}
}

void vc_vm_report_more(struct vc_vm_report *r) {
	r->taken = 0;
}
