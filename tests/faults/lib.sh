# SPDX-License-Identifier: Apache-2.0
# What faults are written in, and how one is run. Sourced by vcockpit-fault, which has set data, out, budgets, wanted.
#
# A fault is a file in faults/ that sets
#   about     one line: what a person should see
#   class     below (the safety domain: the cluster must not notice) or safety (something in it)
#   subject   the layer that reacts (default: ivi)
#   needs     words: guest (its GL draws), second (the second guest's source), monitor
#   window_s  how long to watch at least (5)
#   lasts     the fault of guest-fault that this one is, for 6 s; then nothing else need be defined
#   slow      yes: recovery takes so long (a guest's boot) that other faults are run meanwhile
# and defines inject, which breaks it by "at" or "at_signal", and if the defaults below don't fit:
#   prepare   before the quiet window       effect  returns when there is something to take a picture of
#   settle    returns when it's over        undo    puts things right again
tool=/usr/libexec/vcockpit/faults/vc-fault
state=/run/vcockpit-fault
recording=$state/recording
guest=ivi
column=$(tr ' ' '\n' < /proc/cmdline | sed -n 's/^vcockpit.accel=//p')
[ "$column" = tcg ] || column=kvm
# How long things may take before a fault is given up: emulated CPUs inside emulated CPUs are slow.
if [ "$column" = tcg ]; then guest_limit_s=420 short_limit_s=40; else guest_limit_s=120 short_limit_s=20; fi
waiting_for='' # a fault whose recovery is still awaited

now_ns() { "$tool" stamp $state/now true && cat $state/now; }
uptime_ms() { read -r up _ < /proc/uptime && echo "${up/./}0"; }
systemd_ms() { echo $(($(systemctl show -P "$1" ${2:+"$2"}) / 1000)); }
main_pid() { systemctl show -P MainPID "$1"; }
layer_field() { vcockpit status --json | jq -r --arg layer "$1" ".layers[] | select(.name == \$layer) | $2"; }

# tell TEXT: a line for the person in front of the machine, and where there is one, outside of it.
tell() {
	echo "$*" >&2
	[ -z "${VCOCKPIT_FAULT_PORT:-}" ] || echo "$*" > "$VCOCKPIT_FAULT_PORT"
}

# await LIMIT_S COMMAND…: runs COMMAND every half second until it succeeds; false when the time is over.
await() {
	local end=$(($(uptime_ms) + $1 * 1000))
	shift
	until "$@"; do
		[ "$(uptime_ms)" -lt "$end" ] || return 1
		sleep 0.5
	done
}

# ---- for faults

# at COMMAND…: the fault begins when COMMAND does.  at_signal NAME PID…: when the signal is sent.
at() { "$tool" stamp "$work/injected" "$@" > /dev/null; }
at_signal() { "$tool" stamp "$work/injected" --signal "$@"; }

# send NAME PID: the signal, unless nobody runs there now: kill would take a PID of 0 for this very script.
send() {
	case $2 in '' | 0 | *[!0-9]*) return 1 ;; esac
	kill -s "$1" "$2"
}
injected_ns() { cat "$work/injected"; }

# await_layer LAYER STATE [LIMIT_S]: until that is in the frame log, after the fault began.
await_layer() { "$tool" await $recording "$1" "$2" "$(injected_ns)" $((${3:-$short_limit_s} * 1000)) > /dev/null; }

# await_frame: until the cluster has shown a frame that came after the fault began.
await_frame() { "$tool" await $recording cluster frame "$(injected_ns)" $((short_limit_s * 1000)) > /dev/null; }

# await_back LAYER: until its source's frames show from now on.
await_back() { "$tool" await $recording "$1" live "$(now_ns)" $((short_limit_s * 1000)) > /dev/null; }

# figure NAME VALUE: something that this fault measures by itself.
figure() { echo "$1 $2" >> "$marks"; }

# override UNIT LINE…: lines of its [Service] section, until restore UNIT; what was overridden before the first fault stays.
override() {
	local unit=$1 file=/run/systemd/system/$1.d/$overrides.conf
	shift
	mkdir -p "${file%/*}"
	[ -e "$file" ] || echo '[Service]' > "$file"
	printf '%s\n' "$@" >> "$file"
	systemctl daemon-reload
}
restore() {
	rm -f "/run/systemd/system/$1.d/$overrides.conf"
	systemctl daemon-reload
}
overrides=zz-vcockpit-fault-run

