#!/bin/sh
# Where the computer lacks CAP_SYS_RESOURCE, which is bit 24, the kernel refuses containers that ask for it: they are made
# without.
set -eu
if [ $((0x$(awk '/^CapBnd/ {print $2}' /proc/self/status) >> 24 & 1)) -eq 0 ]; then
  file='' previous=''
  for each in "$@"; do
    case $previous in
      --bundle) file=$each/config.json ;;
      --process) file=$each ;;
    esac
    previous=$each
  done
  [ -z "$file" ] || sed -i 's/"CAP_SYS_RESOURCE",//g; s/,"CAP_SYS_RESOURCE"//g' "$file"
fi
exec /usr/local/lib/polykube/runc "$@"
