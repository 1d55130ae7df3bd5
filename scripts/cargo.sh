#!/usr/bin/env bash
# cargo with the target folder and the tools that `make` uses: scripts/cargo.sh ARGUMENT…
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
tools_rust
PATH=$root/.tools/venv/bin:$PATH exec cargo "$@"
