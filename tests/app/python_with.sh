#!/usr/bin/env bash
# python_with.sh MODULE...: prints the first program of PEER_PYTHON, a list separated by colons, that has all these modules;
# by default that is /usr/bin/python3. Without one it explains what is missing, and its exit code is 1.
IFS=: read -ra programs <<< "${PEER_PYTHON:-/usr/bin/python3}"
modules=$(IFS=,; echo "$*")
for program in "${programs[@]}"; do
  if "$program" -c "import $modules" 2> /dev/null; then
    echo "$(cd "$(dirname "$(command -v "$program")")" && pwd)/$(basename "$program")"
    exit 0
  fi
done
echo "not tested on this machine: no Python of PEER_PYTHON has $modules"
exit 1
