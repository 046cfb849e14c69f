/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcockpit-cl-run: runs one program with remoted OpenCL, and nothing else of OpenCL.
 *
 * It makes a private directory with the .icd file that the program's loader shall find, binds a socket there, starts a broker
 * on it the way systemd does (the listening socket is descriptor 3), starts the program, and ends the broker when the program
 * has ended. The socket exists before either of them runs, so that nobody waits for anybody: a program that is faster than the
 * broker queues. With --socket an existing broker serves.
 */
#include "ipc.h"
#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define LISTEN_FD 3        /* SD_LISTEN_FDS_START, sd_listen_fds(3) */
#define BROKER_END_MS 5000 /* from SIGTERM to SIGKILL */

struct run {
	const char *broker, *worker, *icd, *config, *socket; /* worker, config: NULL: the broker's own default */
	char dir[64], private_socket[96], vendors[96],
		vendor[128]; /* vendors: a folder; vendor: the only .icd file in it */
	pid_t broker_pid;
	int broker_fd; /* pidfd */
};

static const char help[] =
	"Usage: vcockpit-cl-run [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
	"\n"
	"Runs PROGRAM with remoted OpenCL only, through a broker of its own, and returns its exit code.\n"
	"\n"
	"  --socket PATH     uses the broker that listens there instead\n"
	"  --config FILE     the private broker's configuration\n"
	"  --broker PROGRAM  the broker (" VC_CL_BROKER ")\n"
	"  --worker PROGRAM  its workers\n"
	"  --icd FILE        the .icd file or library that PROGRAM's OpenCL loader gets (" VC_CL_ICD ")\n"
	"  --help, --version\n";

