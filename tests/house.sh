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
rooms="core config diffusion compute storage plugin flow app"
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
sees flow 'plugin storage config diffusion core'
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
belongs '(hdf5|H5[A-Za-z]*|png|csv|zlib|libdeflate)\.h' storage 'HDF5, libpng, libcsv, zlib and libdeflate'
belongs 'boost/' plugin Boost.DLL
belongs 'oneapi/dnnl|dnnl' compute oneDNN
belongs 'hwy/' 'core compute' Highway
belongs 'CLI/' app CLI11
# Two types of one name in two headers are one to the linker: it keeps the inline functions of either.
if twice=$(grep -rhoE --include='*.hpp' '^(struct|class) [a-z_0-9]+( final)?( :[^:]| \{)' framework/noneq | awk '{print $2}' | sort | uniq -d) && [ -n "$twice" ]; then
  echo "$twice"
  echo "  ^ is the name of a type in more than one header"
  failed=1
fi
test $failed = 0
echo "1 passed, 0 failed"
