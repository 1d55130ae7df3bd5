#!/usr/bin/env bash
# Builds the release program and prints where it is. The same tree gives the same bytes wherever the
# clone and the home folder are: the paths of both are written as /freehold and /cargo.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
tools_rust
cargo_home=${CARGO_HOME:-$HOME/.cargo}
# What .cargo/config.toml says, and the paths; the environment takes its place.
CARGO_ENCODED_RUSTFLAGS=$(printf '%s\x1f' -C target-feature=+crt-static \
  "--remap-path-prefix=$cargo_home=/cargo" "--remap-path-prefix=$CARGO_TARGET_DIR=/target")--remap-path-prefix=$root=/freehold
CFLAGS="-ffile-prefix-map=$cargo_home=/cargo -ffile-prefix-map=$CARGO_TARGET_DIR=/target"
export CARGO_ENCODED_RUSTFLAGS CFLAGS CXXFLAGS=$CFLAGS
cargo build --release --locked
program=$CARGO_TARGET_DIR/$target/release/freehold
if grep --text --quiet --fixed-strings -e "$cargo_home/" -e "$CARGO_TARGET_DIR/" -e "$root/src" "$program"; then
  die "$program names folders of this machine: a path is not mapped in scripts/release.sh"
fi
echo "$program"
