//! `freehold entra-manifest`, and the script that gives it to `az`.
//!
//! The script is run against an `az` of this test, which shows only that its arguments have the shape
//! that `az` documents; what Microsoft Graph makes of them only a tenant can show.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{pod, run};
use crate::support::azure::{Cloud, EXCHANGE, SUBJECT, TENANT};
use crate::support::served::Place;

fn printed(place: &Place, more: &[&str]) -> Value {
    let arguments = [&["entra-manifest"], more].concat();
    let (good, said, errors) = run(place, &arguments);
    assert!(good, "{errors}");
    serde_json::from_str(&said).unwrap()
}

#[test]
fn it_names_every_address_role_claim_and_permission() {
    let cloud = Cloud::start();
    let all = printed(&pod(&cloud), &[]);
    let application = &all["application"];
    let web = &application["web"];
    assert_eq!(
        web["redirectUris"],
        json!([
            "https://calendar.example.org/auth/callback",
            "https://calendar.example.org/sign-in",
        ])
    );
    let logout = "https://calendar.example.org/auth/front-channel-logout";
    assert_eq!(web["logoutUrl"], logout);
    assert_eq!(application["signInAudience"], "AzureADMyOrg");
    let roles = application["appRoles"].as_array().unwrap();
    let role = |role: &Value| {
        let text = |name: &str| role[name].as_str().unwrap().to_owned();
        (text("value"), text("id"))
    };
    let expected = ["member", "custodian", "administrator", "auditor"];
    let ids = (1..).map(|n| format!("9b2f7a52-3c0e-4a7d-8d0e-5a4d6f0c1e0{n}"));
    let expected: Vec<_> = expected.into_iter().map(str::to_owned).zip(ids).collect();
    let found: Vec<_> = roles.iter().map(role).collect();
    assert_eq!(
        found, expected,
        "assignments in a tenant refer to these ids"
    );
    let claims = json!([{ "name": "sid" }, { "name": "auth_time" }]);
    assert_eq!(application["optionalClaims"]["idToken"], claims);
    let access = &application["requiredResourceAccess"][0];
    assert_eq!(access["resourceAccess"].as_array().unwrap().len(), 3);
    let issuer = cloud.change(|script| script.cluster.name.clone());
    let trusted = &all["federatedIdentityCredential"];
    assert_eq!(
        (
            &trusted["issuer"],
            &trusted["subject"],
            &trusted["audiences"]
        ),
        (&json!(issuer), &json!(SUBJECT), &json!([EXCHANGE])),
        "of the token that the platform gives"
    );
}

#[test]
fn the_trusted_token_may_be_named_and_without_one_the_application_is_still_printed() {
    let mut place = pod(&Cloud::start());
    let named = ["--issuer", "https://i/", "--subject", "s"];
    let part = ["--part", "federated-credential"];
    let trusted = printed(&place, &[&part[..], &named].concat());
    assert_eq!(
        (&trusted["issuer"], &trusted["subject"]),
        (&json!("https://i/"), &json!("s"))
    );
    std::fs::remove_file(place.folder.path().join("token")).unwrap();
    let all = printed(&place, &[]);
    assert!(all["application"].is_object() && all["federatedIdentityCredential"].is_null());
    let (good, _, errors) = run(
        &place,
        &["entra-manifest", "--part", "federated-credential"],
    );
    assert!(
        !good && errors.contains("name --issuer and --subject"),
        "{errors}"
    );
    place
        .environment
        .retain(|(name, _)| !name.ends_with("PUBLIC_URL"));
    let (good, _, errors) = run(&place, &["entra-manifest"]);
    assert!(
        !good && errors.contains("server.public_url is not set"),
        "{errors}"
    );
}

/// An `az` that writes down what it is asked, and knows `known` applications of the name.
fn register(known: usize, more: &[&str]) -> (bool, String, Vec<String>) {
    let place = pod(&Cloud::start());
    let bin = place.folder.path().join("bin");
    std::fs::create_dir(&bin).unwrap();
    let asked = place.folder.path().join("asked");
    let az = format!(
        "#!/bin/sh\n\
         echo \"$*\" >>{asked}\n\
         for word; do case $word in @*) cat \"${{word#@}}\" >>{asked}.bodies ;; esac; done\n\
         case \"$*\" in\n\
         'ad app list'*) for one in $(seq {known}); do echo object-$one; done ;;\n\
         'rest --method POST'*) echo object-new ;;\n\
         'ad app show'*) echo client-1 ;;\n\
         'ad sp show'*) exit 3 ;;\n\
         'account show'*) echo {TENANT} ;;\n\
         esac\n",
        asked = asked.display()
    );
    let file = bin.join("az");
    std::fs::write(&file, az).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("infra/entra/register.sh");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new(script)
        .args(more)
        .envs(place.environment.iter().cloned())
        .env("PATH", path)
        .env("FREEHOLD", env!("CARGO_BIN_EXE_freehold"))
        .current_dir(place.folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned()
        + &String::from_utf8_lossy(&output.stderr);
    let asked = std::fs::read_to_string(&asked).unwrap_or_default();
    let lines = asked.lines().map(str::to_owned).collect();
    (output.status.success(), said, lines)
}

#[test]
fn the_script_makes_the_registration_and_the_federated_credential() {
    let (good, said, asked) = register(0, &[]);
    assert!(good, "{said}");
    let graph = "https://graph.microsoft.com/v1.0/applications";
    for (line, part) in [
        (
            0,
            "ad app list --filter displayName eq 'Freehold' --query [].id".to_owned(),
        ),
        (
            1,
            format!(
                "rest --method POST --url {graph} --headers Content-Type=application/json --body @"
            ),
        ),
        (
            2,
            "ad app show --id object-new --query appId --output tsv".to_owned(),
        ),
        (3, "ad sp show --id client-1".to_owned()),
        (4, "ad sp create --id client-1".to_owned()),
        (
            5,
            "ad app federated-credential list --id object-new --query [?name=='freehold'].id"
                .to_owned(),
        ),
        (
            6,
            "ad app federated-credential create --id object-new --parameters @".to_owned(),
        ),
        (7, "account show --query tenantId --output tsv".to_owned()),
    ] {
        assert!(asked[line].starts_with(&part), "{part}: {asked:#?}");
    }
    assert_eq!(asked.len(), 8, "{asked:#?}");
    for line in [
        format!("tenants = [\"{TENANT}\"]"),
        "client_id = \"client-1\"".to_owned(),
        "client_authentication = \"azure-identity\"".to_owned(),
    ] {
        assert!(said.contains(&line), "{line}: {said}");
    }
}

#[test]
fn the_script_brings_one_up_to_date_and_chooses_among_several_by_no_guess() {
    let (good, said, asked) = register(1, &["--name", "O'Neil"]);
    assert!(good, "{said}");
    assert!(asked[0].contains("displayName eq 'O''Neil'"), "{asked:#?}");
    let patch = "rest --method PATCH --url https://graph.microsoft.com/v1.0/applications/object-1 ";
    assert!(asked[1].starts_with(patch), "{asked:#?}");
    let (good, said, asked) = register(2, &[]);
    assert!(
        !good && said.contains("several applications are called Freehold"),
        "{said}"
    );
    assert_eq!(asked.len(), 1, "nothing is changed: {asked:#?}");
    let (good, said, _) = register(0, &["--unknown"]);
    assert!(
        !good && said.contains("unknown argument --unknown"),
        "{said}"
    );
}
