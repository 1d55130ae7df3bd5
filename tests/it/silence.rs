//! Nothing comes out: a day's life in a network where everything else leads to a dead end and is counted
//! (SEC9). What may be spoken to is what `freehold egress` prints, and nothing else.
//!
//! The test runs itself again in a network namespace of its own. There, whatever the service calls is on
//! loopback, at the ports that the list names; a default route leads to a neighbour that is not there, and
//! so does the name server. nftables counts each packet that the list does not allow, by address and
//! port. At the end, strays on purpose show that they would have been seen.

use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::sync::Arc;

use freehold::base::{Clock as _, ManualClock, SystemClock};
use serde_json::Value;

use crate::support::azure::Cloud;
use crate::support::azurite::Azurite;
use crate::support::browser::sign_in;
use crate::support::dav::{Dav, event};
use crate::support::hostile::{CLIENT, Hostile};
use crate::support::served::Place;
use crate::support::{free_port, on_postgres};
use crate::telemetry::receiver::{Received, Receiver};

/// Set inside the namespace.
const INSIDE: &str = "FREEHOLD_TEST_SILENCE";

/// Makes the network and runs what follows in it. Documentation addresses (RFC 5737, RFC 3849) stand
/// for the world; the packets are really sent, to a neighbour that nobody is.
const NETWORK: &str = r#"
ip link set lo up
ip link add out type veth peer name end
ip addr add 192.0.2.2/24 dev out
ip link set out up
ip link set end up
ip neigh replace 192.0.2.1 lladdr 02:00:00:00:00:01 dev out nud permanent
ip route add default via 192.0.2.1
if ip -6 addr add 2001:db8::2/64 dev out nodad 2>/dev/null; then
  ip -6 neigh replace 2001:db8::1 lladdr 02:00:00:00:00:01 dev out nud permanent
  ip -6 route add default via 2001:db8::1
fi
echo 'nameserver 192.0.2.53' >"$1/resolv.conf"
mount --bind "$1/resolv.conf" "$(realpath /etc/resolv.conf)"
nft -f - <<'RULES'
table inet silence {
  set ways { type inet_service; flags interval; auto-merge; }
  set strays4 { type ipv4_addr . inet_service; flags dynamic; counter; }
  set strays6 { type ipv6_addr . inet_service; flags dynamic; counter; }
  counter allowed { }
  counter stray { }
  chain out {
    type filter hook output priority 0; policy accept;
    meta l4proto != { tcp, udp } return
    oif lo th dport @ways counter name allowed return
    oif lo th sport @ways counter name allowed return
    counter name stray
    meta nfproto ipv4 update @strays4 { ip daddr . th dport counter }
    meta nfproto ipv6 update @strays6 { ip6 daddr . th dport counter }
  }
}
RULES
shift
exec "$@"
"#;

fn nft(arguments: &str) -> String {
    let said = Command::new("nft").arg(arguments).output().unwrap();
    assert!(said.status.success(), "{arguments}: {said:?}");
    String::from_utf8(said.stdout).unwrap()
}

/// Lets packets to and from a port of this machine pass.
fn allow(port: u16) {
    nft(&format!("add element inet silence ways {{ {port} }}"));
}

/// How many packets a counter has seen.
fn packets(counter: &str) -> u64 {
    let said = nft(&format!("list counter inet silence {counter}"));
    let number = said
        .split("packets ")
        .nth(1)
        .unwrap()
        .split(' ')
        .next()
        .unwrap();
    number.parse().unwrap()
}

/// Where packets went that nobody allowed.
fn strays() -> String {
    nft("list set inet silence strays4") + &nft("list set inet silence strays6")
}

/// The ports on this machine that `freehold egress` lists for `place`; nothing else may be in it.
fn listed(place: &Place) -> Vec<u16> {
    let said = place
        .command(&["egress", "--format", "json"])
        .output()
        .unwrap();
    assert!(said.status.success(), "{said:?}");
    let ways: Vec<Value> = serde_json::from_slice(&said.stdout).unwrap();
    let port = |way: &Value| {
        assert_eq!(way["host"], "127.0.0.1", "{way}");
        u16::try_from(way["port"].as_u64().unwrap()).unwrap()
    };
    ways.iter().map(port).collect()
}

#[test]
fn a_day_of_the_service_sends_nothing_that_the_list_of_ways_out_does_not_name() {
    if on_postgres() {
        return; // The cluster of the tests is outside of the namespace.
    }
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build();
        return runtime.unwrap().block_on(a_day());
    }
    let folder = tempfile::tempdir().unwrap();
    let test =
        "silence::a_day_of_the_service_sends_nothing_that_the_list_of_ways_out_does_not_name";
    let mut command = Command::new("unshare");
    command.args([
        "--user",
        "--map-root-user",
        "--net",
        "--mount",
        "sh",
        "-euc",
        NETWORK,
        "sh",
    ]);
    command
        .arg(folder.path())
        .arg(std::env::current_exe().unwrap());
    command
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1");
    let said = command.stdin(Stdio::null()).output().unwrap();
    let printed = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
    assert!(
        said.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
}

