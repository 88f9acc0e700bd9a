#!/usr/bin/env bash
# The arrows of the house, which linking alone cannot show: no header of a room that may not be seen, and each
# third-party library in its own room only.
set -euo pipefail
failed=0
forbid() {  # forbid WHERE PATTERN WHY
  if grep -rnE "#include [<\"]($2)" $1; then
    echo "  ^ $3"
    failed=1
  fi
}
house=framework/noneq
forbid $house/core 'noneq/(diffusion|compute|config|plugin|storage|flow|app)/' 'core sees no other room'
forbid $house/diffusion 'noneq/(config|plugin|storage|flow|app)/' 'diffusion sees core only'
forbid $house/config 'noneq/(diffusion|plugin|storage|flow|app)/|ATen|torch' 'config sees core only, and no tensors'
forbid $house/compute 'noneq/(diffusion|config|plugin|storage|flow|app)/' 'compute sees core only'
forbid $house/storage 'noneq/(diffusion|config|plugin|flow|app)/' 'storage sees core only'
forbid $house/plugin 'noneq/(storage|flow|app)/' 'plugin sees config, diffusion and core'
forbid $house/flow 'noneq/app/' 'flow does not see app'
forbid plugins 'noneq/(flow|app)/|tbb/|yaml-cpp/|boost/dll' 'plugins see noneq/plugin.hpp and what their own job needs'
forbid "$house/core $house/diffusion $house/plugin $house/compute $house/storage $house/app plugins" 'tbb/' 'oneTBB belongs to flow'
forbid "$house/core $house/diffusion $house/plugin $house/storage $house/flow $house/app plugins" 'yaml-cpp/' 'yaml-cpp belongs to config'
forbid "$house/core $house/diffusion $house/config $house/plugin $house/flow $house/app plugins" '(hdf5|H5[A-Z]*public|png|csv)\.h' 'HDF5, libpng and libcsv belong to storage'
forbid "$house/core $house/diffusion $house/config $house/storage $house/flow $house/app plugins" 'boost/' 'Boost.DLL belongs to plugin'
forbid "$house/core $house/diffusion $house/config $house/plugin $house/storage $house/flow $house/app plugins" '(oneapi/dnnl|dnnl)' 'oneDNN belongs to compute'
forbid "$house/diffusion $house/config $house/plugin $house/storage $house/flow $house/app plugins" 'hwy/' 'Highway belongs to core and compute'
# Two types of one name in two headers are one to the linker: it keeps the inline functions of either.
if twice=$(grep -rhoE --include='*.hpp' '^(struct|class) [a-z_0-9]+( final)?( :[^:]| \{)' $house | awk '{print $2}' | sort | uniq -d) && [ -n "$twice" ]; then
  echo "$twice"
  echo "  ^ is the name of a type in more than one header"
  failed=1
fi
test $failed = 0
echo "1 passed, 0 failed"
