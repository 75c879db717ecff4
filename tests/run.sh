#!/bin/sh
# run.sh [CTEST-ARGUMENT...]: installs what is missing, builds and runs every test:
# the release build with all tests, and a sanitized build with the unit tests and, where clang is, the fuzz targets.
# For example: tests/run.sh -L unit, tests/run.sh -R live.counts
# A single file of tests/live runs by itself; VDSOTRACE_PROGRAM=build/asan/vdsotrace (built with
# `cmake --preset asan && cmake --build build/asan --target vdsotrace`) makes it test that vdsotrace.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
cd "$here/.."

.ci/install-packages.sh build test
.ci/install-packages.sh live

launcher=
if command -v ccache >/dev/null; then  # It keeps nothing of what uses precompiled headers.
  launcher="-DCMAKE_C_COMPILER_LAUNCHER=ccache -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON"
fi

# build NAME TARGETS [CMAKE-ARGUMENT...]: says nothing but what goes wrong.
build() {
  name=$1
  targets=$2
  shift 2
  mkdir -p build
  echo "Building build/$name"
  # shellcheck disable=SC2086  # lists of words
  if ! { cmake $launcher "$@" && cmake --build "build/$name" --target $targets; } >"build/$name.log" 2>&1; then
    cat "build/$name.log"
    exit 1
  fi
}

build release all --preset release -DBUILD_TESTING=ON
if command -v clang++ >/dev/null; then
  build asan "unit_tests fuzz_targets" --preset asan -DBUILD_TESTING=ON -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
else
  echo "No clang: the fuzz targets are not built"
  build asan unit_tests --preset asan -DBUILD_TESTING=ON
fi

# One list of all tests, whichever build they belong to.
mkdir -p build/all
for name in release asan; do
  echo "subdirs(\"../$name\")"
done >build/all/CTestTestfile.cmake

exec ctest --test-dir build/all --output-on-failure --parallel "$(nproc)" "$@"
