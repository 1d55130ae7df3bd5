//! What is left of a provider's tokens after the sign-out: nothing in writable memory, the data
//! folder, the temporary folder, the log.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use freehold::base::{Clock as _, ManualClock, SystemClock};
use reqwest::{Client, Response};
use serde_json::json;

use crate::support::hostile::{CLIENT, Hostile};
use crate::support::served::{Place, Served};

/// In the access token and the refresh token.
const CANARY: &str = "canary.Zw7hQ2mXc9";
/// What is freed is overwritten at once; a connection that ends, a moment later.
const SOON: Duration = Duration::from_secs(10);

fn count(needle: &[u8], hay: &[u8]) -> usize {
    let starts = hay.iter().enumerate();
    let starts = starts.filter(|(at, byte)| **byte == needle[0] && hay[*at..].starts_with(needle));
    starts.count()
}

/// How often `needle` is in what the process may write to.
fn in_memory(process: u32, needle: &str) -> usize {
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut found = 0;
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        if !rights.starts_with("rw") || line.ends_with("[vvar]") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let address = |text| u64::from_str_radix(text, 16).unwrap();
        let (from, to) = (address(from), address(to));
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        // What was given back meanwhile has nothing in it.
        let read = memory.read_at(&mut bytes, from).unwrap_or(0);
        found += count(needle.as_bytes(), &bytes[..read]);
    }
    found
}

fn in_files(folder: &Path, needle: &str) -> usize {
    let inside = std::fs::read_dir(folder).unwrap();
    let found = inside.map(|one| {
        let path = one.unwrap().path();
        if path.is_dir() {
            return in_files(&path, needle);
        }
        // A socket cannot be read.
        std::fs::read(&path).map_or(0, |bytes| count(needle.as_bytes(), &bytes))
    });
    found.sum()
}

fn cookies(answer: &Response) -> String {
    let lines = answer.headers().get_all("set-cookie").iter();
    let pairs = lines.map(|line| line.to_str().unwrap().split(';').next().unwrap());
    pairs.collect::<Vec<_>>().join("; ")
}

/// Signs in; gives the client and the cookie of the session.
async fn sign_in(served: &Served) -> (Client, String) {
    let client = Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let begun = client.get(format!("{}/auth/login", served.url));
    let begun = begun.send().await.unwrap();
    let back = Hostile::follow(begun.headers()["location"].to_str().unwrap()).await;
    let back = client.get(back).header("cookie", cookies(&begun));
    let back = back.send().await.unwrap();
    assert_eq!(back.status(), 303);
    let session = cookies(&back);
    let session = session.split("; ").find(|pair| pair.starts_with("fh-s="));
    (client, session.unwrap().to_owned())
}

#[tokio::test]
async fn after_the_sign_out_nothing_of_the_providers_tokens_is_left() {
    let provider = Hostile::start().await;
    provider.follow_clock(&Arc::new(ManualClock::new(SystemClock.now())));
    provider.change(|script| {
        script.answer = json!({
            "access_token": format!("access-{CANARY}"),
            "refresh_token": format!("refresh-{CANARY}"),
        });
    });
    let mut place = Place::new();
    let settings = format!(
        "[{{id=\"work\", issuer=\"{}\", client_id=\"{CLIENT}\"}}]",
        provider.url
    );
    for (key, value) in [
        ("FREEHOLD__IDENTITY__PROVIDERS", settings),
        ("FREEHOLD__LOG__LEVEL", "trace".to_owned()),
        ("TMPDIR", place.folder.path().display().to_string()),
    ] {
        place.environment.push((key.to_owned(), value));
    }
    let served = place.serve();
    let (client, session) = sign_in(&served).await;
    let refresh = format!("refresh-{CANARY}");
    assert!(
        in_memory(served.id(), &refresh) > 0,
        "it is held, and found by this search"
    );

    let out = client.post(format!("{}/sign-out", served.url));
    let out = out.header("origin", &served.url).header("cookie", session);
    assert_eq!(out.send().await.unwrap().status(), 303);
    let mut issued = String::new();
    provider.change(|script| issued = script.issued.pop().unwrap());
    let signature = issued.rsplit('.').next().unwrap();
    let claims = issued.split('.').nth(1).unwrap();
    for needle in [CANARY, &signature[..40], &claims[40..80]] {
        let until = Instant::now() + SOON;
        loop {
            let left = in_memory(served.id(), needle);
            if left == 0 {
                break;
            }
            assert!(Instant::now() < until, "{needle}: {left} times in memory");
        }
        assert_eq!(in_files(place.folder.path(), needle), 0, "{needle}");
        assert!(!served.said().contains(needle), "{needle}");
    }
}
