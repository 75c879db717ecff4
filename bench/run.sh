#!/bin/sh
# run.sh [--rounds N] [--work WORD]: builds and measures; see bench.py.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
cd "$here/.."

.ci/install-packages.sh build
if [ ! -e build/release/CMakeCache.txt ]; then
  cmake --preset release -DBUILD_TESTING=OFF >/dev/null
fi
cmake --build --preset release --target vdsotrace >/dev/null
mkdir -p build/bench
cc -O2 -Wall -o build/bench/calls bench/calls.c

exec python3 bench/bench.py "$@"
