#!/usr/bin/env bash
# run.sh NONEQ_PROGRAM FOLDER_OF_FAULTS [TIMES [SEED]]: disturbs runs that train and runs that process data, and compares what they
# leave in the end with an undisturbed run, byte by byte. TIMES signals at random moments for each (default 2: a smoke test), a disk
# that is full from one of TIMES calls that write on, and other faults, each followed by --resume.
set -euo pipefail
. "$(dirname "$0")/../checks.sh"
noneq=$(realpath "$1") faults=$(realpath "$2") times=${3:-2}
RANDOM=${4:-1}
here=$(mktemp -d)
trap 'kill -KILL $(jobs -p) 2> /dev/null || true; chmod -R u+w "$here"; rm -rf "$here"' EXIT
cd "$here"

"$noneq" data make random_fields --count 96 --set 'size=[8,8]' --set coarse=2 --out fields.h5 > /dev/null
cat > train.yaml << 'YAML'
name: train
process: {kernel: gaussian, schedule: {plugin: cosine, steps: 50}, mean: v}
graph:
  data: {plugin: loader.hdf5, file: fields.h5, batch: 8, held_out: 0.25}
  noiser: {plugin: noiser.marginal, in: data, time: {plugin: loss_second_moment, history: 1}}
  model: {plugin: model.unet, in: noiser, channels: 8, multipliers: [1, 2], blocks: 1, groups: 4, dropout: 0.1}
  loss: {plugin: loss.simple, in: model}
  trainer: {plugin: trainer.adam, in: loss, steps: 24, ema: [0.9], averages: [0.05, 0.1], clip: 1, log: 4, checkpoint: 5, shards: 2}
  k: {plugin: metric.bound, of: model, samples: 16, every: 6}
  sampler: {plugin: sampler.ddim, of: model, count: 4, steps: 4, clip: true, every: 8}
  samples: {plugin: writer.hdf5, in: sampler, file: samples.h5}
YAML
cat > process.yaml << 'YAML'
name: process
unit: 8
graph:
  data: {plugin: loader.hdf5, file: fields.h5, batch: 4}
  drawn: {plugin: sampler.ddim, of: undisturbed-train, in: data, steps: 50, clip: true}
  out: {plugin: writer.hdf5, in: drawn, file: out.h5, gzip: 1}
YAML
# Of files the content counts, because their chunks may lie in another order.
bytes() {
  (cd "$1" && if [ -e checkpoint/checkpoint.json ]; then
      checkpoint_sum
    fi
    content=$here/content-$BASHPID.h5
    for file in *.h5; do
      "$noneq" data repack "$file" "$content" --quiet > /dev/null
      echo "$(sha256sum < "$content") $file"
      rm "$content"
    done
    [ ! -e metrics.jsonl ] || sha256sum metrics.jsonl metrics.csv)
}
same() { diff <(bytes "$1") <(bytes "$2"); }
# Prints the processes of the program that work here.
at_work() {
  local process
  for process in /proc/[0-9]*; do
    if [ "$(readlink "$process/cwd")" = "$here" ] && [ "$(readlink "$process/exe")" = "$noneq" ]; then
      echo "${process#/proc/}"
    fi
  done
}
began() { [ -e "$1/checkpoint/checkpoint.json" ] || [ -e "$1/manifest.json" ]; }
# Goes on with a run that was begun, and begins one that was not. One command for all, because files state it.
as=()  # a command that runs the program as another user
go_on() { "${as[@]}" "$noneq" run "$1.yaml" --out "$1" --resume --quiet --no-report --threads 2; }
begin() {
  "${as[@]}" "$noneq" run "$1.yaml" --out "$1" --resume --quiet --no-report --threads 2 > log 2>&1 &
  id=$!
}

