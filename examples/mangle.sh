#!/bin/sh
# mangle.sh IN OUT: copies a program and spoils the name __vdso_gettimeofday in it, so that its
# C library looks for a function that no vDSO has and makes the system call instead.
set -eu
if [ $# -ne 2 ]; then
  echo "usage: mangle.sh IN OUT" >&2
  exit 1
fi
if ! LC_ALL=C grep -q __vdso_gettimeofday "$1"; then
  echo "mangle.sh: $1: does not contain the name __vdso_gettimeofday" >&2
  exit 1
fi
# The new name is as long as the old one: nothing in the file moves.
LC_ALL=C sed 's/__vdso_gettimeofday/__vdso_gettimeofdax/g' "$1" >"$2.new"
chmod +x "$2.new"
mv "$2.new" "$2"
