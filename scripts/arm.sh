#!/usr/bin/env bash
# Writes what the Bicep compiler makes of bicep/: the template and its parameter files in infra/arm,
# and what each set of parameters would deploy (bicep/params/*.snapshot.json). With --check it
# compares and changes nothing. No network and no Azure.
#
#   scripts/arm.sh [--check]     the compiler: $BICEP, else bicep on PATH, else ../shared/tools/bicep
# shellcheck source=lib.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
version=0.49.2
bicep=${BICEP:-$(command -v bicep || true)}
[[ -n $bicep ]] || bicep=$shared/tools/bicep
if [[ ! -x $bicep ]]; then
  echo "no Bicep compiler: put version $version on PATH, or name it in BICEP"
  exit 77
fi
[[ $("$bicep" --version) == "Bicep CLI version $version "* ]] ||
  die "$bicep is not version $version, whose output is what is committed: take that one, or change scripts/arm.sh and run \`make arm\`."
# Parameter files take what is yours from the environment; what is committed has the examples.
unset FREEHOLD_CLIENT_ID FREEHOLD_SSH_KEY FREEHOLD_SHA256 FREEHOLD_ADMIN_GROUP

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/arm" "$work/snapshots"
cp -r bicep "$work/bicep"
mkdir -p "$work/infra"
cp -r infra/alerts infra/otel "$work/infra/"
"$bicep" format --pattern "$work/bicep/**/*.bicep" 2>/dev/null
"$bicep" format --pattern "$work/bicep/**/*.bicepparam" 2>/dev/null
"$bicep" build "$work/bicep/main.bicep" --outfile "$work/arm/azuredeploy.json"

zero=00000000-0000-0000-0000-000000000000
for file in "$work"/bicep/params/*.bicepparam; do
  name=$(basename "$file" .bicepparam)
  "$bicep" build-params "$file" --outfile "$work/arm/$name.parameters.json"
  "$bicep" snapshot "$file" --subscription-id $zero --tenant-id $zero --resource-group freehold \
    --location "$(sed -n "s/^param location = '\(.*\)'/\1/p" "$file")"
  # Their order is another one with each run.
  python3 -m json.tool --sort-keys --indent 2 "${file%.bicepparam}.snapshot.json" "$work/snapshots/$name.snapshot.json"
done

if [[ ${1:-} == --check ]]; then
  rc=0
  while read -r file; do
    diff -u "$file" "$work/$file" || rc=1
  done < <(find bicep -name '*.bicep' -o -name '*.bicepparam')
  for file in "$work"/arm/*; do diff -u "infra/arm/$(basename "$file")" "$file" || rc=1; done
  for file in "$work"/snapshots/*; do diff -u "bicep/params/$(basename "$file")" "$file" || rc=1; done
  ((rc == 0)) || die "this is not what the compiler makes: run \`make arm\`, read the difference, and commit it."
else
  (cd "$work" && find bicep -name '*.bicep' -o -name '*.bicepparam') |
    while read -r file; do cmp -s "$file" "$work/$file" || cp "$work/$file" "$file"; done
  install -m 0644 "$work"/arm/* infra/arm/
  install -m 0644 "$work"/snapshots/* bicep/params/
fi
