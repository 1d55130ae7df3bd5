//! What a request costs: the program's CPU time per request, beside a floor measured in the same
//! run. `make bench` runs it on the release build.
//!
//! The program and the floors are processes of their own; this one only asks. Each figure is the
//! lowest of three passes. The floors: axum answering a constant (for answers without a write) and
//! SQLite inserting a row of 700 bytes with three indexes, one commit each, `synchronous=FULL` (for
//! writes).
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a program for the terminal"
)]

mod client;
mod floor;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use client::{Ask, Client};

const EVENTS: usize = 10_000;
const PASSES: usize = 3;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("floor-http") => floor::http(),
        Some("floor-insert") => floor::insert(Path::new(&arguments[2])),
        _ => measure(),
    }
}

/// One line of the table.
struct Figure {
    what: &'static str,
    cpu: Duration,
    floor: Option<(&'static str, Duration)>,
}

fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let (http, insert) = floors(folder.path());
    let data = folder.path().join("data");
    let mut serve = freehold(&data);
    serve.args(["serve", "--evaluation", "--listen", "127.0.0.1:0"]);
    let program = Running::start(&mut serve);
    let token = token(&data);
    println!("idle: {} MiB resident", program.resident_kib() / 1024);
    let mut dav = Client::connect(&program.address, Some(("alice", &token)));
    fill(&mut dav);
    let mut next = EVENTS;
    let put = lowest(500, &program, || {
        dav.expect(201, &Ask("PUT", &path(next), CALENDAR, &event(next)));
        next += 1;
    });
    let mut at = 0;
    let get = lowest(2000, &program, || {
        dav.expect(200, &Ask("GET", &path(at), &[], ""));
        at = (at + 7919) % EVENTS;
    });
    let month = Ask("REPORT", HOME, XML, MONTH);
    let month = lowest(40, &program, || dav.expect(207, &month));
    let sync = Ask("REPORT", HOME, XML, SYNC);
    let sync = lowest(5, &program, || dav.expect(207, &sync));
    println!(
        "after the load: {} MiB resident",
        program.resident_kib() / 1024
    );

    let constant = Some(("axum constant", http));
    let inserted = Some(("axum constant + SQLite insert", http + insert));
    let figure = |what, cpu, floor| Figure { what, cpu, floor };
    table(&[
        figure("axum answering a constant", http, None),
        figure("SQLite insert, durable", insert, None),
        figure("GET one event", get, constant),
        figure("PUT one new event", put, inserted),
        figure(
            "calendar-query, one month of 10,000 events",
            month,
            constant,
        ),
        figure("sync-collection, first, 10,000 events", sync, constant),
    ]);
}

/// CPU time of a constant answer, and of a durable insert.
fn floors(folder: &Path) -> (Duration, Duration) {
    let myself = std::env::current_exe().unwrap();
    let constant = Running::start(Command::new(&myself).arg("floor-http"));
    let mut bare = Client::connect(&constant.address, None);
    let get = Ask("GET", "/", &[], "");
    let http = lowest(2000, &constant, || bare.expect(200, &get));
    let inserts = Running::start(Command::new(&myself).arg("floor-insert").arg(folder));
    let mut bare = Client::connect(&inserts.address, None);
    let post = Ask("POST", "/", &[], "");
    let both = lowest(500, &inserts, || bare.expect(200, &post));
    (http, both.saturating_sub(http))
}

/// Makes the calendar and stores its events.
fn fill(dav: &mut Client) {
    dav.expect(201, &Ask("MKCALENDAR", HOME, &[], ""));
    let begun = Instant::now();
    for n in 0..EVENTS {
        dav.expect(201, &Ask("PUT", &path(n), CALENDAR, &event(n)));
    }
    let took = begun.elapsed().as_secs_f32();
    println!("stored {EVENTS} events one by one in {took:.1} s");
}

