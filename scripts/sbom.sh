#!/usr/bin/env bash
# Writes the bill of materials of the program (CycloneDX 1.6, JSON) on standard output.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
cargo metadata --locked --format-version 1 --filter-platform "$target" |
  python3 scripts/sbom.py Cargo.lock
