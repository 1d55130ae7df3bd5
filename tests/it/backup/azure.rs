//! Blob storage refuses, is away, or holds something of that name.

use freehold::azure::Azure;
use freehold::backup::{BackupError, Backups};
use freehold::base::SystemClock;
use freehold::config::{BackupPlace, Platform, Settings};
use freehold::server::egress;
use freehold::store::{SqliteOptions, Store};

use crate::support::azure::{Cloud, Script};
use crate::support::azurite::Azurite;
use crate::support::{backend, on_postgres};

/// A handle with the ways out of these settings.
fn azure(settings: &Settings, cloud: &Cloud) -> Azure {
    let azure = cloud.azure(cloud.machine());
    let ways = egress::ways(settings, &cloud.machine());
    azure.outbound().allow(ways);
    azure
}

/// Backups of an empty store in `folder`.
async fn backups(folder: &std::path::Path, to: &str, cloud: &Cloud) -> Backups {
    let mut settings = Settings::default();
    settings.store.data = folder.to_owned();
    settings.backup.to = Some(to.parse::<BackupPlace>().unwrap());
    let clock = std::sync::Arc::new(SystemClock);
    let store = Store::open_sqlite(SqliteOptions::new(folder), clock)
        .await
        .unwrap();
    let keys = backend::keys(&store, folder).await;
    Backups::new(&settings, &azure(&settings, cloud), (store, keys))
}

#[tokio::test]
async fn a_container_that_is_not_there_and_a_token_that_is_not_taken_are_named() {
    if on_postgres() {
        return;
    }
    let cloud = Cloud::start();
    let azurite = Azurite::start(&cloud, "backups").await;
    let folder = tempfile::tempdir().unwrap();
    let missing = azurite.container.replace("backups", "misspelt");
    let backups_there = backups(folder.path(), &missing, &cloud).await;
    let error = backups_there.make(|_| ()).await.unwrap_err().to_string();
    assert!(
        error.contains("make the container") && error.contains("misspelt"),
        "{error}"
    );
    let failed = backups_there.status().failed.unwrap().1;
    assert!(failed.contains("make the container"), "{failed}");

    let folder = tempfile::tempdir().unwrap();
    let backups = backups(folder.path(), &azurite.container, &cloud).await;
    // Tokens that were given are forgotten by who checks them: a new one is fetched, once.
    backups.make(|_| ()).await.unwrap();
    cloud.change(Script::forget_tokens);
    backups.make(|_| ()).await.unwrap();
    cloud.change(|script| {
        script.forget_tokens();
        script.lifetime_secs = -1;
    });
    let error = backups.make(|_| ()).await.unwrap_err();
    assert!(matches!(error, BackupError::Place { .. }), "{error}");
    assert!(
        error
            .to_string()
            .contains("a role that reads, lists and adds blobs"),
        "{error}"
    );
    assert!(backups.status().last_success.is_some());
    cloud.change(|script| script.lifetime_secs = 3600);
    backups.make(|_| ()).await.unwrap();
    assert!(backups.status().failed.is_none());
}

#[tokio::test]
async fn what_is_at_the_place_is_not_written_over() {
    if on_postgres() {
        return;
    }
    let cloud = Cloud::start();
    let azurite = Azurite::start(&cloud, "backups").await;
    let folder = tempfile::tempdir().unwrap();
    let backups = backups(folder.path(), &azurite.container, &cloud).await;
    let taken = backups.make(|_| ()).await.unwrap();
    // The same commit once more, as somebody would who had the role: the condition refuses it.
    let container = azurite.container.parse::<BackupPlace>().unwrap();
    let BackupPlace::Container(container) = container else {
        panic!("it is a container");
    };
    let mut settings = Settings::default();
    settings.backup.to = Some(azurite.container.parse().unwrap());
    let azure = azure(&settings, &cloud);
    let url = format!("{}/data/{}.fhb?comp=blocklist", azurite.container, taken.id);
    let list = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList></BlockList>";
    let request = http::Request::put(url).header("if-none-match", "*");
    let request = request.body(list.as_bytes().to_vec()).unwrap();
    let answer = azure.ask_storage(&container, request).await.unwrap();
    assert_eq!(answer.status().as_u16(), 409);
}

#[test]
fn where_backups_go_is_among_the_ways_out() {
    let mut settings = Settings::default();
    assert!(egress::ways(&settings, &Platform::default()).is_empty());
    let place = |name: &str| format!("https://{name}.blob.core.windows.net/freehold").parse();
    settings.backup.to = Some(place("work").unwrap());
    settings.backup.keys_to = Some(place("keys").unwrap());
    let ways = egress::ways(&settings, &Platform::default());
    for (host, setting) in [
        ("work.blob.core.windows.net", "backup.to"),
        ("keys.blob.core.windows.net", "backup.keys_to"),
    ] {
        let mut of_host = ways.iter().filter(|way| way.host == host);
        let way = of_host.next().unwrap();
        assert_eq!((way.port, way.setting.as_str()), (443, setting));
    }
    let tokens = "the platform's identity: tokens for Blob storage";
    assert!(ways.iter().any(|way| way.reason == tokens), "{ways:?}");
}
