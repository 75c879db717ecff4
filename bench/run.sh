#!/bin/sh
# run.sh [--install] [--rounds N] [--work WORD] [--observer WORD]: builds and measures; see bench.py.
# With --install it first installs the observers and servers that are missing.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
cd "$here/.."

.ci/install-packages.sh build
if [ "${1:-}" = --install ]; then
  shift
  .ci/install-packages.sh bench
fi
cmake --preset release -DVDSOTRACE_BENCH=ON >/dev/null
cmake --build --preset release --target vdsotrace bench_calls bench_late stub_costs >/dev/null
mkdir -p build/bench

exec python3 bench/bench.py "$@"
