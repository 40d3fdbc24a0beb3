#!/bin/sh
# launch.sh NSPAWN NAME DIRECTORY LAYERS BRIDGE CGROUP…: boots a machine in the namespaces that this runs in.
# DIRECTORY is its own (changes/, work/, root/, state/), LAYERS what it is made of, CGROUP its cgroups' directories.
set -eu
nspawn=$1 name=$2 directory=$3 layers=$4 bridge=$5
shift 5
umount "$directory/root" 2>/dev/null || true # it had power before
mount -t overlay overlay -o "lowerdir=$layers,upperdir=$directory/changes,workdir=$directory/work" "$directory/root"
for cgroup in "$@"; do
  mkdir -p "$cgroup"
  if [ -e "$cgroup/cpuset.cpus" ]; then
    for each in "${cgroup%/*}" "$cgroup"; do
      # One that has none takes no process.
      cat "$each/../cpuset.cpus" >"$each/cpuset.cpus"
      cat "$each/../cpuset.mems" >"$each/cpuset.mems"
    done
  fi
  echo $$ >"$cgroup/cgroup.procs"
done
# What containers are kept in, and what is mounted in them, is on the disk itself: an overlay takes no other on top.
export SYSTEMD_SECCOMP=0 SYSTEMD_NSPAWN_API_VFS_WRITABLE=1 SYSTEMD_NSPAWN_USE_CGNS=1
exec "$nspawn" --quiet --register=no --keep-unit --directory="$directory/root" --machine="$name" \
  --network-bridge="$bridge" --capability=all --resolv-conf=off --timezone=off --link-journal=no \
  --bind=/dev/kmsg --bind="$directory/state/containerd:/var/lib/containerd" \
  --bind="$directory/state/kubelet:/var/lib/kubelet" --console=read-only --boot
