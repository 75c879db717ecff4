#!/bin/sh
# run.sh [SUITE...]: whether what cpack makes of build/release runs where it should. In a fresh root of Debian 11, 12 and 13
# (or of the releases that are named) it unpacks the archive; in that of the release which this machine has, it also installs the
# Debian package, with what that depends on. In each it runs `vdsotrace audit python3 -c 1`.
# build/packages keeps the roots as debootstrap made them; each run begins with a copy.
# Status 77: skipped, no debootstrap, no rights, no network, or no libraries to link statically.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
source=$(CDPATH='' cd -- "$here/../.." && pwd -P)
build=${VDSOTRACE_BUILD:-$source/build/release}
kept=$source/build/packages
root=$kept/now
# shellcheck source=tests/support/debian_root.sh
. "$source/tests/support/debian_root.sh"
own_mounts "$0" "$@"

[ $# -gt 0 ] || set -- bullseye bookworm trixie

# inside COMMAND...: runs it in the root; what it said is shown if it fails.
inside() {
  if ! chroot "$root" env -i --chdir=/ PATH=/opt/vdsotrace/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
    "$@" >"$kept/inside.log" 2>&1; then
    echo "$suite: $* failed:"
    cat "$kept/inside.log"
    exit 1
  fi
}

# says PATTERN: what the last command must have said.
says() {
  grep -qE "$1" "$kept/inside.log" || {
    cat "$kept/inside.log"
    echo "Nothing there matches $1"
    exit 1
  }
}

leave() {
  umount --lazy "$root/proc" 2>/dev/null || true
  rm -rf --one-file-system "$root"
}

# A root of $suite in which nothing but Python was installed.
enter() {
  make_root "$suite" "$kept/$suite" "$kept/$suite.log" --include=python3-minimal
  leave
  cp -a --reflink=auto "$kept/$suite" "$root"
  mount -t proc proc "$root/proc"
}

# audit WHAT: of Python, which asks for the time when it starts.
audit() {
  inside vdsotrace --version
  version=$(cat "$kept/inside.log")
  inside vdsotrace audit python3 -c 1
  says '^calls +[1-9]'
  echo "$suite: $version, $1: $(head -n 1 "$kept/inside.log")"
}

# packed KIND PATTERN: the file that cpack makes.
packed() {
  cpack --config "$build/CPackConfig.cmake" -G "$1" -B "$kept/made" >"$kept/cpack.log" 2>&1 || {
    cat "$kept/cpack.log"
    exit 1
  }
  # shellcheck disable=SC2086  # a pattern
  ls "$kept"/made/$2
}

mkdir -p "$kept"
rm -rf "$kept/made"
case $(cmake --build "$build" --target help) in
  *vdsotrace_portable*) ;;
  *) skip "libraries whose archives are not installed are linked as shared ones" ;;
esac
cmake --build "$build" --target vdsotrace vdsotrace_portable >"$kept/build.log" 2>&1 || {
  cat "$kept/build.log"
  exit 1
}
archive=$(packed TXZ '*.tar.xz')
ours=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)

for suite; do
  enter
  mkdir "$root/opt/vdsotrace"
  tar --extract --file "$archive" --strip-components=1 --no-same-owner --directory "$root/opt/vdsotrace"
  audit archive
  leave
  [ "$suite" = "$ours" ] || continue
  package=$(packed DEB '*.deb')
  enter
  cp "$package" "$root/tmp/vdsotrace.deb"
  inside apt-get -q update
  inside apt-get -q install -y --no-install-recommends /tmp/vdsotrace.deb
  audit package
  leave
done
