/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages with file descriptors over SOCK_SEQPACKET Unix sockets (unix(7), cmsg(3)).
 *
 * Every vcockpit socket carries whole messages: one send is one receive, so a peer can neither split nor merge
 * them. All functions are safe against peers that vanish, send too much, or attach descriptors nobody asked for:
 * surplus descriptors are closed, a truncated message is an error.
 */
#ifndef VC_IPC_H
#define VC_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Most descriptors that one message of ours may carry, and that the kernel lets any message carry (SCM_MAX_FD). */
#define VC_IPC_FDS_MAX 8
#define VC_IPC_FDS_ALL 253

/* How long a connect waits for a listener whose queue is full. */
#define VC_IPC_CONNECT_S 5

/* Creates, binds and listens on @path (non-blocking, close-on-exec); a stale socket file is replaced, a live one is not.
 * @mode: file mode of the socket. Returns the descriptor or -errno (-EADDRINUSE: somebody answers there). */
int vc_ipc_listen(const char *path, mode_t mode);

/* Connects to @path. Returns the descriptor (blocking, close-on-exec) or -errno: -ETIMEDOUT when the listener takes nobody in
 * for VC_IPC_CONNECT_S. */
int vc_ipc_connect(const char *path);

/* Waits in sends and receives on @sock end after @ms (0: never), with -EAGAIN. */
void vc_ipc_limit(int sock, int64_t ms);

/* Sends one message with @nfds descriptors, which stay the caller's. Never raises SIGPIPE and never blocks.
 * Returns 0 or -errno: -EAGAIN when the peer's queue is full, -EPIPE or -ECONNRESET when it is gone. */
int vc_ipc_send(int sock, const void *msg, size_t size, const int *fds, unsigned nfds);

/* Receives one message. Blocks only if @sock is blocking.
 * @fds, @nfds: in: room for *nfds descriptors; out: those received, the caller's now, close-on-exec. With NULL any that
 * come are closed. Returns the message's size, 0 when the peer closed, or -errno: -EMSGSIZE for a message over @size or
 * with more than *nfds descriptors (all of them closed then), -EAGAIN when nothing waits, or comes within vc_ipc_limit(). */
ssize_t vc_ipc_recv(int sock, void *msg, size_t size, int *fds, unsigned *nfds);

/* The same for whoever must not close a stranger's descriptors, because the last close of a file may take the kernel long:
 * @fds, room for VC_IPC_FDS_ALL, gets all that came, the caller's even with an error, and *@nfds how many they are. -EMSGSIZE:
 * a message over @size. */
ssize_t vc_ipc_recv_all(int sock, void *msg, size_t size, int *fds, unsigned *nfds);

/* Who is at the other end, as the kernel knows it (SO_PEERCRED). Returns 0 or -errno. */
int vc_ipc_peer(int sock, uid_t *uid, gid_t *gid, pid_t *pid);

#endif
