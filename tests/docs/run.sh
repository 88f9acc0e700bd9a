#!/usr/bin/env bash
# run.sh NONEQ_PROGRAM [PAGE …]
# Tries what README.md and docs/*.md show: checks every pipeline (```yaml), runs every command (```sh) in a scratch folder
# with small data and few steps, and looks for the files behind every link. A comment above a block directs this:
#   <!-- file: NAME -->                 the pipeline is saved as NAME for the commands below it
#   <!-- fragment: NAME -->             these nodes stand in NAME, in place of nodes of equal names
#   <!-- fragment: NAME as OTHER -->    so they do, and the result is saved as OTHER
#   <!-- skip: REASON -->               the block cannot run in a test
set -euo pipefail
program=$(realpath "$1")
export program out source=$PWD
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
mkdir "$out/bin" "$out/material"
printf '#!/bin/sh\nexec "%s" "$@"\n' "$program" > "$out/bin/noneq"
chmod +x "$out/bin/noneq"
export PATH=$out/bin:$PATH

# Writes the blocks of a page as NUMBER.yaml or NUMBER.sh, and beside it NUMBER.how: its line and the comment above it.
blocks() {  # blocks PAGE FOLDER
  mkdir -p "$2"
  awk -v to="$2/" '
    inside && /^```/ { close(file); inside = 0; how = ""; next }
    inside { print > file; next }
    /^```(yaml|sh)$/ {
      inside = 1; n = sprintf("%s%03d", to, ++count); file = n "." substr($0, 4)
      printf "" > file; print FNR, how > (n ".how"); close(n ".how"); next
    }
    /^<!-- .* -->$/ { how = substr($0, 6, length($0) - 9); next }
    { how = "" }' "$1"
}

# Nodes of a fragment in place of those of equal names in a pipeline.
completed() {  # completed PIPELINE FRAGMENT
  awk 'function name() { return match($0, /^  [a-z_]+:/) ? substr($0, RSTART, RLENGTH) : "" }
       FILENAME == ARGV[1] { if (name()) replaced[name()]; next }
       !(name() in replaced)' "$2" "$1"
  cat "$2"
}

# A pipeline that takes a second.
shortened() {
  sed -E -e '/trainer\./s/steps: [0-9]+/steps: 8/' -e '/sampler\./s/steps: [0-9]+/steps: 3/' -e 's/warmup: [0-9]+/warmup: 2/' \
    -e 's/(count|samples): [0-9]+/\1: 16/g' -e 's/every: [0-9]+/every: 4/' -e 's/members: [0-9]+/members: 2/' \
    -e 's/hidden: \[[^]]*\]/hidden: [8]/' -e 's/channels: 32/channels: 4/' "$1"
}

