//! Bodies that nobody reads: whoever sends one still gets the answer.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::support::served::{Place, Served};

/// Sends `head` and all of `body` before it reads a byte, as simple clients do; gives the first line
/// of the answer, and what comes after a second request on the same connection.
fn answers(served: &Served, head: &str, body: &[u8]) -> (String, String) {
    let address = served.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let patience = Some(Duration::from_secs(30));
    stream.set_read_timeout(patience).unwrap();
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (first, size) = read_head(&mut reader);
    let mut rest = vec![0; size];
    reader.read_exact(&mut rest).unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    (first, read_head(&mut reader).0)
}

/// The first line, and the length of what follows the headers.
fn read_head(reader: &mut impl std::io::BufRead) -> (String, usize) {
    let lines: Vec<String> = reader
        .lines()
        .map(Result::unwrap)
        .take_while(|line| !line.is_empty())
        .collect();
    let length = |line: &String| line.strip_prefix("content-length: ")?.parse().ok();
    let length = lines.iter().find_map(length);
    (lines[0].clone(), length.unwrap_or(0))
}

#[test]
fn a_refusal_reaches_a_client_that_sends_its_whole_body_first() {
    let place = Place::new();
    let served = place.serve();
    let put = "PUT /dav/calendars/alice/work/1.ics HTTP/1.1\r\nHost: a\r\n";
    let body = vec![b'x'; 500_000];
    let length = format!("{put}Content-Length: {}\r\n\r\n", body.len());
    let chunked = format!("{put}Transfer-Encoding: chunked\r\n\r\n");
    let chunks: Vec<u8> = body
        .chunks(5000)
        .flat_map(|chunk| [b"1388\r\n", chunk, b"\r\n"].concat())
        .chain(*b"0\r\n\r\n")
        .collect();
    for _ in 0..50 {
        for (head, body) in [(&length, &body), (&chunked, &chunks)] {
            let (first, second) = answers(&served, head, body);
            assert_eq!(first, "HTTP/1.1 401 Unauthorized");
            assert_eq!(second, "HTTP/1.1 200 OK");
        }
    }
}

#[test]
fn a_body_over_the_limit_is_refused_where_the_client_reads_it() {
    let place = Place::started();
    let token = place.token("alice", "api");
    let served = place.serve();
    let body = vec![b' '; 12 * 1024 * 1024];
    let head = format!(
        "POST /api/v1/items HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let (first, second) = answers(&served, &head, &body);
    assert_eq!(first, "HTTP/1.1 413 Payload Too Large");
    assert_eq!(second, "HTTP/1.1 200 OK");
}

#[test]
fn whoever_waits_for_100_continue_is_refused_without_it() {
    let place = Place::new();
    let served = place.serve();
    let address = served.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "PUT /dav/calendars/alice/work/1.ics HTTP/1.1\r\nHost: a\r\n\
                Content-Length: 500000\r\nExpect: 100-continue\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert_eq!(line, "HTTP/1.1 401 Unauthorized\r\n");
}
