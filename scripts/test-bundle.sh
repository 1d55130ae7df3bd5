#!/usr/bin/env bash
# Opens the offline bundle as a customer would, and holds it to what it promises.
#
#   scripts/test-bundle.sh PROGRAM
#
# One line per check; the last line counts them. Exits 1 if one failed.
# shellcheck source=tools.sh
source "$(dirname "${BASH_SOURCE[0]}")/tools.sh"
# shellcheck source=checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
subject=bundle
tools_python
tools_helm
tools_podman
program=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

made() { bundle=$(scripts/bundle.sh "$program") && cp "$bundle" "$work/one.tar"; }
the_same_again() { scripts/bundle.sh "$program" && cmp "$bundle" "$work/one.tar"; }
unpacked() { tar --extract --file "$work/one.tar" --directory "$work" && folder=$(echo "$work"/freehold-*/) && cd "$folder"; }
sums_hold() { sha256sum --check --strict SHA256SUMS && (($(wc -l <SHA256SUMS) == $(find . -type f | wc -l) - 1)); }
loaded() { image=$(podman load --quiet --input freehold-image.tar | sed -n 's/^Loaded image[^:]*: *//p') && [[ -n $image ]]; }
one_program() {
  local container
  container=$(podman create "$image")
  podman cp "$container:/freehold" "$work/inside"
  podman cp "$container:/freehold.cdx.json" "$work/inside.cdx.json"
  podman rm "$container"
  sha256sum freehold "$work/inside" && cmp freehold "$work/inside" && cmp freehold.cdx.json "$work/inside.cdx.json"
}
valid_bill() {
  "$root/.tools/venv/bin/python" - freehold.cdx.json "$root/Cargo.lock" <<'PYTHON'
import json, sys, tomllib
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

text = open(sys.argv[1]).read()
fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
if fault:
    sys.exit(f"not CycloneDX 1.6: {fault}")
listed = {(part["name"], part.get("version")) for part in json.loads(text)["components"]}
locked = {(each["name"], each["version"]) for each in tomllib.load(open(sys.argv[2], "rb"))["package"]}
strangers = {part for part in listed - locked if part[0] not in {"glibc", "sqlite", "aws-lc", "zstd"}}
missing = {name for name in ("tokio", "rustls", "rusqlite", "aws-lc-rs") if name not in dict(listed)}
if strangers or missing or any(not part.get("licenses") for part in json.loads(text)["components"]):
    sys.exit(f"strangers {strangers}, missing {missing}, or a part without a licence")
print(f"{len(listed)} parts")
PYTHON
}
renders() { "$root/.tools/helm/$1/helm" template freehold freehold-chart.tgz --values "$root/helm/freehold/examples/evaluation.yaml"; }
templates() { jq -e '.resources | length > 0' arm/azuredeploy.json && jq -e .parameters.outputs arm/createUiDefinition.json; }
same_ways() { ./freehold egress --config "$root/config/freehold.toml" | cmp - egress.txt; }

check "it is made" made
check "made again it has the same bytes" the_same_again
check "it unpacks" unpacked
check "SHA256SUMS names every file, and holds" sums_hold
check "the image loads" loaded
check "image and bundle have the same program and bill of materials" one_program
check "the bill of materials is valid CycloneDX 1.6 and names what is compiled in" valid_bill
check "the chart renders with Helm 3" renders 3
check "the chart renders with Helm 4" renders 4
check "the templates are there" templates
check "the ways out are those of the program" same_ways
counted
