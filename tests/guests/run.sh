#!/bin/sh
# run.sh [NAME...]: boots the guests of boots.txt (all, or those), each a kernel of Debian's with parameters, and
# compares the routes that vdsotrace shows there with routes.txt, and who may attach with Yama's rules. Two at a time. Kernels
# are kept in build/guests.
# VDSOTRACE_BUILD: the build folder. Status 77: skipped, no emulator or no network.
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
exec python3 "$here/run.py" "$@"
