/* SPDX-License-Identifier: Apache-2.0 */
#include "listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* True if the file at @address is a socket that nobody answers on. */
static int is_stale(const struct sockaddr_un *address) {
	int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (probe < 0)
		return 0;
	int refused = connect(probe, (const struct sockaddr *)address, sizeof(*address)) < 0 && errno == ECONNREFUSED;
	close(probe);
	struct stat st;
	return refused && lstat(address->sun_path, &st) == 0 && S_ISSOCK(st.st_mode);
}

int vc_listen_stream(const char *path) {
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	if (path[0] == '\0' || strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	if (is_stale(&address))
		unlink(path);
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock < 0)
		return -errno;
	mode_t old = umask(0777);
	int bound = bind(sock, (struct sockaddr *)&address, sizeof(address));
	umask(old);
	if (bound < 0 || chmod(path, 0660) < 0 || listen(sock, 4) < 0) {
		int err = -errno;
		close(sock);
		return err;
	}
	return sock;
}