# An .npy file of bytes that look random.
npy() {  # npy "SHAPE" > FILE
  local header count=1 n
  for n in ${1//,/ }; do count=$((count * n)); done
  header=$(printf "{'descr': '|u1', 'fortran_order': False, 'shape': (%s), }" "$1")
  printf '\x93NUMPY\x01\x00\x76\x00%-117s\n' "$header"
  { seq 99999 | gzip -nc | head -c "$count"; } || test $? = 141
}

# What the pages take for granted: data, runs of their pipelines, and files of other programs.
material() {
  cd "$out/material"
  local block file header
  for block in "$out"/blocks/*/*.yaml; do
    file=$(sed -nE 's/^[0-9]+ file: //p' "${block%.yaml}.how")
    test -z "$file" || shortened "$block" > "$file"
  done
  noneq data make swiss_roll --count 300 --test 16 --dataset train --out mine.h5
  noneq data make swiss_roll --count 16 --dataset noise --out noise.h5
  noneq data make swiss_roll --count 16 --out noisy.h5
  awk 'BEGIN { for (i = 0; i < 16; ++i) print (i % 2) "," 0 > "mask.csv"; for (i = 0; i < 16; ++i) print 0.5 ",0" > "values.csv" }'
  noneq data import mask=mask.csv values=values.csv --out other.h5
  awk 'BEGIN { for (i = 0; i < 16; ++i) print (i % 2 ? "nan" : i / 8 - 1) ",0.5" > "gaps.csv" }'
  noneq data import x=gaps.csv --out gaps.h5
  mkdir run1 run2 photos
  npy 24,1,16,16 > t.npy && npy 24,1,4,4 > l.npy && npy 24,1 > h.npy && npy 24,28,28 > photos.npy
  seq 24 | awk '{ print $1 % 5 }' > label.csv
  for file in run1/out.h5 run2/out.h5; do
    noneq data import temperature=t.npy coarse/temperature=l.npy time_of_day=h.npy --out $file
  done
  noneq data import x=t.npy low=l.npy hour=h.npy --out coarse.h5
  printf '\0\0\10\3\0\0\0\2\0\0\0\2\0\0\0\2abcdefgh' | gzip > train-images.gz
  printf '\0\0\10\1\0\0\0\2\0\1' | gzip > train-labels.gz
  header='{"x":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"t":{"dtype":"I64","shape":[2],"data_offsets":[16,32]}}'
  printf "\\x$(printf %x ${#header})\\0\\0\\0\\0\\0\\0\\0%s" "$header" > in.safetensors
  head -c 32 /dev/zero >> in.safetensors
  noneq data import x=photos.npy label=label.csv --out photos.h5
  for file in mine downscale images; do noneq run $file.yaml; done
  for file in 1 2; do noneq sample runs/images --count 1 --out photos/$file.png; done
}

# Tries a page in a copy of the material; adds a line to its tally for each command and pipeline.
try() {  # try PAGE
  local name=$(basename "$1" .md) block line how from file command
  local tally=$out/$name.tally
  cp -r "$out/material" "$out/$name"
  cd "$out/$name"
  # What the page itself makes is not there yet.
  sed -nE 's/^[0-9]+ file: (.*)\.yaml/runs\/\1/p' "$out/blocks/$name"/*.how | xargs rm -rf
  cat "$out/blocks/$name"/*.sh /dev/null | grep -oE -- '--out [^ ]+' | cut -c7- | xargs rm -rf
  for block in "$out/blocks/$name"/*.how; do
    read -r line how < "$block"
    block=$(ls "${block%.how}".{yaml,sh} 2> /dev/null)
    case $how,$block in
      skip:*) grep -vE '^ *(#|$)' "$block" | sed "s|.*|skipped, $name.md:$line: ${how#skip: }|" >> "$tally" ;;
      *.yaml) pipeline ;;
      *.sh)
        grep -vE '^ *(#|$)' "$block" | sed -E -e 's/--count [0-9]+/--count 64/' -e 's/--members 16/--members 2/' > commands
        while IFS= read -r command; do
          bash -c "$command" < /dev/null > log 2>&1 || failed "$command"
          echo run >> "$tally"
        done < commands ;;
    esac
  done
}
pipeline() {
  file='' from=''
  cp "$block" whole.yaml
  if [[ $how = fragment:* ]]; then
    read -r _ from _ file <<< "$how"
    completed "$from" "$block" > whole.yaml
  fi
  noneq check whole.yaml > log 2>&1 || failed "noneq check"
  [[ $how = file:* ]] && file=${how#file: }
  test -z "$file" || shortened whole.yaml > "$file"
  echo checked >> "$tally"
}
failed() {
  cat log
  echo "$name.md:$line: failed: $1"
  touch "$out/failed"
}
export -f material npy try pipeline failed completed shortened

for page in README.md docs/*.md; do
  blocks "$page" "$out/blocks/$(basename "$page" .md)"
  for link in $(grep -oE '(\]\(|src=")[^)"#]+' "$page" | sed -E 's/^(\]\(|src=")//'); do
    [[ $link = http* || -e $(dirname "$page")/$link ]] || { echo "$page: $link does not exist"; touch "$out/failed"; }
  done
done
bash -euo pipefail -c material > "$out/log" 2>&1 || { cat "$out/log"; exit 1; }
pages=("${@:2}")
test ${#pages[@]} -gt 0 || pages=(README.md docs/*.md)
printf '%s\n' "${pages[@]}" | xargs -P 2 -I{} bash -c 'try {}'
cat "$out"/*.tally | grep -h skipped | sort | uniq -c || true
count() { cat "$out"/*.tally | grep -c "^$1" || true; }
test ! -e "$out/failed"
echo "$(count run) commands run, $(count checked) pipelines checked, $(count skipped) commands skipped"
