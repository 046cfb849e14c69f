# SPDX-License-Identifier: Apache-2.0
# Sourced by scripts that run OpenCL programs in containers, outside of the sdk, with $top and $build set. The containers are what
# docs/opencl-containers.md recommends: mount, pid, ipc, net, uts, cgroup and user namespaces of their own, no process, device or network
# of this machine; bound in are a read-only root, the broker's socket, the library and its .icd file.
dir=$(mktemp -d "$top/build/container.XXXXXX")
broker=
trap '[ -z "$broker" ] || kill "$broker" 2> /dev/null; rm -rf "$dir"' EXIT
fail() {
	echo "$(basename "$0"): $*" >&2
	exit 1
}

# start_broker [ROOT]: one that runs in the sdk, or in ROOT, with the OpenCL there. A container's user is nobody special, so the socket is for all.
start_broker() {
	host="$top/images/enter"
	[ -z "${1:-}" ] || host="bwrap --ro-bind $1 / --dev-bind /dev /dev --proc /proc --ro-bind /sys /sys --tmpfs /run --bind /tmp /tmp
		--bind $top /src --die-with-parent --setenv HOME /tmp --"
	mkdir "$dir/run" "$dir/vendors"
	chmod 755 "$dir" "$dir/run"
	printf '/opt/vcockpit/libvcockpit-opencl.so\n' > "$dir/vendors/vcockpit.icd"
	remoting=/src/${build#"$top"/}/opencl-remoting
	# shellcheck disable=SC2086 # a command with its options
	$host "$remoting/vcockpit-cld" --config "$remoting/run/private.ini" --worker "$remoting/vcockpit-cl-worker" --socket "/src/build/${dir##*/}/run/cl" --mode 0666 > "$dir/broker.log" 2>&1 &
	broker=$!
	for try in $(seq 100); do
		[ ! -S "$dir/run/cl" ] || break
		kill -0 "$broker" 2> /dev/null || break
		sleep 0.1
	done
	[ -S "$dir/run/cl" ] || fail "the broker does not listen: $(cat "$dir/broker.log")"
}

# contain ROOT COMMAND…: COMMAND in a container with that root. Its OpenCL is the remoted one; with NATIVE=yes, what the root holds,
# for which it needs /sys. $dir/share is /share there.
contain() {
	root=$1
	shift
	mkdir -p "$dir/share"
	if [ "${NATIVE:-no}" = yes ]; then
		set -- --ro-bind /sys /sys -- "$@"
	else
		set -- --ro-bind "$dir/vendors" /etc/OpenCL/vendors --bind "$dir/run/cl" /run/vcockpit/cl \
			--ro-bind "$build/opencl-remoting/libvcockpit-opencl.so" /opt/vcockpit/libvcockpit-opencl.so -- "$@"
	fi
	bwrap --unshare-all --uid 65534 --gid 65534 --die-with-parent --new-session --clearenv \
		--ro-bind "$root/usr" /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64 \
		--ro-bind "$root/etc" /etc --proc /proc --dev /dev --tmpfs /tmp --tmpfs /run --tmpfs /opt \
		--bind "$dir/share" /share --setenv PATH /usr/bin --setenv HOME /tmp --chdir /share "$@"
}
