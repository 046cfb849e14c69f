#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# guest.sh CASE: boots the stock IVI guest in stock QEMU (TCG) against the real vcockpit-gpu and its worker, with gpu-sink in the
# compositor's place, and looks at what a person would see. Cases: virgl, plain, faults, reset, misdeeds, end.
# Environment: GPU, WORKER, SINK, COLOURS (programs); KERNEL, ROOT (the guest). Exit code 77 if there's no guest.
set -u
case=$1
if [ -z "$KERNEL" ] || [ -z "$ROOT" ]; then
	echo "SKIP: VC_IVI_KERNEL and VC_IVI_ROOT are not set"
	exit 77
fi
dir=$(mktemp -d /tmp/vc-gpu.XXXXXX)
pids=

cleanup() {
	# shellcheck disable=SC2086
	[ -z "$pids" ] || kill $pids 2> /dev/null
	wait
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 1' INT TERM

fail() {
	echo "FAIL: $*"
	for log in gpu.log sink.log qemu.log report answers sink.json; do
		echo "--- $log"
		grep -v extensions: "$dir/$log" | tail -n 25 | cut -c1-200
	done
	echo "--- status"
	status
	mkdir -p "$KEEP" && cp "$dir"/*.png "$dir"/*.log "$KEEP" && echo "pictures and logs are in $KEEP"
	exit 1
}

status() {
	"$GPU" --status --socket-dir "$dir"
}

# field NAME: a number or word out of the status.
field() {
	status | sed -n "s/^ *\"$1\":\"\\{0,1\\}\\([^\",]*\\).*/\\1/p"
}

# sunk NAME: a number out of the sink's report, 0 before there is one.
sunk() {
	[ ! -e "$dir/sink.json" ] && echo 0 || sed -n "s/.*\"$1\": \\([^,}]*\\).*/\\1/p" "$dir/sink.json"
}

# await SECONDS WHAT CONDITION…: polls until the condition holds.
await() {
	limit=$1 what=$2
	shift 2
	tenths=0
	until eval "$*"; do
		tenths=$((tenths + 1))
		[ $tenths -lt $((limit * 10)) ] || fail "not within $limit s: $what"
		kill -0 "$qemu" 2> /dev/null || [ "$what" = sockets ] || fail "QEMU has ended while waiting for: $what"
		sleep 0.1
	done
	echo "ok: $what"
}

start_sink() {
	"$SINK" --socket "$dir/display" --out "$dir" --keep 150 --busy 2 2>> "$dir/sink.log" &
	sink=$!
	pids="$pids $sink"
}

start_gpu() {
	printf '[gpu]\nlayer = ivi\ncommand_ms = 5000\nmax_faults = %s\nfault_window_ms = 600000\nworker_memory_mb = %s\n%s\n' \
		"$max_faults" "$worker_memory" "$1" > "$dir/ivi.ini"
	"$GPU" --config "$dir/ivi.ini" --socket-dir "$dir" --display "$dir/display" --worker "$WORKER" 2> "$dir/gpu.log" &
	pids="$pids $!"
}

start_qemu() {
	mkfifo "$dir/monitor.in" "$dir/monitor.out"
	qemu-system-x86_64 -M q35,memory-backend=mem -object memory-backend-memfd,id=mem,size=$memory,share=on -m $memory -accel tcg \
		-nodefaults -display none -chardev "pipe,id=monitor,path=$dir/monitor" -mon chardev=monitor -serial "file:$dir/serial.log" -kernel "$KERNEL" \
		-drive "file=$ROOT,if=virtio,format=raw,readonly=on" \
		-chardev "socket,id=gpu,path=$dir/vhost-user.sock" -device vhost-user-gpu-pci,chardev=gpu,max_outputs=1 \
		-device virtio-rng-pci -device virtio-serial-pci \
		-chardev "file,id=report,path=$dir/report" -device virtserialport,chardev=report,name=org.vcockpit.guest.0 \
		-chardev "socket,id=events,path=$dir/events.sock,reconnect-ms=1000" \
		-device virtserialport,chardev=events,name=org.vcockpit.gpu.0 \
		-chardev "socket,id=fault,path=$dir/fault.sock,server=on,wait=off" \
		-device virtserialport,chardev=fault,name=org.vcockpit.fault.0 \
		-device i6300esb -action watchdog=poweroff \
		-append "console=ttyS0 console=tty0 loglevel=5 root=/dev/vda tsc=unstable lpj=2000000 no_timer_check" \
		2> "$dir/qemu.log" &
	qemu=$!
	pids="$pids $qemu"
	await 30 "QEMU to start" '[ -e "$dir/report" ]'
}

# close_to "R G B" R G B: each within 6.
close_to() {
	want=$1
	shift
	for w in $want; do
		[ $((w - $1)) -le 6 ] && [ $(($1 - w)) -le 6 ] || return 1
		shift
	done
}

mean() {
	"$COLOURS" "$@" || fail "$1 can't be read"
}

# The kernel's text is on the screen. Which way up is check_cube's to see: a quick kernel has filled the screen before the first frame.
check_console() {
	for picture in "$dir"/frame-*.png; do
		if [ "$(mean "$picture" 0 0 300 100)" != "0 0 0" ]; then
			echo "ok: the console is there"
			return
		fi
	done
	fail "no console was seen"
}

# kmscube's first cube is always the same one. Where its colours are, the other way up or with red and blue exchanged, differs
# by far more than the tolerance; the numbers hold for a cube drawn in the guest by llvmpipe and shown as a dumb buffer, too.
check_cube() {
	for picture in "$dir"/frame-*.png; do
		[ "$(mean "$picture" 0 0 20 20)" = "128 128 128" ] || continue
		[ "$(mean "$picture" 240 100 480 520)" != "128 128 128" ] || continue
		# shellcheck disable=SC2046
		close_to "126 106 120" $(mean "$picture" 240 100 480 260) && close_to "109 70 101" $(mean "$picture" 240 360 480 260) ||
			fail "the cube in $picture is wrong: above $(mean "$picture" 240 100 480 260), below $(mean "$picture" 240 360 480 260)"
		echo "ok: the cube is the right way up and has its colours"
		return
	done
	fail "no cube was seen"
}

cpu_of_main_thread() {
	cut -d' ' -f14 "/proc/$qemu/task/$qemu/stat"
}

# A main loop that spins uses all of one CPU: 100 ticks a second.
check_idle() {
	before=$(cpu_of_main_thread)
	sleep 2
	used=$(($(cpu_of_main_thread) - before))
	[ $used -lt 100 ] || fail "QEMU's main loop used $used ticks in 2 s"
	echo "ok: QEMU's main loop used $used ticks in 2 s"
}

kill_worker() {
	worker=$(field worker_pid)
	starts=$(field worker_starts)
	kill -9 "$worker"
	await 30 "the next worker after $worker" '[ "$(field worker_starts)" = $((starts + 1)) ] && [ "$(field worker_ready)" = true ]'
}

case_virgl() {
	await 90 "a virgl renderer in the guest" 'grep -q "gl-renderer.*virgl" "$dir/report"'
	await 60 "100 frames" '[ "$(sunk changed)" -gt 100 ]'
	check_console
	check_cube
	kill_worker
	await 30 "the guest to be told" 'grep -q "gpu-reset 1" "$dir/report"'
	[ "$(field resets)" = 1 ] || fail "the reset was not counted"
	check_idle
	shown=$(sunk changed)
	await 60 "GL again" '[ "$(grep -c "gl-renderer.*virgl" "$dir/report")" = 2 ]'
	await 60 "100 more frames" '[ "$(sunk changed)" -gt $((shown + 100)) ]'
	case $(field last_reason) in
	*"killed by signal 9"*) ;;
	*) fail "the status does not say why the worker died" ;;
	esac
	# The compositor goes and comes back.
	kill "$sink"
	wait "$sink"
	rm -f "$dir/sink.json"
	start_sink
	await 30 "frames at the next compositor" '[ "$(sunk changed)" -gt 30 ]'
	[ "$(sunk violations)" = 0 ] || fail "the display protocol was broken"
	[ "$(field display_connections)" = 2 ] || fail "not connected twice"
	[ "$(field connection_faults)" = 0 ] || fail "QEMU broke the protocol"
}

