#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# vm_test.sh VCOCKPIT-VM VM-CONFIGS: good and bad guest files, and the line that each bad one gets; and what is not in those that
# are installed.
set -eu
vm=$1 configs=$2
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
touch machine.qemu vmlinuz initrd root.ext4

good='[vm]
qemu = machine.qemu
kernel = vmlinuz
initrd = initrd
root = root.ext4
append = quiet
[gpu]
layer = ivi'
echo "$good" > good.ini
"$vm" --config good.ini --print ivi > command
grep -qx 'file=root.ext4,if=virtio,format=raw,readonly=on' command
grep -qx -e '-initrd' command
echo "$good" | sed '/^initrd/d' > plain.ini
"$vm" --config plain.ini --print ivi > command
if grep -qx -e '-initrd' command; then echo "an initrd that nobody named"; exit 1; fi
[ "$(grep -cx -e '-readconfig' command)" = 1 ]
grep -q id=report command && { echo "a report that nobody asked for"; exit 1; }

# A report, and one more file for QEMU: only where they are asked for.
echo "$good" | sed 's/^append.*/report = report/' > report.ini
touch more.qemu
"$vm" --config report.ini --add more.qemu --print ivi > command
grep -qx 'socket,id=report,fd=4' command
[ "$(grep -cx -e '-readconfig' command)" = 2 ] && grep -qx more.qemu command
code=0
"$vm" --config good.ini --add missing.qemu --print ivi > out 2> err || code=$?
[ $code = 2 ] && grep -qF -e '--add missing.qemu: No such file' err
# The installed guest's file is good, but for where its files are.
sed 's,^\(kernel\|root\) = .*,\1 = root.ext4,; s,^qemu = .*,qemu = machine.qemu,' "$configs/ivi.ini" > installed.ini
"$vm" --config installed.ini --print ivi > command
# What an installed guest has: no line for faults, and nothing that QEMU writes into files of the host.
if grep -n -i -e fault -e '"file"' -e '"pipe"' "$configs/ivi.qemu"; then exit 1; fi

# refuses FILE TEXT: exit code 2 and one line with that text.
refuses() {
	code=0
	"$vm" --config "$1" --print ivi > out 2> err || code=$?
	[ $code = 2 ] || { echo "$1: exit code $code"; exit 1; }
	[ "$(wc -l < err)" = 1 ] && grep -qF "$2" err || { echo "$1: wanted \"$2\", got:"; cat err; exit 1; }
}
echo "$good" | sed 's/vmlinuz/missing/' > missing.ini
refuses missing.ini 'missing.ini: [vm] kernel = missing: No such file'
echo "$good" | sed 's/^append/apend/' > typo.ini
refuses typo.ini 'typo.ini:6: [vm] apend = quiet: unknown key'
echo "$good" | sed 's/^append.*/answer_ms = soon/' > soon.ini
refuses soon.ini 'soon.ini:6: [vm] answer_ms = soon: not a number'
echo "$good" | sed 's/^append.*/check_ms = 1/' > often.ini
refuses often.ini 'from 100 to'
echo "$good" | sed 's/^append.*/report_kb = 1000000/' > large.ini
refuses large.ini 'report_kb = 1000000'
echo "$good" | sed '/^root/d' > rootless.ini
refuses rootless.ini 'has no "root"'
echo "$good" | sed 's/root.ext4/a,b/' > comma.ini
refuses comma.ini 'a comma cannot be in a file name'
refuses nowhere.ini 'nowhere.ini: No such file'