# run_as_guest COMMAND…: in a unit of its own, as the user of another guest's GPU device and in the guests' slice.
run_as_guest() {
	systemd-run --quiet --collect --unit=vcockpit-fault-source --uid=vcockpit-gpu-second --gid=vcockpit --slice=vcockpit-guest.slice \
		-p SupplementaryGroups=video -p LogRateLimitIntervalSec=10s -p LogRateLimitBurst=50 "$@"
}
# start_source KIND: the second guest's picture, which goes wrong as KIND says at SIGUSR1.
start_source() {
	run_as_guest "$tool" source second "$1"
	"$tool" await $recording second live "$(now_ns)" 10000 > /dev/null
}
break_source() { at_signal USR1 "$(main_pid vcockpit-fault-source)"; }
stop_source() { systemctl stop vcockpit-fault-source; vcockpit allow second > /dev/null 2>&1; true; }

# start_liar LIE: a cluster that will lie for a while after so many honest frames.  await_lie: the fault begins with its first lie.
start_liar() {
	local frames=$(((window_s + 4) * 30))
	override vcockpit-cluster.service ExecStart= Type=exec WatchdogSec=0 \
		"ExecStart=/usr/libexec/vcockpit/tests/vcockpit-liar --lie $1 --after $frames --for 45"
	journalctl --no-pager -n 0 --show-cursor | sed -n 's/^-- cursor: //p' > $state/cursor
	systemctl restart vcockpit-cluster
	"$tool" await $recording cluster frame "$(now_ns)" 20000 > /dev/null
}
lied_ns() { journalctl --no-pager -o cat -u vcockpit-cluster --after-cursor="$(cat $state/cursor)" | sed -n 's/^lie [0-9]* //p' | head -n 1; }
has_lied() { lied_ns > "$work/injected"; [ -s "$work/injected" ]; }
await_lie() { await 60 has_lied; }
stop_liar() {
	restore vcockpit-cluster.service
	systemctl restart vcockpit-cluster
	await_bus
}

# run_hog KIND [SYSTEMD-RUN-OPTION…]: takes all of something, in a unit of its own.
run_hog() {
	local kind=$1
	shift
	systemd-run --quiet --collect --unit=vcockpit-fault-hog "$@" "$tool" hog "$kind"
}
stop_hog() { systemctl kill -s KILL vcockpit-fault-hog 2> /dev/null; systemctl stop vcockpit-fault-hog 2> /dev/null; true; }

# await_bus: the cluster believes every message again.  await_doubt: it believes some message no more.
bus_is_good() { vcockpit-cluster --stats --json | jq -e 'all(.can.messages[]; .status == "valid")' > /dev/null; }
bus_is_doubted() { vcockpit-cluster --stats --json | jq -e 'any(.can.messages[]; .status != "valid")' > /dev/null; }
await_bus() { await $short_limit_s bus_is_good; }
await_doubt() { await $short_limit_s bus_is_doubted; }

# kernel_shim on|off: puts a kernel that can be told to misbehave before the compositor.  kernel_does WORD: tells it.
kernel_shim() {
	local shim=/usr/libexec/vcockpit/faults/vc-fault-kernel.so
	# Never cut short: the compositor reads it through a mapping.
	[ -e $state/kernel ] || head -c 4096 /dev/zero > $state/kernel
	if [ "$1" = on ]; then
		override vcockpit-compositor.service "Environment=LD_PRELOAD=$shim VC_FAULT_KERNEL=$state/kernel VC_FAULT_HEIGHT=220"
	else
		restore vcockpit-compositor.service
	fi
	restart_compositor
}
kernel_does() { printf '%s\0' "$1" | dd of=$state/kernel conv=notrunc status=none; }
restart_compositor() {
	local since
	since=$(now_ns)
	systemctl restart vcockpit-compositor
	"$tool" await $recording cluster live "$since" 20000 > /dev/null
}

# figure_restart NAME [SYSTEMD-RUN-OPTION…]: what systemd takes to bring back a service whose only process is killed and does nothing,
# from SIGKILL to that process's first instruction: the median of five, as a figure.
figure_restart() {
	local name=$1 unit=vcockpit-fault-first starts=$work/starts times=$work/restart-times i
	shift
	: > "$starts" && : > "$times"
	systemd-run --quiet --collect --unit=$unit --slice=vcockpit-safety.slice -p Restart=always -p RestartSec=10ms -p StartLimitIntervalSec=0 \
		-p "StandardOutput=append:$starts" "$@" "$tool-first"
	for i in 1 2 3 4 5; do
		await $short_limit_s has_started "$i" || break
		"$tool" stamp "$work/killed" --signal KILL "$(main_pid $unit)" || break
		await $short_limit_s has_started $((i + 1)) || break
		echo $((($(tail -n 1 "$starts") - $(cat "$work/killed")) / 1000)) >> "$times"
	done
	systemctl stop $unit
	[ "$(wc -l < "$times")" = 5 ] && figure "$name" "$(sort -n "$times" | sed -n '3s/...$/.&/p' | sed 's/^\./0./')"
}
has_started() { [ "$(wc -l < "$work/starts")" -ge "$1" ]; }

