#!/bin/sh
# Stands in for a proxy that cannot be had here: it listens where it is told to, and lets nobody in.
set -eu
for each in "$@"; do
  case $each in
    --secure-listen-address=*) exec busybox httpd -f -p "${each##*:}" -h /www ;;
  esac
done
