/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a worker: its descriptors, its user, its limits. */
#include "broker.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { WORKER_FDS = 6 };

static int make_stats(struct vc_cl_stats **stats) {
	int fd = memfd_create("vcockpit-cl-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, sizeof(**stats)) < 0 ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
		close(fd);
		return -errno;
	}
	*stats = mmap(NULL, sizeof(**stats), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (*stats == MAP_FAILED) {
		close(fd);
		return -ENOMEM;
	}
	return fd;
}

static void limit(int what, uint64_t value) {
	struct rlimit l = {value, value}, now;
	/* Never above what the broker itself has. */
	if (getrlimit(what, &now) == 0 && now.rlim_max < value)
		l.rlim_cur = l.rlim_max = now.rlim_max;
	if (setrlimit(what, &l) < 0)
		_exit(125);
}

/* Makes @path the worker's own directory, unless somebody else's thing is there. */
static bool own_directory(const char *path, uid_t worker) {
	struct stat st;
	if (mkdir(path, 0700) == 0)
		return chown(path, worker, worker) == 0;
	return errno == EEXIST && lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == worker;
}

/* The user's directory for compiled kernels: implementations refuse to work without. Its name goes to the environment. */
static void use_cache(const struct vc_cl_config *c, uid_t client, uid_t worker) {
	char path[160];
	snprintf(path, sizeof(path), "%s/%u", c->cache, client);
	if (!own_directory(path, worker)) {
		snprintf(path, sizeof(path), "/tmp/vcockpit-opencl-%u", worker);
		if (!own_directory(path, worker)) {
			vc_error("%s: not a directory of user %u; remove it, or set cache in cld.ini", path, worker);
			_exit(125);
		}
	}
	setenv("HOME", path, 1);
	setenv("XDG_CACHE_HOME", path, 1);
	setenv("POCL_CACHE_DIR", path, 1);
	setenv("TMPDIR", path, 1);
}

static void become_user(const struct vc_cl_config *c, uid_t client) {
	uid_t uid = c->uid_base + (client & 0x3fffffff);
	/* In a user namespace there may be no such user; root there is nobody special outside. */
	if (setresgid(uid, uid, uid) < 0 && errno == EINVAL) {
		vc_warn("user %u does not exist in this user namespace; the worker stays root of it", uid);
		return;
	}
	use_cache(c, client, uid);
	if (setgroups(c->ngroups, c->groups) < 0 || setresgid(uid, uid, uid) < 0 || setresuid(uid, uid, uid) < 0)
		_exit(125);
}

/* In the child: never returns. */
static _Noreturn void become_worker(const struct vc_cl_broker *b, const struct vc_cl_client *client,
				    const struct vc_cl_hello *hello, const int *fds) {
	const struct vc_cl_config *c = &b->config;
	/* First out of the way of the numbers they are to have, then to them. */
	int high[WORKER_FDS];
	for (int i = 0; i < WORKER_FDS; i++)
		if ((high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 64)) < 0)
			_exit(125);
	for (int i = 0; i < WORKER_FDS; i++)
		if (dup2(high[i], i) < 0)
			_exit(125);
	close_range(WORKER_FDS, ~0u, 0);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(077);
	setenv("VCOCKPIT_CL_WORKER", "1", 1);
	if (geteuid() == 0)
		become_user(c, client->uid);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, c->files);
	if (c->memory_mb > 0)
		limit(RLIMIT_DATA, (uint64_t)c->memory_mb << 20);
	if (geteuid() != 0 && getuid() >= c->uid_base)
		limit(RLIMIT_NPROC, c->processes);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || chdir("/") < 0)
		_exit(125);
	char base[32], size[32], arenas[32], device[32], queues[32], command[32];
	snprintf(base, sizeof(base), "0x%llx", (unsigned long long)hello->base);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)hello->size);
	snprintf(arenas, sizeof(arenas), "%llu", (unsigned long long)c->shared_mb << 20);
	snprintf(device, sizeof(device), "%llu", (unsigned long long)c->device_mb << 20);
	snprintf(queues, sizeof(queues), "%u", c->max_queues);
	snprintf(command, sizeof(command), "%lld", (long long)c->command_ms);
	execl(b->worker_path, "vcockpit-cl-worker", "--base", base, "--size", size, "--arena-limit", arenas,
	      "--device-limit", device, "--queues", queues, "--command-ms", command,
	      b->debug ? "--debug" : (char *)NULL, (char *)NULL);
	vc_error("%s: %s", b->worker_path, strerror(errno));
	_exit(126);
}

int vc_cl_client_start(struct vc_cl_broker *b, struct vc_cl_client *client, int sock, const struct vc_cl_hello *hello,
		       int channel, int output) {
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return -errno;
	int stats = make_stats(&client->stats);
	if (stats < 0) {
		close(null);
		return stats;
	}
	/* The worker blocks on this socket; the flag belongs to the open file, not to a descriptor. */
	fcntl(sock, F_SETFL, fcntl(sock, F_GETFL) & ~O_NONBLOCK);
	const int fds[WORKER_FDS] = {null, output >= 0 ? output : null, STDERR_FILENO, sock, stats, channel};
	pid_t pid = fork();
	if (pid == 0)
		become_worker(b, client, hello, fds);
	int err = pid < 0 ? -errno : 0;
	close(null);
	close(stats);
	if (err == 0) {
		client->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
		if (client->pidfd < 0) {
			err = -errno;
			kill(pid, SIGKILL);
		}
	}
	if (err < 0) {
		munmap(client->stats, sizeof(*client->stats));
		return err;
	}
	client->worker = pid;
	return 0;
}
