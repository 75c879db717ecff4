#!/bin/sh
# install-packages.sh GROUP...: installs those packages of packages.txt that are missing.
# Needs no network and no rights when nothing is missing. Without the right to install it says
# which packages are missing; that is a failure (status 1) unless only the groups `fuzz`, `style` and `live` are asked for.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
optional=yes
missing=

for group; do
  case $group in fuzz | style | live) ;; *) optional=no ;; esac
  for package in $(sed -n "s/^$group  *//p" "$here/packages.txt"); do
    if ! command -v dpkg-query >/dev/null; then
      missing="$missing $package"
    elif [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)" != installed ]; then
      missing="$missing $package"
    fi
  done
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
  echo "This is not a Debian system. What Debian calls these packages is needed:$missing" >&2
  exit 0  # CMake says what is really missing
fi

if [ "$(id -u)" -eq 0 ]; then
  as_root=
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root=sudo
else
  echo "Missing packages:$missing" >&2
  echo "Install them as root: apt-get install --no-install-recommends$missing" >&2
  [ "$optional" = yes ] && exit 0
  exit 1
fi

install() {
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@" >/dev/null
}

echo "Installing:$missing"
$as_root apt-get update -qq || [ "$optional" = yes ]
# shellcheck disable=SC2086  # a list of words
if ! install $missing; then
  [ "$optional" = yes ] || exit 1
  for package in $missing; do
    install "$package" || echo "$package could not be installed; the tests that need it skip themselves" >&2
  done
fi
