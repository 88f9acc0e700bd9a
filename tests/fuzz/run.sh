#!/usr/bin/env bash
# Runs every program of libFuzzer in BUILD/fuzz from its seeds and from the inputs that earlier runs kept in
# BUILD/fuzz/corpus, for FUZZ_SECONDS each, or for FUZZ_RUNS trials. One line a target: trials, covered edges. Bytes that
# break a law stay in BUILD/findings.
# usage: run.sh BUILD [target…]
set -uo pipefail
build=$1 here=$(dirname "$0")
shift
amount=-max_total_time=${FUZZ_SECONDS:-30}
[ -n "${FUZZ_RUNS:-}" ] && amount=-runs=$FUZZ_RUNS
# libtorch keeps what it allocates once, which is no leak of a reader.
export ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 OPENBLAS_NUM_THREADS=1
mkdir -p "$build/findings"
# In memory where there is any: a file that is written anew for each trial may wait for the disk each time.
TMPDIR=$(mktemp -d -p "$([ -w /dev/shm ] && echo /dev/shm || echo /tmp)") || exit
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
[ $# -gt 0 ] || set -- $(find "$here" -name '*_target.cpp' -printf '%f\n' | sed 's/_target.cpp//' | sort)
failed=0
for target in "$@"; do
  kept=$build/fuzz/corpus/$target log=$build/fuzz/$target.log
  mkdir -p "$kept"
  words=()
  [ -f "$here/$target.dict" ] && words=("-dict=$here/$target.dict")
  "$build/fuzz/fuzz_$target" "$amount" -timeout=20 -rss_limit_mb=2048 -malloc_limit_mb=256 -max_len=16384 \
    -print_final_stats=1 "-artifact_prefix=$build/findings/$target-" "${words[@]}" "$kept" "$here/corpus/$target" > "$log" 2>&1
  case $? in
    0) state=ok ;;
    72) state=stopped ;;  # by a signal
    *) state=FINDING failed=1 ;;
  esac
  rm -rf "${TMPDIR:?}"/*
  trials=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  edges=$(grep -oE 'cov: [0-9]+' "$log" | tail -1)
  printf '%-12s %-8s %10s trials, %s edges\n' "$target" "$state" "${trials:-?}" "${edges#cov: }"
  [ "$state" = ok ] || grep -E 'broken law|ERROR: |runtime error|SUMMARY|what\(\)|Test unit written' "$log" | sed 's/^/  /'
done
exit $failed
