//! Tokens of the platform's identity, from each place that gives them.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use freehold::azure::{Azure, Claims, Source, TokenError};
use freehold::base::ManualClock;
use freehold::config::{self, Platform, PlatformIdentity};
use freehold::outbound::Outbound;

use crate::support::azure::{CLIENT, Cloud, EXCHANGE, SUBJECT, Script};

type Change = fn(&mut Script);

const VAULT: &str = "https://vault.azure.net";

/// A cloud whose time stands still until it is moved.
fn cloud() -> (Cloud, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new("2026-11-25T10:00:00Z".parse().unwrap()));
    (Cloud::at(clock.clone()), clock)
}

/// The file that AKS writes; its folder has to be kept.
fn token_file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("azure-identity-token");
    std::fs::write(&file, text).unwrap();
    (folder, file)
}

#[tokio::test]
async fn a_machine_asks_imds_and_says_metadata_true() {
    let (cloud, _) = cloud();
    let azure = cloud.azure(cloud.machine());
    let token = azure.token(VAULT).await.unwrap();
    assert!(token.expose().starts_with("access-"));
    assert_eq!(format!("{token:?}"), "Token(…)");
    assert!(matches!(azure.source().unwrap(), Source::Machine(_)));
    let way = azure.identity_way("a test").unwrap();
    assert_eq!(format!("http://{}", way.address()), cloud.url);
    assert_eq!(way.setting, "azure.identity");
}

#[tokio::test]
async fn a_container_app_asks_the_identity_endpoint_with_its_header() {
    let (cloud, _) = cloud();
    let azure = cloud.azure(cloud.container_app());
    azure.token(VAULT).await.unwrap();
    assert!(matches!(azure.source().unwrap(), Source::Endpoint(_)));
    let mut wrong = cloud.container_app();
    wrong.identity_header = Some("another".to_owned().into());
    let error = cloud.azure(wrong).token(VAULT).await.unwrap_err();
    assert!(error.to_string().contains("(401"), "{error}");
}

#[tokio::test]
async fn a_pod_exchanges_the_token_of_its_service_account_at_entra() {
    let (cloud, _) = cloud();
    let (_folder, file) = token_file(&cloud.change(|script| script.service_account_token()));
    let azure = cloud.azure(cloud.pod(&file));
    assert!(
        azure
            .token(VAULT)
            .await
            .unwrap()
            .expose()
            .starts_with("access-")
    );
    let assertion = azure.assertion(EXCHANGE).await.unwrap();
    let claims = Claims::of(assertion.expose()).unwrap();
    assert_eq!(
        (claims.subject.as_str(), claims.audience.as_str()),
        (SUBJECT, EXCHANGE)
    );
}

#[tokio::test]
async fn entra_refuses_each_wrong_assertion_and_the_message_says_what_to_compare() {
    let (cloud, clock) = cloud();
    let cases: [(Change, &str, &str); 5] = [
        (
            |s| s.federated[0].issuer = "https://other/".to_owned(),
            "AADSTS700211",
            "the issuer of the token",
        ),
        (
            |s| s.federated[0].subject = "other".to_owned(),
            "AADSTS700213",
            "the subject of the token",
        ),
        (
            |s| s.federated[0].audience = "other".to_owned(),
            "AADSTS700212",
            "api://AzureADTokenExchange",
        ),
        (
            |s| s.cluster = crate::support::azure::jwt::Issuer::new(&s.cluster.name.clone()),
            "AADSTS50013",
            "does not fit the keys of its issuer",
        ),
        (|_| {}, "AADSTS700024", "clock"),
    ];
    for (change, number, advice) in cases {
        let token = cloud.change(|script| script.service_account_token());
        let (_folder, file) = token_file(&token);
        let federated = cloud.change(|script| {
            let before = script.federated.clone();
            change(script);
            before
        });
        if number == "AADSTS700024" {
            clock.advance(2 * 3600);
        }
        let error = cloud
            .azure(cloud.pod(&file))
            .token(VAULT)
            .await
            .unwrap_err();
        let told = error.to_string();
        assert!(told.contains(number) && told.contains(advice), "{told}");
        assert!(!told.contains(&token), "a token is in a message");
        cloud.change(|script| script.federated = federated);
    }
}

