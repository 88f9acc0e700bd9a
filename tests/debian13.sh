#!/usr/bin/env bash
# debian13.sh ROOT [COMMAND...]: builds this tree and runs its tests in a Debian 13, which is made in the folder ROOT by
# debootstrap at the first call. Later calls build what has changed. With a command, that is run in the copy of the tree
# in its place. It needs root, a mirror of Debian in MIRROR or the usual one, 12 GB, and half an hour on two cores. It is
# no part of the test suite.
set -euo pipefail
[ $# -ge 1 ] || { sed -n '2,5s/^# //p' "$0"; exit 2; }
tree=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
root=$(cd "$1" && pwd)
shift
mirror=${MIRROR:-http://deb.debian.org/debian}
if [ ! -e "$root/made" ]; then
  debootstrap --variant=minbase trixie "$root" "$mirror"
  touch "$root/made"
fi
cp /etc/resolv.conf "$root/etc/"
# Files that did not change keep their times, so that they are not compiled again. Those that are gone are removed.
mkdir -p "$root/noneq"
cd "$tree"
git ls-files --cached --others --exclude-standard | while read -r file; do [ ! -e "$file" ] || echo "$file"; done > "$root/files"
xargs -d '\n' cp --parents -pu -t "$root/noneq" < "$root/files"
(cd "$root/noneq" && find . -path ./build -prune -o -type f -print | cut -c3- | sort | comm -23 - <(sort "$root/files") | xargs -r -d '\n' rm)
cat > "$root/noneq-tests" <<'EOF'
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
command -v make > /dev/null || { apt-get update -qq; apt-get install -y -qq --no-install-recommends make git python3; }
cd /noneq
if [ $# -gt 0 ]; then exec "$@"; fi
make deps
cmake --preset release
cmake --build --preset release
ctest --preset release
EOF
# The mounts end with the process.
exec unshare --mount --fork bash -euo pipefail -c '
  mount -t proc proc "$0/proc"
  mount --rbind /dev "$0/dev"
  mount --rbind /sys "$0/sys"
  exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 bash /noneq-tests "$@"' "$root" "$@"
