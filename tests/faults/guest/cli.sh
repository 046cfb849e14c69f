#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cli.sh PROGRAM: guest-fault's command line.
set -eu
program=$1
fail() {
	echo "FAIL: $*"
	exit 1
}
refused() { # ARGUMENT…: one line on standard error and exit code 2
	code=0
	message=$("$program" "$@" 2>&1 > /dev/null) || code=$?
	[ $code = 2 ] && [ -n "$message" ] || fail "\"$*\" gives $code: $message"
}
"$program" --help | grep -q Usage || fail "no help"
"$program" --version | grep -q guest-fault || fail "no version"
for name in flood bad-scanout stale-buffer spin-shader no-fence bad-virgl leak descriptors panic reboot-loop hang; do
	"$program" --list | grep -q "^$name " || fail "$name is not listed"
done
refused
refused no-such-fault
refused flood 0
refused flood ten
refused flood 1 2