case_plain() {
	await 120 "a guest that draws by itself" 'grep -q "gl-renderer.*llvmpipe" "$dir/report"'
	await 90 "60 frames" '[ "$(sunk changed)" -gt 60 ]'
	grep -q "gl-renderer.*virgl" "$dir/report" && fail "virgl was offered"
	check_console
	check_cube
	[ "$(field submits)" = 0 ] && [ "$(field bytes_copied)" = 0 ] || fail "2D frames were not shown in place"
	# Where the kernel can, pictures are shown from the guest's memory and nothing is copied to anybody.
	if [ -w /dev/udmabuf ]; then
		[ "$(field frames_direct)" -gt 60 ] || fail "frames were not shown from guest memory"
	fi
	kill_worker
	shown=$(sunk changed)
	await 30 "30 more frames from the same guest program" '[ "$(sunk changed)" -gt $((shown + 30)) ]'
	[ "$(field resets)" = 0 ] && [ "$(grep -c gl-start "$dir/report")" = 1 ] || fail "a 2D guest was disturbed"
}

case_faults() {
	await 90 "a virgl renderer in the guest" 'grep -q "gl-renderer.*virgl" "$dir/report"'
	await 60 "30 frames" '[ "$(sunk changed)" -gt 30 ]'
	kill_worker
	await 60 "GL again" '[ "$(grep -c "gl-renderer.*virgl" "$dir/report")" = 2 ]'
	# A worker that hangs is found out by time alone.
	kill -STOP "$(field worker_pid)"
	await 30 "the hung worker to be replaced" '[ "$(field worker_starts)" = 3 ] && [ "$(field worker_ready)" = true ]'
	case $(field last_reason) in
	*"longer than command_ms"*) ;;
	*) fail "the status does not say that the worker hung" ;;
	esac
	[ "$(field virgl)" = false ] || fail "the second fault did not end 3D"
	grep -q "2D only until" "$dir/gpu.log" || fail "the log does not say so"
	shown=$(sunk presents)
	await 120 "pictures of the 2D guest" '[ "$(sunk presents)" -gt $((shown + 3)) ]'
	check_idle
	# Until somebody lets it back.
	[ "$(field banned)" = true ] && [ "$(field bans)" = 1 ] || fail "the status does not tell of the ban"
	renderers=$(grep -c "gl-renderer.*virgl" "$dir/report")
	"$GPU" --allow --socket-dir "$dir" || fail "the guest is not allowed back"
	await 60 "GL after the ban" '[ "$(grep -c "gl-renderer.*virgl" "$dir/report")" -gt '"$renderers"' ] && [ "$(field virgl)" = true ]'
	[ "$(field banned)" = false ] || fail "allowed, and still banned"
	shown=$(sunk changed)
	await 60 "30 frames after the ban" '[ "$(sunk changed)" -gt $((shown + 30)) ]'
	"$GPU" --allow --socket-dir "$dir" 2> /dev/null && fail "allowed twice"
	[ "$(sunk violations)" = 0 ] || fail "the display protocol was broken"
}

