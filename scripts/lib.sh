# What every script here shares: where things live, and how a missing Debian package arrives.
# Sourced, never run.
# shellcheck shell=bash disable=SC2034
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Everything that may be thrown away and made again.
cache=${FREEHOLD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/freehold}
# Data that is beside some clones only; a clone without it loses no check but the advisories.
shared=${FREEHOLD_SHARED:-$root/../shared}
target=x86_64-unknown-linux-gnu
mkdir -p "$cache"
cd "$root"

say() { printf '%s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# as_root COMMAND…: as it is for root, through sudo for everyone else.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo -n "$@"; fi
}

# debian PACKAGE…: installs what Debian's own packages provide, without a question.
# The Debian release is the pin.
debian() {
  command -v apt-get >/dev/null ||
    die "These programs are missing and this is no Debian: install what $* contain, then run this again."
  say "installing from Debian: $*"
  as_root apt-get update -qq || die "apt-get update failed: as a user without sudo, ask for: $*"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" \
    >"$cache/apt.log" 2>&1 || die "installing $* failed, see $cache/apt.log"
}

# needs COMMAND PACKAGE…: the packages are installed only where the command is missing.
needs() {
  local command=$1
  shift
  command -v "$command" >/dev/null || debian "$@"
}

# digest FILE…: a short name for what the files say.
digest() { cat "$@" | sha256sum | cut -c1-16; }

# keep_two KIND: of the folders KIND-* in the cache, the two used last stay.
keep_two() {
  local old
  find "$cache" -maxdepth 1 -name "$1-*" -printf '%T@ %p\n' | sort -rn | tail -n +3 | cut -d' ' -f2- |
    while read -r old; do rm -rf "$old"; done
}

# free_port: a loopback port that nobody listens on.
free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# wait_for SECONDS COMMAND…: until it succeeds; fails when the time is up.
wait_for() {
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < until)) || return 1
    sleep 0.2
  done
}
