# SPDX-License-Identifier: Apache-2.0
# What the guest's scripts share. What is done again and again here starts no programs: that takes an emulated CPU inside an
# emulated machine a tenth of a second each, and it has a picture to draw.

# port NAME: the device file of a virtio-serial port, found without udev, in $port.
port() {
	local entry name
	for entry in /sys/class/virtio-ports/*; do
		read -r name < "$entry/name" && [ "$name" = "$1" ] && port=/dev/${entry##*/} && return
	done 2> /dev/null
	return 1
}
# tell WORDS: one line to the host, which stamps and keeps it.
report=
tell() {
	[ -n "$report" ] || { port org.vcockpit.guest.0 && report=$port; } && echo "$*" > "$report"
}
# pause SECONDS: nobody ever writes to this pipe, which boot makes.
pause() { read -r -t "$1" _ <> /run/pause; }
