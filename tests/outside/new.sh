#!/usr/bin/env bash
# new.sh BUILD: installs the package, lets `noneq new` write a project of every kind, and builds and tries all of them:
# one by the commands that `noneq new` prints, the others in one build, which shares what is precompiled. The tests of
# each project pass, its pipeline has no mistakes, and runs. Names of folders hold blanks; the one build has several
# configurations, and finds the package at another place than when the projects were written.
set -euo pipefail
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
here="$scratch/a place"
mkdir -p "$here/all"
cmake --install "$1" --prefix "$here/first" > /dev/null
path=$PATH
PATH=$here/first/bin:$path
kinds=$(cd "$here/first/share/noneq/new" && ls -d */ | tr -d / | grep -v '^all$')
test "$(wc -w <<< "$kinds")" -ge 20
test "$kinds" = "$(cd "$here/first/include/noneq/plugin/roles" && ls *.hpp | sed 's/.hpp$//')"

cd "$here"
export CMAKE_BUILD_PARALLEL_LEVEL=2
commands=$(noneq new schedule mine_schedule --dir 'a schedule' | sed '1,/^Next:$/d; s/^ *//')
test "$(wc -l <<< "$commands")" = 5
test "$(tail -n +2 <<< "$commands")" = "$(sed -n '/^```sh$/,/^```$/p' 'a schedule/README.md' | grep -v '^```')"
bash -euo pipefail -c "$commands" > log 2>&1 || { cat log; exit 1; }
test -s 'a schedule/runs/mine_schedule/samples.h5'
# Without doctest there is the plugin, and a warning that names the package.
cmake -S 'a schedule' -B bare -D CMAKE_DISABLE_FIND_PACKAGE_doctest=ON > log 2>&1 || { cat log; exit 1; }
grep -q 'apt install doctest-dev' log
ctest --test-dir bare -N | grep -q '^Total Tests: 0$'

cd "$here/all"
{
  echo 'cmake_minimum_required(VERSION 3.25)'
  echo 'project(all LANGUAGES C CXX)'
  echo 'enable_testing()'
} > CMakeLists.txt
for kind in $kinds; do
  if [ "$kind" = schedule ]; then continue; fi
  noneq new "$kind" "my_plugin_$kind" > /dev/null
  echo "add_subdirectory(my_plugin_$kind)" >> CMakeLists.txt
done
mv "$here/first" "$here/second"
PATH=$here/second/bin:$path
cmake -G 'Ninja Multi-Config' -B build -D CMAKE_PREFIX_PATH="$here/second" -D CMAKE_CONFIGURATION_TYPES=Debug \
  -D CMAKE_CXX_FLAGS_DEBUG=-O0 > log 2>&1 || { cat log; exit 1; }
cmake --build build > log 2>&1 || { cat log; exit 1; }
if grep -i 'warning' log; then exit 1; fi
ctest --test-dir build -C Debug -j 2 --output-on-failure > log 2>&1 || { cat log; exit 1; }
test "$(grep -c ' Passed ' log)" = $(($(wc -w <<< "$kinds") - 1))
# As README.md has it, where the folder of the build is build/.
try() {
  cd "$1"
  ln -s "../build/$1" build
  export NONEQ_PLUGIN_PATH=build
  { noneq check "$1.yaml" && noneq run "$1.yaml" --quiet; } > log 2>&1 || { echo "$1:"; cat log; exit 1; }
}
export -f try
printf '%s\n' my_plugin_* | xargs -P 2 -n 1 bash -euo pipefail -c 'try "$0"'
echo "$(wc -w <<< "$kinds") passed, 0 failed"
