/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logging to standard error, one line a call, with the priority prefixes of sd-daemon(3) under systemd and plain text
 * on a terminal. Lines are formatted on the stack and written with one write(2): no allocation, so the real-time loops
 * may use it, sparingly.
 */
#ifndef VC_LOG_H
#define VC_LOG_H

enum vc_log_level { VC_LOG_ERROR = 3, VC_LOG_WARNING = 4, VC_LOG_INFO = 6, VC_LOG_DEBUG = 7 };

/* @name: the program's name, put before each line; must stay valid. Debug lines show when @debug is true. */
void vc_log_init(const char *name, int debug);

void vc_log(enum vc_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define vc_error(...) vc_log(VC_LOG_ERROR, __VA_ARGS__)
#define vc_warn(...) vc_log(VC_LOG_WARNING, __VA_ARGS__)
#define vc_info(...) vc_log(VC_LOG_INFO, __VA_ARGS__)
#define vc_debug(...) vc_log(VC_LOG_DEBUG, __VA_ARGS__)

#endif
