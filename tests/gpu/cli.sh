#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cli.sh GPU WORKER: what the programs say to wrong use: one line, and the right exit code.
set -u
gpu=$1 worker=$2
dir=$(mktemp -d /tmp/vc-gpu-cli.XXXXXX)
trap 'rm -rf "$dir"' EXIT
failed=0

# expect CODE TEXT COMMAND…
expect() {
	code=$1 text=$2
	shift 2
	"$@" > "$dir/out" 2>&1
	got=$?
	if [ $got -ne "$code" ] || ! grep -q -- "$text" "$dir/out"; then
		echo "FAIL: $* gave $got and: $(cat "$dir/out")"
		failed=1
	fi
}

printf '[gpu]\ncolour = red\n' > "$dir/bad.ini"
printf '[gpu]\nvirgl = no\n' > "$dir/good.ini"
expect 0 "vcockpit-gpu-worker" "$worker" --version
expect 0 "MEMORY_MB" "$worker" --help
expect 2 "MEMORY_MB" "$worker"
expect 1 "vcockpit-gpu(8) starts it" "$worker" virgl 1000 64
expect 0 "vcockpit-gpu" "$gpu" --version
expect 0 "--socket-dir" "$gpu" --help
expect 2 "unrecognized option" "$gpu" --colour
expect 2 "unexpected argument" "$gpu" red
expect 2 "without \"/\"" "$gpu" --guest ../x
expect 2 "bad.ini:2: \[gpu\] colour = red: no such key" "$gpu" --config "$dir/bad.ini" --socket-dir "$dir/s"
expect 2 "none.ini: No such file" "$gpu" --config "$dir/none.ini" --socket-dir "$dir/s"
expect 1 "RuntimeDirectory" "$gpu" --config "$dir/good.ini" --socket-dir "$dir/no/such"
expect 1 "is vcockpit-gpu running" "$gpu" --status --socket-dir "$dir"
exit $failed
