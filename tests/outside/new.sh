#!/usr/bin/env bash
# new.sh BUILD: installs the package, lets `noneq new` write a project of every kind, and builds and tries all of them:
# one by the commands of its README.md, the others in one build, which shares what is precompiled. The tests of each
# project pass, its pipeline has no mistakes, and runs.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
cmake --install "$1" --prefix "$here/prefix" > /dev/null
export PATH=$here/prefix/bin:$PATH
kinds=$(cd "$here/prefix/share/noneq/new" && ls -d */ | tr -d / | grep -v '^all$')
test "$(wc -w <<< "$kinds")" -ge 20
test "$kinds" = "$(cd "$here/prefix/include/noneq/plugin/roles" && ls *.hpp | sed 's/.hpp$//')"

mkdir "$here/all"
cd "$here/all"
for kind in $kinds; do noneq new "$kind" "mine_$kind" > /dev/null; done
mv mine_schedule ..

cd "$here/mine_schedule"
commands=$(sed -n '/^```sh$/,/^```$/p' README.md | grep -v '^```')
test "$(wc -l <<< "$commands")" = 4
grep -qE '^cmake -B build$' <<< "$commands"
export CMAKE_GENERATOR=Ninja CMAKE_BUILD_PARALLEL_LEVEL=2
bash -euo pipefail -c "$commands" > log 2>&1 || { cat log; exit 1; }
test -s runs/mine_schedule/samples.h5

cd "$here/all"
{
  echo 'cmake_minimum_required(VERSION 3.25)'
  echo 'project(all LANGUAGES C CXX)'
  echo 'enable_testing()'
  for project in mine_*; do echo "add_subdirectory($project)"; done
} > CMakeLists.txt
cmake -B build -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-O0 > log 2>&1 || { cat log; exit 1; }
cmake --build build > log 2>&1 || { cat log; exit 1; }
if grep -i 'warning' log; then exit 1; fi
ctest --test-dir build -j 2 --output-on-failure > log 2>&1 || { cat log; exit 1; }
test "$(grep -c ' Passed ' log)" = $(($(wc -w <<< "$kinds") - 1))
try() {
  cd "$1"
  export NONEQ_PLUGIN_PATH=$2
  { noneq check "$1.yaml" && noneq run "$1.yaml" --quiet; } > log 2>&1 || { echo "$1:"; cat log; exit 1; }
}
export -f try
for project in mine_*; do echo "$project" "$here/all/build/$project"; done | xargs -P 2 -n 2 bash -euo pipefail -c 'try "$0" "$1"'
echo "$(wc -w <<< "$kinds") passed, 0 failed"