for p in train process; do
  go_on $p
  mv $p undisturbed-$p
  began_at=$(date +%s%N)
  go_on $p
  ms=$((($(date +%s%N) - began_at) / 1000000))
  check "$p has equal bytes in each run" same undisturbed-$p $p

  # A signal at a random moment, until so many were sent; a run that is finished begins anew.
  sent=0
  while [ $sent -lt "$times" ]; do
    rm -rf $p
    while [ $sent -lt "$times" ]; do
      begin $p
      sleep "$(awk "BEGIN {print $((RANDOM * ms / 32768)) / 1000}")"
      signals=(KILL TERM HUP STOP)
      signal=${signals[$((RANDOM % 4))]}
      sent=$((sent + 1))
      kill -$signal $id 2> /dev/null || true
      if [ $signal = STOP ]; then
        sleep 0.2
        kill -CONT $id 2> /dev/null || true
      fi
      code=0
      wait $id || code=$?
      case $code in
        0) break ;;
        130) check "$p names the way to go on after SIG$signal" grep -q "interrupted" log ;;
        129 | 137 | 143) ;;  # killed, or not yet prepared for a signal
        *)
          failed=$((failed + 1))
          echo "FAILED: $p ended with $code after SIG$signal"
          cat log
          ;;
      esac
    done
    check "$p goes on after signal $sent" go_on $p
    check "$p has the bytes of an undisturbed run after signal $sent" same undisturbed-$p $p
  done

  # A disk that is full, from one call on and for one call alone.
  export NONEQ_FULL_IN="$here/$p" NONEQ_FULL_COUNT="$here/count"
  rm -rf $p
  NONEQ_FULL_AT=0 LD_PRELOAD=$faults/full_disk.so go_on $p
  calls=$(cat count)
  echo "$p: $calls calls write"
  stride=$((calls > times ? calls / times : 1))
  for once in "" 1; do
    for ((n = 1 + RANDOM % stride; n <= calls; n += stride)); do
      rm -rf $p
      code=0
      NONEQ_FULL_ONCE=$once NONEQ_FULL_AT=$n LD_PRELOAD=$faults/full_disk.so go_on $p > log 2>&1 || code=$?
      # What does not matter to the run, such as its history, may fail without a word.
      if [ $code != 0 ]; then
        check "$p: a disk that is full at call $n${once:+ alone} is an error, not $code" test $code = 1 -o $code = 2
        check "$p: with one line that names it (call $n${once:+ alone})" eval '[ "$(grep -c "No space left on device" log)" = 1 ]'
      fi
      check "$p goes on when there is room again (call $n${once:+ alone})" go_on $p
      check "$p has the bytes of an undisturbed run (call $n${once:+ alone})" same undisturbed-$p $p
      [ $p = train ] || check "$p has the checksums of its units (call $n${once:+ alone})" eval '"$noneq" verify $p > /dev/null'
    done
  done
  unset NONEQ_FULL_IN NONEQ_FULL_COUNT

  # The data is replaced while the program is stopped, and later put back.
  rm -rf $p
  begin $p
  for _ in $(seq 100); do began $p && break; sleep 0.05; done
  kill -KILL $id 2> /dev/null || true
  wait $id || true
  cp -p fields.h5 whole.h5  # with its time, which is a part of what a run remembers of its data
  truncate -s 3000 fields.h5
  code=0
  go_on $p > log 2>&1 || code=$?
  check "$p refuses a data file that was cut off, with 2, not $code" test $code = 2
  cp -p whole.h5 fields.h5
  check "$p goes on with the whole file" go_on $p
  check "$p has the bytes of an undisturbed run then" same undisturbed-$p $p

  # The folder may not be written to any more. Nothing is forbidden to root, who becomes another user for this.
  [ "$(id -u)" != 0 ] || as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
  chmod 755 .
  if "${as[@]}" "$noneq" --version > /dev/null 2>&1 && "${as[@]}" test -x .; then
    rm -rf $p
    [ "$(id -u)" != 0 ] || chown -R 65534 .
    begin $p
    for _ in $(seq 100); do began $p && break; sleep 0.05; done
    kill -KILL $id 2> /dev/null || true
    wait $id || true
    chmod -R a-w $p
    code=0
    go_on $p > log 2>&1 || code=$?
    check "$p in a read-only folder ends with 1 or 2, not $code" test $code = 1 -o $code = 2
    check "$p in a read-only folder names it in one line" eval '[ "$(grep -c "$p.*ermission denied" log)" = 1 ] && [ "$(wc -l < log)" = 1 ]'
    chmod -R u+w $p
    check "$p goes on when it may write again" go_on $p
    check "$p has the bytes of an undisturbed run then" same undisturbed-$p $p
  else
    echo "skipped: a read-only folder, because another user than root cannot start $noneq in $here"
  fi
  as=()

  # The clock is set back.
  rm -rf $p
  LD_PRELOAD=$faults/clock_back.so begin $p
  for _ in $(seq 100); do began $p && break; sleep 0.05; done
  kill -TERM $id 2> /dev/null || true
  code=0
  wait $id || code=$?
  check "$p stops in the past, with 130, not $code" test $code = 130 -o $code = 0
  check "$p goes on in the past" env LD_PRELOAD=$faults/clock_back.so "$noneq" run $p.yaml --out $p --resume --quiet --no-report --threads 2
  check "$p has the bytes of an undisturbed run then" same undisturbed-$p $p

  # The server of the data answers no more: the first signal waits for the batch at hand, the second does not.
  export NONEQ_STALLED="$here/fields.h5" NONEQ_STALLED_NOTE="$here/stalled"
  for at in 1 $((2 + RANDOM % 20)); do
    for ((; at > 0; at /= 2)); do  # fewer where the whole run has no such read
      rm -rf $p stalled
      LD_PRELOAD=$faults/stalled_file.so NONEQ_STALLED_AT=$at begin $p
      for _ in $(seq 200); do
        [ ! -e stalled ] && kill -0 $id 2> /dev/null || break
        sleep 0.1
      done
      [ ! -e stalled ] || break
      wait $id || break
    done
    check "$p stalls at read $at" test -e stalled
    kill -TERM $id
    sleep 0.5
    kill -TERM $id 2> /dev/null || true
    timeout 5 tail --pid=$id -f /dev/null || kill -KILL $id
    code=0
    wait $id || code=$?
    check "$p ends by the second signal with 130, not $code" test $code = 130
    check "$p leaves no process that waits for the data" eval '[ -z "$(at_work)" ]'
    check "$p goes on when the data is there again" go_on $p
    check "$p has the bytes of an undisturbed run then" same undisturbed-$p $p
  done
  unset NONEQ_STALLED NONEQ_STALLED_NOTE

  # Few descriptors and little memory are named.
  limits=("-n 16")
  [ "$times" -lt 200 ] || limits+=("-v 900000")
  for limit in "${limits[@]}"; do
    rm -rf $p
    code=0
    (ulimit $limit; go_on $p) > log 2>&1 || code=$?
    check "$p under ulimit $limit ends with 0, 1 or 2, not $code" test $code -le 2
    [ $code = 0 ] || check "$p under ulimit $limit names what it lacks" grep -qi "too many open files\|memory\|out of \|cannot start" log
    check "$p goes on without the limit" go_on $p
    check "$p has the bytes of an undisturbed run" same undisturbed-$p $p
  done
