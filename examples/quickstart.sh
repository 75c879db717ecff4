#!/bin/sh
# From a fresh Debian 12 to the first trace: installs what is missing, builds, and shows
# what strace cannot: the gettimeofday call of hello-vdso.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
cd "$here/.."

.ci/install-packages.sh build

cmake --preset release -DVDSOTRACE_EXAMPLES=ON
cmake --build --preset release --target vdsotrace examples

cat <<'TEXT'

$ build/release/vdsotrace build/release/examples/hello-vdso
TEXT
exec build/release/vdsotrace build/release/examples/hello-vdso
