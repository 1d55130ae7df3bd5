//! What goes out, and what does not, against a host that answers one line of text.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use url::Url;

use super::{ANSWER_BYTES_MAX, Outbound, OutboundError, Protocol, Way};
use crate::base::Kind;

/// A host that gives every caller the same answer.
async fn host(answer: Vec<u8>) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _read = stream.read(&mut request).await;
            let _written = stream.write_all(&answer).await;
        }
    });
    url.parse().unwrap()
}

fn way(url: &Url) -> Way {
    Way::to(url, "a.key", "a test").unwrap()
}

async fn get(outbound: &Outbound, url: &Url) -> Result<http::Response<Vec<u8>>, OutboundError> {
    let request = http::Request::get(url.as_str()).body(Vec::new()).unwrap();
    outbound.send(request).await
}

#[tokio::test]
async fn a_host_that_nobody_opened_is_not_called() {
    let url = host(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi".to_vec()).await;
    let outbound = Outbound::default();
    let refused = get(&outbound, &url).await.unwrap_err();
    assert!(matches!(refused, OutboundError::Closed(_)));
    let said = refused.to_string();
    assert!(
        said.contains("`freehold egress`") && said.contains("endpoint_hosts"),
        "{said}"
    );
    assert_eq!(outbound.refused(), 1);
    outbound.allow([way(&url)]);
    outbound.allow([way(&url)]);
    assert_eq!(get(&outbound, &url).await.unwrap().body(), b"hi");
    let ways = outbound.ways();
    assert_eq!((ways.len(), ways[0].setting.as_str()), (1, "a.key"));
    assert_eq!(
        (ways[0].host.as_str(), ways[0].protocol),
        ("127.0.0.1", Protocol::Http)
    );
    assert_eq!(outbound.refused(), 1, "what goes out is not counted");
}

#[tokio::test]
async fn a_way_is_for_its_port_and_its_protocol_only() {
    let outbound = Outbound::new([way(&"https://login.example.org".parse().unwrap())]);
    for other in [
        "https://login.example.org:8443/",
        "https://login.example.org.evil.example/",
    ] {
        let refused = get(&outbound, &other.parse().unwrap()).await;
        assert!(matches!(refused, Err(OutboundError::Closed(_))), "{other}");
    }
    let plain = get(&outbound, &"http://login.example.org:443/".parse().unwrap()).await;
    assert!(matches!(plain, Err(OutboundError::Address(_))));
    assert_eq!(outbound.refused(), 3);
}

#[tokio::test]
async fn a_redirect_is_handed_back_and_not_followed() {
    let url = host(
        b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
            .to_vec(),
    )
    .await;
    let outbound = Outbound::new([way(&url)]);
    assert_eq!(get(&outbound, &url).await.unwrap().status(), 302);
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_read_to_its_end() {
    let mut answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    answer.resize(answer.len() + ANSWER_BYTES_MAX + 1, b'a');
    let url = host(answer).await;
    let outbound = Outbound::new([way(&url)]);
    assert!(matches!(
        get(&outbound, &url).await,
        Err(OutboundError::TooLarge { .. })
    ));
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused() {
    let url = "http://login.example.org".parse().unwrap();
    let refused = Way::to(&url, "a.key", "a test");
    assert!(matches!(refused, Err(OutboundError::Address(_))));
    let refused = get(&Outbound::default(), &url).await;
    assert!(matches!(refused, Err(OutboundError::Address(_))));
}

#[tokio::test]
async fn plain_http_to_a_link_local_address_needs_the_platforms_own_way() {
    let imds: Url = "http://169.254.169.254/metadata".parse().unwrap();
    let outbound = Outbound::default();
    let refused = Way::to(&imds, "a.key", "a test");
    assert!(matches!(refused, Err(OutboundError::Address(_))));
    let refused = get(&outbound, &imds).await;
    assert!(matches!(refused, Err(OutboundError::Address(_))));
    outbound.allow(Way::to_platform(&imds, "a.key", "an identity"));
    assert_eq!(outbound.ways()[0].address(), "169.254.169.254:80");
    assert_eq!(outbound.check(&imds).unwrap(), "169.254.169.254:80");
    for other in ["http://169.254.169.253/", "http://169.254.169.254:81/"] {
        let refused = get(&outbound, &other.parse().unwrap()).await;
        assert!(matches!(refused, Err(OutboundError::Address(_))), "{other}");
    }
    for other in ["http://10.0.0.4/", "http://login.example.org/"] {
        let refused = Way::to_platform(&other.parse().unwrap(), "a.key", "a test");
        assert!(matches!(refused, Err(OutboundError::Address(_))), "{other}");
    }
}

#[tokio::test]
async fn the_clock_of_a_host_is_read_from_any_answer() {
    let outbound = Outbound::default();
    let dated = b"HTTP/1.1 401 Unauthorized\r\ndate: Sun, 06 Nov 1994 08:49:37 GMT\r\n\
                  content-length: 0\r\n\r\n";
    let url = host(dated.to_vec()).await;
    outbound.allow([way(&url)]);
    let time = outbound.time_of(&url).await.unwrap().unwrap();
    assert_eq!(time.to_string(), "1994-11-06T08:49:37Z");
    let url = host(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    outbound.allow([way(&url)]);
    assert_eq!(outbound.time_of(&url).await.unwrap(), None);
}

#[tokio::test]
async fn a_host_that_is_down_is_unavailable_and_named() {
    let url: Url = "http://127.0.0.1:1/".parse().unwrap();
    let outbound = Outbound::new([way(&url)]);
    let error = get(&outbound, &url).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    assert!(error.to_string().contains("127.0.0.1:1 did not answer"));
}

#[test]
fn addresses_of_private_networks_are_told_from_those_of_the_internet() {
    let private = [
        "10.4.0.5",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "fd00::1",
        "::1",
    ];
    let public = [
        "20.50.2.1",
        "172.32.0.1",
        "2603:1020::1",
        "::ffff:20.50.2.1",
    ];
    for address in private.map(|text| text.parse().unwrap()) {
        assert!(super::reach::is_private(address), "{address}");
    }
    for address in public.map(|text| text.parse().unwrap()) {
        assert!(!super::reach::is_private(address), "{address}");
    }
}
