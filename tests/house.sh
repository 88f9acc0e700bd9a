#!/usr/bin/env bash
# The arrows of the house, which linking alone cannot show: no header of a room that may not be seen, and each
# third-party library in its own room only.
set -euo pipefail
failed=0
forbid() {  # forbid WHERE PATTERN WHY
  if grep -rnE --include='*.[ch]pp' "#include [<\"]($2)" $1; then
    echo "  ^ $3"
    failed=1
  fi
}
rooms="core config diffusion compute storage plugin laws flow mpi runs app"
home() { [ "$1" = plugins ] && echo plugins || echo framework/noneq/$1; }
without() {  # without "ALL" "SOME": the words of ALL that are not in SOME
  for word in $1; do [[ " $2 " = *" $word "* ]] || echo "$word"; done
}

sees() {  # sees ROOM "ROOMS": it includes headers of no other room
  local hidden
  hidden=$(without "$rooms" "$1 $2" | paste -sd '|')
  forbid "$(home "$1")" "noneq/($hidden)/" "$1 sees ${2:-nothing but itself}"
}
sees core ''
sees config 'core'
sees diffusion 'core'
sees compute 'core'
sees storage 'core'
sees plugin 'config diffusion core'
sees laws 'plugin storage config diffusion core'
sees flow 'plugin storage config diffusion core'
sees mpi 'core'
sees runs 'flow plugin storage config diffusion core'
sees app 'flow plugin storage config diffusion core'
sees plugins 'plugin storage compute config diffusion core'
forbid 'framework/noneq' 'noneq/plugin\.hpp' 'noneq/plugin.hpp is for plugins: it makes a library export a handshake'
forbid 'framework/noneq/config' 'ATen|torch|c10' 'config knows no tensors'
forbid plugins '\.\./[a-z_]+/' 'a plugin sees no other folder of plugins; what two share lies in plugins/'

belongs() {  # belongs PATTERN "ROOMS" WHAT: included by these rooms only
  local elsewhere
  elsewhere=$(for room in $(without "$rooms plugins" "$2"); do home "$room"; done | paste -sd ' ')
  forbid "$elsewhere" "$1" "$3: $2"
}
belongs 'tbb/|oneapi/tbb' flow oneTBB
belongs 'yaml-cpp/' config yaml-cpp
belongs '(hdf5(_hl)?|H5[A-Za-z]*|png|csv|zlib|libdeflate|liblzf/lzf)\.h' storage 'HDF5, libpng, libcsv, zlib, libdeflate and liblzf'
belongs 'boost/' 'plugin storage' Boost
belongs 'boost/(dll|filesystem)' plugin Boost.DLL
belongs 'boost/crc' storage Boost.CRC
belongs 'google/protobuf|\.pb\.h' storage protobuf
belongs 'oneapi/dnnl|dnnl' compute oneDNN
belongs 'hwy/' 'core compute' Highway
belongs 'mpi\.h' mpi MPI
belongs 'CLI/' app CLI11
belongs 'httplib' app cpp-httplib
# Two types of one name in two headers of a namespace are one to the linker: it keeps the inline functions of either.
for rooms_of_one in 'core diffusion plugin' config storage compute laws flow runs app; do
  folders=$(for room in $rooms_of_one; do home "$room"; done)
  if twice=$(grep -rhoE --include='*.hpp' '^(struct|class) [a-z_0-9]+( final)?( :[^:]| \{)' $folders | awk '{print $2}' | sort | uniq -d) && [ -n "$twice" ]; then
    echo "$twice"
    echo "  ^ is the name of a type in more than one header of $rooms_of_one"
    failed=1
  fi
done
# A room's names stand in its own namespace, noneq::<room>; those that a plugin author meets, in noneq itself. What another
# room defines may only be declared ahead.
stands_in() {  # stands_in FOLDER NAMESPACE
  local files
  files=$(find "$1" -name '*.[ch]pp' ! -path framework/noneq/plugin.hpp)
  if awk -v own="$2" '
      function bad() { print FILENAME ":" FNR ": " $0; found = 1 }
      FNR == 1 { opened = ahead = 0 }
      /^namespace [A-Za-z_:]+ \{$/ && !opened {
        if ($2 == own || index($2, own "::") == 1) opened = 1
        else if ($2 ~ /^noneq/ && FILENAME ~ /hpp$/) ahead = 1
        else if (FILENAME ~ /hpp$/ || $2 ~ /^noneq/) bad()
        next
      }
      /^namespace noneq/ && $2 != own && index($2, own "::") != 1 { bad() }
      ahead && /^}/ { ahead = 0; next }
      ahead && NF && !/^(struct|class) [a-z_0-9]+;$/ { bad() }
      !ahead && !opened && FILENAME ~ /hpp$/ && /^(struct|class|enum|inline|template|using|constexpr|[a-z_]+::)[ :]/ { bad() }
      END { exit !found }' $files; then
    echo "  ^ is not in namespace $2"
    failed=1
  fi
  if grep -L "^namespace $2\b" $(grep -E 'hpp$' <<< "$files") | grep .; then
    echo "  ^ opens no namespace $2"
    failed=1
  fi
}
for room in core diffusion plugin; do stands_in "$(home $room)" noneq; done
for room in config storage compute laws flow runs app; do stands_in "$(home $room)" "noneq::$room"; done
stands_in plugins shipped
if grep -rnE --include='*.[ch]pp' '^namespace noneq' tests; then
  echo "  ^ is not part of the framework"
  failed=1
fi
# A clone lacks what git ignores.
if [ -d .git ] && git ls-files --others --ignored --exclude-standard framework plugins tests docs examples cmake | grep -E '\.([ch]pp|[ch]|txt|sh|md|f90|cmake)$'; then
  echo "  ^ is ignored by git"
  failed=1
fi
# What lies in a room's detail/ is not installed: nobody else includes it, and no header that is.
for room in $rooms; do
  forbid "$(without "$rooms plugins" "$room" | while read -r other; do home "$other"; done | paste -sd ' ')" "noneq/$room/detail/" \
    "is private to $room"
done
if grep -rnE --include='*.hpp' --exclude-dir=detail '#include "noneq/[a-z]+/detail/' framework; then
  echo "  ^ is not installed, which the header that includes it is"
  failed=1
fi
test $failed = 0
echo "1 passed, 0 failed"