# confinement_of UNIT: who it runs as and what it is kept from, as options of systemd-run.
confinement_of() {
	sed -n '/^\[Service\]/,/^\[Install\]/p' "/usr/lib/systemd/system/$1.service" |
		grep -E '^(User|Group|SupplementaryGroups|CPUScheduling.*|Limit.*|NoNewPrivileges|Protect.*|Private.*|Restrict[A-Z].*|MemoryDeny.*|Lock.*|System.*)=' |
		grep -v ^RestartSec | sed 's/^/-p /'
}

# guest_does NAME SECONDS: the agent in the guest does something wrong, once it is ready for it.
guest_does() {
	local line=/run/vcockpit/vm-$guest/fault.sock
	[ -S "$line" ] || tell "    the guest has no line for faults: boot with vcockpit.fault-line on the kernel's command line"
	"$tool" order "$work/injected" "$line" "$1" "$2" $((3 * short_limit_s * 1000))
}

# guest_draws: its GL has counted frames since it was started, and they are on the screen.
guest_draws() {
	tac /run/vcockpit/vm-$guest/report 2> /dev/null | sed '/^boot/q;/^gpu-reset/q;/^gl-start/q' | grep -q ^gl-rate &&
		"$tool" await $recording $guest live "$(now_ns)" 300 > /dev/null
}
await_guest() { # for as long as it takes; if it did not come once, not so long again
	local came=yes
	await $guest_limit_s guest_draws || came=no
	[ $came = yes ] || { tell "    the guest's GL did not come within $guest_limit_s s" && guest_limit_s=150; }
	end_waiting
	[ $came = yes ]
}

# ---- a run

# use_config: the compositor with a second guest's zone.
use_config() {
	cat /etc/vcockpit/compositor.ini "$data/second.ini" > $state/compositor.ini
	[ -z "${edit_compositor:-}" ] || sed -i "$edit_compositor" $state/compositor.ini
	override vcockpit-compositor.service "BindReadOnlyPaths=$state/compositor.ini:/etc/vcockpit/compositor.ini"
}

begin() {
	mkdir -p "$out" $state
	work=$(mktemp -d $state/run.XXXXXX)
	marks=$work/marks # until the first fault
	chmod 755 $state "$work"
	modprobe vgem
	systemctl stop vcockpit-viewer 2> /dev/null
	systemd_ms ExecMainStartTimestampMonotonic vcockpit-compositor > "$work/compositor-ms"
	await 120 first_frame || tell "the cluster shows no frame"
	await 120 guest_started || tell "the guest was not started"
	systemd_ms ExecMainStartTimestampMonotonic vcockpit-vm@$guest > "$work/guest-ms"
	use_config
	systemctl restart vcockpit-compositor
	systemctl stop vcockpit-fault-recorder 2> /dev/null
	systemd-run --quiet --collect --unit=vcockpit-fault-recorder -p CPUSchedulingPolicy=rr -p CPUSchedulingPriority=5 \
		-p OOMScoreAdjust=-950 -p LimitMEMLOCK=infinity --slice=vcockpit-safety.slice "$tool" record $recording
	"$tool" await $recording cluster live 0 20000 > /dev/null || tell "the cluster did not come back"
}

guest_started() { [ "$(main_pid vcockpit-vm@$guest)" != 0 ]; }

# When the first frame of the cluster since the machine started was on the screen; null when that is too long ago to know.
first_frame() {
	vcockpit frames --json --records 2> /dev/null | jq -e '
		if .cut_off then 0 else first(.records[] | select(.new | index("cluster"))).vblank_ns end' > "$work/first-frame"
}

# shoot NAME WHEN: a screenshot of what the display controller really put out.
shoot() { vcockpit screenshot "$out/$1-$2.png" > /dev/null 2> "$work/shot-error" || tell "no picture $2: $(cat "$work/shot-error")"; }

# Recovery of the slow fault before has come, or must have.
end_waiting() {
	[ -n "$waiting_for" ] || return 0
	shoot "$waiting_for" after
	echo "horizon_ns $(now_ns)" >> "$work/$waiting_for.marks"
	waiting_for=''
}

# The cluster's own latencies from $1 to $2, as figures with the prefix $3.
figure_latencies() {
	vcockpit-cluster --stats --json --since "$1" --until "$2" 2> /dev/null | jq -r --arg p "$3" '
		(.bus_to_glass | select(.pictures > 0) | "\($p)bus_to_glass_ms \(.max_ms)", "\($p)bus_to_glass_median_ms \(.median_ms)"),
		(.loss_to_glass | select(.pictures > 0) | "\($p)loss_to_glass_ms \(.max_ms)")' >> "$marks"
}

