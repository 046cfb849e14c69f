# SPDX-License-Identifier: Apache-2.0
# Protections switched off by config and drop-ins, so that it can be seen that the faults find out. Each line: its name, and
# faults that must fail without it.
protections() {
	cat << END
fd-store compositor-killed
restart compositor-killed cluster-killed
watchdog compositor-stopped cluster-stopped
hold-time cluster-killed
can-timeouts can-silent
can-checks can-corrupt
monitor cluster-wrong-telltale
rate-limit source-floods
real-time cpu-hog
binds-to device-killed
command-limit worker-stopped
END
}

# protect_not NAME: until restore. False if the cluster does not run without it: a fault would fail for that, and show nothing.
protect_not() {
	case $1 in
	fd-store)
		override vcockpit-compositor.service FileDescriptorStoreMax=0 FileDescriptorStorePreserve=no
		systemctl stop vcockpit-compositor
		;;
	restart)
		sed '/^Upholds=/d' /usr/lib/systemd/system/vcockpit.target > /run/systemd/system/vcockpit.target
		override vcockpit-compositor.service Restart=no
		override vcockpit-cluster.service Restart=no
		;;
	watchdog) override vcockpit-compositor.service WatchdogSec=0 && override vcockpit-cluster.service WatchdogSec=0 ;;
	hold-time) edit_compositor='/^\[layer cluster\]/,/^\[layer ivi\]/s/^hold_ms = .*/hold_ms = 60000/' ;;
	can-timeouts) edit_cluster 's/^timeout_ms = .*/timeout_ms = 60000/' ;;
	can-checks) edit_cluster 's/^bad_frames = .*/bad_frames = 100/; s/^timeout_ms = .*/timeout_ms = 60000/' ;;
	monitor) systemctl mask --runtime --now vcockpit-monitor ;;
	rate-limit) edit_compositor="/^\\[layer second\\]/,\$s/^hold_ms/rate = 100000\\nerrors = 0\\nhold_ms/" ;;
	real-time)
		systemctl set-property --runtime vcockpit-safety.slice CPUWeight=100
		override vcockpit-compositor.service CPUSchedulingPolicy=other LimitRTPRIO=0
		override vcockpit-cluster.service CPUSchedulingPolicy=other LimitRTPRIO=0
		override vcockpit-drive.service CPUSchedulingPolicy=other
		systemctl restart vcockpit-drive
		;;
	binds-to)
		sed '/^BindsTo=/d' /usr/lib/systemd/system/vcockpit-vm@.service > /run/systemd/system/vcockpit-vm@.service
		systemctl daemon-reload
		;;
	command-limit)
		sed 's/^command_ms = .*/command_ms = 3600000/' /etc/vcockpit/vms/$guest.ini > $state/$guest.ini
		override vcockpit-gpu@$guest.service "BindReadOnlyPaths=$state/$guest.ini:/etc/vcockpit/vms/$guest.ini"
		systemctl restart vcockpit-gpu@$guest
		;;
	esac
	use_config
	systemctl restart vcockpit-cluster && restart_compositor
}

edit_cluster() {
	sed "$1" /etc/vcockpit/cluster.ini > $state/cluster.ini
	override vcockpit-cluster.service "BindReadOnlyPaths=$state/cluster.ini:/etc/vcockpit/cluster.ini"
}
