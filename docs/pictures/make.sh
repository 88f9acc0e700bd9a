#!/usr/bin/env bash
# make.sh NONEQ_PROGRAM: the pictures of README.md and docs/, from the top of the tree, in half an hour on two cores. Trainings
# that are finished are not repeated. data/fashion_mnist.h5 must be there (`make gallery` makes it).
set -euo pipefail
noneq=$1 here=docs/pictures
run() { "$noneq" run "pipelines/$1.yaml" --resume "${@:2}"; }
keep() { cp "runs/$1" "$here/$2"; }

run swiss_roll --set graph.figure.count=700  # fewer points, a smaller file
keep swiss_roll/swiss_roll.png swiss_roll.png
keep swiss_roll/bound.png bound.png
run heartbeat
keep heartbeat/heartbeat.png heartbeat.png
run dead_leaves
keep dead_leaves/dead_leaves.png dead_leaves.png
keep dead_leaves/filled.png filled.png
run fashion_mnist_fast
keep fashion_mnist_fast/samples.png fashion_mnist.png
keep fashion_mnist_fast/film.png fashion_mnist_film.png

# A coarse field, members of the ensemble for it, and the truth.
run downscale --set graph.fields.skew=0
mkdir -p runs/pictures
"$noneq" data make random_fields --count 1 --seed 7 --set skew=0 --out runs/pictures/field.h5 --force
"$noneq" run $here/members.yaml --force
"$noneq" run $here/downscale.yaml --force
for picture in coarse members truth; do keep downscale_pictures/$picture.png $picture.png; done

find $here -name '*.png' -size +150k | grep . && { echo "a picture is larger than 150 kB"; exit 1; }
du -ch $here/*.png | tail -1
