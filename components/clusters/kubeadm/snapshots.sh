# shellcheck shell=sh
# Snapshots of etcd, and the bucket that keeps them, by S3's API: for a shell of a container and one of a machine.
#
# ETCD (endpoints), ETCD_CA, ETCD_CERT, ETCD_KEY say whose, STORE (the bucket's address), REGION and PREFIX (of names) where
# they go. STORE_KEY is a file with a line for curl, user = "name:key"; without it the machine's own identity in AWS counts.
# STORE_CA is who signed the store's certificate, if not everybody trusts them. RETENTION_DAYS is for buckets that do not
# expire by themselves.

LARGEST=5368709120 # bytes of an object that is sent in one piece, docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html

fail() {
  echo "$*" >&2
  return 1
}

of_json() {
  sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p"
}

# As curl's configuration, which reaches it by its standard input, never as arguments.
store_credentials() {
  if [ -n "${STORE_KEY-}" ]; then
    cat "$STORE_KEY"
    return
  fi
  metadata=http://169.254.169.254/latest
  token=$(curl --fail --silent --max-time 5 --request PUT --header "X-aws-ec2-metadata-token-ttl-seconds: 300" \
    "$metadata/api/token") || fail "no identity: the metadata service does not answer" || return
  identity="$metadata/meta-data/iam/security-credentials"
  role=$(curl --fail --silent --max-time 5 --header "X-aws-ec2-metadata-token: $token" "$identity/") || return
  given=$(curl --fail --silent --max-time 5 --header "X-aws-ec2-metadata-token: $token" "$identity/$role") || return
  printf 'user = "%s:%s"\nheader = "X-Amz-Security-Token: %s"\n' \
    "$(echo "$given" | of_json AccessKeyId)" "$(echo "$given" | of_json SecretAccessKey)" "$(echo "$given" | of_json Token)"
}

# store METHOD PATH CURL'S ARGUMENTS…: a signed request about something in the bucket.
store() {
  method=$1 path=$2
  shift 2
  [ "$method" = PUT ] || set -- "$@" --header "x-amz-content-sha256: $(sha256sum </dev/null | cut -c 1-64)"
  credentials=$(store_credentials) || return
  echo "$credentials" | curl --config - --proto =https --tlsv1.2 --fail-with-body --silent --show-error \
    --connect-timeout 10 --max-time 1800 --retry 2 --request "$method" --aws-sigv4 "aws:amz:$REGION:s3" \
    ${STORE_CA:+--cacert "$STORE_CA"} "$@" "$STORE/$path"
}

of_etcd() {
  endpoint=$1
  shift
  etcdctl --endpoints "$endpoint" --cacert "$ETCD_CA" --cert "$ETCD_CERT" --key "$ETCD_KEY" "$@"
}

# The first member that is healthy gives one: all have the same. Without its own deadline, etcdctl would wait for ever.
save_snapshot() {
  for member in $ETCD; do
    of_etcd "$member" --command-timeout 5s endpoint health || continue
    of_etcd "$member" --command-timeout 15m snapshot save "$1" && return
    rm -f "$1" "$1.part"
  done
  fail "no member of etcd gives a snapshot: $ETCD"
}

# A snapshot ends with the SHA-256 of the database before it, and that is whole in itself.
verify_snapshot() {
  size=$(($(wc -c <"$1")))
  [ "$size" -gt 32 ] || fail "$1 is no snapshot: $size bytes" || return
  is=$(head -c "$((size - 32))" "$1" | sha256sum | cut -c 1-64)
  said=$(tail -c 32 "$1" | od -An -v -tx1 | tr -d ' \n')
  [ "$is" = "$said" ] || fail "$1 is damaged: its SHA-256 is $is, and it says $said" || return
  etcdutl --write-out json snapshot status "$1"
}

# The store is told the SHA-256, and takes nothing else.
upload_snapshot() {
  [ "$size" -le "$LARGEST" ] || fail "$size bytes are more than the store takes in one piece" || return
  sum=$(sha256sum "$1" | cut -c 1-64)
  store PUT "$2" --upload-file "$1" --header "x-amz-content-sha256: $sum" --header "Content-Type: application/octet-stream"
}

# The names in the bucket, oldest first: a page has a thousand.
list_snapshots() {
  after=
  while true; do
    page=$(store GET "?list-type=2&prefix=$(in_query "$PREFIX")${after:+&start-after=$(in_query "$after")}") ||
      fail "$page" || return
    names=$(echo "$page" | sed 's/<Key>/\n/g' | sed -n 's/<\/Key>.*//p')
    echo "$names" | grep -E '/[0-9]{4}(-[0-9]{2}){4}\.db$' || [ $? = 1 ] # none is no failure
    case $page in
      *"<IsTruncated>true</IsTruncated>"*) after=$(echo "$names" | tail -n 1) ;;
      *) return ;;
    esac
  done
}

in_query() {
  echo "$1" | sed 's/\//%2F/g'
}

# Their names say when they were made.
expire_snapshots() {
  oldest=$PREFIX$(date -u -d "@$(($(date +%s) - RETENTION_DAYS * 86400))" +%F-%H-%M)
  names=$(list_snapshots) || return
  for name in $(echo "$names" | awk -v oldest="$oldest" '$0 < oldest'); do
    store DELETE "$name" || return
    echo "expired: $name"
  done
}

# take_snapshot DIRECTORY: one that counts, in the bucket.
take_snapshot() {
  name=$PREFIX$(date -u +%F-%H-%M).db
  save_snapshot "$1/snapshot.db" || return
  verify_snapshot "$1/snapshot.db" || return
  upload_snapshot "$1/snapshot.db" "$name" || return
  echo "kept: $STORE/$name, $size bytes"
  [ -z "${RETENTION_DAYS-}" ] || expire_snapshots
}
