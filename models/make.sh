#!/usr/bin/env bash
# Train the detector that ships from the datasets in a folder, with all that lies between: manifests,
# splits, face sets, training, export, calibration. Given again, it goes on where it was stopped.
#
#     bash models/make.sh DATA [WORK]
#
# DATA holds dfdc-faces/, faces-utk/ and clips/; WORK (runs/detector) takes everything that is made,
# the bundle as frame.onnx. `unmask train` uses a GPU where there is one.
set -euo pipefail
data=$1 work=${2:-runs/detector}
mkdir -p "$work"
sets=() ranges=()
for name in dfdc-faces faces-utk clips; do
  manifest=$work/$name.parquet
  if [ ! -e "$manifest" ]; then
    unmask data ingest "$data/$name" --out "$work/$name.all.parquet"
    unmask data split "$work/$name.all.parquet" --dev-share 0.08 --seed 1 --out "$manifest"
  fi
  unmask data prepare "$manifest" --root "$data/$name" --out "$work/$name"
  sets+=("$work/$name") ranges+=(--int8 "$work/$name")
done
here=$(dirname "$0")
unmask train frame "${sets[@]}" --set stop=2000 --out "$work/start"
unmask train "$here/finish.json" "${sets[@]}" --weights "$work/start/last.ckpt" \
  --out "$work/finish"
unmask train "$here/strong.json" "${sets[@]}" --out "$work/strong"
unmask export "$work/finish" "$work/strong" "$work/raw.onnx" --name frame --version 4 "${ranges[@]}"
unmask calibrate "$work/raw.onnx" "$data/dfdc-faces" "$data/faces-utk" --clips "$data/clips" \
  --out "$work/frame.onnx"