# misdeed NAME [SECONDS]: has the guest's fault agent do it, and waits until it has been done.
misdeed() {
	already=$(grep -c "^ended $1 " "$dir/answers")
	echo "$*" >&8
	await 30 "$1 to start" 'grep -q "^started '"$1"'" "$dir/answers"'
	await 120 "$1 to end" '[ "$(grep -c "^ended '"$1"' " "$dir/answers")" -gt '"$already"' ]'
	grep "^fault $1:" "$dir/report" | tail -n 3
	echo "worker faults: $(field worker_faults), last: $(field last_reason)"
	grep "^ended $1 " "$dir/answers" | tail -n 1 | grep -q ' 0$' || fail "$1 could not be done"
}

# The agent's line: descriptor 8 to it, the file "answers" from it.
connect_agent() {
	mkfifo "$dir/orders"
	socat - "UNIX-CONNECT:$dir/fault.sock" < "$dir/orders" > "$dir/answers" &
	pids="$pids $!"
	exec 8> "$dir/orders"
}

# A worker that is there and a guest whose demo draws again, whatever was done.
check_recovered() {
	await 60 "a worker that is ready" '[ "$(field worker_ready)" = true ]'
	shown=$(sunk changed)
	await 90 "20 more frames of the demo" '[ "$(sunk changed)" -gt $((shown + 20)) ]'
}

