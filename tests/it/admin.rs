//! Commands beside a running service, and on a folder that nobody serves.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream;
use std::process::Output;

use crate::support::on_postgres;
use crate::support::served::Place;
use crate::web::provider::Provider;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn run(place: &Place, arguments: &[&str]) -> Output {
    place.command(arguments).output().unwrap()
}

#[test]
fn a_token_is_made_listed_and_revoked_beside_a_running_service() {
    let place = Place::new();
    let served = place.serve();
    let create = [
        "token",
        "create",
        "--principal",
        "alice",
        "--scope",
        "caldav",
    ];
    let unknown = run(&place, &create);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("--create"), "{unknown:?}");
    assert!(unknown.stdout.is_empty());

    let made = run(
        &place,
        &[&create[..], &["--create", "--label", "phone"]].concat(),
    );
    assert!(made.status.success(), "{made:?}");
    let token = text(&made.stdout);
    assert!(
        token.starts_with("fh_cal_") && token.lines().count() == 1,
        "{token}"
    );
    assert!(text(&made.stderr).contains("made the principal alice (member)"));
    assert!(
        !served.said().contains(token.trim()),
        "no secret in the log"
    );

    let list = ["token", "list", "--principal", "alice"];
    let listed = text(&run(&place, &list).stdout);
    assert!(
        listed.contains("phone") && listed.contains("caldav"),
        "{listed}"
    );
    let id = listed.split('\t').next().unwrap();
    assert!(run(&place, &["token", "revoke", id]).status.success());
    assert!(run(&place, &list).stdout.is_empty());
    let other = "01890a5d-ac96-774b-bcce-b302099a8057";
    let unknown = run(&place, &["token", "revoke", other]);
    assert!(text(&unknown.stderr).contains("token list"), "{unknown:?}");
}

