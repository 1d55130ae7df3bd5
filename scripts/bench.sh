#!/usr/bin/env bash
# Measures the release build beside its floors (tests/bench) and keeps the table in docs/results.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
tools_rust
release_paths
result=docs/results/bench.md
mkdir -p docs/results
table=$(mktemp)
trap 'rm -f "$table"' EXIT
cargo bench --quiet --locked --bench bench | tee "$table"
{
  printf '# What a request costs\n\n'
  printf 'Written by "make bench" on %s, %s cores. CPU time of the server process per request, user and\n' "$(date -u +%F)" "$(nproc)"
  printf 'kernel, the lowest of three passes, in a calendar of 10,000 events on SQLite. Floors are measured\n'
  printf 'in the same run; the ratio is what to look at, because times differ from machine to machine.\n\n'
  cat "$table"
} >"$result"
say "kept in $result"
