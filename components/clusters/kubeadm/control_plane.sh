# shellcheck shell=bash
# What a control plane does besides what every node does; sourced by the boot script.

# as_administrator ARGUMENTS…: of kubectl.
as_administrator() {
  kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace kube-system --request-timeout=20s "$@"
}

# Before it joins, by the authorities that it has.
become_administrator() {
  kubeadm init phase kubeconfig admin --control-plane-endpoint "$API_ENDPOINT" --kubernetes-version "$VERSION"
}

# The version by which kubeadm makes control planes.
cluster_version() {
  as_administrator get configmap kubeadm-config --output jsonpath='{.data.ClusterConfiguration}' |
    awk '/^kubernetesVersion:/ {print $2; found = 1} END {exit !found}'
}

minor() {
  cut --delimiter=. --fields=2 <<<"$1"
}

# check_step FROM: a cluster goes up by one minor version at a time, and never down
# (kubernetes.io/releases/version-skew-policy; kubeadm itself would go down by one).
check_step() {
  if [[ $(printf '%s\n' "$1" "$VERSION" | sort --version-sort | tail --lines=1) != "$VERSION" ]]; then
    give_up "the cluster is at $1, and does not go down to $VERSION"
  fi
  if (($(minor "$VERSION") > $(minor "$1") + 1)); then
    give_up "the cluster is at $1, and goes up by one minor version at a time, not to $VERSION"
  fi
}

# Who begins a cluster also says which version it has, before the first machine of that joins.
raise_version() {
  local has
  wait_for 120 "version of the cluster" cluster_version
  has=$(cluster_version)
  check_step "$has"
  if [[ $has != "$VERSION" ]]; then
    # By the file of this name in its own place, kubeadm would ask the API server of this machine, which is not there yet.
    install --mode 0600 /etc/kubernetes/admin.conf /run/polykube-admin.conf
    kubeadm init phase upload-config all --config /etc/polykube/init.yaml --kubeconfig /run/polykube-admin.conf
    rm /run/polykube-admin.conf
  fi
}

# ask_etcd ENDPOINT WHAT JSON: etcd's own API, by its gateway (etcd.io/docs/v3.6/dev-guide/api_grpc_gateway).
ask_etcd() {
  local client=$PKI/etcd/healthcheck-client
  curl --fail --silent --show-error --max-time 5 --cacert "$PKI/etcd/ca.crt" --cert "$client.crt" --key "$client.key" \
    --data "$3" "$1/v3/cluster/$2"
}

# A control plane that was lost has left its member, and etcd takes no new one while one of it is missing. A member is
# called as its node is; etcd itself refuses to let one go if too few of the others are there.
forget_lost_members() {
  local nodes endpoints each members id name
  if [[ -n $ETCD ]]; then
    return
  fi
  kubeadm init phase certs etcd-healthcheck-client --kubernetes-version "$VERSION" || return
  nodes=$(as_administrator get nodes --selector node-role.kubernetes.io/control-plane \
    --output jsonpath='{.items[*].metadata.name}') || return
  endpoints=$(as_administrator get pods --selector component=etcd \
    --output jsonpath='{.items[*].metadata.annotations.kubeadm\.kubernetes\.io/etcd\.advertise-client-urls}') || return
  for each in $endpoints; do
    if members=$(ask_etcd "$each" member/list '{}'); then
      while read -r id name; do
        if [[ " $nodes " != *" $name "* ]]; then
          say "etcd forgets $name, whose node is gone"
          ask_etcd "$each" member/remove "{\"ID\": \"$id\"}" || return
        fi
      done < <(python3 -c '
import json, sys
for member in json.load(sys.stdin)["members"]:
    print(member["ID"], member.get("name", ""))' <<<"$members")
      return
    fi
  done
  return 1
}

# kubeadm leaves its add-ons as they are while an API server has another version; then they follow.
add_ons_follow() {
  if ! as_administrator get daemonset kube-proxy --output jsonpath='{..image}' | grep --quiet ":$VERSION\$"; then
    kubeadm upgrade node phase addon all
    return 1
  fi
}
