# Sourced by tests that count what passed and what failed, and compare runs.
failed=0 passed=0
check() {  # check WHAT COMMAND...
  if "${@:2}"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: $1"; fi
}
# The tensors of the checkpoint in this folder, which checkpoint.json names: a kill in the midst of a save moves their number on.
checkpoint_sum() { sha256sum < "checkpoint/$(grep -o 'tensors-[0-9]*.safetensors' checkpoint/checkpoint.json)"; }