# step FIGURE FUNCTION: whether that part of a fault went as it should is a figure, too.
step() {
	if "$2"; then
		figure "$1" 1
	else
		figure "$1" 0
		tell "    $2 did not succeed"
	fi
}

# A guest's fault that lasts 6 s. The picture is taken halfway: nothing tells outside what it has done so far.
let_last() {
	window_s=8
	inject() { guest_does "$lasts" 6; }
	effect() { sleep 3; }
	settle() { :; }
	undo() { await_guest; }
}

run_fault() {
	local name=$1 baseline end overrides=zz-vcockpit-fault-$1
	marks=$work/$name.marks
	: > "$marks"
	subject=$guest needs='' lasts='' window_s=5 slow=no about='' class=below
	prepare() { :; }
	effect() { await_layer $subject fallback; }
	settle() { await_back $subject; }
	undo() { :; }
	# shellcheck source=/dev/null
	. "$data/faults/$name"
	[ -z "$lasts" ] || let_last
	case " $needs " in *" guest "*) await_guest ;; esac
	prepare || tell "    prepare did not succeed"
	shoot "$name" before
	sleep 1
	baseline=$(now_ns)
	sleep "$window_s"
	# At once: the cluster keeps so many latencies and no more.
	figure_latencies "$baseline" "$(now_ns)" baseline_
	step injected inject
	[ -s "$work/injected" ] || now_ns > "$work/injected"
	step seen effect
	shoot "$name" during
	[ $slow = yes ] || step settled settle
	end=$(($(injected_ns) + window_s * 1000000000))
	while [ "$(now_ns)" -lt $end ]; do sleep 0.2; done
	end=$(now_ns)
	printf '%s\n' "subject $subject" "class $class" "baseline_ns $baseline" "inject_ns $(injected_ns)" "end_ns $end" >> "$marks"
	figure_latencies "$(injected_ns)" "$end" ''
	step undone undo
	if [ $slow = yes ]; then
		end_waiting
		waiting_for=$name
	else
		case $needs/$subject in guest/* | */second | */cluster)
			"$tool" await $recording $subject live "$(now_ns)" 10000 > /dev/null ;;
		esac
		shoot "$name" after
	fi
	[ $slow = yes ] || tell "    $(verdict "$name" | jq -r 'if .passed then "pass" else "FAIL: " + ([.budget[] | select(.kept | not) | "\(.figure) \(.measured), bound \(.limit)"] | join("; ")) end')"
	tell_about "$name"
	rm -f "$work/injected"
}

# What could not be run any more has failed.
skip_fault() {
	tell "    not run: the time is over"
	# shellcheck source=/dev/null
	(. "$data/faults/$1" && tell_about "$1")
	: > "$work/$1.marks"
}
tell_about() {
	jq -n --arg name "$1" --arg about "$about" --arg class "${class:-below}" '{name: $name, about: $about, class: $class}' > "$work/$1.about"
}

verdict() {
	"$tool" judge --recording $recording --budgets "$budgets" --column "$column" --marks "$work/$1.marks" "$1" ||
		echo "{\"name\": \"$1\", \"passed\": false, \"budget\": [], \"figures\": {}, \"timeline\": {}}"
}

finish() {
	[ -z "$waiting_for" ] || await_guest
	rm -f /run/systemd/system/*.d/zz-vcockpit-fault-*.conf /run/systemd/system/vcockpit{-vm@.service,.target}
	systemctl unmask --runtime vcockpit-monitor 2> /dev/null
	systemctl set-property --runtime vcockpit-safety.slice CPUWeight=10000
	systemctl daemon-reload
	systemctl start vcockpit-viewer 2> /dev/null
	restart_compositor
}

report() {
	local name
	for name in "${wanted[@]}"; do
		verdict "$name" > "$work/$name.verdict"
		jq -s --argjson pictures "$(cd "$out" && for when in before during after; do [ ! -s "$name-$when.png" ] || echo "$when $name-$when.png"; done |
			jq -R 'split(" ") | {(.[0]): .[1]}' | jq -s add)" '.[0] + .[1] + {pictures: $pictures}' "$work/$name.verdict" "$work/$name.about"
	done | jq -s --arg column "$column" --arg without "$without" --arg kernel "$(uname -r)" --arg cpus "$(nproc)" \
		--argjson first_frame_ns "$(cat "$work/first-frame")" \
		--argjson userspace_ms "$(systemd_ms UserspaceTimestampMonotonic)" \
		--argjson compositor_ms "$(cat "$work/compositor-ms")" \
		--argjson guest_ms "$(cat "$work/guest-ms")" \
		-f "$data/report.jq" > "$out/report.json"
	jq -rf "$data/html.jq" "$out/report.json" > "$out/report.html"
}
