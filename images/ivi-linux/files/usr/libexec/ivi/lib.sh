# SPDX-License-Identifier: Apache-2.0
# port NAME: the device file of a virtio-serial port, found without udev.
port() {
	for entry in /sys/class/virtio-ports/*; do
		[ "$(cat "$entry/name" 2>/dev/null)" = "$1" ] && echo "/dev/${entry##*/}" && return
	done
	return 1
}
# tell WORDS: one line to the host, which stamps and keeps it.
tell() {
	report=$(port org.vcockpit.guest.0) && echo "$*" > "$report"
}
