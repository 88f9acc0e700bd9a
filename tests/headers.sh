#!/usr/bin/env bash
# headers.sh WHICH COMPILER FLAGS...: compiles headers with nothing before them, which fails when one does not include all it
# uses. WHICH: installed, those of the package; all, those of the tree, which costs five times as much.
# libtorch's headers cost seconds each time, hence two shortcuts. Neither hides anything, because all
# includes stand at the top of a header: a header that includes ATen/ATen.h is compiled with that precompiled; and a header
# is compiled in front of one that includes it anyway. Files *-inl.hpp are left out: they are parts of sources that Highway
# compiles.
set -euo pipefail
here=$(mktemp -d)
trap 'rm -rf "$here"' EXIT
which=$1
shift
compile=("$@" -O0 -Iframework -Itests -Iplugins)

# One line for each compilation: whether it includes ATen, then headers of which each includes the one before it.
headers() {
  if [ "$which" = all ]; then
    find framework/noneq plugins tests -path tests/bench -prune -o -name '*.hpp' -print
  else
    find framework/noneq/*.hpp framework/noneq/{core,config,compute,diffusion,plugin,storage} -path '*/detail' -prune -o -name '*.hpp' -print
  fi | grep -v -e '-inl.hpp$' | sort
}
headers |
  awk '
    function exists(file,  line, found) { found = (getline line < file) >= 0; close(file); return found }
    function place(name, from) {
      sub("[^/]*$", "", from)
      while (name ~ /^\.\.\//) {
        sub("^../", "", name)
        sub("[^/]*/$", "", from)
      }
      if (exists(from name)) return from name
      if (exists("framework/" name)) return "framework/" name
      return exists("tests/" name) ? "tests/" name : "plugins/" name
    }
    function read(header,  line) {
      while ((getline line < header) > 0)
        if (line ~ /^#include <ATen\/ATen.h>/) torch[header] = 1
        else if (line ~ /^#include "/) {
          split(line, part, "\"")
          direct[header] = direct[header] " " place(part[2], header)
        }
      close(header)
    }
    function close_over(header, top,  list, n, i) {  # all that top includes, by way of header
      n = split(direct[header], list, " ")
      for (i = 1; i <= n; ++i) {
        if (torch[list[i]]) torch[top] = 1
        if (includes[top, list[i]]++) continue
        ++size[top]
        close_over(list[i], top)
      }
    }
    { headers[NR] = $0; read($0) }
    END {
      for (i = 1; i <= NR; ++i) close_over(headers[i], headers[i])
      for (;;) {
        top = ""
        for (i = 1; i <= NR; ++i)
          if (!done[headers[i]] && (top == "" || size[headers[i]] > size[top])) top = headers[i]
        if (top == "") break
        with = torch[top] + 0
        for (chain = ""; top != ""; top = next_one) {
          done[top] = 1
          chain = top " " chain
          next_one = ""
          for (i = 1; i <= NR; ++i) {
            h = headers[i]
            if (includes[top, h] && !done[h] && torch[h] + 0 == with && (next_one == "" || size[h] > size[next_one]))
              next_one = h
          }
        }
        print with, chain
      }
    }' > "$here/compilations"

echo '#include <ATen/ATen.h>' > "$here/ATen.hpp"
"${compile[@]}" -x c++-header "$here/ATen.hpp" -o "$here/ATen.hpp.gch"

# A file with ATen ends in an error, and the compiler with it: after the last line it would instantiate the templates
# that ATen leaves for the end of a file, which costs ten times as much as the headers.
readonly end="the end is reached"
check() {  # check ATEN HEADER...
  local text messages
  text=$(printf '#include "%s"\n' "${@:2}")
  if [ "$1" = 0 ]; then
    "${compile[@]}" -Wfatal-errors -fsyntax-only -x c++ - <<< "$text"
    return
  fi
  messages=$("${compile[@]}" -include "$here/ATen.hpp" -Wfatal-errors -fsyntax-only -x c++ - 2>&1 <<< "$text
static_assert(false, \"$end\");") || true
  [ "$(grep 'error:' <<< "$messages" | sed 's/.*error: //')" = "static assertion failed: $end" ] && return
  echo "$messages"
  return 1
}
passed=0 failed=0
while read -r line; do
  if check $line; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done < "$here/compilations"
echo "$passed passed, $failed failed"
test $failed = 0