static bool parse(struct run *run, int argc, char **argv) {
	static const struct option options[] = {
		{"socket", required_argument, NULL, 's'}, {"config", required_argument, NULL, 'c'},
		{"broker", required_argument, NULL, 'b'}, {"worker", required_argument, NULL, 'w'},
		{"icd", required_argument, NULL, 'i'},    {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'},      {0},
	};
	int c;
	while ((c = getopt_long(argc, argv, "+h", options, NULL)) != -1)
		switch (c) {
		case 's':
			run->socket = optarg;
			break;
		case 'c':
			run->config = optarg;
			break;
		case 'b':
			run->broker = optarg;
			break;
		case 'w':
			run->worker = optarg;
			break;
		case 'i':
			run->icd = optarg;
			break;
		case 'h':
			fputs(help, stdout);
			exit(0);
		case 'v':
			puts("vcockpit-cl-run " VC_VERSION);
			exit(0);
		default:
			return false;
		}
	if (optind == argc) {
		vc_error("which program? See --help");
		return false;
	}
	if (run->socket && run->config) {
		vc_error(
			"--socket and --config exclude each other: the broker that is there has its own configuration");
		return false;
	}
	return true;
}

/* In the child: becomes the broker, with @sock as systemd would hand it over. */
static _Noreturn void become_broker(const struct run *run, int sock, pid_t parent) {
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(1);
	if (sock == LISTEN_FD)
		fcntl(sock, F_SETFD, 0);
	else
		dup2(sock, LISTEN_FD);
	char pid[16];
	snprintf(pid, sizeof(pid), "%d", getpid());
	setenv("LISTEN_PID", pid, 1);
	setenv("LISTEN_FDS", "1", 1);
	/* The socket's directory is this user's alone. */
	char *argv[8] = {(char *)run->broker, "--private"};
	int argc = 2;
	if (run->config)
		argv[argc++] = "--config", argv[argc++] = (char *)run->config;
	if (run->worker)
		argv[argc++] = "--worker", argv[argc++] = (char *)run->worker;
	execv(run->broker, argv);
	vc_error("%s: %s", run->broker, strerror(errno));
	_exit(127);
}

static bool make_dir(struct run *run) {
	const char *tmp = getenv("XDG_RUNTIME_DIR");
	snprintf(run->dir, sizeof(run->dir), "%s/vcockpit-cl-run.XXXXXX", tmp && strlen(tmp) < 32 ? tmp : "/tmp");
	if (mkdtemp(run->dir))
		return true;
	vc_error("%s: %s", run->dir, strerror(errno));
	run->dir[0] = '\0';
	return false;
}

/* Makes the folder in which the program's loader finds --icd and nothing else: ocl-icd would take a file as well, Khronos' loader would not. */
static bool make_vendors(struct run *run) {
	snprintf(run->vendors, sizeof(run->vendors), "%s/vendors", run->dir);
	snprintf(run->vendor, sizeof(run->vendor), "%s/vcockpit.icd", run->vendors);
	char *target = realpath(run->icd, NULL);
	const char *ending = target ? strrchr(target, '.') : NULL;
	bool made = target && mkdir(run->vendors, 0755) == 0;
	if (made && ending && strcmp(ending, ".icd") == 0) {
		made = symlink(target, run->vendor) == 0;
	} else if (made) {
		FILE *f = fopen(run->vendor, "we");
		made = f && fprintf(f, "%s\n", target) > 0;
		made = f && fclose(f) == 0 && made;
	}
	if (!made)
		vc_error("%s for --icd %s: %s", run->vendor, run->icd, strerror(errno));
	free(target);
	return made;
}

static bool start_broker(struct run *run) {
	snprintf(run->private_socket, sizeof(run->private_socket), "%s/socket", run->dir);
	run->socket = run->private_socket;
	int sock = vc_ipc_listen(run->socket, 0600);
	if (sock < 0) {
		vc_error("%s: %s", run->socket, strerror(-sock));
		return false;
	}
	pid_t parent = getpid();
	run->broker_pid = fork();
	if (run->broker_pid == 0)
		become_broker(run, sock, parent);
	close(sock);
	run->broker_fd = run->broker_pid > 0 ? pidfd_open(run->broker_pid, 0) : -1;
	if (run->broker_fd < 0)
		vc_error("cannot start %s: %s", run->broker, strerror(errno));
	return run->broker_fd >= 0;
}

/* Ends the broker in finite time. Returns false if it had ended by itself. */
static bool end_broker(struct run *run) {
	int status = 0;
	bool died = waitpid(run->broker_pid, &status, WNOHANG) == run->broker_pid;
	if (died) {
		vc_error("%s ended before the program did, with status %#x", run->broker, (unsigned)status);
	} else {
		kill(run->broker_pid, SIGTERM);
		struct pollfd p = {.fd = run->broker_fd, .events = POLLIN};
		if (poll(&p, 1, BROKER_END_MS) != 1) {
			vc_error("%s does not end; killing it", run->broker);
			kill(run->broker_pid, SIGKILL);
		}
		waitpid(run->broker_pid, &status, 0);
	}
	close(run->broker_fd);
	return !died;
}

static void tidy(const struct run *run) {
	if (!run->dir[0])
		return;
	unlink(run->private_socket);
	unlink(run->vendor);
	rmdir(run->vendors);
	rmdir(run->dir);
}

static int run_program(const struct run *run, char **argv) {
	pid_t pid = fork();
	if (pid == 0) {
		setenv("VCOCKPIT_CL_SOCKET", run->socket, 1);
		setenv("OCL_ICD_VENDORS", run->vendors, 1); /* ocl-icd and Khronos' loader */
		unsetenv("OCL_ICD_FILENAMES");              /* adds to Khronos' loader's list */
		execvp(argv[0], argv);
		vc_error("%s: %s", argv[0], strerror(errno));
		_exit(127);
	}
	/* What the terminal sends goes to the program too; it decides. */
	signal(SIGINT, SIG_IGN);
	signal(SIGQUIT, SIG_IGN);
	int status = 0;
	if (pid < 0 || waitpid(pid, &status, 0) != pid) {
		vc_error("cannot run %s: %s", argv[0], strerror(errno));
		return 1;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv) {
	struct run run = {.broker = VC_CL_BROKER, .icd = VC_CL_ICD};
	vc_log_init("vcockpit-cl-run", false);
	if (!parse(&run, argc, argv))
		return 2;
	if (access(run.icd, R_OK) != 0) {
		vc_error("%s: %s; see --icd", run.icd, strerror(errno));
		return 2;
	}
	bool private = !run.socket;
	int code = 1;
	if (make_dir(&run) && make_vendors(&run) && (!private || start_broker(&run)))
		code = run_program(&run, argv + optind);
	if (private && run.broker_pid > 0 && !end_broker(&run) && code == 0)
		code = 1;
	tidy(&run);
	return code;
}
