//! What a request costs: the program's CPU time per request, beside a floor measured in the same
//! run. `make bench` runs it on the release build.
//!
//! The program and the floors are processes of their own; this one only asks, on one connection
//! that stays open. Each figure is the lowest of three passes. The floors: axum answering a
//! constant (for answers without a write), and the same with SQLite inserting a row of 700 bytes
//! with three indexes, one commit each, `synchronous=FULL` (for writes). Sealing is measured in this
//! process, beside the cipher alone; a backup in wall time, beside copying the file.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a program for the terminal"
)]

mod backup;
mod client;
mod data;
mod floor;
mod process;
mod security;
mod sealing;
mod telemetry;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use client::{Ask, Client};
use data::{CALENDAR, ETAGS, EVENTS, MONTH, SEARCH, event, get, path, put, sync, sync_body};
use process::Process;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.get(1).map(String::as_str) {
        Some("sealing") => table(&sealing()),
        Some("floor-http") => floor::http(),
        Some("floor-insert") => floor::insert(Path::new(&arguments[2])),
        Some("backup") => backups(tempfile::tempdir().unwrap().path()),
        Some("telemetry") => telemetry::measure(),
        Some("telemetry-here") => telemetry::measure_here(tempfile::tempdir().unwrap().path()),
        Some("security") => security::measure(tempfile::tempdir().unwrap().path()),
        _ => measure(),
    }
}

fn measure() {
    let folder = tempfile::tempdir().unwrap();
    let floors = Floors::measure(folder.path());
    let data = folder.path().join("data");
    let program = process::serve(&data);
    let token = process::token(&data);
    let user = Some(("alice", token.as_str()));
    let (idle, _) = program.memory_mib();
    let mut dav = Client::connect(&program.address, user);
    let stored = fill(&mut dav);
    let figures = requests(&program, &mut dav, &floors);
    let (alone, beside) = waits(&program, user);
    let (after, most) = program.memory_mib();
    drop(program);
    let start = first_answer(&data, user);

    table(&figures);
    table(&sealing());
    let ms = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    println!("\n| What | Measured |\n| --- | ---: |");
    let line = |what: &str, value: String| println!("| {what} | {value} |");
    line(
        "from start to the first event, 10,000 stored, after a kill",
        ms(start),
    );
    line(
        "storing 10,000 events one by one, wall time",
        format!("{:.1} s", stored.as_secs_f64()),
    );
    line("slowest of 500 GETs, alone", ms(alone));
    line(
        "the same while two clients search all 10,000 events",
        ms(beside),
    );
    line("memory at rest", format!("{idle} MiB"));
    line("memory after all this", format!("{after} MiB"));
    line("memory at most", format!("{most} MiB"));
    line(
        "the program's file",
        format!("{:.1} MB", process::program_mb()),
    );
    security::measure(folder.path());
    telemetry::measure();
    backups(folder.path());
}

fn backups(folder: &Path) {
    let measured = backup::measure(&folder.join("backups"));
    println!("\n| Backup of 256 MiB to a folder | MB/s |\n| --- | ---: |");
    for (what, rate) in [
        ("floor: copying the file, durably", measured.floor),
        (
            "making a backup: copy, check, compress, seal, ship",
            measured.make,
        ),
        ("restoring it: fetch, open, unpack, check", measured.restore),
    ] {
        println!("| {what} | {rate:.0} |");
    }
}

fn sealing() -> [Figure; 3] {
    let measured = sealing::measure();
    let figure = |what, cpu, floor| Figure {
        what,
        cpu,
        floor,
        size: 700,
    };
    let floor = Some(measured.floor);
    [
        figure("floor: AES-256-GCM over 700 bytes", measured.floor, None),
        figure("sealing a body of 700 bytes", measured.seal, floor),
        figure("opening it", measured.open, floor),
    ]
}

/// One line of the table.
struct Figure {
    what: &'static str,
    cpu: Duration,
    floor: Option<Duration>,
    /// The size of the answer's body, in bytes.
    size: usize,
}

/// CPU time of what cannot be cheaper.
struct Floors {
    constant: Duration,
    /// The constant answer after a durable insert.
    insert: Duration,
}

impl Floors {
    fn measure(folder: &Path) -> Self {
        let myself = std::env::current_exe().unwrap();
        let constant = Process::start(Command::new(&myself).arg("floor-http"));
        let mut bare = Client::connect(&constant.address, None);
        let constant = constant.lowest(2000, || bare.expect(200, &get("/")));
        let insert = Process::start(Command::new(&myself).arg("floor-insert").arg(folder));
        let mut bare = Client::connect(&insert.address, None);
        let post = Ask("POST", "/", &[], "");
        let insert = insert.lowest(500, || bare.expect(200, &post));
        Self { constant, insert }
    }

