# shellcheck shell=bash
# What a host given by address does beside what every machine does. There is nobody to ask: all it needs is on its disk,
# and what it has to say it leaves there.

readonly MARK=/etc/polykube/joined
readonly REPORT=/run/polykube/report
readonly SHARED_ADDRESS=/etc/polykube/virtual-ip.yaml
readonly KEEPALIVED=/etc/polykube/keepalived.conf

# The network interface that has the host's address.
interface() {
  ip -oneline -4 address show to "$ADDRESS" | awk '{print $2; exit}'
}

cloud_prepare() {
  mkdir -p /run/polykube
  rm -f "$REPORT"
  [[ -n $(interface) ]] || give_up "no network interface has the address $ADDRESS"
}

cloud_place_authorities() {
  test -s /etc/kubernetes/pki/ca.key || test -s /etc/etcd/pki/member.key
}

# The data of a member of etcd are on a disk of whoever gave the host, mounted there or not.
cloud_mount_data() {
  :
}

cloud_address() {
  echo "$ADDRESS"
}

# Whether any API server of the cluster answers: a second beginning would be a second cluster.
cloud_has_begun() {
  local each
  for each in ${API_ENDPOINT%:*} $CONTROL_PLANES; do
    if curl --silent --insecure --max-time 5 --output /dev/null "https://$each:6443/livez"; then
      return 0
    fi
  done
  return 1
}

has_virtual_ip() {
  ip -oneline -4 address show to "$VIRTUAL_IP" | grep --quiet .
}

# keepalived and haproxy, with what the host was told, where their packages look for it.
start_balancer() {
  install --mode 0644 /etc/polykube/haproxy.cfg /etc/haproxy/haproxy.cfg
  install --mode 0600 "$KEEPALIVED" /etc/keepalived/keepalived.conf
  sed --in-place "s/@INTERFACE@/$(interface)/" /etc/keepalived/keepalived.conf
  systemctl enable --quiet haproxy keepalived
  systemctl restart haproxy keepalived
}

# The virtual IP is this host's own until kube-vip holds it: kubeadm asks for it before any pod can be started, and
# kube-vip would need more rights for that than a control plane's administrator has by then (kube-vip/kube-vip#684).
cloud_before_beginning() {
  if [[ -e $KEEPALIVED ]]; then
    start_balancer
    wait_for 60 "virtual IP of keepalived" has_virtual_ip
  elif [[ -n $VIRTUAL_IP ]]; then
    ip address replace "$VIRTUAL_IP/32" dev "$(interface)"
  fi
}

cloud_note_beginning() {
  :
}

holds_virtual_ip() {
  kubectl --kubeconfig /etc/kubernetes/admin.conf --namespace kube-system get lease plndr-cp-lock
}

cloud_after_joining() {
  if [[ -e $KEEPALIVED ]] && ! systemctl is-active --quiet keepalived; then
    start_balancer
  fi
  if [[ -e $SHARED_ADDRESS ]]; then
    sed "s/@INTERFACE@/$(interface)/" "$SHARED_ADDRESS" >/etc/kubernetes/manifests/kube-vip.yaml
    if [[ -n $VIRTUAL_IP && $ROLE == first && ! -e $KEEPALIVED ]]; then
      wait_for 300 "kube-vip that holds $VIRTUAL_IP" holds_virtual_ip
    fi
  fi
  : >"$MARK"
}

cloud_report() {
  echo "$1" >"$REPORT"
}
