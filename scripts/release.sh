#!/usr/bin/env bash
# Builds the release program and prints where it is. The same tree gives the same bytes wherever the
# clone and the home folder are (release_paths in tools.sh).
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
tools_rust
release_paths
cargo build --release --locked
program=$CARGO_TARGET_DIR/$target/release/freehold
if grep --text --quiet --fixed-strings -e "${CARGO_HOME:-$HOME/.cargo}/" -e "$CARGO_TARGET_DIR/" -e "$root/src" "$program"; then
  die "$program names folders of this machine: a path is not mapped by release_paths in scripts/tools.sh"
fi
echo "$program"
