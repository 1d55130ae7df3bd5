#!/usr/bin/env bash
# Removes what can be made again: build folders and downloaded tools. Never ./data.
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
rm -rf "$root/target" "$root/.tools" "$root/tests/peers/node_modules" \
  "$cache"/{target,venv,npm,uv,keycloak}-* "$cache"/{advisories,newcomer,seeding}