done
# A copy is right, or there is none.
repack() { "$noneq" data repack undisturbed-process/out.h5 "$1/out.h5" --chunk-rows 3 --quiet > log 2>&1; }
mkdir undisturbed-copy
repack undisturbed-copy
export NONEQ_FULL_IN="$here/copy" NONEQ_FULL_COUNT="$here/count" NONEQ_FULL_ONCE=1
mkdir copy
NONEQ_FULL_AT=0 LD_PRELOAD=$faults/full_disk.so repack copy
calls=$(cat count)
echo "repack: $calls calls write"
stride=$((calls > times ? calls / times : 1))
for ((n = 1 + RANDOM % stride; n <= calls; n += stride)); do
  rm -f copy/*
  if NONEQ_FULL_AT=$n LD_PRELOAD=$faults/full_disk.so repack copy; then
    check "repack has the bytes of an undisturbed copy (call $n alone)" same undisturbed-copy copy
  else
    check "repack names the full disk (call $n alone)" eval '[ "$(grep -c "No space left on device" log)" = 1 ]'
    # The last call synchronises the folder, in which the whole file has its name already.
    check "repack leaves no file, or the whole one (call $n alone)" eval '[ -z "$(ls copy)" ] || same undisturbed-copy copy'
  fi
done
unset NONEQ_FULL_IN NONEQ_FULL_COUNT NONEQ_FULL_ONCE
echo "$passed passed, $failed failed, seed ${4:-1}"
[ $failed = 0 ]