    fn figures(&self) -> Vec<Figure> {
        let figure = |what, cpu| Figure {
            what,
            cpu,
            floor: None,
            size: 0,
        };
        vec![
            figure("floor: axum answering a constant", self.constant),
            figure("floor: the same after a durable insert", self.insert),
        ]
    }
}

/// Makes the calendar and stores its events.
fn fill(dav: &mut Client) -> Duration {
    dav.expect(201, &Ask("MKCALENDAR", CALENDAR, &[], ""));
    let begun = Instant::now();
    for n in 0..EVENTS {
        dav.expect(201, &put(&path(n), &event(n)));
    }
    begun.elapsed()
}

fn requests(program: &Process, dav: &mut Client, floors: &Floors) -> Vec<Figure> {
    let reading = Some(floors.constant);
    let mut at = 0;
    let one = figure(program, dav, ("GET one event", 2000), |dav| {
        dav.expect(200, &get(&path(at)));
        at = (at + 7919) % EVENTS;
    });
    let mut next = EVENTS;
    let new = figure(program, dav, ("PUT a new event", 500), |dav| {
        dav.expect(201, &put(&path(next), &event(next)));
        next += 1;
    });
    let again = figure(program, dav, ("PUT an event as it is", 500), |dav| {
        dav.expect(204, &put(&path(7), &event(7)));
    });
    let first = sync_body("");
    dav.expect(207, &sync(&first));
    let token = dav.body.split("sync-token>").nth(1).unwrap();
    let poll = sync_body(token.strip_suffix("</D:").unwrap());
    let figures = [
        (one, reading),
        (new, Some(floors.insert)),
        (again, Some(floors.insert)),
        (
            report(
                program,
                dav,
                ("sync-collection, nothing new", 2000),
                &sync(&poll),
            ),
            reading,
        ),
        (
            report(
                program,
                dav,
                ("sync-collection, first, all events", 5),
                &sync(&first),
            ),
            reading,
        ),
        (
            report(program, dav, ("PROPFIND, tags of all events", 5), &ETAGS),
            reading,
        ),
        (
            report(
                program,
                dav,
                ("calendar-query, one month, with data", 20),
                &MONTH,
            ),
            reading,
        ),
        (
            report(
                program,
                dav,
                ("calendar-query, text in all events", 5),
                &SEARCH,
            ),
            reading,
        ),
    ];
    let mut all = floors.figures();
    all.extend(figures.map(|(figure, floor)| Figure { floor, ..figure }));
    all
}

fn report(program: &Process, dav: &mut Client, what: (&'static str, u32), ask: &Ask) -> Figure {
    figure(program, dav, what, |dav| dav.expect(207, ask))
}

fn figure(
    program: &Process,
    dav: &mut Client,
    (what, calls): (&'static str, u32),
    mut call: impl FnMut(&mut Client),
) -> Figure {
    let cpu = program.lowest(calls, || call(dav));
    let size = dav.body.len();
    Figure {
        what,
        cpu,
        floor: None,
        size,
    }
}

/// The slowest GET: alone, and beside long questions on both cores.
fn waits(program: &Process, user: Option<(&str, &str)>) -> (Duration, Duration) {
    let mut dav = Client::connect(&program.address, user);
    let mut slowest = || {
        let gets = (0..500).map(|n| {
            let begun = Instant::now();
            dav.expect(200, &get(&path(n)));
            begun.elapsed()
        });
        gets.max().unwrap()
    };
    let alone = slowest();
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let mut dav = Client::connect(&program.address, user);
                while !ended.load(Ordering::Relaxed) {
                    dav.expect(207, &SEARCH);
                }
            });
        }
        let beside = slowest();
        ended.store(true, Ordering::Relaxed);
        (alone, beside)
    })
}

/// From the start of the program to its first answer; it was killed before. The shortest of three.
fn first_answer(data: &Path, user: Option<(&str, &str)>) -> Duration {
    let starts = (0..3).map(|_| {
        let begun = Instant::now();
        let program = process::serve(data);
        Client::connect(&program.address, user).expect(200, &get(&path(0)));
        begun.elapsed()
    });
    starts.min().unwrap()
}

fn table(figures: &[Figure]) {
    println!("\n| What | CPU µs | Times its floor | Answer, bytes |\n| --- | ---: | ---: | ---: |");
    for Figure {
        what,
        cpu,
        floor,
        size,
    } in figures
    {
        let micros = cpu.as_secs_f64() * 1e6;
        let ratio = floor.map_or_else(String::new, |floor| {
            format!("{:.1}", cpu.as_secs_f64() / floor.as_secs_f64())
        });
        let digits = if micros < 10.0 { 2 } else { 1 };
        println!("| {what} | {micros:.digits$} | {ratio} | {size} |");
    }
}
