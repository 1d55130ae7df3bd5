#!/usr/bin/env bash
# Makes the offline bundle: one file with everything that an installation without internet needs.
#
#   scripts/bundle.sh [PROGRAM]     PROGRAM: a static freehold; without it, a release build
#
# dist/freehold-VERSION.tar holds the program, the image (OCI, with the very same program), the chart,
# the ARM templates, the bill of materials, the ways out, the handbook, and SHA256SUMS over all of
# them. Two runs over one tree and one program give the same bytes.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
tools_helm
tools_podman
program=${1:-}
[[ -n $program ]] || program=$(scripts/release.sh)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
name=freehold-$version
out=$work/$name
mkdir -p "$out/arm" "$out/docs" dist

# pack FILE FOLDER NAME…: a tar archive that depends on what is in it and on nothing else.
pack() {
  tar --create --file "$1" --directory "$2" --format=ustar --sort=name --mtime=@0 \
    --owner=0 --group=0 --numeric-owner --mode='u+rw,go=rX' "${@:3}"
}

install -m 0755 "$program" "$out/freehold"
scripts/sbom.sh >"$out/freehold.cdx.json"
"$program" egress --config config/freehold.toml >"$out/egress.txt"
install -m 0644 infra/arm/*.json "$out/arm/"
install -m 0644 docs/air-gapped.md "$out/INSTALL.md"
install -m 0644 docs/*.md "$out/docs/"
install -m 0644 LICENSE NOTICE "$out/"

image=localhost/freehold:$version
FORMAT=oci TAG=$image scripts/image.sh "$program" >/dev/null
podman save --quiet --format oci-dir --output "$work/image" "$image"
pack "$out/freehold-image.tar" "$work/image" .

.tools/helm/4/helm package helm/freehold --version "$version" --app-version "$version" --destination "$work" >/dev/null
mkdir "$work/chart"
tar --extract --file "$work/$name.tgz" --directory "$work/chart"
pack "$work/chart.tar" "$work/chart" freehold
gzip --no-name --best <"$work/chart.tar" >"$out/freehold-chart.tgz"

(cd "$out" && find . -type f -printf '%P\0' | LC_ALL=C sort --zero-terminated | xargs -0 sha256sum) >"$work/sums"
install -m 0644 "$work/sums" "$out/SHA256SUMS"
pack "dist/$name.tar" "$work" "$name"
say "$(cd dist && sha256sum "$name.tar"), $(stat -c %s "dist/$name.tar" | numfmt --to=iec)B"
say "program: $(sha256sum <"$out/freehold" | cut -d' ' -f1)"
echo "dist/$name.tar"
