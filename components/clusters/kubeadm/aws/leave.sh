#!/bin/bash
# Waits until this machine's group is about to end it; then its pods go by eviction, so that disruption budgets hold, and
# so does the member of etcd that is on a control plane. The group waits for that, by its hook `leave`.
set -uo pipefail

# shellcheck source=/dev/null
. /etc/polykube/machine.env
# shellcheck source=cloud.sh
. /usr/local/lib/polykube/cloud.sh

readonly DRAIN=900 # seconds that pods get to go, as node groups of EKS give them
readonly MANIFEST=/etc/kubernetes/manifests/etcd.yaml
# Neither those that the kubelet alone has, nor those of DaemonSets, which stay to the end.
# shellcheck disable=SC2016 # kubectl expands it
readonly TO_EVICT='{{range .items}}{{$stays := false}}{{range .metadata.ownerReferences}}{{if or (eq .kind "DaemonSet") (eq .kind "Node")}}{{$stays = true}}{{end}}{{end}}{{if not (or $stays (eq .status.phase "Succeeded") (eq .status.phase "Failed"))}}{{.metadata.namespace}} {{.metadata.name}}
{{end}}{{end}}'
node=${NODE_NAME:-$(hostname)}

say() {
  printf 'polykube-leave [%4ds] %s\n' "$SECONDS" "$*" | tee -a /var/log/polykube-leave.log /dev/console || true
}

# A node may evict the pods that are bound to it, and no others (the API server's admission plugin NodeRestriction).
kubelet() {
  kubectl --kubeconfig /etc/kubernetes/kubelet.conf --request-timeout=20s "$@"
}

pods_here() {
  kubelet get pods --all-namespaces --field-selector "spec.nodeName=$node" --output "go-template=$TO_EVICT"
}

# evict NAMESPACE POD: refused while a budget holds.
evict() {
  kubelet create --raw "/api/v1/namespaces/$1/pods/$2/eviction" --filename - >/dev/null 2>&1 <<<"{
    \"apiVersion\": \"policy/v1\", \"kind\": \"Eviction\", \"metadata\": {\"namespace\": \"$1\", \"name\": \"$2\"}}"
}

drain() {
  local deadline=$((SECONDS + DRAIN)) left namespace pod
  kubelet patch node "$node" --patch '{"spec": {"unschedulable": true}}' >/dev/null || say "not cordoned"
  while left=$(pods_here) && [[ -n $left ]]; do
    if ((SECONDS > deadline)); then
      say "pods that did not go: ${left//$'\n'/, }"
      return
    fi
    while read -r namespace pod; do
      evict "$namespace" "$pod"
    done <<<"$left"
    sleep 5
  done
  say "drained"
}

# etcd takes no member away if too few of the others are there.
leave_etcd() {
  if [[ -e $MANIFEST ]]; then
    kubeadm reset phase remove-etcd-member 2>&1 | while read -r line; do say "$line"; done
  fi
}

# A control plane says itself that its node is gone; of a worker that is the cloud's controller's to say.
forget_node() {
  systemctl stop kubelet
  # shellcheck disable=SC2153 # of machine.env
  if [[ $ROLE != worker ]]; then
    kubectl --kubeconfig /etc/kubernetes/admin.conf delete node "$node" --ignore-not-found --timeout=60s
  fi
}

main() {
  until cloud_is_ending; do
    sleep 5
  done
  SECONDS=0
  say "the group ends this machine"
  if [[ -s /etc/kubernetes/kubelet.conf ]]; then
    drain
    leave_etcd
    forget_node
  fi
  until cloud_report CONTINUE leave; do
    sleep 5
  done
}

if [[ ${BASH_SOURCE[0]} == "$0" ]]; then
  main
fi
