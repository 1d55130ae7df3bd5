#!/usr/bin/env bash
# Makes the container image localhost/freehold:dev from a binary built here.
#
#   scripts/image.sh [BINARY]     BINARY: a static freehold; without it, a release build
#
# The image is in Docker's format, because the OCI format has no HEALTHCHECK. Its layers are
# the same for the same binary; its id is not, since podman writes the name of the working
# container into that format. FORMAT=oci gives an image whose id is the same too.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
tools_podman
binary=${1:-}
if [[ -z $binary ]]; then
  binary=$(scripts/release.sh)
fi
[[ -x $binary ]] || die "no program at $binary: build it first (cargo build --release), or give its path."
if readelf -l "$binary" 2>/dev/null | grep -q INTERP; then
  die "$binary wants a dynamic loader, which the image does not have: build it with this repository's .cargo/config.toml."
fi

given=$(mktemp -d)
trap 'rm -rf "$given"' EXIT
mkdir -p "$given/out/data" "$given/out/certs"
install -m 0755 "$binary" "$given/out/freehold"
mkdir "$given/out/LICENSES"
install -m 0644 LICENSE NOTICE "$given/out/"
scripts/sbom.sh >"$given/out/freehold.cdx.json"
install -m 0644 LICENSES/* "$given/out/LICENSES/"
install -m 0644 /etc/ssl/certs/ca-certificates.crt "$given/out/certs/"
chmod 0700 "$given/out/data"

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
podman build --quiet --no-cache --format "${FORMAT:-docker}" --timestamp 0 \
  --ulimit nofile=20000:20000 --ulimit nproc=32768:32768 \
  --build-context "build=$given" --build-arg "VERSION=$version" --build-arg "REVISION=$revision" \
  --file infra/docker/Dockerfile --tag "${TAG:-localhost/freehold:dev}" "$given"
