#!/bin/bash
# Brings etcd on this machine back from a snapshot: a control plane's member of it, or the one that the machine is for.
#
#   polykube-etcd list                         the snapshots in the bucket, oldest first
#   polykube-etcd restore SNAPSHOT [MEMBERS]   the member of a machine that runs; on each of them, with the same snapshot
#   polykube-etcd place SNAPSHOT [NAME MEMBERS] the data alone, of a member that has none: what the boot script does
#
# SNAPSHOT is a name of the list (2026-12-01-06-00), latest, or a file. MEMBERS are all that there are to be, as
# NAME=https://ADDRESS:2380 with commas between them; what etcd on this machine knows is the default. What was there is kept
# beside it. etcd.io/docs/v3.6/op-guide/recovery, with the bump of revisions that Kubernetes needs.
set -euo pipefail

ETCD=
# shellcheck source=/dev/null
. /etc/polykube/machine.env
# shellcheck source=/dev/null
. /etc/polykube/snapshots.env
# shellcheck source=snapshots.sh
. /usr/local/lib/polykube/snapshots.sh

readonly BUMP=1000000000 # revisions: more than clients that run on have seen
readonly MANIFESTS=/etc/kubernetes/manifests
readonly STOPPED=/etc/kubernetes/polykube-stopped
readonly CONFIG=/etc/etcd/etcd.yaml
PATIENCE=${PATIENCE:-120} # seconds
# shellcheck disable=SC2153 # of machine.env
if [[ $ROLE == etcd ]]; then
  readonly DATA=/var/lib/etcd/data
else
  readonly DATA=/var/lib/etcd
fi

scratch=$(mktemp --directory --tmpdir=/var/tmp polykube-etcd.XXXXXX)
trap 'rm -rf "$scratch"' EXIT

die() {
  echo "polykube-etcd: $*" >&2
  exit 1
}

# Into $scratch/snapshot.db, and found to be one.
fetch() {
  local snapshot=$1
  if [[ $snapshot == latest ]]; then
    snapshot=$(list | tail -n 1)
    [[ -n $snapshot ]] || die "there is no snapshot in $STORE/$PREFIX"
  fi
  if [[ -f $snapshot ]]; then
    cp "$snapshot" "$scratch/snapshot.db"
  else
    store GET "$PREFIX$snapshot.db" --output "$scratch/snapshot.db" ||
      die "no snapshot $snapshot in $STORE/$PREFIX: polykube-etcd list says which there are"
  fi
  verify_snapshot "$scratch/snapshot.db" || die "$snapshot is damaged, and nothing was changed: take another one"
  echo "snapshot: $snapshot"
}

list() {
  local name
  for name in $(list_snapshots); do
    name=${name#"$PREFIX"}
    echo "${name%.db}"
  done
}

# What etcd on this machine is started with.
own_setting() {
  if [[ $ROLE == etcd ]]; then
    sed -n "s/^$1: //p" "$CONFIG"
  else
    sed -n "s/^ *- --$1=//p" "$MANIFESTS/etcd.yaml"
  fi
}

# All that there are, as the member on this machine knows them: it need not have a leader.
known_members() {
  if [[ $ROLE == etcd ]]; then
    own_setting initial-cluster
    return
  fi
  of_etcd https://127.0.0.1:2379 member list --consistency s |
    awk -F ', ' '{printf "%s%s=%s", (NR > 1 ? "," : ""), $3, $4}'
}

# place NAME MEMBERS: members that are given the same snapshot are one cluster, and no others.
place() {
  local name=$1 members=$2 peer=",$2"
  peer=${peer##*",$name="}
  [[ ",$members" == *",$name="* ]] || die "this member, $name, is none of $members"
  etcdutl snapshot restore "$scratch/snapshot.db" --data-dir "$DATA" --name "$name" --initial-cluster "$members" \
    --initial-cluster-token "$(sha256sum "$scratch/snapshot.db" | cut -c 1-16)" \
    --initial-advertise-peer-urls "${peer%%,*}" --bump-revision "$BUMP" --mark-compacted
}

# A database that nobody holds is one that etcd has let go of.
is_free() {
  local database=$DATA/member/snap/db
  [[ ! -e $database ]] || flock --nonblock "$database" true
}

stop() {
  local until=$((SECONDS + PATIENCE))
  if [[ $ROLE == etcd ]]; then
    systemctl stop etcd
  else
    mkdir -p "$STOPPED"
    mv "$MANIFESTS/kube-apiserver.yaml" "$MANIFESTS/etcd.yaml" "$STOPPED/"
  fi
  until is_free; do
    ((SECONDS < until)) || die "etcd does not end within $PATIENCE s; nothing was changed: start it again"
    sleep 1
  done
}

start() {
  if [[ $ROLE == etcd ]]; then
    systemctl start --no-block etcd
  else
    mv "$STOPPED/etcd.yaml" "$STOPPED/kube-apiserver.yaml" "$MANIFESTS/"
  fi
}

restore() {
  local name members kept
  [[ $ROLE == etcd || -z $ETCD ]] || die "etcd is on machines of its own ($ETCD): run it on each of these"
  fetch "$1"
  name=$(own_setting name)
  members=${2:-$(known_members)} || die "etcd on this machine does not say who is a member: name all of them"
  [[ ",$members" == *",$name="* ]] || die "this member, $name, is none of $members"
  stop
  kept=$DATA-before-$(date -u +%F-%H-%M-%S)
  if [[ -e $DATA ]]; then
    mv "$DATA" "$kept"
  fi
  if ! place "$name" "$members"; then
    rm -rf "$DATA"
    mv "$kept" "$DATA"
    start
    die "not restored: what was there goes on"
  fi
  start
  echo "restored: $name of $members; what was there is in $kept"
}

case ${1-} in
  list) list ;;
  restore) restore "${2:?a snapshot, or latest}" "${3-}" ;;
  place)
    fetch "${2:?a snapshot, or latest}"
    place "${3:-$(own_setting name)}" "${4:-$(own_setting initial-cluster)}"
    ;;
  *) sed -n 's/^# \{0,1\}//p' "$0" | head -n 12 ;;
esac
