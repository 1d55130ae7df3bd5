//! What telemetry costs: the CPU time of requests with one request in ten traced and everything sent to
//! a receiver on this machine, beside the same without telemetry, in turns in the same run. Sending is
//! part of it, as often as by default.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::client::{Ask, Client};
use crate::data::{CALENDAR, event, get, path, put, sync, sync_body};
use crate::process::{self, Process};

/// How often both are measured in turns; the lowest counts.
const TURNS: usize = 5;
/// So many events are there before.
const STORED: usize = 200;
/// At most this many times the CPU time without.
const MOST: f64 = 1.03;

/// A service with a calendar.
struct Side {
    process: Process,
    token: String,
    stored: usize,
    lowest: [Duration; 3],
}

impl Side {
    fn start(data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = process::freehold(data);
        command.args(["serve", "--evaluation", "--listen", "127.0.0.1:0"]);
        // More requests than a client has in a row.
        command.env("FREEHOLD__LIMITS__TOKEN_BURST", "0");
        for (key, value) in settings {
            command.env(format!("FREEHOLD__TELEMETRY__{key}"), value);
        }
        let process = Process::start(&mut command);
        let token = process::token(data);
        let mut dav = Client::connect(&process.address, Some(("alice", &token)));
        dav.expect(201, &Ask("MKCALENDAR", CALENDAR, &[], ""));
        for n in 0..STORED {
            dav.expect(201, &put(&path(n), &event(n)));
        }
        Self {
            process,
            token,
            stored: STORED,
            lowest: [Duration::MAX; 3],
        }
    }

    fn turn(&mut self) {
        let Self {
            process,
            token,
            stored,
            lowest,
        } = self;
        // A connection on which nobody asks for a while is closed.
        let mut dav = Client::connect(&process.address, Some(("alice", token)));
        let one = process.lowest(2000, || dav.expect(200, &get(&path(7))));
        let new = process.lowest(400, || {
            dav.expect(201, &put(&path(*stored), &event(*stored)));
            *stored += 1;
        });
        dav.expect(207, &sync(&sync_body("")));
        let token = dav.body.split("sync-token>").nth(1).unwrap();
        let poll = sync_body(token.strip_suffix("</D:").unwrap());
        let poll = process.lowest(1000, || dav.expect(207, &sync(&poll)));
        for (lowest, now) in lowest.iter_mut().zip([one, new, poll]) {
            *lowest = now.min(*lowest);
        }
    }
}

/// Measures, and prints the table.
pub(crate) fn measure(folder: &Path) {
    let receiver = Receiver::start();
    let mut off = Side::start(&folder.join("telemetry-off"), &[]);
    let on = [
        ("OTLP_ENDPOINT", receiver.url.as_str()),
        ("SAMPLE_PERCENT", "10"),
    ];
    let mut on = Side::start(&folder.join("telemetry-on"), &on);
    for _ in 0..TURNS {
        off.turn();
        on.turn();
    }
    assert!(
        receiver.bytes.load(Ordering::Relaxed) > 0,
        "nothing was sent"
    );
    println!("\n| What, 10 % traced | CPU µs without | CPU µs with | Times | At most |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    let whats = [
        "GET one event",
        "PUT a new event",
        "sync-collection, nothing new",
    ];
    for (at, what) in whats.into_iter().enumerate() {
        let micros = |side: &Side| side.lowest[at].as_secs_f64() * 1e6;
        let (without, with) = (micros(&off), micros(&on));
        let times = with / without;
        println!("| {what} | {without:.1} | {with:.1} | {times:.3} | {MOST} |");
    }
}

/// Takes every body and answers at once.
struct Receiver {
    url: String,
    bytes: Arc<AtomicUsize>,
}

impl Receiver {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let bytes = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&bytes);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let taken = take(stream).unwrap_or(0);
                count.fetch_add(taken, Ordering::Relaxed);
            }
        });
        Self { url, bytes }
    }
}

/// One request on a connection: how many bytes its body had.
fn take(stream: TcpStream) -> std::io::Result<usize> {
    let mut stream = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line)?;
        match line.to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.trim().parse().unwrap_or(0),
            _ if line.trim().is_empty() => break,
            _ => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    stream.get_mut().write_all(answer.as_bytes())?;
    Ok(length)
}
