# shellcheck shell=sh
# debian_root.sh: for scripts that make roots of Debian's releases and run something in them. They source it.

# skip WHY: status 77.
skip() {
  echo "skipped: $*"
  exit 77
}

# own_mounts SCRIPT [ARGUMENT...]: begins the script anew where what it mounts, only it and its children see, and goes with
# them; there it returns.
own_mounts() {
  [ "${VDSOTRACE_OWN_MOUNTS:-}" != yes ] || return 0
  [ "$(id -u)" -eq 0 ] || skip "only root makes a root of Debian's"
  command -v debootstrap >/dev/null || skip "there is no debootstrap"
  unshare --mount true || skip "we may not mount"
  VDSOTRACE_OWN_MOUNTS=yes exec unshare --mount "$@"
}

# make_root SUITE FOLDER LOG [OPTION...]: debootstrap's variant minbase, unless it is there already. What an interrupted run
# left is not taken for one.
make_root() {
  suite=$1
  folder=$2
  log=$3
  shift 3
  [ ! -e "$folder" ] || return 0
  # shellcheck disable=SC2016  # a field of apt's
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 2>/dev/null | sed -n '\:/debian/*$:{p;q}')
  rm -rf "$folder.part"
  debootstrap --variant=minbase "$@" "$suite" "$folder.part" "${mirror:-http://deb.debian.org/debian}" >"$log" 2>&1 ||
    skip "$suite cannot be installed: $(tail -n 1 "$log")"
  mv "$folder.part" "$folder"
}
