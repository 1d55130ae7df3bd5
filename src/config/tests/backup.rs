//! Where backups may go.

use super::{super::*, refused, with_file};

fn to(place: &str) -> Result<Loaded, String> {
    with_file(format!("[backup]\nto = \"{place}\"\n"))
}

#[test]
fn a_folder_or_a_container_of_a_known_cloud_is_a_place() {
    for place in [
        "file:/mnt/backups",
        "https://work.blob.core.windows.net/freehold",
        "https://work.blob.core.windows.net/freehold/a/b",
        "https://work.z12.blob.storage.azure.net/freehold",
        "https://work.blob.core.usgovcloudapi.net/freehold",
        "http://127.0.0.1:10000/devstoreaccount1/freehold/a",
    ] {
        let settings = to(place).unwrap().settings;
        assert_eq!(settings.backup.to.unwrap().to_string(), place);
    }
}

#[test]
fn what_is_no_place_is_refused_with_how_to_write_one() {
    for place in [
        "/mnt/backups",
        "backups",
        "https://work.blob.core.windows.net/",
        "https://work.blob.core.windows.net/Upper",
        "https://work.blob.core.windows.net/freehold?sv=2023&sig=secret",
        "http://work.blob.core.windows.net/freehold",
    ] {
        refused(
            to(place),
            &["f.toml:2:", "`file:/mnt/backups` for a folder"],
        );
    }
    refused(to("file:backups"), &["the whole path of the folder"]);
    for host in [
        "work.example.org",
        "evilblob.core.windows.net",
        "blob.core.windows.net",
    ] {
        let foreign = format!("https://{host}/freehold");
        refused(to(&foreign), &["no Blob storage of a known cloud"]);
    }
}

#[test]
fn a_token_is_for_the_account_alone_and_its_host_is_listed() {
    let settings = to("https://work.blob.core.windows.net/freehold/a")
        .unwrap()
        .settings;
    let at = match settings.backup.to.clone().unwrap() {
        BackupPlace::Container(at) => Some(at),
        BackupPlace::Folder(_) => None,
    };
    let at = at.unwrap();
    assert_eq!(at.resource(), "https://work.blob.core.windows.net");
    let parts = (at.account.as_str(), at.name.as_str(), at.prefix.as_str());
    assert_eq!(parts, ("work", "freehold", "a"));
    let hosts = settings.backup_hosts();
    assert_eq!(
        hosts.first().unwrap().1.as_str(),
        "https://work.blob.core.windows.net/"
    );
    assert!(
        to("file:/mnt/backups")
            .unwrap()
            .settings
            .backup_hosts()
            .is_empty()
    );
}

#[test]
fn settings_that_would_lose_what_they_promise_are_refused() {
    let keys = "[backup]\nkeys_to = \"file:/mnt/keys\"\n".to_owned();
    refused(with_file(keys), &["f.toml:2:", "restores nothing"]);
    let within = "[store]\ndata = \"/srv/data\"\n[backup]\nto = \"file:/srv/data/backups\"\n";
    refused(with_file(within), &["f.toml:4:", "on another disk"]);
    let postgres = "[store]\nbackend = \"postgres\"\n[store.postgres]\nhost = \"db\"\n\
                    [backup]\nto = \"file:/mnt/backups\"\n";
    refused(with_file(postgres), &["f.toml:6:", "point-in-time"]);
}
