#!/bin/sh
# run.sh [CTEST-ARGUMENT...]: installs what is missing, builds and runs every test:
# the release build with all tests, and a sanitized build with the unit tests and, where clang is, the fuzz targets.
# For example: tests/run.sh -L unit, tests/run.sh -R live.counts
# run.sh quick [CTEST-ARGUMENT...]: the unit tests, the fuzz targets, the tests of the command line and those of style, which
# need nothing of what the others trace; without a release build in one of their own that is made quickly: some minutes from nothing.
# run.sh tidy [FILE...]: what .clang-tidy says of all sources, or of those; some minutes.
# A single file of tests/live runs by itself; VDSOTRACE_PROGRAM=build/asan/vdsotrace (built with
# `cmake --preset asan && cmake --build build/asan --target vdsotrace`) makes it test that vdsotrace.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
cd "$here/.."

quick=no
if [ "${1:-}" = quick ]; then
  quick=yes
  shift
fi

if [ "${1:-}" = tidy ]; then
  shift
  .ci/install-packages.sh build test tidy
  # A folder's files as one, as in the sanitized build: what all of them include is parsed once, not four hundred times.
  together=ON
  [ $# -eq 0 ] || together=OFF
  cmake --preset release -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DCMAKE_UNITY_BUILD=$together -B build/tidy >/dev/null
  if [ $# -gt 0 ]; then
    printf '%s\n' "$@"
  else
    sed -n 's/^ *"file": "\(.*\.c[px][px]\)".*/\1/p' build/tidy/compile_commands.json | grep -v -e _portable -e _fmt
  fi | xargs -P "$(nproc)" -n 1 clang-tidy -p build/tidy --quiet --checks=-bugprone-suspicious-include \
    --extra-arg=-Wno-unknown-warning-option
  exit
fi

.ci/install-packages.sh build test
.ci/install-packages.sh style
.ci/install-packages.sh fuzz
[ $quick = yes ] || .ci/install-packages.sh live

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

# Whether there is a clang++, and what it links a fuzz target with.
can_fuzz() {
  command -v clang++ >/dev/null &&
    echo 'extern "C" int LLVMFuzzerTestOneInput(const unsigned char*, unsigned long) { return 0; }' |
    clang++ -fsanitize=fuzzer,address,undefined -x c++ -o /dev/null - 2>/dev/null
}

if [ $quick = yes ]; then
  sanitized=
  if [ -x build/release/vdsotrace ]; then  # Little more than the tests is left to compile.
    tested=release
    build release all --preset release -DBUILD_TESTING=ON
  else
    tested=quick
    # Unoptimised, and a folder's files as one.
    build quick all --preset debug -B build/quick -DBUILD_TESTING=ON -DCMAKE_BUILD_TYPE=None -DCMAKE_UNITY_BUILD=ON
  fi
else
  tested=release
  sanitized="unit_tests vdsotrace"
  # What measures is built, too: nothing else would show that it cannot be any more.
  build release "all bench_calls bench_late stub_costs" --preset release -DBUILD_TESTING=ON -DVDSOTRACE_BENCH=ON
fi
if can_fuzz; then
  build asan "$sanitized fuzz_targets" --preset asan -DBUILD_TESTING=ON -DCMAKE_C_COMPILER=clang -DCMAKE_CXX_COMPILER=clang++
else
  echo "No clang++ with the runtime of its sanitizers (libclang-rt-dev): the fuzz targets are not built"
  [ $quick = yes ] || build asan unit_tests --preset asan -DBUILD_TESTING=ON
fi

# One list of all tests, whichever build they belong to.
mkdir -p build/all
for name in $tested asan; do
  echo "subdirs(\"../$name\")"
done >build/all/CTestTestfile.cmake

[ $quick = no ] || set -- --label-regex 'unit|fuzz|cli|style' --exclude-regex '^asan' "$@"
# One more than there are processors: many tests wait for what they trace, for packages or for emulated machines.
exec ctest --test-dir build/all --output-on-failure --parallel "$(($(nproc) + 1))" "$@"