async fn a_day() {
    let provider = Hostile::start().await;
    provider.follow_clock(&Arc::new(ManualClock::new(SystemClock.now())));
    provider.change(|script| script.claims["roles"] = serde_json::json!(["member", "custodian"]));
    let cloud = Cloud::start();
    cloud.change(|script| script.vault.rotate("freehold"));
    let collector = Receiver::start().await;
    let storage = storage(&cloud).await;
    let (port, metrics) = (free_port(), free_port());
    allow(metrics);
    let providers = format!(
        "[{{id=\"work\", issuer=\"{}\", client_id=\"{CLIENT}\"}}]",
        provider.url
    );
    let mut place = Place::new();
    for (name, value) in [
        ("FREEHOLD__IDENTITY__PROVIDERS", providers.as_str()),
        ("FREEHOLD__VAULT__KEK", "azure-key-vault"),
        (
            "FREEHOLD__VAULT__KEY_VAULT_KEY",
            &format!("{}/keys/freehold", cloud.url),
        ),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &cloud.url),
        ("FREEHOLD__BACKUP__TO", &storage.container),
        ("FREEHOLD__TELEMETRY__OTLP_ENDPOINT", &collector.http),
        ("FREEHOLD__TELEMETRY__SAMPLE_PERCENT", "100"),
        ("FREEHOLD__TELEMETRY__EXPORT_SECS", "1"),
        (
            "FREEHOLD__TELEMETRY__METRICS_LISTEN",
            &format!("127.0.0.1:{metrics}"),
        ),
        ("FREEHOLD__SERVER__LISTEN", &format!("127.0.0.1:{port}")),
        // What a program might take for leave to call somebody.
        ("HTTPS_PROXY", "http://192.0.2.80:3128"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://192.0.2.81:4318"),
    ] {
        place.environment.push((name.to_owned(), value.to_owned()));
    }
    let ways = listed(&place);
    assert!(ways.len() >= 5, "provider, vault, storage: {ways:?}");
    ways.into_iter().for_each(allow);
    allow(port);

    let served = place.serve_at(port);
    live(&place, &served.url).await;
    let scraped = format!("http://127.0.0.1:{metrics}/metrics");
    assert_eq!(reqwest::get(scraped).await.unwrap().status(), 200);
    let some = |received: &Received| {
        let all = [
            received.traces.len(),
            received.metrics.len(),
            received.logs.len(),
        ];
        (!all.contains(&0)).then_some(())
    };
    collector.wait_for(some).await;
    for command in [["backup", "now"], ["backup", "verify"], ["keys", "status"]] {
        let done = place.command(&command).output().unwrap();
        assert!(done.status.success(), "{command:?}: {done:?}");
    }
    let doctor = place.command(&["doctor"]).output().unwrap();
    assert!(doctor.stdout.len() > 100, "{doctor:?}");
    let (status, said) = served.terminate();
    assert!(status.success(), "{said}");
    assert_eq!(packets("stray"), 0, "{}", strays());
    assert!(packets("allowed") > 100, "{}", packets("allowed"));
    on_purpose(&place, port).await;
}

/// Blob storage, with what belongs to it and not to the service.
async fn storage(cloud: &Cloud) -> Azurite {
    nft("add element inet silence ways { 1-65535 }");
    let storage = Azurite::start(cloud, "backups").await;
    nft("flush set inet silence ways");
    nft("reset counters");
    allow(storage.port);
    storage
}

/// A sign-in, calendars, the inventory, the sign-out.
async fn live(place: &Place, url: &str) {
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let client = client.build().unwrap();
    let session = sign_in(&client, url).await;
    for page in ["/", "/items", "/connect", "/sessions", "/readyz?verbose"] {
        let answer = client
            .get(format!("{url}{page}"))
            .header("cookie", &session)
            .send()
            .await;
        assert_eq!(answer.unwrap().status(), 200, "{page}");
    }
    let dav = Dav::new(url, "alice", &place.token("alice", "caldav"));
    dav.make_calendar("work").await;
    for day in 1..=28 {
        let body = event(
            &format!("day-{day}"),
            &format!("202601{day:02}T090000Z"),
            "A day",
        );
        assert_eq!(
            dav.put(&format!("work/{day}.ics"), body).await.unwrap(),
            201
        );
    }
    let synced = dav.sync("work", "").await;
    assert_eq!(synced.changed.len(), 28);
    let token = place.token("alice", "api");
    let items = client
        .get(format!("{url}/api/v1/items"))
        .bearer_auth(token)
        .send()
        .await;
    assert_eq!(items.unwrap().status(), 200);
    let out = client
        .post(format!("{url}/sign-out"))
        .header("cookie", &session)
        .header("origin", url);
    assert_eq!(out.send().await.unwrap().status(), 303);
}

/// Strays of each kind are seen: an address, a name, a host that the list does not name.
async fn on_purpose(place: &Place, port: u16) {
    let before = packets("stray");
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    socket.send_to(b"hello", "198.51.100.7:4000").unwrap();
    assert_eq!(packets("stray"), before + 1);
    assert!(strays().contains("198.51.100.7 . 4000"), "{}", strays());

    // The service itself, with a provider that was not there when the list was made.
    let mut place = Place {
        data: place.data.clone(),
        ..Place::new()
    };
    let elsewhere = "[{id=\"work\", issuer=\"https://login.example.org\", client_id=\"freehold\"}]";
    place.environment.push((
        "FREEHOLD__IDENTITY__PROVIDERS".to_owned(),
        elsewhere.to_owned(),
    ));
    place.data = place.folder.path().join("another");
    let served = place.serve_at(port);
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    let begun = format!("{}/auth/login?provider=work", served.url);
    let _unanswered = client.build().unwrap().get(begun).send().await;
    assert!(
        strays().contains("192.0.2.53 . 53"),
        "its name was looked up: {}",
        strays()
    );
}
