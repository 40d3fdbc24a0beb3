#!/bin/bash
# Makes this machine a node of its cluster, or a member of its etcd. It may be run again: each step looks at what is
# there already, says one line on the console, and what it waits for has a deadline. The cloud is told whether the
# machine joined.
set -Eeuo pipefail

# What not every kind of machine needs; its own file says otherwise.
cloud_before_beginning() { :; }
# shellcheck disable=SC2329 # which a cloud's own file does, too
cloud_after_joining() { :; }
ETCD=
RESTORE=
RUNTIME=
PACKAGES=

# shellcheck source=/dev/null
. /etc/polykube/machine.env
# shellcheck source=aws/cloud.sh
. /usr/local/lib/polykube/cloud.sh

# shellcheck disable=SC2153 # of machine.env, as are the other capitals
readonly PART=$ROLE
readonly PKI=/etc/kubernetes/pki
readonly KUBELET_CONFIG=/etc/kubernetes/kubelet.conf
readonly BAKED=/usr/local/share/polykube/programs
readonly SOCKET=/run/containerd/containerd.sock
readonly OUTPUT=/var/log/polykube-boot-output.log
# What the steps print, for root alone; of one that fails the last lines are told.
install --mode 0600 /dev/null "$OUTPUT"
exec >>"$OUTPUT" 2>&1
began=$SECONDS
doing=begin

say() {
  printf 'polykube-boot [%4ds] %s\n' "$((SECONDS - began))" "$*" | tee -a /var/log/polykube-boot.log /dev/console || true
}

give_up() {
  say "failed: $doing: $*"
  cloud_report ABANDON || true
  exit 1
}

last_words() {
  grep --invert-match '^polykube-boot ' "$OUTPUT" | tail --lines 6 | tr '\n' ' ' | tail --bytes 800 || true
}

# wait_for SECONDS WHAT COMMAND…: until the command succeeds.
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2 said
  shift 2
  until said=$("$@" 2>&1); do
    ((SECONDS < deadline)) || give_up "no $what within its deadline: ${said:0:300}"
    sleep 5
  done
}

# Nothing is tested here, or the shell would pass over whatever fails within the step.
step() {
  doing=$1
  shift
  "$@"
  say "$doing: done"
}
trap 'give_up "line $LINENO: $(last_words)(all of it: $OUTPUT)"' ERR

set_up_kernel() {
  swapoff -a
  sed -i '/\sswap\s/d' /etc/fstab
  modprobe overlay
  modprobe br_netfilter
  sysctl --quiet --load=/etc/sysctl.d/90-polykube.conf
}

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  wait_for 300 "package list" apt-get update -qq
  # shellcheck disable=SC2086 # none, or several
  wait_for 300 "packages" apt-get install -qq -y --no-install-recommends \
    -o DPkg::Lock::Timeout=120 ca-certificates conntrack curl ethtool nftables python3 socat $PACKAGES
}

# is_intact HASH FILE: by SHA-256 or SHA-512, as long as the hash is.
is_intact() {
  echo "$1  $2" | "sha$((4 * ${#1}))sum" --check --status 2>/dev/null
}

# Each line of the list: name, hash, address. An image that has programs already says which, a name a line, and whoever
# made it answers for them.
download_programs() {
  local name sum url file
  mkdir -p /opt/cni/bin /var/cache/polykube
  while read -r name sum url; do
    if grep --quiet --line-regexp --fixed-strings "$name" "$BAKED" 2>/dev/null; then
      continue
    fi
    file=/var/cache/polykube/$name
    if ! is_intact "$sum" "$file"; then
      wait_for 300 "$url" curl --fail --silent --show-error --location --max-time 240 --output "$file" "$url"
      is_intact "$sum" "$file" || give_up "$url has not the hash $sum"
    fi
    case $name in
      containerd) tar --extract --gzip --file "$file" --directory /usr/local ;;
      cni-plugins) tar --extract --gzip --file "$file" --directory /opt/cni/bin ;;
      etcd) tar --extract --gzip --file "$file" --directory /usr/local/bin --strip-components 1 --wildcards '*/etcd' '*/etcdctl' '*/etcdutl' ;;
      kata) tar --extract --zstd --file "$file" --directory / ;;
      *) install --mode 0755 "$file" "/usr/local/bin/$name" ;;
    esac
  done </etc/polykube/downloads
}

# What its pods would be the first to find. NVIDIA's driver and runtime have to be there: they go with the machine's kernel.
prepare_pods_runtime() {
  case $RUNTIME in
    kata)
      modprobe --all vhost_vsock vhost_net
      modprobe --quiet kvm_intel || modprobe --quiet kvm_amd || true
      [[ -c /dev/kvm ]] || give_up "there is no /dev/kvm, which Kata Containers need: nothing lets this machine virtualize"
      ;;
    nvidia)
      [[ -x /usr/bin/nvidia-container-runtime ]] || give_up "there is no /usr/bin/nvidia-container-runtime: install NVIDIA's Container Toolkit"
      nvidia-smi --list-gpus >/dev/null || give_up "nvidia-smi finds no GPU: install NVIDIA's driver"
      ;;
  esac
}

start_runtime() {
  systemctl daemon-reload
  systemctl enable --quiet --now containerd
  wait_for 60 "container runtime" test -S "$SOCKET"
  systemctl enable --quiet kubelet
}