# What a guest can do wrong, and what becomes of it: errors for it, at worst another worker, never the end of the device.
case_misdeeds() {
	await 90 "a virgl renderer in the guest" 'grep -q "gl-renderer.*virgl" "$dir/report"'
	await 60 "30 frames" '[ "$(sunk changed)" -gt 30 ]'
	connect_agent
	gpu_pid=$(field pid)
	misdeed flood 5
	check_recovered
	errors=$(field errors)
	misdeed bad-scanout 2
	[ "$(field errors)" -gt "$errors" ] || fail "no bad scanout was refused"
	misdeed stale-buffer 3
	check_recovered
	faults=$(field worker_faults)
	misdeed spin-shader
	[ "$(field worker_faults)" -gt "$faults" ] || fail "a shader without end cost no worker"
	check_recovered
	faults=$(field worker_faults)
	misdeed no-fence 2
	[ "$(field worker_faults)" -gt "$faults" ] || fail "a frame without end cost no worker"
	check_recovered
	misdeed bad-virgl 10
	check_recovered
	errors=$(field errors)
	misdeed descriptors 30
	[ "$(field errors)" -gt "$errors" ] || fail "there was no end to resources"
	check_recovered
	# GL may take the end of memory as an error or die of it; the limit holds either way.
	faults=$(field worker_faults) worker=$(field worker_pid)
	misdeed leak 30
	peak=$(sed -n 's/^VmPeak:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$worker/status")
	echo "the worker's memory came to ${peak:-the end} KiB of $((worker_memory * 1024))"
	[ "$(field worker_faults)" -gt "$faults" ] || [ "$peak" -gt $((worker_memory * 900)) ] ||
		fail "the leak did not come to the limit"
	check_recovered
	[ "$(field pid)" = "$gpu_pid" ] || fail "the device was started again"
	[ "$(sunk violations)" = 0 ] || fail "the display protocol was broken"
	[ "$(field connection_faults)" = 0 ] || fail "QEMU broke the protocol"
	status | sed -n '/"errors"\|"worker_/p'
}

# A guest that hangs ends the machine by its watchdog.
case_end() {
	await 90 "a virgl renderer in the guest" 'grep -q "gl-renderer.*virgl" "$dir/report"'
	connect_agent
	echo "hang 600" >&8
	tenths=0
	while kill -0 "$qemu" 2> /dev/null; do
		tenths=$((tenths + 1))
		[ $tenths -lt 900 ] || fail "the machine of a guest that hangs is still there after 90 s"
		sleep 0.1
	done
	echo "ok: the machine ended $tenths tenths of a second after the guest was told to hang"
	[ "$(field guest_connected)" = false ] || fail "the device has not noticed"
}

# The machine is reset under the guest, which has more than 4 GiB and so two regions of memory.
case_reset() {
	await 120 "a virgl renderer in the guest" 'grep -q "gl-renderer.*virgl" "$dir/report"'
	await 60 "30 frames" '[ "$(sunk changed)" -gt 30 ]'
	echo system_reset > "$dir/monitor.in"
	await 120 "the guest to boot again" '[ "$(grep -c "^boot" "$dir/report")" = 2 ]'
	await 120 "GL again" '[ "$(grep -c "gl-renderer.*virgl" "$dir/report")" = 2 ]'
	shown=$(sunk changed)
	await 60 "30 more frames" '[ "$(sunk changed)" -gt $((shown + 30)) ]'
	[ "$(field worker_faults)" = 0 ] || fail "a reset counts as a fault"
	[ "$(field connections)" = 1 ] && [ "$(field connection_faults)" = 0 ] || fail "QEMU had to connect again"
	check_idle
}

qemu=$$
memory=512M
worker_memory=2048
max_faults=2
[ "$case" != misdeeds ] || max_faults=1000
[ "$case" != reset ] || memory=5G worker_memory=16384
start_sink
case $case in
plain) start_gpu "virgl = no" ;;
*) start_gpu "virgl = yes" ;;
esac
await 60 sockets '[ -S "$dir/vhost-user.sock" ]'
start_qemu
"case_$case"
echo "PASS: $case"
