# shellcheck shell=bash
# What makes a machine a member of etcd, and nothing else: it runs no container. Its data are on a disk that may have been
# another machine's before.

readonly DATA=/var/lib/etcd
readonly MEMBER_PKI=/etc/etcd/pki
readonly CONFIG=/etc/etcd/etcd.yaml

prepare_disk() {
  mkdir -p "$DATA"
  wait_for 600 "disk" cloud_mount_data
  install --directory --mode 0700 "$DATA/data"
}

# Whether this machine, whose disk is empty, has been added to members that are there (`etcdctl member add`): then it has
# no name yet. One that they knew before is refused by etcd itself: without its data it would break its promises.
was_added() {
  local each
  for each in $ETCD; do
    if curl --fail --silent --max-time 5 --cacert "$MEMBER_PKI/ca.crt" --cert "$MEMBER_PKI/member.crt" \
      --key "$MEMBER_PKI/member.key" --data '{}' "$each/v3/cluster/member/list" | python3 -c '
import json, sys
own = f"https://{sys.argv[1]}:2380"
members = json.load(sys.stdin)["members"]
sys.exit(not any(own in each.get("peerURLs", ()) and not each.get("name") for each in members))' "$ADDRESS" 2>/dev/null; then
      return 0
    fi
  done
  return 1
}

# It waits for the others by itself, as long as it takes; what is wrong with it ends it at once.
keeps_running() {
  local pid
  pid=$(systemctl show --property=MainPID --value etcd)
  if ((pid > 0 && $(ps --format etimes= --pid "$pid" || echo 0) >= 10)); then
    return 0
  fi
  journalctl --unit etcd --lines 3 --output cat
  return 1
}

become_member() {
  if [[ ! -d $DATA/data/member ]]; then
    if was_added; then
      sed -i 's/^initial-cluster-state: new$/initial-cluster-state: existing/' "$CONFIG"
    elif [[ -n $RESTORE ]]; then
      polykube-etcd place "$RESTORE"
    fi
  fi
  systemctl daemon-reload
  systemctl enable --quiet etcd
  systemctl restart --no-block etcd
  wait_for 120 "etcd that keeps running" keeps_running
  cloud_after_joining
}