place_authorities() {
  wait_for 120 "authorities" cloud_place_authorities
}

is_joined() {
  test -s "$KUBELET_CONFIG" && systemctl is-active --quiet kubelet
}

# etcd_answers COUNT: whether so many members on machines of their own say that they are healthy.
etcd_answers() {
  local each count=0 client=$PKI/apiserver-etcd-client
  for each in $ETCD; do
    if curl --fail --silent --show-error --max-time 5 --output /dev/null \
      --cacert "$PKI/etcd/ca.crt" --cert "$client.crt" --key "$client.key" "$each/health"; then
      count=$((count + 1))
    fi
  done
  ((count >= $1))
}

# wait_for_etcd COUNT
wait_for_etcd() {
  if [[ -n $ETCD ]]; then
    wait_for 600 "etcd, $1 of $ETCD" etcd_answers "$1"
  fi
}

api_answers() {
  curl --silent --max-time 5 --retry 5 --retry-delay 3 --retry-all-errors --output /dev/null --insecure "https://$API_ENDPOINT/livez"
}

# What a member of etcd on this machine begins with, if everything was lost.
place_snapshot() {
  local name=${NODE_NAME:-$(hostname)}
  if [[ ! -d /var/lib/etcd/member ]]; then
    polykube-etcd place "$RESTORE" "$name" "$name=https://$(cloud_address):2380"
  fi
}

# Control planes of before are in what was restored; those that come join anew.
forget_lost() {
  kubectl --kubeconfig /etc/kubernetes/admin.conf delete node --selector node-role.kubernetes.io/control-plane \
    --field-selector "metadata.name!=${NODE_NAME:-$(hostname)}" --wait=false
}

begin_cluster() {
  local ignored=()
  wait_for_etcd "$(wc -w <<<"$ETCD")" # kubeadm asks all of them
  cloud_before_beginning
  if [[ -n $RESTORE && -z $ETCD ]]; then
    place_snapshot
    ignored=(--ignore-preflight-errors=DirAvailable--var-lib-etcd)
  fi
  kubeadm init --config /etc/polykube/init.yaml --skip-token-print "${ignored[@]}"
  if [[ -n $RESTORE ]]; then
    forget_lost
  fi
  wait_for 120 "note that the cluster has begun" cloud_note_beginning
}

join_cluster() {
  if [[ $PART != worker ]]; then
    wait_for_etcd 1 # of a majority: none is healthy without
  fi
  wait_for 600 "API server at $API_ENDPOINT" curl --silent --max-time 5 --output /dev/null --insecure "https://$API_ENDPOINT/livez"
  if [[ $PART != worker ]]; then
    become_administrator
    forget_lost_members || say "members of etcd that were lost may still be known to it"
  fi
  if [[ $PART == first ]]; then
    raise_version
  fi
  kubeadm join --config /etc/polykube/join.yaml
}

node_version() {
  kubectl --kubeconfig "$KUBELET_CONFIG" get node "${NODE_NAME:-$(hostname)}" --output jsonpath='{.status.nodeInfo.kubeletVersion}'
}

runs_what_is_installed() {
  [[ "Kubernetes $(node_version)" == "$(kubelet --version)" ]]
}

# A node that is there and runs an earlier version: the first control plane raises the cluster's, all others follow.
upgrade_node() {
  local has=$VERSION
  if runs_what_is_installed; then
    return
  fi
  if [[ $PART != worker ]]; then
    has=$(cluster_version)
    check_step "$has"
  fi
  if [[ $has != "$VERSION" ]]; then
    kubeadm upgrade apply "$VERSION" --yes
  else
    kubeadm upgrade node
  fi
  systemctl restart kubelet
  wait_for 300 "kubelet of $VERSION" runs_what_is_installed
}

# Whoever is to begin the cluster does so once; a machine that takes its place joins what is there.
become_node() {
  if is_joined; then
    upgrade_node
    return
  fi
  if [[ $PART == first ]] && ! cloud_has_begun; then
    begin_cluster
  else
    join_cluster
  fi
  cloud_after_joining
}

is_ready() {
  kubectl --kubeconfig "$KUBELET_CONFIG" wait --for=condition=Ready --timeout=10s "node/${NODE_NAME:-$(hostname)}"
}

report() {
  wait_for 60 "answer of the cloud" cloud_report CONTINUE
}

if [[ $PART == first || $PART == control-plane ]]; then
  # shellcheck source=control_plane.sh
  . /usr/local/lib/polykube/control-plane.sh
fi
step "machine" cloud_prepare
step "packages" install_packages
step "programs" download_programs
if [[ $PART == etcd ]]; then
  # shellcheck source=etcd.sh
  . /usr/local/lib/polykube/etcd.sh
  step "disk" prepare_disk
  step "authorities" place_authorities
  step "member" become_member
  step "report" report
  exit
fi
step "system" set_up_kernel
if [[ -n $RUNTIME ]]; then
  step "runtime of pods" prepare_pods_runtime
fi
step "runtime" start_runtime
if [[ $PART != worker ]]; then
  step "authorities" place_authorities
fi
step "node" become_node
step "report" report
# The network plugin may come after the first node, which is told to have joined before.
step "ready" wait_for 900 "Ready node" is_ready
if [[ $PART != worker ]]; then
  step "add-ons" wait_for 3600 "API servers of $VERSION alone" add_ons_follow
fi
