# shellcheck shell=bash
# What a machine asks of AWS, by its own identity. Credentials reach curl by its standard input, never as arguments.

metadata() {
  local token
  token=$(curl --fail --silent --max-time 5 --request PUT --header "X-aws-ec2-metadata-token-ttl-seconds: 300" \
    http://169.254.169.254/latest/api/token)
  curl --fail --silent --max-time 5 --header "X-aws-ec2-metadata-token: $token" \
    "http://169.254.169.254/latest/meta-data/$1"
}

# A field of a JSON document at standard input.
json_field() {
  python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"
}

# aws_call SERVICE CURL'S ARGUMENTS…: a signed request.
aws_call() {
  local service=$1 role credentials
  shift
  role=$(metadata iam/security-credentials/)
  credentials=$(metadata "iam/security-credentials/$role")
  python3 -c '
import json, sys
given = json.load(sys.stdin)
print("user = \"%s:%s\"" % (given["AccessKeyId"], given["SecretAccessKey"]))
print("header = \"X-Amz-Security-Token: %s\"" % given["Token"])' <<<"$credentials" |
    curl --config - --fail-with-body --silent --show-error --max-time 20 \
      --aws-sigv4 "aws:amz:$REGION:$service" "$@" "https://$service.$REGION.amazonaws.com/"
}

secrets_call() {
  aws_call secretsmanager --header "Content-Type: application/x-amz-json-1.1" \
    --header "X-Amz-Target: secretsmanager.$1" --data "$2"
}

# The name that the cloud's controller knows this machine by, and where it is.
cloud_prepare() {
  local id zone
  hostnamectl set-hostname "$(metadata local-hostname)"
  id=$(metadata instance-id)
  zone=$(metadata placement/availability-zone)
  echo "KUBELET_EXTRA_ARGS=--provider-id=aws:///$zone/$id" >/etc/default/kubelet
}

cloud_place_authorities() {
  secrets_call GetSecretValue "{\"SecretId\": \"$AUTHORITIES\"}" | json_field SecretString | python3 -c '
import json, os, sys
os.umask(0o077)
for path, content in json.load(sys.stdin).items():
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(content)'
}

# The volume of the data, which is empty at first; what else blkid may say is no reason to make it so.
cloud_mount_data() {
  local device empty=0
  if mountpoint --quiet /var/lib/etcd; then
    return 0
  fi
  for device in "/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_${VOLUME/-/}" /dev/xvdf; do
    [[ -b $device ]] || continue
    blkid --probe "$device" >/dev/null || empty=$?
    if ((empty == 2)); then
      mkfs.ext4 -q "$device"
    fi
    sed -i '\# /var/lib/etcd #d' /etc/fstab
    echo "UUID=$(blkid --match-tag UUID --output value "$device") /var/lib/etcd ext4 nofail 0 2" >>/etc/fstab
    systemctl daemon-reload
    mount /var/lib/etcd
    return
  done
  echo "$VOLUME is not attached"
  return 1
}

cloud_address() {
  metadata local-ipv4
}

# One that is to begin from a snapshot has begun when that is noted, or somebody answers: else everything was lost.
cloud_has_begun() {
  local answer
  if answer=$(secrets_call GetSecretValue "{\"SecretId\": \"$BEGINNING\"}" 2>&1); then
    [[ -z $RESTORE || $answer == *" restored $RESTORE"* ]] || api_answers
    return
  fi
  # Anything but an empty secret is no answer: a second beginning would be a second cluster.
  [[ $answer == *ResourceNotFoundException* ]] && return 1
  give_up "nobody says whether the cluster has begun: ${answer:0:300}"
}

cloud_note_beginning() {
  local token
  token=$(cat /proc/sys/kernel/random/uuid)
  secrets_call PutSecretValue \
    "{\"SecretId\": \"$BEGINNING\", \"SecretString\": \"$(hostname)${RESTORE:+ restored $RESTORE}\", \"ClientRequestToken\": \"$token\"}" >/dev/null
}

# Whether its group is about to end this machine
# (docs.aws.amazon.com/autoscaling/ec2/userguide/retrieving-target-lifecycle-state-through-imds.html).
cloud_is_ending() {
  [[ $(metadata autoscaling/target-lifecycle-state) == Terminated ]]
}

cloud_after_joining() {
  systemctl enable --quiet --now polykube-leave
}

# cloud_report CONTINUE|ABANDON [HOOK]: what its group waits for, if it has one; one that waits no longer has told already.
cloud_report() {
  local answer
  if [[ -z ${GROUP-} ]]; then
    return 0
  fi
  answer=$(aws_call autoscaling --data Action=CompleteLifecycleAction --data Version=2011-01-01 \
    --data "AutoScalingGroupName=$GROUP" --data "LifecycleHookName=${2-boot}" \
    --data "LifecycleActionResult=$1" --data "InstanceId=$(metadata instance-id)" 2>&1) ||
    [[ $answer == *"No active Lifecycle Action"* ]] || {
    echo "${answer:0:300}"
    return 1
  }
}