fn table(figures: &[Figure]) {
    println!("\n| What | CPU µs | Floor | Ratio |\n| --- | ---: | --- | ---: |");
    for Figure { what, cpu, floor } in figures {
        let micros = cpu.as_secs_f64() * 1e6;
        let (name, ratio) = match floor {
            Some((name, floor)) => (
                *name,
                format!("{:.1}", cpu.as_secs_f64() / floor.as_secs_f64()),
            ),
            None => ("", String::new()),
        };
        println!("| {what} | {micros:.1} | {name} | {ratio} |");
    }
}

/// CPU time of `process` per call, the lowest of three passes.
fn lowest(calls: u32, process: &Running, mut call: impl FnMut()) -> Duration {
    let pass = |_| {
        let before = process.cpu();
        (0..calls).for_each(|_| call());
        process.cpu().saturating_sub(before) / calls
    };
    (0..PASSES).map(pass).min().unwrap()
}

fn freehold(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_freehold"));
    command
        .arg("--data")
        .arg(data)
        .env("FREEHOLD__LOG__LEVEL", "info");
    command
}

fn token(data: &Path) -> String {
    let create = [
        "token",
        "create",
        "--create",
        "--principal",
        "alice",
        "--scope",
        "caldav",
    ];
    let output = freehold(data).args(create).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

const HOME: &str = "/dav/calendars/alice/bench/";
const CALENDAR: &[(&str, &str)] = &[("Content-Type", "text/calendar; charset=utf-8")];
const XML: &[(&str, &str)] = &[
    ("Content-Type", "application/xml; charset=utf-8"),
    ("Depth", "1"),
];
const MONTH: &str = "<C:calendar-query xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\
    <D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">\
    <C:comp-filter name=\"VEVENT\"><C:time-range start=\"20270601T000000Z\" end=\"20270701T000000Z\"/>\
    </C:comp-filter></C:comp-filter></C:filter></C:calendar-query>";
const SYNC: &str = "<D:sync-collection xmlns:D=\"DAV:\"><D:sync-token/><D:sync-level>1</D:sync-level>\
    <D:prop><D:getetag/></D:prop></D:sync-collection>";

fn path(n: usize) -> String {
    format!("{HOME}{n}.ics")
}

/// Events over three years around 2027, one in ten weekly for a year; about 700 bytes each.
fn event(n: usize) -> String {
    let (year, month, day, hour) = (2026 + n % 3, 1 + n / 3 % 12, 1 + n / 36 % 28, 8 + n % 9);
    let rule = if n.is_multiple_of(10) {
        "RRULE:FREQ=WEEKLY;COUNT=52\r\n"
    } else {
        ""
    };
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Freehold//bench//EN\r\nBEGIN:VEVENT\r\n\
         UID:bench-{n}@example.org\r\nDTSTAMP:20260101T000000Z\r\n\
         DTSTART;TZID=Europe/Berlin:{year}{month:02}{day:02}T{hour:02}0000\r\nDURATION:PT45M\r\n{rule}\
         SUMMARY:Event {n}\r\nLOCATION:Room {}\r\nDESCRIPTION:{}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        n % 40,
        "words ".repeat(60)
    )
}

/// A process that serves, and says where in a line with `http://HOST:PORT`.
struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        use std::io::{BufRead as _, BufReader};
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let found = lines.find_map(|line| {
            let line = line.unwrap();
            let (_, rest) = line.split_once("http://")?;
            Some(rest.split('/').next().unwrap().trim().to_owned())
        });
        // Nobody reads on; the pipe stays open so that writing does not fail.
        std::thread::spawn(move || lines.for_each(drop));
        let address = found.unwrap();
        Self { child, address }
    }

    /// CPU time of all its threads until now.
    fn cpu(&self) -> Duration {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap();
        let nanos = tasks.map(|task| {
            let path = task.unwrap().path().join("schedstat");
            let text = std::fs::read_to_string(path).unwrap_or_default();
            text.split(' ')
                .next()
                .and_then(|n| n.parse::<u64>().ok())
                .unwrap_or(0)
        });
        Duration::from_nanos(nanos.sum())
    }

    fn resident_kib(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
