/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNT "/sys/fs/cgroup"

static bool put(const char *directory, const char *file, const char *text) {
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", directory, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	int err = errno;
	if (fd >= 0)
		close(fd);
	errno = err;
	return good;
}

/* Has workers' groups bound by @controller. Returns 0, -ENOENT if there is no such one here, or another -errno. */
static int delegate(const char *directory, const char *controller) {
	char text[32];
	snprintf(text, sizeof(text), "+%s", controller);
	return put(directory, "cgroup.subtree_control", text) ? 0 : -errno;
}

/* The group that holds the broker's own, "broker", in cgroup v2; "" if systemd has made no such place. Returns 0 or -errno. */
static int find_place(char *path, size_t size) {
	static const char suffix[] = "/broker";
	char line[PATH_MAX] = "";
	path[0] = '\0';
	FILE *own = fopen("/proc/self/cgroup", "re");
	while (own && fgets(line, sizeof(line), own) && strncmp(line, "0::/", 4) != 0)
		;
	if (own)
		fclose(own);
	line[strcspn(line, "\n")] = '\0';
	size_t length = strlen(line);
	if (strncmp(line, "0::/", 4) != 0 || length < sizeof(suffix) + 3 ||
	    strcmp(line + length - strlen(suffix), suffix) != 0 || access(MOUNT "/cgroup.controllers", F_OK) < 0)
		return 0;
	line[length - strlen(suffix)] = '\0';
	return (size_t)snprintf(path, size, MOUNT "%s", line + 3) < size ? 0 : -ENAMETOOLONG;
}

bool vc_cl_cgroup_set_up(struct vc_cl_broker *b) {
	int err = find_place(b->cgroups, sizeof(b->cgroups));
	int memory = err < 0 || b->cgroups[0] == '\0' ? -ENOENT : delegate(b->cgroups, "memory");
	int pids = err < 0 || b->cgroups[0] == '\0' ? -ENOENT : delegate(b->cgroups, "pids");
	b->bounds_memory = memory == 0;
	b->bounds_processes = pids == 0;
	if (memory < 0 && memory != -ENOENT)
		err = memory;
	else if (pids < 0 && pids != -ENOENT)
		err = pids;
	if (err < 0) {
		vc_error("%s: control groups for workers can't be made: %s; vcockpit-cld.service needs "
			 "Delegate=memory pids and DelegateSubgroup=broker",
			 b->cgroups, strerror(-err));
		return false;
	}
	if (memory == 0 && pids == 0)
		return true;
	char why[PATH_MAX];
	if (b->cgroups[0] == '\0')
		snprintf(why, sizeof(why),
			 "the broker is in no control group of cgroup v2 that is called \"broker\", as "
			 "vcockpit-cld.service makes it");
	else
		snprintf(why, sizeof(why),
			 "%s has no %s%s%s controller: cgroup v1 may hold it (boot with cgroup_no_v1=all), or "
			 "cgroup_disable= may be among the kernel's parameters",
			 b->cgroups, memory < 0 ? "memory" : "", memory < 0 && pids < 0 ? " and no " : "",
			 pids < 0 ? "pids" : "");
	if (b->config.need_groups) {
		vc_error("need_groups = yes in cld.ini, but %s", why);
		return false;
	}
	/* Elsewhere than under systemd that is as it is meant. */
	if (b->cgroups[0] != '\0')
		vc_warn("%s; workers' rlimits alone bound that (need_groups = yes in cld.ini serves nobody then)", why);
	return true;
}

static void path_of(const struct vc_cl_broker *b, unsigned place, char *path, size_t size) {
	snprintf(path, size, "%s/worker-%u", b->cgroups, place);
}

bool vc_cl_cgroup_make(const struct vc_cl_broker *b, unsigned place) {
	const struct vc_cl_config *c = &b->config;
	char path[PATH_MAX], text[32];
	if (b->cgroups[0] == '\0')
		return true;
	path_of(b, place, path, sizeof(path));
	bool good = mkdir(path, 0755) == 0 || errno == EEXIST;
	snprintf(text, sizeof(text), "%u", c->processes);
	good = good && (!b->bounds_processes || put(path, "pids.max", text));
	snprintf(text, sizeof(text), "%llu", ((unsigned long long)c->memory_mb + c->shared_mb) << 20);
	/* A group that is over its limit goes as a whole. */
	if (good && b->bounds_memory)
		good = put(path, "memory.max", c->memory_mb > 0 ? text : "max") && put(path, "memory.oom.group", "1");
	if (!good)
		vc_error("%s: %s", path, strerror(errno));
	return good;
}

bool vc_cl_cgroup_enter(const struct vc_cl_broker *b, unsigned place) {
	char path[PATH_MAX];
	if (b->cgroups[0] == '\0')
		return true;
	path_of(b, place, path, sizeof(path));
	if (put(path, "cgroup.procs", "0"))
		return true;
	vc_error("%s: %s", path, strerror(errno));
	return false;
}

void vc_cl_cgroup_kill(const struct vc_cl_broker *b, unsigned place) {
	char path[PATH_MAX];
	if (b->cgroups[0] == '\0')
		return;
	path_of(b, place, path, sizeof(path));
	if (!put(path, "cgroup.kill", "1"))
		vc_warn("%s/cgroup.kill: %s", path, strerror(errno));
}

void vc_cl_cgroup_remove(const struct vc_cl_broker *b, unsigned place) {
	char path[PATH_MAX];
	if (b->cgroups[0] == '\0')
		return;
	path_of(b, place, path, sizeof(path));
	if (rmdir(path) < 0)
		vc_warn("%s: %s", path, strerror(errno));
}
