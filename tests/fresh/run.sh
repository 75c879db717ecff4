#!/bin/sh
# run.sh [SUITE]: whether the two commands of README.md work on a fresh Debian (bookworm, unless another release is named):
# copies this tree into a root of debootstrap's variant minbase, in which nothing was installed, and runs
# examples/quickstart.sh and `tests/run.sh quick` there. build/fresh keeps the root as debootstrap made it, and the packages that
# were fetched; each run begins with a copy of that root.
# Status 77: skipped, no debootstrap, no rights or no network.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
source=$(CDPATH='' cd -- "$here/../.." && pwd -P)
suite=${1:-bookworm}
kept=$source/build/fresh
root=$kept/now

# shellcheck source=tests/support/debian_root.sh
. "$source/tests/support/debian_root.sh"
own_mounts "$0" "$@"

# inside COMMAND...: runs it in the root, in the copy of the tree.
inside() {
  nice chroot "$root" env -i --chdir=/vdsotrace PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} "$@"
}

# What is tracked, as it is now, and what is new.
tree() {
  cd "$source"
  if [ -e .git ] && command -v git >/dev/null; then
    git -c safe.directory="$source" ls-files -z --cached --others --exclude-standard |
      tar --create --null --files-from=- --ignore-failed-read 2>/dev/null
  else
    tar --create --exclude=./build .
  fi
}

mkdir -p "$kept/archives"
make_root "$suite" "$kept/$suite" "$kept/base.log"
rm -rf "$root"
cp -a --reflink=auto "$kept/$suite" "$root"
mkdir "$root/vdsotrace"
tree | tar --extract --no-same-owner --directory "$root/vdsotrace"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --rbind /sys "$root/sys"
mount --bind "$kept/archives" "$root/var/cache/apt/archives"
inside apt-get -qq update || skip "$suite's lists of packages cannot be had"

# stage COMMAND...: it must succeed; what it said is shown if it does not.
stage() {
  echo "$suite: $*"
  if ! inside "$@" >"$kept/stage.log" 2>&1; then
    cat "$kept/stage.log"
    exit 1
  fi
}

# says PATTERN: what the last stage must have said, as it may succeed with less than we want.
says() {
  grep -qE "$1" "$kept/stage.log" || {
    cat "$kept/stage.log"
    echo "Nothing there matches $1"
    exit 1
  }
}

stage examples/quickstart.sh
says '^gettimeofday\(.* = 0 \[vdso\]$'
stage tests/run.sh quick
says ' fuzz\.[a-z_]+ \.+ +Passed'
grep -E '^(100%|Total)' "$kept/stage.log"
umount --recursive --lazy "$root/proc" "$root/dev" "$root/sys" "$root/var/cache/apt/archives"
rm -rf --one-file-system "$root"
