#!/bin/sh
# cgroups are this machine's own, but systemd-nspawn mounts them so that they cannot be written to. The kernel has no
# modules; those that are built in are the ones that modprobe may be asked for. Nobody announces devices in here, so that
# nothing but this brings the network interface up.
set -eu
for each in /sys/fs/cgroup/*/; do
  mount -o remount,bind,rw "$each" 2>/dev/null || true
done
modules=/lib/modules/$(uname -r)
mkdir -p "$modules"
printf 'kernel/fs/overlayfs/overlay.ko\nkernel/net/bridge/br_netfilter.ko\n' >"$modules/modules.builtin"
: >"$modules/modules.order"
depmod
ip link set lo up
ip address add "$(cat /etc/polykube-machine/address)" dev host0
ip link set host0 up
ip route add default via "$(cat /etc/polykube-machine/gateway)"
