#!/usr/bin/env bash
# Measures the release build beside its floors (tests/bench) and keeps the table in docs/results.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
tools_rust
result=docs/results/bench.md
mkdir -p docs/results
table=$(mktemp)
trap 'rm -f "$table"' EXIT
cargo bench --quiet --locked --bench bench | tee "$table"
{
  printf '# What a request costs\n\n'
  printf 'Written by "make bench" on %s, %s cores. Floors are measured in the same run; the ratio is\n' "$(date -u +%F)" "$(nproc)"
  printf 'what to look at, because times differ from machine to machine.\n\n'
  sed 's/^\([^|]\)/- \1/' "$table"
} >"$result"
say "kept in $result"
