//! After the sign-out nothing of a provider's tokens is left: not in memory that the process can
//! write, not in the database, its log, temporary files, or what the program has said (OWASP ASVS 5.0,
//! 7.4.1 and 11.7.2).

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use freehold::base::{Clock as _, ManualClock, SystemClock, random};
use reqwest::Client;
use reqwest::redirect::Policy;
use rustix::process::geteuid;
use serde_json::json;

use crate::support::browser::sign_in;
use crate::support::hostile::{CLIENT, Hostile};
use crate::support::on_postgres;
use crate::support::served::Place;

/// The memory that the process `id` can write, as text.
fn memory(id: u32) -> Vec<String> {
    let maps = File::open(format!("/proc/{id}/maps")).unwrap();
    // Only the superuser may: see the next test.
    let memory = File::open(format!("/proc/{id}/mem")).unwrap();
    let mut all = Vec::new();
    for line in BufReader::new(maps).lines().map_while(Result::ok) {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let at = |text| u64::from_str_radix(text, 16).unwrap();
        let mut bytes = vec![0; usize::try_from(at(to) - at(from)).unwrap()];
        // Some of it goes away while we look.
        if memory.read_exact_at(&mut bytes, at(from)).is_ok() {
            all.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
    all
}

fn files(folder: &Path, all: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().map_while(Result::ok) {
        let path = entry.path();
        if path.is_dir() {
            files(&path, all);
        } else if let Ok(bytes) = std::fs::read(&path) {
            all.push(String::from_utf8_lossy(&bytes).into_owned());
        }
    }
}

fn hits(texts: &[String], needle: &str) -> usize {
    texts.iter().map(|text| text.matches(needle).count()).sum()
}

/// A text that is nowhere else.
fn canary() -> String {
    random::bytes::<16>()
        .map(|byte| format!("{byte:02x}"))
        .concat()
}

/// A place whose people sign in with `provider`; what it writes is in its folder.
fn place_with(provider: &Hostile) -> Place {
    let mut place = Place::new();
    let temporary = place.folder.path().join("tmp");
    std::fs::create_dir(&temporary).unwrap();
    let providers = format!(
        "[{{id=\"work\", issuer=\"{}\", client_id=\"{CLIENT}\"}}]",
        provider.url
    );
    place.environment.extend([
        ("FREEHOLD__IDENTITY__PROVIDERS".to_owned(), providers),
        ("FREEHOLD__LOG__LEVEL".to_owned(), "trace".to_owned()),
        ("TMPDIR".to_owned(), temporary.display().to_string()),
    ]);
    place
}

#[tokio::test]
async fn after_the_sign_out_nothing_of_the_tokens_is_left() {
    let provider = Hostile::start().await;
    let clock = ManualClock::new(SystemClock.now());
    provider.follow_clock(&Arc::new(clock));
    let [access, refresh, claim] = [canary(), canary(), canary()];
    provider.change(|script| {
        script.claims["canary"] = json!(claim);
        script.answer = json!({ "access_token": access, "refresh_token": refresh });
    });
    let place = place_with(&provider);
    let served = place.serve();
    let client = Client::builder().redirect(Policy::none()).build().unwrap();

    let session = sign_in(&client, &served.url).await;
    let page = client.get(format!("{}/", served.url));
    let page = page.header("cookie", &session).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let out = client.post(format!("{}/sign-out", served.url));
    let out = out.header("cookie", &session).header("origin", &served.url);
    assert_eq!(out.send().await.unwrap().status(), 303);
    drop(client);
    let mut signature = String::new();
    provider.change(|script| {
        let token = script.issued.pop().unwrap();
        signature = token.rsplit('.').next().unwrap().to_owned();
    });
    let tokens = [access, refresh, claim, signature];

    // The connection to the provider closes beside the answer.
    let mut left = [0; 4];
    if geteuid().is_root() {
        for _ in 0..20 {
            let memory = memory(served.id());
            assert!(hits(&memory, &provider.url) > 0, "the search finds things");
            left = tokens.each_ref().map(|of| hits(&memory, of));
            if left == [0; 4] {
                break;
            }
        }
    } else {
        // Nobody else can look, and scripts/test.sh counts that as skipped.
        let refused = File::open(format!("/proc/{}/mem", served.id())).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::PermissionDenied);
    }
    let what = "in memory: access token, refresh token, a claim, the signature of the ID token";
    assert_eq!(left, [0; 4], "{what}");
    let mut kept = vec![served.said()];
    files(place.folder.path(), &mut kept);
    assert!(on_postgres() || hits(&kept, "identity.session.end") > 0);
    for of in &tokens {
        assert_eq!(hits(&kept, of), 0, "in the database, a file or the log");
    }
}

/// core(5): the limit is for dumps that are files, and who owns the files in /proc shows the flag that
/// is for all dumps (proc(5)).
#[test]
fn no_dump_of_memory_is_written_and_only_the_superuser_reads_it() {
    let place = Place::new();
    let nobody = place.folder.path().join("nobody");
    let program = nobody.join("freehold");
    std::fs::create_dir(&nobody).unwrap();
    std::fs::copy(env!("CARGO_BIN_EXE_freehold"), &program).unwrap();
    let mut command = std::process::Command::new(&program);
    if geteuid().is_root() {
        for path in [place.folder.path(), nobody.as_path(), program.as_path()] {
            std::os::unix::fs::chown(path, Some(65_534), Some(65_534)).unwrap();
        }
        command.uid(65_534).gid(65_534);
    }
    let arguments = ["serve", "--evaluation", "--listen", "127.0.0.1:0"];
    command.args(arguments).arg("--data").arg(&nobody);
    let served = place.spawned(command);
    let proc = PathBuf::from(format!("/proc/{}", served.id()));
    let owner = |of| std::fs::metadata(proc.join(of)).unwrap().uid();
    assert_eq!([owner("mem"), owner("environ"), owner("fd")], [0; 3]);
    let limits = std::fs::read_to_string(proc.join("limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"));
    let core: Vec<_> = core.unwrap().split_whitespace().skip(4).take(2).collect();
    assert_eq!(core, ["0", "0"]);
}
