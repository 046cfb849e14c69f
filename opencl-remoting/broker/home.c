/* SPDX-License-Identifier: Apache-2.0 */
#include "home.h"

#include "cgroup.h"
#include "launch.h"
#include "log.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uid_t worker_of(const struct vc_cl_config *c, unsigned place) {
	return c->uid_base + 2 * place;
}

static uid_t warden_of(const struct vc_cl_config *c, unsigned place) {
	return c->uid_base + 2 * place + 1;
}

/* All users of the range exist in this user namespace. */
static bool range_is_mapped(const struct vc_cl_config *c) {
	FILE *map = fopen("/proc/self/uid_map", "re");
	unsigned long long inside, outside, count;
	bool mapped = false;
	while (map && fscanf(map, "%llu %llu %llu", &inside, &outside, &count) == 3)
		mapped |= c->uid_base >= inside && c->uid_base + (uint64_t)c->uid_count <= inside + count;
	if (map)
		fclose(map);
	return mapped;
}

static bool usable_directory(const char *path) {
	struct stat st;
	/* Workers go through it to their own. */
	return ((mkdir(path, 0700) == 0 && chmod(path, 0711) == 0) || errno == EEXIST) && lstat(path, &st) == 0 &&
	       S_ISDIR(st.st_mode) && st.st_uid == geteuid() && access(path, W_OK | X_OK) == 0;
}

static bool find_cache(struct vc_cl_broker *b) {
	snprintf(b->cache, sizeof(b->cache), "%s", b->config.cache);
	if (usable_directory(b->cache))
		return true;
	snprintf(b->cache, sizeof(b->cache), "/tmp/vcockpit-opencl-%u", geteuid());
	if (usable_directory(b->cache))
		return true;
	vc_error("neither cache = %s nor %s is a directory that user %u owns and can write; set cache in cld.ini",
		 b->config.cache, b->cache, geteuid());
	return false;
}

bool vc_cl_home_set_up(struct vc_cl_broker *b) {
	const struct vc_cl_config *c = &b->config;
	const char *why = NULL;
	if (geteuid() != 0)
		why = "the broker is not root";
	else if (!range_is_mapped(c))
		why = "the users from uid_base on do not exist in this user namespace";
	b->separate = !why;
	if (why && !c->allow_same_user) {
		vc_error("workers can't have users of their own: %s. Clients could then reach each other's workers and "
			 "whatever user %u can; if all may, set allow_same_user = yes in cld.ini",
			 why, geteuid());
		return false;
	}
	if (b->separate && c->uid_count / 2 < c->max_clients) {
		vc_error("uid_count = %u is too small for max_clients = %u: a worker needs two", c->uid_count,
			 c->max_clients);
		return false;
	}
	return find_cache(b) && vc_cl_cgroup_set_up(b);
}

/* The directory of @place. Where workers share a user they share it as well. */
static void directory_of(const struct vc_cl_broker *b, unsigned place, char *path, size_t size) {
	if (b->separate)
		snprintf(path, size, "%s/%u", b->cache, worker_of(&b->config, place));
	else
		snprintf(path, size, "%s/shared", b->cache);
}

/* The lock of @place, locked; -EWOULDBLOCK: it is somebody's. *@owner: whose client the place was for last; -1: nobody's. */
static int lock_place(const struct vc_cl_broker *b, unsigned place, int64_t *owner) {
	char path[PATH_MAX], text[32] = "";
	snprintf(path, sizeof(path), "%s/%u.lock", b->cache, worker_of(&b->config, place));
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) < 0) {
		int err = -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	*owner = pread(fd, text, sizeof(text) - 1, 0) > 0 ? strtoll(text, NULL, 10) : -1;
	return fd;
}

/* Becomes the user of @place for good, or the place's warden. */
static bool take_user(const struct vc_cl_config *c, unsigned place, bool warden) {
	uid_t worker = worker_of(c, place), real = warden ? warden_of(c, place) : worker;
	return setgroups(warden ? 0 : c->ngroups, c->groups) == 0 && setresgid(worker, worker, worker) == 0 &&
	       setresuid(real, worker, real) == 0;
}

