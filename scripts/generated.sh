#!/usr/bin/env bash
# Writes the files that the program itself writes; with --check it compares and changes nothing.
# (The module graph in ARCHITECTURE.md and docs/openapi.json are compared by tests/it, which write
# them when FREEHOLD_BLESS is set.)
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
tools_rust
cargo build --quiet --locked
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
"$CARGO_TARGET_DIR/$target/debug/freehold" config reference >"$fresh"
if [[ ${1:-} == --check ]]; then
  diff -u docs/configuration.md "$fresh" ||
    die "docs/configuration.md is not what \`freehold config reference\` writes: run \`make generate\` and commit it."
else
  install -D -m 0644 "$fresh" docs/configuration.md
fi
