//! What telemetry costs: the CPU time of a service that traces one request in ten and sends everything to a
//! receiver on this machine, beside the same service without telemetry. A second service without telemetry
//! runs as a control: how far it is from the first is how far chance goes.
//!
//! The three take turns of a few milliseconds, so that what the machine does meanwhile hits all of them,
//! and everything counts that their processes use from the first turn to the last, sending included. All
//! run on one processor: which of two takes a request over decides more than telemetry does. So does how
//! memory lies in a process; there are several sets of processes, and the median of their ratios is the
//! result.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::client::{Ask, Client};
use crate::data::{CALENDAR, event, get, path, put, sync, sync_body};
use crate::process::{self, Process};

/// Sets of processes.
const SETS: usize = 9;
/// Turns of each process in a set.
const TURNS: u32 = 100;
/// So many events are there before.
const STORED: usize = 200;
/// At most this many times the CPU time without.
const MOST: f64 = 1.03;
/// What is asked, and how often in a turn.
const WHATS: [(&str, u32); 3] = [
    ("GET one event", 200),
    ("PUT a new event", 20),
    ("sync-collection, nothing new", 100),
];

/// A service with a calendar.
struct Side {
    process: Process,
    dav: Client,
    stored: usize,
    poll: String,
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
            dav,
            stored: STORED,
            poll: String::new(),
        }
    }

    fn ask(&mut self, what: usize) {
        let Self { dav, stored, .. } = self;
        match what {
            0 => dav.expect(200, &get(&path(7))),
            1 => {
                dav.expect(201, &put(&path(*stored), &event(*stored)));
                *stored += 1;
            }
            _ => dav.expect(207, &sync(&self.poll)),
        }
    }

    /// From now on nothing is new.
    fn synchronise(&mut self) {
        self.dav.expect(207, &sync(&sync_body("")));
        let token = self.dav.body.split("sync-token>").nth(1).unwrap();
        self.poll = sync_body(token.strip_suffix("</D:").unwrap());
    }
}

/// Measures on one processor, and prints the table.
pub(crate) fn measure() {
    let last = std::thread::available_parallelism().unwrap().get() - 1;
    let mut here = Command::new("taskset");
    here.args(["--cpu-list", &last.to_string()])
        .arg(std::env::current_exe().unwrap())
        .arg("telemetry-here");
    assert!(here.status().unwrap().success());
}

/// Measures where it runs, and prints the table.
pub(crate) fn measure_here(folder: &Path) {
    let receiver = Receiver::start();
    let on = [
        ("OTLP_ENDPOINT", receiver.url.as_str()),
        ("SAMPLE_PERCENT", "10"),
    ];
    let mut used = [const { Vec::new() }; WHATS.len()];
    for set in 0..SETS {
        let data = |name: &str| folder.join(format!("telemetry-{name}-{set}"));
        let mut sides = [
            Side::start(&data("off"), &[]),
            Side::start(&data("on"), &on),
            Side::start(&data("control"), &[]),
        ];
        for (what, used) in used.iter_mut().enumerate() {
            sides.iter_mut().for_each(Side::synchronise);
            used.push(turns(&mut sides, what));
        }
    }
    assert!(
        receiver.bytes.load(Ordering::Relaxed) > 0,
        "nothing was sent"
    );
    println!(
        "\n| What, 10 % traced, {SETS} sets of processes | CPU µs without | With | Times: median \
         | Lowest to highest | Control: median | Lowest to highest | At most |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for ((what, _), used) in WHATS.into_iter().zip(&used) {
        print(what, used);
    }
    let mixed = (0..SETS).map(|set| {
        let turn = WHATS.iter().zip(&used);
        let sum = |side: usize| {
            turn.clone()
                .map(|((_, calls), used)| used[set][side] * f64::from(*calls))
                .sum()
        };
        std::array::from_fn(sum)
    });
    let calls = WHATS.map(|(_, calls)| calls.to_string()).join(", ");
    print(
        &format!("all of a turn: {calls} of them"),
        &mixed.collect::<Vec<_>>(),
    );
}

/// One line of the table.
fn print(what: &str, used: &[[f64; 3]]) {
    let of = |side: usize| spread(used.iter().map(|used| used[side]));
    let times = |side: usize| spread(used.iter().map(|used| used[side] / used[0]));
    let ([_, off, _], [_, on, _]) = (of(0), of(1));
    let ([least, middle, most], [low, control, high]) = (times(1), times(2));
    println!(
        "| {what} | {off:.1} | {on:.1} | {middle:.3} | {least:.3} to {most:.3} | {control:.3} \
         | {low:.3} to {high:.3} | {MOST} |"
    );
}

/// Microseconds that each of them used per request.
fn turns(sides: &mut [Side; 3], what: usize) -> [f64; 3] {
    let (_, calls) = WHATS[what];
    // Who begins changes, so that nobody always comes after the same one.
    let turn = |sides: &mut [Side; 3], turn: u32| {
        for at in 0..sides.len() {
            let side = &mut sides[(turn as usize + at) % 3];
            (0..calls).for_each(|_| side.ask(what));
        }
    };
    turn(sides, 0);
    let mut seen = [const { BTreeMap::new() }; 3];
    let mut cpu =
        |sides: &[Side; 3]| std::array::from_fn(|at| sides[at].process.cpu(&mut seen[at]));
    let before: [Duration; 3] = cpu(sides);
    let mut after = before;
    for at in 0..TURNS {
        turn(sides, at);
        after = cpu(sides);
    }
    let requests = f64::from(calls) * f64::from(TURNS);
    std::array::from_fn(|at| (after[at].as_secs_f64() - before[at].as_secs_f64()) * 1e6 / requests)
}

/// The lowest, the median and the highest.
fn spread(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    [
        values[0],
        values[values.len() / 2],
        values[values.len() - 1],
    ]
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
