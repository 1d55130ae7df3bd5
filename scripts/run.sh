#!/usr/bin/env bash
# From a clone to a running evaluation: installs what is missing, builds, serves.
#
#   LISTEN=127.0.0.1:8080 DATA=./data scripts/run.sh
#
# The development profile, because a newcomer waits a third of the time for it; it is the
# same program, slower. The program prints the link that signs in.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
tools_rust
say "building; the first time takes some minutes"
cargo build --locked
exec "$CARGO_TARGET_DIR/$target/debug/freehold" serve --evaluation --sample \
  --data "${DATA:-./data}" --listen "${LISTEN:-127.0.0.1:8080}"
