#!/bin/sh
# run.sh [all]: builds vdsotrace with the compiler and the libraries of Debian 13 (g++ 14, Capstone 5, fmt 10, Catch2 3,
# elfutils 0.192), unoptimised, and runs its unit tests there, in a root of its own that is kept in build/toolchains.
# With `all` it builds everything as for a release, by g++ 14 and by clang 19, and runs the unit tests of both.
# Status 77: skipped, no debootstrap, no rights or no network.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
source=$(CDPATH='' cd -- "$here/../.." && pwd -P)
root=$source/build/toolchains/trixie

# shellcheck source=tests/support/debian_root.sh
. "$source/tests/support/debian_root.sh"
own_mounts "$0" "$@"

# logged NAME COMMAND...: its output goes to a file.
logged() {
  log=$source/build/toolchains/$1.log
  shift
  "$@" >"$log" 2>&1
}

# inside COMMAND...: runs it in the root, the sources are /source there.
inside() {
  nice chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@"
}

packages=$(sed -n 's/^\(build\|test\)  *//p' "$source/.ci/packages.txt")
[ "${1:-}" != all ] || packages="$packages clang-19"
packages="$packages dpkg-dev file lintian"

mkdir -p "$source/build/toolchains"
make_root trixie "$root" "$source/build/toolchains/root.log"
installed=$root/installed-$(echo "$packages" | cksum | tr ' ' -)
if [ ! -e "$installed" ]; then
  # shellcheck disable=SC2016,SC2086  # the inner shell's arguments; a list of words
  logged packages inside sh -c \
    'apt-get -q update && apt-get -q install -y --no-install-recommends "$@" && apt-get clean' install $packages ||
    skip "Debian 13's packages cannot be installed: $(tail -n 1 "$log")"
  touch "$installed"
fi

mkdir -p "$root/source"
mount --bind "$source" "$root/source"
mount --bind -o remount,ro "$root/source"
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"

# build_and_test NAME C C++ TARGETS CMAKE-ARGUMENT...: says nothing of the build but what goes wrong.
build_and_test() {
  name=$1
  folder=/build/$1
  c=$2
  cxx=$3
  targets=$4
  shift 4
  echo "Building with $(inside "$cxx" --version | head -n 1)"
  # shellcheck disable=SC2086  # a list of words
  if ! { logged "$name.configure" inside cmake -S /source -B "$folder" -G Ninja -DBUILD_TESTING=ON \
    -DCMAKE_C_COMPILER="$c" -DCMAKE_CXX_COMPILER="$cxx" "$@" &&
    logged "$name" inside cmake --build "$folder" --parallel "$(nproc)" --target $targets; }; then
    cat "$log"
    exit 1
  fi
  inside "$folder/tests/unit_tests"
}

# package NAME: makes Debian's package of that build and installs it.
package() {
  made=/build/$1-package
  rm -rf "${root:?}$made"
  if ! logged package inside sh -ec '
    mkdir "$1"
    cpack --config "$2/CPackConfig.cmake" -G DEB -B "$1"
    # Whoever distributes it says who answers for it.
    lintian --fail-on error --suppress-tags bogus-mail-host "$1"/*.deb
    dpkg --install "$1"/*.deb
    cd /
    vdsotrace --version
    vdsotrace audit /bin/true' package "$made" "/build/$1"; then
    cat "$log"
    exit 1
  fi
  echo "Packaged: $(inside dpkg-query --show vdsotrace)"
}

if [ "${1:-}" = all ]; then
  # Without precompiled headers it shows whether every file includes what it uses.
  build_and_test release gcc g++ all -DCMAKE_BUILD_TYPE=Release -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON
  build_and_test clang clang-19 clang++-19 all -DCMAKE_BUILD_TYPE=Release -DVDSOTRACE_STATIC=ON
else
  # With shared libraries it compiles sooner: fmt's headers are used as they are otherwise.
  build_and_test plain gcc g++ "vdsotrace unit_tests" -DCMAKE_BUILD_TYPE=None -DVDSOTRACE_STATIC=OFF -DCMAKE_UNITY_BUILD=ON
  package plain
fi
