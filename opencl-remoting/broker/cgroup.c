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

/* Has workers' groups bound by @controller, if there is such a one here. */
static bool delegate(const struct vc_cl_broker *b, const char *controller, bool *bounds) {
	char text[32];
	snprintf(text, sizeof(text), "+%s", controller);
	*bounds = put(b->cgroups, "cgroup.subtree_control", text);
	/* ENOENT: cgroup v2 doesn't have it, where v1 does for example. */
	if (*bounds || errno != ENOENT)
		return *bounds;
	vc_warn("%s has no controller \"%s\": workers' rlimits alone bound that", b->cgroups, controller);
	return true;
}

bool vc_cl_cgroup_set_up(struct vc_cl_broker *b) {
	static const char suffix[] = "/broker";
	char line[PATH_MAX] = "";
	FILE *own = fopen("/proc/self/cgroup", "re");
	while (own && fgets(line, sizeof(line), own) && strncmp(line, "0::/", 4) != 0)
		;
	if (own)
		fclose(own);
	line[strcspn(line, "\n")] = '\0';
	size_t length = strlen(line);
	if (strncmp(line, "0::/", 4) != 0 || length < sizeof(suffix) + 3 ||
	    strcmp(line + length - strlen(suffix), suffix) != 0 || access(MOUNT "/cgroup.controllers", F_OK) < 0)
		return true;
	line[length - strlen(suffix)] = '\0';
	if ((size_t)snprintf(b->cgroups, sizeof(b->cgroups), MOUNT "%s", line + 3) >= sizeof(b->cgroups))
		errno = ENAMETOOLONG;
	else if (delegate(b, "memory", &b->bounds_memory) && delegate(b, "pids", &b->bounds_processes))
		return true;
	vc_error("%s: control groups for workers can't be made: %s; vcockpit-cld.service needs Delegate=yes",
		 b->cgroups, strerror(errno));
	return false;
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
