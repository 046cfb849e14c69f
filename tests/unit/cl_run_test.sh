#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# cl_run_test.sh VCOCKPIT-CL-RUN: what a program gets from vcockpit-cl-run, and what wrong use gets.
set -u
cl=$1
dir=$(mktemp -d /tmp/vc-cl-run.XXXXXX)
trap 'rm -rf "$dir"' EXIT
failed=0
# Not where others' brokers have theirs.
export XDG_RUNTIME_DIR=$dir

# expect CODE TEXT COMMAND…
expect() {
	code=$1 text=$2
	shift 2
	"$@" > "$dir/out" 2>&1
	got=$?
	if [ $got -ne "$code" ] || { [ -n "$text" ] && ! grep -q -- "$text" "$dir/out"; }; then
		echo "FAIL: $* gave $got and: $(cat "$dir/out")"
		failed=1
	fi
}

# A broker that tells what it was handed, and stays until it is ended.
cat > "$dir/broker" << 'END'
#!/bin/sh
[ "$LISTEN_PID" = $$ ] && [ "$LISTEN_FDS" = 1 ] && [ -S /proc/self/fd/3 ] && echo "listening $*" >&2
trap 'exit 0' TERM
while :; do sleep 0.05; done
END
printf '#!/bin/sh\nexit 3\n' > "$dir/dies"
chmod +x "$dir/broker" "$dir/dies"
echo x.so > "$dir/x.icd"
: > "$dir/lib.so"
on="$cl --icd $dir/x.icd --broker $dir/broker"

expect 0 "vcockpit-cl-run" "$cl" --version
expect 0 "--socket" "$cl" --help
expect 2 "which program" "$cl"
expect 2 "unrecognized option" "$cl" --colour -- true
expect 2 "exclude each other" "$cl" --socket /x --config /y -- true
expect 2 "none.icd: No such file" "$cl" --icd "$dir/none.icd" -- true
# Loaders get a folder with one .icd file, whether a library or such a file was named.
expect 0 "^vcockpit.icd x.so$" $on -- sh -c 'echo $(ls "$OCL_ICD_VENDORS") $(cat "$OCL_ICD_VENDORS"/*)'
expect 0 "^vcockpit.icd $dir/lib.so$" "$cl" --icd "$dir/lib.so" --socket given -- sh -c 'echo $(ls "$OCL_ICD_VENDORS") $(cat "$OCL_ICD_VENDORS"/*)'
expect 0 "socket" $on -- sh -c 'test -S "$VCOCKPIT_CL_SOCKET" && echo "$VCOCKPIT_CL_SOCKET"'
expect 0 "given" "$cl" --icd "$dir/x.icd" --socket given -- sh -c 'echo "$VCOCKPIT_CL_SOCKET"'
expect 7 "" $on -- sh -c 'exit 7'
expect 137 "" $on -- sh -c 'kill -9 $$'
expect 127 "no-such-program: No such file" $on -- no-such-program
# A broker that ends before the program is an error even where the program is content.
expect 1 "ended before the program" "$cl" --icd "$dir/x.icd" --broker "$dir/dies" -- sleep 0.3
expect 0 "listening --private --config $dir/c.ini --worker w" $on --config "$dir/c.ini" --worker w -- sleep 0.3
ls -d "$dir"/vcockpit-cl-run.* > "$dir/out" 2> /dev/null && { echo "FAIL: left behind: $(cat "$dir/out")"; failed=1; }
exit $failed
