#!/usr/bin/env bash
# Runs test:target in a container on this checkout: bash scripts/targets/in-container.sh IMAGE SUFFIX [PREPARE], where
# PREPARE is the command that brings Node to an image without it.
set -euo pipefail
cd "$(dirname "$0")/../.."

image=$1
suffix=$2
prepare=${3:-:}
exec docker run --rm --volume "$PWD:/checkout" --workdir /checkout --env CI=true "$image" \
  sh -euc "$prepare
npm run test:target -- \"\$1\"" sh "$suffix"
