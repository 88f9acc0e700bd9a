#!/usr/bin/env bash
# Makes the Debian packages with cpack, unpacks them, and runs the demo pipeline with what the program's package holds and
# nothing of the build folder. With --clean-machine it also installs the package in a Debian made by debootstrap, which has no
# build tools; that needs root, a mirror, and some minutes.
set -euo pipefail
build=$(cd "$1" && pwd)
if grep -q '^NONEQ_TORCH:[A-Z]*=.' "$build/CMakeCache.txt"; then
  echo "not tested on this machine: packages of Debian need Debian's libtorch, and this build has another"
  exit 0
fi
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cd "$here"
cpack --config "$build/CPackConfig.cmake" > cpack.log 2>&1 || { cat cpack.log; exit 1; }
program=$(ls noneq_*.deb) development=$(ls noneq-dev_*.deb)

field() { dpkg-deb -f "$1" "$2"; }
for package in libtorch libtbb12 libhdf5 libyaml-cpp libdnnl libopenblas0-pthread gnuplot-nox; do
  field "$program" Depends | grep -q "$package" || { echo "$program does not depend on $package"; exit 1; }
done
field "$development" Depends | grep -q "noneq (= $(field "$program" Version))"
dpkg-deb -c "$program" > files
for file in ./usr/bin/noneq ./usr/lib/noneq/plugins/samplers.so ./usr/share/noneq/pipelines/swiss_roll.yaml ./usr/share/man/man1/noneq.1; do
  grep -q " $file" files || { echo "$program has no $file"; exit 1; }
done
if grep -E ' \./usr/include/|/lib/cmake/' files; then echo "$program has files for development"; exit 1; fi
dpkg-deb -c "$development" > files-dev
grep -q ' ./usr/include/noneq/plugin.hpp$' files-dev
dpkg-deb -x "$program" root
cp -r root/usr/share/noneq demo
cd demo
env -i PATH=/usr/bin:/bin "$here/root/usr/bin/noneq" run pipelines/swiss_roll.yaml --quiet --set graph.trainer.steps=20 \
  --set graph.trainer.warmup=0 --set graph.bound.samples=256 --set graph.ceiling.samples=256
test -s runs/swiss_roll/report.html
test -s runs/swiss_roll/swiss_roll.png
cd "$here"
passed=1

if [ "${2:-}" = --clean-machine ]; then
  debootstrap --variant=minbase bookworm machine > debootstrap.log || { tail debootstrap.log; exit 1; }
  cp "$program" machine/tmp/
  cp /etc/apt/sources.list machine/etc/apt/ 2> /dev/null || true
  cp /etc/apt/sources.list.d/* machine/etc/apt/sources.list.d/ 2> /dev/null || true
  chroot machine sh -c "apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
    /tmp/$program" > apt.log 2>&1 || { tail apt.log; exit 1; }
  for tool in g++ gcc cc cmake; do
    if chroot machine which $tool; then echo "the machine has $tool"; exit 1; fi
  done
  trap 'umount "$here/machine/proc"; rm -rf --one-file-system "$here"' EXIT
  mkdir -p machine/proc && mount -t proc proc machine/proc
  chroot machine sh -c 'cp -r /usr/share/noneq /tmp/demo && cd /tmp/demo && noneq run pipelines/swiss_roll.yaml && ls -l runs/swiss_roll'
  passed=2
fi
echo "$passed passed, 0 failed"
