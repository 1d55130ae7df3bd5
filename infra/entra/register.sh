#!/usr/bin/env bash
# Registers this service in Microsoft Entra ID, or brings the registration up to date: what
# `freehold entra-manifest` prints, given to Microsoft Graph by `az`. Nothing is deleted, no secret
# is made. It needs `az login` as somebody who may register applications.
#
#   FREEHOLD="kubectl exec deploy/freehold -- freehold" infra/entra/register.sh
#   infra/entra/register.sh --issuer URL --subject system:serviceaccount:freehold:freehold
#
# Arguments go to `freehold entra-manifest`; --name NAME (default Freehold) also chooses which
# registration is brought up to date. FREEHOLD is the program, with its own arguments.
set -euo pipefail

die() {
  echo "register.sh: $*" >&2
  exit 1
}

name=Freehold
arguments=("$@")
while (($#)); do
  case $1 in
    --name) name=${2:?--name needs a name} && shift ;;
    --issuer | --subject | --config | --data) : "${2:?$1 needs a value}" && shift ;;
    -h | --help) sed -n '2,/^set /s/^# \{0,1\}//p' "$0" && exit 0 ;;
    *) die "unknown argument $1: see --help" ;;
  esac
  shift
done
command -v az >/dev/null || die "az is missing: install the Azure CLI, then run \`az login\`"
read -ra freehold <<<"${FREEHOLD:-freehold}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"${freehold[@]}" entra-manifest --part application "${arguments[@]}" >"$work/application.json"
trusts=yes
"${freehold[@]}" entra-manifest --part federated-credential "${arguments[@]}" >"$work/trusted.json" ||
  trusts=no

graph=https://graph.microsoft.com/v1.0/applications
json=(--headers Content-Type=application/json)
quote="'"
found=$(az ad app list --filter "displayName eq '${name//$quote/$quote$quote}'" --query '[].id' --output tsv)
case $(grep -c . <<<"$found") in
  0)
    object=$(az rest --method POST --url "$graph" "${json[@]}" --body "@$work/application.json" \
      --query id --output tsv)
    ;;
  1)
    object=$found
    az rest --method PATCH --url "$graph/$object" "${json[@]}" --body "@$work/application.json"
    ;;
  *) die "several applications are called $name: rename all but one, or choose another --name" ;;
esac
client=$(az ad app show --id "$object" --query appId --output tsv)
# People and groups are assigned to roles at the service principal.
az ad sp show --id "$client" --output none 2>/dev/null || az ad sp create --id "$client" --output none

if [[ $trusts == yes ]]; then
  present=$(az ad app federated-credential list --id "$object" \
    --query "[?name=='freehold'].id" --output tsv)
  if [[ -n $present ]]; then
    az ad app federated-credential update --id "$object" --federated-credential-id "$present" \
      --parameters "@$work/trusted.json" --output none
  else
    az ad app federated-credential create --id "$object" --parameters "@$work/trusted.json" \
      --output none
  fi
else
  echo "register.sh: no federated credential: run it where the service runs, or name --issuer and --subject" >&2
fi

tenant=$(az account show --query tenantId --output tsv)
cat <<SETTINGS
# For the configuration, under [[identity.providers]]:
type = "entra"
tenants = ["$tenant"]
client_id = "$client"
SETTINGS
[[ $trusts == no ]] || echo 'client_authentication = "azure-identity"'
