//! What a proxy in front and the service could read differently (RFC 9112 §11.2; OWASP ASVS 5.0,
//! 4.2.1): each message here is sent on a connection of its own to the running program, followed by a
//! request that asks for `/healthz`. A message that is refused ends its connection, so what follows it
//! is never answered.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::served::Place;

const NEXT: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

/// How the status of the refusal begins, the headers of a PUT, and its body.
const REFUSED: [(&str, &str, &str); 29] = [
    // Two lengths. RFC 9112 §6.3 lets the coding count, if the connection ends.
    (
        "4",
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "0\r\n\r\n",
    ),
    (
        "4",
        "Transfer-Encoding: chunked\r\nContent-Length: 4",
        "0\r\n\r\n",
    ),
    ("400", "Content-Length: 0\r\nContent-Length: 40", ""),
    ("400", "Content-Length: 0, 40", ""),
    ("400", "Content-Length: 0, 0", ""),
    // No length.
    ("400", "Content-Length: +0", ""),
    ("400", "Content-Length: -1", ""),
    ("400", "Content-Length: 0x0", ""),
    ("400", "Content-Length: 0 0", ""),
    ("400", "Content-Length:", ""),
    ("400", "Content-Length: 18446744073709551616", ""),
    // No transfer coding that is known here.
    ("400", "Transfer-Encoding: xchunked", ""),
    ("400", "Transfer-Encoding: identity", ""),
    ("400", "Transfer-Encoding: \"chunked\"", "0\r\n\r\n"),
    ("400", "Transfer-Encoding: \u{b}chunked", "0\r\n\r\n"),
    ("400", "Transfer-Encoding: chunked, identity", "0\r\n\r\n"),
    (
        "400",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "0\r\n\r\n",
    ),
    ("501", "Transfer-Encoding: identity, chunked", "0\r\n\r\n"),
    ("501", "Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
    ("501", "Transfer-Encoding: chunked, chunked", "0\r\n\r\n"),
    (
        "501",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "0\r\n\r\n",
    ),
    // No header.
    ("400", "Transfer-Encoding : chunked", "0\r\n\r\n"),
    ("400", "Content-Length : 0", ""),
    ("400", "Transfer-Encoding:\r\n chunked", "0\r\n\r\n"),
    ("400", "X: y\r\n Transfer-Encoding: chunked", "0\r\n\r\n"),
    ("400", "X: y\rTransfer-Encoding: chunked", "0\r\n\r\n"),
    ("400", "X: y\0", ""),
    ("400", "X y", ""),
    ("400", ": y", ""),
];

/// Bodies with the one transfer coding that are none. Their head was good, so somebody may have answered
/// before the body is read.
const CHUNKS: [&str; 12] = [
    "-1\r\n\r\n",
    "+0\r\n\r\n",
    "0x0\r\n\r\n",
    " 0\r\n\r\n",
    "\r\n\r\n",
    "10000000000000000\r\n\r\n",
    "0\n\n",
    "1\nZ\r\n0\r\n\r\n",
    "0;a\nb\r\n\r\n",
    "1\r\nZZZ\r\n0\r\n\r\n",
    "1\r\nZ0\r\n\r\n",
    "2\r\nZ\r\n0\r\n\r\n",
];

/// Whole heads that are refused.
const HEADS: [&str; 9] = [
    "GET /healthz HTTP/1.1\r\n\r\n",
    "GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: elsewhere\r\n\r\n",
    "GET /healthz HTTP/1.1\r\n Host: localhost\r\n\r\n",
    "GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n",
    "GET /healthz HTTP/1.2\r\nHost: localhost\r\n\r\n",
    "GET /healthz x HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "GET  HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "G=T{} /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "PUT /dav/x HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n0\r\n\r\n",
];

/// The statuses of everything that is answered on one connection, until the service ends it.
fn answered(address: &str, sent: &str) -> Vec<String> {
    let mut stream = TcpStream::connect(address).unwrap();
    let patience = Duration::from_secs(20);
    stream.set_read_timeout(Some(patience)).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error}: the connection goes on after {sent:?}"),
    }
    let answer = String::from_utf8(answer).unwrap();
    let statuses = answer.split("HTTP/1.").skip(1);
    statuses.map(|one| one[2..5].to_owned()).collect()
}

#[test]
fn a_message_that_could_be_read_in_two_ways_ends_its_connection() {
    let served = Place::new().serve();
    let address = served.url.trim_start_matches("http://");
    let chunks = CHUNKS.map(|body| ("4", "Transfer-Encoding: chunked", body));
    let puts = REFUSED.into_iter().chain(chunks);
    let puts = puts.map(|(status, headers, body)| {
        let head = format!("PUT /dav/x HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n\r\n");
        (status, head + body)
    });
    let heads = HEADS.map(|head| ("400", head.to_owned()));
    for (status, sent) in puts.chain(heads) {
        let answers = answered(address, &format!("{sent}{NEXT}"));
        assert_eq!(answers.len(), 1, "{sent:?} {answers:?}");
        assert!(answers[0].starts_with(status), "{sent:?} {answers:?}");
    }
}

/// The other way round: what has one meaning leaves the connection to the next request.
#[test]
fn a_message_with_one_meaning_leaves_what_follows_to_be_answered_by_itself() {
    let served = Place::new().serve();
    let address = served.url.trim_start_matches("http://");
    let as_body = format!("Content-Length: {}\r\n\r\n{NEXT}", NEXT.len());
    let chunk = format!("{:x}\r\n{NEXT}\r\n0\r\n\r\n", NEXT.len());
    for message in [
        "Content-Length: 0\r\n\r\n",
        // RFC 9110 §8.6: the same length twice may count once.
        "Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n",
        // RFC 9112 §7.1.2: a trailer is no header.
        "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 99\r\n\r\n",
        // RFC 9112 §2.2: one line feed may end a line.
        "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        // A request inside of a body is a body.
        &as_body,
        &format!("Transfer-Encoding: chunked\r\n\r\n{chunk}"),
    ] {
        let sent = format!("PUT /dav/x HTTP/1.1\r\nHost: localhost\r\n{message}{NEXT}");
        let answers = answered(address, &sent);
        assert_eq!(answers.len(), 2, "{message:?} {answers:?}");
        assert_eq!(answers[1], "200", "{message:?}");
    }
}
