//! What an operator does about a refusal: the command or the portal field. Pure.

use http::StatusCode;

use super::Source;
use crate::config::Item;

/// What to do about a refusal of Key Vault, by its code.
pub(super) fn key_vault(item: &Item, is_key: bool, status: StatusCode, code: &str) -> String {
    let (vault, name) = (item.vault_name(), &item.name);
    let (kind, role, permissions) = if is_key {
        let role = "Key Vault Crypto Service Encryption User";
        ("key", role, "--key-permissions get wrapKey unwrapKey")
    } else {
        let role = "Key Vault Secrets User";
        ("secret", role, "--secret-permissions get")
    };
    match (status, code) {
        (StatusCode::UNAUTHORIZED, _) => format!(
            "it does not take the token: the vault is perhaps in another tenant than the identity; \
             compare `az keyvault show --name {vault} --query properties.tenantId` with the tenant of \
             the identity"
        ),
        (_, "ForbiddenByFirewall") => format!(
            "its network rules keep this machine out: `az keyvault network-rule add --name {vault} \
             --subnet SUBNET-ID`, or a private endpoint (portal: the vault, Networking)"
        ),
        (_, "KeyDisabled" | "SecretDisabled") => format!(
            "it is disabled: `az keyvault {kind} set-attributes --vault-name {vault} --name {name} \
             --enabled true`"
        ),
        (_, "KeyOperationForbidden") => format!(
            "the key may not do this: `az keyvault key set-attributes --vault-name {vault} --name \
             {name} --ops wrapKey unwrapKey`"
        ),
        (StatusCode::FORBIDDEN, _) => format!(
            "give the identity the role: `az role assignment create --role \"{role}\" \
             --assignee-object-id OBJECT-ID --assignee-principal-type ServicePrincipal --scope \
             $(az keyvault show --name {vault} --query id -o tsv)` (portal: the vault, Access control \
             (IAM)); a vault with access policies: `az keyvault set-policy --name {vault} --object-id \
             OBJECT-ID {permissions}`; a new role takes up to ten minutes"
        ),
        (StatusCode::NOT_FOUND, _) if is_key => format!(
            "see `az keyvault key list --vault-name {vault}`; make it with `az keyvault key create \
             --vault-name {vault} --name {name} --kty RSA --size 3072 --ops wrapKey unwrapKey`; one \
             that was deleted comes back with `az keyvault key recover --vault-name {vault} --name \
             {name}`"
        ),
        (StatusCode::NOT_FOUND, _) => format!(
            "see `az keyvault secret list --vault-name {vault}`; make it with `az keyvault secret \
             set --vault-name {vault} --name {name} --file FILE`; one that was deleted comes back with \
             `az keyvault secret recover --vault-name {vault} --name {name}`"
        ),
        (StatusCode::BAD_REQUEST, _) if is_key => format!(
            "the key has to be of the type RSA or RSA-HSM, and the version that wrapped has to be \
             there: `az keyvault key list-versions --vault-name {vault} --name {name}`"
        ),
        _ => format!("see the vault {vault} in the portal, Diagnose and solve problems"),
    }
}

/// What to do about a refusal of an identity endpoint that said `told`.
pub(super) fn identity(source: &Source, told: &str, client: Option<&str>) -> String {
    match source {
        Source::Workload { client, .. } => entra(told, client).unwrap_or_else(|| {
            format!("see the sign-in logs of the application {client} in the portal")
        }),
        Source::Endpoint(_) | Source::Machine(_) => {
            let which = client.map_or_else(
                || {
                    "it has none that the system assigned; with one of your own set azure.client_id"
                        .to_owned()
                },
                |client| {
                    format!(
                        "azure.client_id or AZURE_CLIENT_ID names {client}; is that assigned here?"
                    )
                },
            );
            format!(
                "give this machine or application an identity (portal: its page Identity; `az vm \
                 identity assign`, `az containerapp identity assign`): {which}"
            )
        }
    }
}

/// What to do about an error of Entra's token endpoint, by its number (AADSTS…), for the application
/// `client`; nothing when the number is not known here.
#[must_use]
pub fn entra(told: &str, client: &str) -> Option<String> {
    let number = told.split("AADSTS").nth(1)?;
    let number: String = number.chars().take_while(char::is_ascii_digit).collect();
    let list = format!("`az ad app federated-credential list --id {client}`");
    let advice = match number.as_str() {
        "700211" => format!(
            "no federated credential has the issuer of the token: compare {list} with the issuer \
             that `freehold doctor` shows (in AKS: `az aks show --query \
             oidcIssuerProfile.issuerUrl`), letter for letter"
        ),
        "700212" => format!(
            "no federated credential has the audience of the token: {list} has to say \
             api://AzureADTokenExchange, and so does what `freehold doctor` shows"
        ),
        "700213" | "70021" => format!(
            "no federated credential has the subject of the token: compare {list} with the subject \
             that `freehold doctor` shows, letter for letter; `freehold entra-manifest` prints the \
             right one"
        ),
        "700024" | "700025" => {
            "the token is expired or not valid yet: set this machine's clock, and \
                                see that the platform renews the token"
                .to_owned()
        }
        "50013" | "5001320" => format!(
            "the token's signature does not fit the keys of its issuer: the issuer's discovery \
             document has to be readable from the internet; compare {list}"
        ),
        "700016" | "90002" => format!(
            "there is no application {client} in this tenant: compare client id and tenant with the \
             overview page of the registration"
        ),
        "7000215" | "7000222" => format!(
            "the client secret is wrong or expired: make a new one (portal: Certificates & secrets), \
             or use none: `az ad app federated-credential create --id {client}`"
        ),
        "700027" => format!(
            "the certificate or key that signs is not registered with the application: `az ad app \
             credential list --id {client} --cert`"
        ),
        "50011" => {
            "the redirect URI is not registered: `freehold entra-manifest` prints all of them"
                .to_owned()
        }
        _ => return None,
    };
    Some(advice)
}
