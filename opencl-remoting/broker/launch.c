/* SPDX-License-Identifier: Apache-2.0 */
/* Becoming a worker: its descriptors, its place, its limits. */
#include "launch.h"

#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void limit(int what, uint64_t value) {
	struct rlimit l = {value, value}, now;
	/* Never above what the broker itself has. */
	if (getrlimit(what, &now) == 0 && now.rlim_max < value)
		l.rlim_cur = l.rlim_max = now.rlim_max;
	if (setrlimit(what, &l) < 0)
		_exit(125);
}

bool vc_cl_keep_descriptors(const int *fds, int n) {
	int high[VC_CL_WORKER_FDS];
	/* First out of the way of the numbers they are to have, then to them. */
	for (int i = 0; i < n; i++)
		if ((high[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 64)) < 0)
			return false;
	for (int i = 0; i < n; i++)
		if (dup2(high[i], i) < 0)
			return false;
	return close_range((unsigned)n, ~0u, 0) == 0;
}

_Noreturn void vc_cl_worker_become(const struct vc_cl_home *home, pid_t keeper, const struct vc_cl_hello *hello,
				   const int *fds) {
	const struct vc_cl_broker *b = home->broker;
	const struct vc_cl_config *c = &b->config;
	if (!vc_cl_keep_descriptors(fds, VC_CL_WORKER_FDS))
		_exit(125);
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	umask(077);
	setsid(); /* what a terminal sends is not for us */
	setenv("VCOCKPIT_CL_WORKER", "1", 1);
	if (!vc_cl_home_enter(home))
		_exit(125);
	/* After the change of user, which undoes it: whatever ends the keeper ends the worker. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != keeper)
		_exit(125);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, c->files);
	if (c->memory_mb > 0)
		limit(RLIMIT_DATA, (uint64_t)c->memory_mb << 20);
	if (b->separate)
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
