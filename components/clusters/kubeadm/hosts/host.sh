#!/bin/bash
# What is asked of a host by ssh, as root: `bash -s -- ACTION ARGUMENTS…` with this text at standard input.
set -u

readonly OWN=/etc/polykube
readonly UNIT=polykube-boot
readonly BOOT=/usr/local/sbin/polykube-boot
readonly LOG=/var/log/polykube-boot.log
readonly OUTPUT=/var/log/polykube-boot-output.log
readonly REPORT=/run/polykube/report
readonly PROGRAMS=/usr/local/bin
readonly PKI=/etc/kubernetes/pki

fact() {
  printf '%s %s\n' "$1" "${2-}"
}

# inspect [ADDRESS…]: what the host is like, a fact a line, and which of these addresses answer. Nothing is changed.
inspect() {
  local each
  # shellcheck source=/dev/null
  fact os "$(. /etc/os-release && echo "$ID $VERSION_ID")"
  fact architecture "$(uname -m)"
  fact clock "$(date +%s.%N)"
  fact memory "$(awk '/^MemTotal:/ {print int($2 / 1024)}' /proc/meminfo)"
  fact cpus "$(nproc)"
  fact disk "$(df --output=avail --block-size=1M /var/lib | tail -n 1 | tr -d ' ')"
  fact swap "$(awk 'NR > 1 {printf "%s ", $1}' /proc/swaps)"
  fact machine "$(cat /etc/machine-id)"
  fact addresses "$(ip -oneline -4 address show | awk '{sub("/.*", "", $4); printf "%s ", $4}')"
  fact systemd "$([[ -d /run/systemd/system ]] && echo yes)"
  fact kvm "$([[ -c /dev/kvm ]] && echo yes)"
  fact gpus "$([[ -x /usr/bin/nvidia-container-runtime ]] && nvidia-smi --list-gpus 2>/dev/null | wc -l)"
  fact cluster "$(cat "$OWN/cluster" 2>/dev/null)"
  fact etcd "$([[ -e /var/lib/etcd/member || -e /var/lib/etcd/data/member ]] && echo yes)"
  fact node "$([[ -e /etc/kubernetes/kubelet.conf ]] && echo yes)"
  ss --no-header --listening --tcp --numeric --processes |
    awk '{sub(".*:", "", $4); split($6, by, "\""); print "listens", $4, by[2]}' | sort -u
  for each in "$@"; do
    if ping -c 1 -W 2 "$each" >/dev/null 2>&1; then
      fact answers "$each"
    fi
  done
}

# clean: take away what a boot left that did not come to its end, so that another can begin. A node is left alone.
clean() {
  if [[ -e /etc/kubernetes/kubelet.conf && ! -e $OWN/joined ]]; then
    reset
  fi
}

# resume: make a node of a host that is none any more; one that has joined is left alone.
resume() {
  if [[ ! -e $OWN/joined ]]; then
    clean
    follow
  fi
}

# follow: run the boot script, which goes on without us, and tell its lines until it has something to report. One that
# has reported already waits for others at most, and begins anew.
follow() {
  local told=0 state
  mkdir -p "${REPORT%/*}"
  touch "$LOG"
  if [[ -s $REPORT ]]; then
    systemctl stop "$UNIT" 2>/dev/null
  fi
  if ! systemctl is-active --quiet "$UNIT"; then
    told=$(wc -l <"$LOG")
    rm -f "$REPORT"
    systemd-run --quiet --collect --unit="$UNIT" "$BOOT" || exit 1
  fi
  while true; do
    state=$(systemctl is-active "$UNIT")
    tell
    if [[ -s $REPORT ]]; then
      tell
      [[ $(<"$REPORT") == CONTINUE ]]
      exit
    fi
    [[ $state == active ]] || break
    sleep 1
  done
  echo "the boot script ended without a report: see $OUTPUT and journalctl --unit $UNIT there" >&2
  exit 1
}