#[test]
fn the_same_commands_work_when_nobody_serves() {
    let place = Place::new();
    place.serve().terminate();
    let token = place.token("alice", "api");
    assert!(token.starts_with("fh_api_"));
    let verified = run(&place, &["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
    assert!(text(&verified.stdout).contains("whole"));
}

#[test]
fn the_chain_is_verified_beside_a_running_service() {
    let place = Place::new();
    let _served = place.serve();
    let verified = run(&place, &["audit", "verify"]);
    assert!(verified.status.success(), "{verified:?}");
    assert!(
        text(&verified.stdout).contains("whole: 2 entries"),
        "{verified:?}"
    );
}

#[test]
fn the_socket_is_its_owners_alone_and_goes_with_the_service() {
    if on_postgres() {
        return;
    }
    let place = Place::new();
    let path = place.folder.path().join("admin.sock");
    let served = place.serve();
    let found = std::fs::metadata(&path).unwrap();
    assert!(found.file_type().is_socket());
    assert_eq!(found.permissions().mode() & 0o777, 0o600);
    let (status, _) = served.terminate();
    assert!(status.success() && !path.exists());

    // One that a killed service left behind is replaced.
    place.serve().kill();
    assert!(path.exists());
    place.token("alice", "caldav");
    let _served = place.serve();
    place.token("alice", "caldav");
}

#[test]
fn what_is_no_command_is_refused_and_harms_nobody() {
    if on_postgres() {
        return;
    }
    let place = Place::new();
    let served = place.serve();
    let said = |line: &str| {
        let mut socket = UnixStream::connect(place.data.join("admin.sock")).unwrap();
        socket.write_all(line.as_bytes()).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        answer
    };
    let other = said("{\"version\":\"0.0.1\",\"command\":\"audit_verify\"}\n");
    assert!(
        other.contains("failed") && other.contains("restart the service"),
        "{other}"
    );
    let version = env!("CARGO_PKG_VERSION");
    let unknown = said(&format!(
        "{{\"version\":\"{version}\",\"command\":\"destroy\"}}\n"
    ));
    assert!(unknown.contains("failed"), "{unknown}");
    assert!(said("").contains("failed"));
    assert!(said("not even json\n").contains("failed"));
    place.token("alice", "caldav");
    assert!(served.terminate().0.success());
}

#[test]
fn a_folder_with_a_long_name_has_a_socket_too() {
    if on_postgres() {
        return;
    }
    let mut place = Place::new();
    let deep = "a-name-of-thirty-characters-aaa/".repeat(5);
    place.data = place.folder.path().join(deep);
    let _served = place.serve();
    assert!(place.token("alice", "caldav").starts_with("fh_cal_"));
}

#[test]
fn a_folder_without_a_database_is_not_made_by_a_command() {
    if on_postgres() {
        return;
    }
    let place = Place::new();
    let refused = run(
        &place,
        &[
            "token",
            "create",
            "--principal",
            "a",
            "--scope",
            "api",
            "--create",
        ],
    );
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains("check --data"),
        "{refused:?}"
    );
    assert_eq!(std::fs::read_dir(place.folder.path()).unwrap().count(), 0);
}

#[test]
fn a_healthcheck_asks_the_service_itself() {
    let place = Place::new();
    let served = place.serve();
    let address = served.url.strip_prefix("http://").unwrap().to_owned();
    let ready = run(&place, &["healthcheck", "--listen", &address]);
    assert!(ready.status.success(), "{ready:?}");
    assert!(
        text(&ready.stdout).starts_with("ok\nstore: ok"),
        "{ready:?}"
    );
    let alive = run(&place, &["healthcheck", "--alive", "--listen", &address]);
    assert_eq!(text(&alive.stdout), "ok\n", "{alive:?}");
    served.terminate();
    for asked in [&["healthcheck"][..], &["healthcheck", "--alive"]] {
        let gone = run(&place, &[asked, &["--listen", &address]].concat());
        assert_eq!(gone.status.code(), Some(1));
        assert!(
            text(&gone.stderr).contains("is the service running"),
            "{gone:?}"
        );
    }
}

#[test]
fn the_doctor_says_what_is_and_what_to_do() {
    let place = Place::new();
    let before = run(&place, &["doctor"]);
    if !on_postgres() {
        assert!(before.status.success(), "{before:?}");
        assert!(text(&before.stdout).contains("the first `freehold serve` makes it"));
    }
    let served = place.serve();
    let key = place.folder.path().join("keys/kek.key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    let found = run(&place, &["doctor"]);
    let said = text(&found.stdout);
    assert!(
        said.contains("warn  key file") && said.contains("chmod 600"),
        "{said}"
    );
    if !on_postgres() {
        assert!(
            said.contains("ok    service        running on this folder"),
            "{said}"
        );
    }
    served.terminate();

    std::fs::write(&key, "freehold-kek-1 AAAA").unwrap();
    let broken = run(&place, &["doctor"]);
    assert_eq!(broken.status.code(), Some(1), "{broken:?}");
    assert!(text(&broken.stdout).contains("FAIL  service"), "{broken:?}");

    std::fs::write(place.folder.path().join("bad.toml"), "nonsense = 1").unwrap();
    let unread = run(&place, &["doctor", "--config", "bad.toml"]);
    assert_eq!(unread.status.code(), Some(1));
    assert!(
        text(&unread.stdout).contains("FAIL  configuration"),
        "{unread:?}"
    );
}

#[test]
fn the_doctor_asks_the_sign_in_providers() {
    let mut place = Place::new();
    let provider = Provider::start();
    let mut configure = |issuer: &str| {
        let one = format!(r#"[{{id="work", issuer="{issuer}", client_id="freehold"}}]"#);
        let key = "FREEHOLD__IDENTITY__PROVIDERS".to_owned();
        place.environment.push((key, one));
        let found = run(&place, &["doctor"]);
        text(&found.stdout)
    };
    let said = configure(&provider.issuer);
    assert!(
        said.contains("ok    sign-in        the provider work answers"),
        "{said}"
    );
    // Its documents say that it is called otherwise.
    let said = configure(&provider.issuer.replace("127.0.0.1", "localhost"));
    assert!(
        said.contains("FAIL  sign-in") && said.contains("letter for letter"),
        "{said}"
    );
    let said = configure("http://127.0.0.1:1");
    assert!(
        said.contains("FAIL  sign-in        the provider work cannot be used"),
        "{said}"
    );
}

#[test]
fn s04_the_doctor_says_what_is_not_part_of_a_client_secret_and_does_not_show_it() {
    let mut place = Place::new();
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cases");
    for (file, words) in [
        ("S04-secret.txt", "a line break behind it is"),
        (
            "S04-secret-crlf.txt",
            "a byte order mark before it and a line break",
        ),
        ("none.txt", "cannot be read"),
    ] {
        let one = format!(
            r#"[{{id="work", issuer="http://127.0.0.1:1", client_id="f", client_secret="file:{cases}/{file}"}}]"#
        );
        let key = "FREEHOLD__IDENTITY__PROVIDERS".to_owned();
        place.environment.push((key, one));
        let said = text(&run(&place, &["doctor"]).stdout);
        assert!(said.contains(words), "{said}");
        assert!(!said.contains("%2Fc"), "{said}");
    }
}