static bool is_dots(const char *name) {
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removes what is in the directory @name of @top, or moves it up to @top by names that count on from @n. */
static bool move_up(int top, const char *name, unsigned long *n) {
	fchmodat(top, name, 0700, 0);
	int fd = openat(top, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *inner = fd >= 0 ? fdopendir(fd) : NULL;
	bool good = inner != NULL;
	for (struct dirent *e; good && (e = readdir(inner));) {
		char moved[32];
		if (is_dots(e->d_name) || unlinkat(fd, e->d_name, 0) == 0)
			continue;
		/* A directory that moves must be writable itself. */
		fchmodat(fd, e->d_name, 0700, 0);
		do
			snprintf(moved, sizeof(moved), "moved-%lu", (*n)++);
		while (faccessat(top, moved, F_OK, AT_SYMLINK_NOFOLLOW) == 0);
		good = renameat(fd, e->d_name, top, moved) == 0;
	}
	if (inner)
		closedir(inner);
	return good;
}

/* Empties the directory @top: what is in its subdirectories is first moved up, so depth costs nothing. Nobody else is there. */
static bool empty(int top) {
	DIR *list = fdopendir(dup(top));
	bool good = list != NULL, again = true;
	for (unsigned long n = 0; good && again;) {
		again = false;
		rewinddir(list);
		for (struct dirent *e; good && (e = readdir(list));) {
			if (is_dots(e->d_name))
				continue;
			again = true;
			good = unlinkat(top, e->d_name, 0) == 0 || unlinkat(top, e->d_name, AT_REMOVEDIR) == 0 ||
			       move_up(top, e->d_name, &n);
		}
	}
	if (list)
		closedir(list);
	return good;
}

static bool wipe(const struct vc_cl_broker *b, unsigned place) {
	char path[PATH_MAX];
	directory_of(b, place, path, sizeof(path));
	int top = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool good = top >= 0 && empty(top);
	if (top >= 0)
		close(top);
	return good;
}

/* Some process but this one lives as one of the place's users: another broker's, or one that a killed warden has left. */
static bool is_inhabited(const struct vc_cl_config *c, unsigned place) {
	DIR *all = opendir("/proc");
	bool found = !all; /* who can't look takes nothing */
	for (struct dirent *e; all && !found && (e = readdir(all));) {
		char path[64], text[1024];
		unsigned real, effective;
		long pid = strtol(e->d_name, NULL, 10);
		if (pid <= 0 || pid == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/status", pid);
		int fd = open(path, O_RDONLY | O_CLOEXEC);
		ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : 0;
		if (fd >= 0)
			close(fd);
		text[n > 0 ? n : 0] = '\0';
		const char *state = strstr(text, "\nState:\t"), *uid = strstr(text, "\nUid:\t");
		if (!state || !uid || state[8] == 'Z' || state[8] == 'X' ||
		    sscanf(uid, " Uid: %u %u", &real, &effective) != 2)
			continue;
		found = real == worker_of(c, place) || real == warden_of(c, place) || effective == worker_of(c, place);
	}
	if (all)
		closedir(all);
	return found;
}

/* The warden: says 0 when the place is free, and cleared if it is to be; else why not. Stays until the keeper hangs up. */
static _Noreturn void be_warden(const struct vc_cl_broker *b, unsigned place, bool clear) {
	enum { KEEPER = 0, LONGEST_NS = 256000000 };
	struct timespec nap = {.tv_nsec = 1000000};
	int why = take_user(&b->config, place, true) ? 0 : errno;
	/* Of two wardens that come at once each sees the other, and both go. */
	if (why == 0 && is_inhabited(&b->config, place))
		why = EBUSY;
	if (why == 0 && clear && !wipe(b, place))
		why = ENOTEMPTY;
	char byte;
	ssize_t n = send(KEEPER, &why, sizeof(why), MSG_NOSIGNAL);
	if (why != 0)
		_exit(1);
	while (n > 0)
		n = recv(KEEPER, &byte, sizeof(byte), 0);
	/* All that this user may signal, which is all of the worker's. */
	for (kill(-1, SIGKILL); is_inhabited(&b->config, place); kill(-1, SIGKILL)) {
		nanosleep(&nap, NULL);
		nap.tv_nsec *= nap.tv_nsec < LONGEST_NS ? 2 : 1;
	}
	if (!b->config.keep_cache && !wipe(b, place))
		vc_error("the directory of place %u can't be cleared", place);
	_exit(0);
}

/* Returns 0 or -errno; -EBUSY: somebody else has the users. @lock goes on in the warden. */
static int start_warden(struct vc_cl_home *h, int lock, bool clear) {
	int ends[2], why = 0;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	pid_t pid = fork();
	if (pid == 0) {
		const int fds[] = {ends[1], lock, STDERR_FILENO};
		if (!vc_cl_keep_descriptors(fds, 3))
			_exit(1);
		prctl(PR_SET_NAME, "cld-warden");
		be_warden(h->broker, h->place, clear);
	}
	close(ends[1]);
	if (pid > 0 && recv(ends[0], &why, sizeof(why), 0) == sizeof(why) && why == 0) {
		h->warden = pid;
		h->command = ends[0];
		return 0;
	}
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return why > 0 ? -why : -EAGAIN;
}

static bool make_directory(const struct vc_cl_broker *b, unsigned place) {
	char path[PATH_MAX];
	struct stat st;
	uid_t uid = b->separate ? worker_of(&b->config, place) : geteuid();
	directory_of(b, place, path, sizeof(path));
	if (mkdir(path, 0700) == 0 && b->separate && chown(path, uid, uid) < 0)
		rmdir(path);
	/* Only the broker's user can have made it, and only the worker's can have made anything in it. */
	if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == uid)
		return true;
	vc_error("%s is not a directory of user %u: %s", path, uid, strerror(errno));
	return false;
}

/* Sets the place up, whose lock is @lock and was @owner's. Returns 0 or -errno; -EBUSY: it isn't free after all. */
static int prepare(struct vc_cl_home *h, int lock, int64_t owner, uid_t client) {
	const struct vc_cl_broker *b = h->broker;
	char text[32];
	int n = snprintf(text, sizeof(text), "%-12u\n", client);
	if (!make_directory(b, h->place))
		return -EIO;
	/* What a place holds is somebody's until it's empty: the name changes afterwards. */
	int err = start_warden(h, lock, !b->config.keep_cache || owner != client);
	if (err == -EBUSY)
		return -EBUSY;
	if (err < 0 || pwrite(lock, text, (size_t)n, 0) != n) {
		vc_error("place %u: %s", h->place, strerror(err < 0 ? -err : errno));
		return -EIO;
	}
	return vc_cl_cgroup_make(b, h->place) ? 0 : -EIO;
}

/* Tries place @i, at first (@any not) only if what @client's programs have compiled is there. */
static int try_place(struct vc_cl_home *h, unsigned i, uid_t client, bool any, bool *unused) {
	int64_t owner = -1;
	int lock = lock_place(h->broker, i, &owner);
	int result = -EBUSY;
	if (lock < 0 && lock != -EWOULDBLOCK) {
		vc_error("%s: the lock of place %u: %s", h->broker->cache, i, strerror(-lock));
		return lock;
	}
	if (lock < 0)
		return -EBUSY;
	*unused = owner < 0;
	h->place = i;
	if (any || owner == client)
		result = prepare(h, lock, owner, client);
	close(lock); /* the warden's keeps it */
	return result;
}

int vc_cl_home_take(struct vc_cl_home *h, const struct vc_cl_broker *b, uid_t client) {
	*h = (struct vc_cl_home){.broker = b, .place = (unsigned)getpid()};
	if (!b->separate)
		return make_directory(b, h->place) && vc_cl_cgroup_make(b, h->place) ? 0 : -EIO;
	for (int any = b->config.keep_cache ? 0 : 1; any < 2; any++) {
		bool unused = false;
		/* Behind one that was never used there are only such. */
		for (unsigned i = 0; i < b->config.uid_count / 2 && (any || !unused); i++) {
			int err = try_place(h, i, client, any, &unused);
			if (err != -EBUSY)
				return err;
		}
	}
	vc_error("all %u users from %u on are taken (uid_count)", b->config.uid_count, b->config.uid_base);
	return -EBUSY;
}

bool vc_cl_home_enter(const struct vc_cl_home *h) {
	char path[PATH_MAX];
	directory_of(h->broker, h->place, path, sizeof(path));
	if (!vc_cl_cgroup_enter(h->broker, h->place))
		return false;
	if (h->broker->separate && !take_user(&h->broker->config, h->place, false)) {
		vc_error("user %u can't be taken: %s", worker_of(&h->broker->config, h->place), strerror(errno));
		return false;
	}
	return setenv("HOME", path, 1) == 0 && setenv("XDG_CACHE_HOME", path, 1) == 0 &&
	       setenv("POCL_CACHE_DIR", path, 1) == 0 && setenv("TMPDIR", path, 1) == 0;
}

/* Ends this process' children but @spared. */
static void kill_children(pid_t spared) {
	FILE *list = fopen("/proc/thread-self/children", "re");
	int pid;
	while (list && fscanf(list, "%d", &pid) == 1)
		if (pid != spared)
			kill(pid, SIGKILL);
	if (list)
		fclose(list);
}

void vc_cl_home_leave(const struct vc_cl_home *h) {
	vc_cl_cgroup_kill(h->broker, h->place);
	if (h->warden > 0)
		close(h->command);
	/* Orphans become the keeper's children, so that the last of them is waited for, and the warden. */
	do
		kill_children(h->warden);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR);
	vc_cl_cgroup_remove(h->broker, h->place);
}