#[tokio::test]
async fn a_token_is_kept_until_five_minutes_before_it_expires() {
    let (cloud, clock) = cloud();
    let azure = cloud.azure(cloud.machine());
    let first = azure.token(VAULT).await.unwrap();
    clock.advance(3600 - 301);
    let same = azure.token(VAULT).await.unwrap();
    assert_eq!(first.expose(), same.expose());
    clock.advance(1);
    let next = azure.token(VAULT).await.unwrap();
    assert_ne!(first.expose(), next.expose());
    assert_eq!(cloud.asked("/metadata/"), 2);
    let other = azure.token("https://graph.microsoft.com").await.unwrap();
    assert_ne!(
        other.expose(),
        next.expose(),
        "each resource has a token of its own"
    );
}

#[tokio::test]
async fn a_token_goes_on_until_it_expires_when_no_new_one_can_be_had() {
    let (cloud, clock) = cloud();
    let azure = cloud.azure(cloud.machine());
    let first = azure.token(VAULT).await.unwrap();
    cloud.change(|script| script.identity_refuses.extend([400; 8]));
    clock.advance(3600 - 60);
    assert_eq!(azure.token(VAULT).await.unwrap().expose(), first.expose());
    clock.advance(60);
    azure.token(VAULT).await.unwrap_err();
}

#[tokio::test]
async fn who_waits_for_the_same_token_waits_for_one_request() {
    let (cloud, clock) = cloud();
    let azure = cloud.azure(cloud.machine());
    let fetched = std::sync::atomic::AtomicUsize::new(0);
    let ask = || async {
        azure.token(VAULT).await.unwrap();
        fetched.fetch_add(1, Ordering::Relaxed);
    };
    futures_util::future::join_all((0..20).map(|_| ask())).await;
    assert_eq!((fetched.into_inner(), cloud.asked("/metadata/")), (20, 1));
    // A failure is shared as well.
    cloud.change(|script| script.identity_refuses.extend([400; 40]));
    clock.advance(3600);
    let failing = (0..20).map(|_| azure.token(VAULT));
    let all = futures_util::future::join_all(failing).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(cloud.asked("/metadata/"), 2);
    cloud.change(|script| script.identity_refuses.clear());
    clock.advance(5);
    azure.token(VAULT).await.unwrap();
}

#[tokio::test]
async fn an_identity_endpoint_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    let (cloud, _) = cloud();
    cloud.change(|script| script.identity_refuses.extend([404, 410, 429, 500]));
    cloud.azure(cloud.machine()).token(VAULT).await.unwrap();
    assert_eq!(cloud.asked("/metadata/"), 5);
    cloud.change(|script| script.identity_refuses.extend([503; 5]));
    let error = cloud.azure(cloud.machine()).token(VAULT).await.unwrap_err();
    assert!(error.to_string().contains("503"), "{error}");
    assert_eq!(cloud.asked("/metadata/"), 10);
    let mut platform = cloud.machine();
    platform.client_id = Some("00000000-0000-0000-0000-000000000000".to_owned());
    let error = cloud.azure(platform).token(VAULT).await.unwrap_err();
    let told = error.to_string();
    assert!(
        told.contains("Identity not found") && told.contains("az vm identity assign"),
        "{told}"
    );
    assert_eq!(cloud.asked("/metadata/"), 11);
}

#[tokio::test]
async fn the_configuration_chooses_the_identity_and_its_client_id() {
    let (cloud, _) = cloud();
    let (_folder, file) = token_file("a token");
    let both = Platform {
        imds_host: cloud.machine().imds_host,
        ..cloud.pod(&file)
    };
    let with = |identity, client_id: Option<&str>, platform: &Platform| {
        let settings = config::Azure {
            identity,
            client_id: client_id.map(str::to_owned),
            ..config::Azure::default()
        };
        let clock = Arc::new(freehold::base::SystemClock);
        Azure::new(&settings, platform.clone(), Outbound::default(), clock)
    };
    let auto = with(PlatformIdentity::Auto, None, &both);
    assert!(matches!(auto.source(), Ok(Source::Workload { client, .. }) if client == CLIENT));
    let own = with(PlatformIdentity::Auto, Some("another"), &both);
    assert!(matches!(own.source(), Ok(Source::Workload { client, .. }) if client == "another"));
    let managed = with(PlatformIdentity::Managed, None, &both);
    assert!(matches!(managed.source(), Ok(Source::Machine(_))));
    let absent = with(PlatformIdentity::Workload, None, &Platform::default());
    let error = absent.source().unwrap_err();
    assert!(matches!(error, TokenError::NotOffered));
    assert!(error.to_string().contains("azure.workload.identity/use"));
    let nothing = with(PlatformIdentity::Auto, None, &Platform::default());
    let source = nothing.source().unwrap();
    assert_eq!(
        source.to_string(),
        "managed identity by IMDS at http://169.254.169.254/"
    );
}
