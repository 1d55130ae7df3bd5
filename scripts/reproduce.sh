#!/usr/bin/env bash
# Builds the bundle a second time, from a clone in another folder and from nothing, and compares it
# with dist/ byte for byte. Takes two release builds where dist/ is not there yet.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
bundle=dist/freehold-$version.tar
git diff --quiet HEAD -- || die "there are changes that are not committed: what is built again is the last commit."
scripts/bundle.sh
elsewhere=$(mktemp -d)
trap 'rm -rf "$elsewhere"' EXIT
git clone --quiet . "$elsewhere/clone"
(
  cd "$elsewhere/clone"
  mkdir -p .tools && ln -s "$(realpath "$root/.tools/helm")" .tools/helm
  CARGO_TARGET_DIR=$elsewhere/target scripts/bundle.sh
)
if ! cmp "$bundle" "$elsewhere/clone/$bundle"; then
  for each in "$bundle" "$elsewhere/clone/$bundle"; do
    tar --extract --to-stdout --file "$each" "freehold-$version/SHA256SUMS" >"$elsewhere/$(digest "$each")"
  done
  diff -u "$elsewhere"/????????????????
  die "the two differ"
fi
say "reproduced: $(sha256sum "$bundle" | cut -d' ' -f1)"
