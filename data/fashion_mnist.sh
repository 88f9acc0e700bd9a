#!/usr/bin/env bash
# fashion_mnist.sh NONEQ OUT [--force]: the images and labels of Debian's dataset-fashion-mnist as one HDF5 file.
set -euo pipefail
from=/usr/share/datasets/fashion-mnist
exec "$1" data import --out "$2" "${@:3}" \
  train/images="$from/train-images-idx3-ubyte.gz" train/labels="$from/train-labels-idx1-ubyte.gz" \
  test/images="$from/t10k-images-idx3-ubyte.gz" test/labels="$from/t10k-labels-idx1-ubyte.gz"