tell() {
  tail -n "+$((told + 1))" "$LOG"
  told=$(wc -l <"$LOG")
}

# leave [ADDRESS]: be no node any more, and keep no key of the cluster. Packages and programs stay.
leave() {
  systemctl stop "$UNIT" 2>/dev/null
  reset
  if [[ -n ${1-} ]]; then
    for device in $(ip -oneline -4 address show to "$1" | awk '{print $2}'); do
      ip address delete "$1/32" dev "$device"
    done
  fi
  systemctl disable --quiet --now kubelet containerd etcd haproxy keepalived 2>/dev/null
  rm -f /etc/keepalived/keepalived.conf
  rm -rf "$OWN" /etc/kubernetes /etc/etcd /etc/systemd/system/etcd.service /usr/local/lib/polykube "$BOOT" /run/polykube
  rm -rf /var/lib/etcd/* # where a disk may be mounted
}

reset() {
  if [[ -x $PROGRAMS/kubeadm ]]; then
    timeout 180 "$PROGRAMS/kubeadm" reset --force
  fi
  rm -rf /etc/cni/net.d /var/lib/cni
  for device in cilium_vxlan cilium_geneve cilium_host; do
    ip link delete "$device" 2>/dev/null
  done
  for family in ip ip6; do
    nft delete table "$family" kube-proxy 2>/dev/null
  done
  true
}

# joined: whether this host is a node, or a member of etcd.
joined() {
  if [[ -e $OWN/joined ]]; then
    fact joined yes
  fi
}

# What follows is asked of a control plane.
administer() {
  "$PROGRAMS/kubectl" --kubeconfig /etc/kubernetes/admin.conf "$@"
}

# drain NODE SECONDS: its pods go by eviction, so that disruption budgets hold; it fails when some are left by then.
drain() {
  administer drain "$1" --ignore-daemonsets --delete-emptydir-data --force --timeout="$2s"
}

uncordon() {
  administer uncordon "$1"
}

# forget NODE SECONDS [ADDRESS]: have the cluster forget a node, whose pods get so long to go. With its address it is lost,
# and so is the member of etcd that it may have had.
forget() {
  if [[ -n ${3-} ]]; then
    remove_member "$3" || exit 1
  fi
  administer drain "$1" --ignore-daemonsets --delete-emptydir-data --force --timeout="$2s" --skip-wait-for-delete-timeout=20
  administer delete node "$1" --ignore-not-found --timeout=60s
}

# etcd ACTION CONTENT: ask this control plane's own member.
etcd() {
  local client=$PKI/apiserver-etcd-client
  curl --silent --show-error --fail-with-body --max-time 10 --cacert "$PKI/etcd/ca.crt" --cert "$client.crt" \
    --key "$client.key" --data "$2" "https://127.0.0.1:2379/v3/cluster/member/$1"
}

# remove_member ADDRESS: etcd itself refuses that where the others that run would be no majority (strict-reconfig-check).
remove_member() {
  local id
  [[ -e /etc/kubernetes/manifests/etcd.yaml ]] || return 0 # members are on machines of their own
  id=$(etcd list '{}' | python3 -c '
import json, sys
own = f"https://{sys.argv[1]}:2380"
print(*(each["ID"] for each in json.load(sys.stdin)["members"] if own in each["peerURLs"]))' "$1") || return 1
  [[ -z $id ]] || etcd remove "{\"ID\": \"$id\"}" >/dev/null
}

main() {
  local action=$1
  shift
  case $action in
    inspect) inspect "$@" ;;
    clean) clean ;;
    follow) follow ;;
    resume) resume ;;
    leave) leave "$@" ;;
    drain) drain "$@" ;;
    uncordon) uncordon "$@" ;;
    forget) forget "$@" ;;
    joined) joined ;;
  esac
}

main "$@" </dev/null
exit
