#!/usr/bin/env bash
# in_chroot.sh ROOT TMP COMMAND...: runs a command in a chroot that sees the project at /mnt, read
# only, and the directory TMP at /tmp. To be started in mount and pid namespaces of its own
# (unshare --mount --pid --fork --kill-child): then neither a mount nor a process outlives it.
set -euo pipefail

PROJECT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
root=$1 tmp=$2
shift 2

mount -t proc proc "$root/proc"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount --bind "$tmp" "$root/tmp"
mount --bind -o ro "$PROJECT" "$root/mnt"
# Nothing of the host's own settings (locale, connection, directories) fits in there.
exec chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 "$@"
