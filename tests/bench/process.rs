//! A program that serves: started, asked what it used, ended.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PASSES: usize = 3;

/// A process that serves, and says where in a line with `http://HOST:PORT`.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: String,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Self {
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

    /// CPU time per call, user and kernel, the lowest of three passes.
    pub(crate) fn lowest(&self, calls: u32, mut call: impl FnMut()) -> Duration {
        let mut pass = || {
            let before = self.threads();
            (0..calls).for_each(|_| call());
            let after = self.threads();
            // What a thread used that has ended is in no file.
            let all_there = before.keys().all(|thread| after.contains_key(thread));
            let used = after.values().sum::<u64>() - before.values().sum::<u64>();
            all_there.then(|| Duration::from_nanos(used) / calls)
        };
        let passes = std::iter::repeat_with(&mut pass).flatten().take(PASSES);
        passes.min().unwrap()
    }

    /// CPU time so far, user and kernel, of all threads that `seen` has seen. A thread that ends has
    /// waited for work before, so that nothing is missing where this is asked often.
    pub(crate) fn cpu(&self, seen: &mut BTreeMap<u32, u64>) -> Duration {
        seen.extend(self.threads());
        Duration::from_nanos(seen.values().sum())
    }

    /// Nanoseconds on a CPU, by thread.
    fn threads(&self) -> BTreeMap<u32, u64> {
        threads(self.child.id())
    }

    /// Memory it holds, in MiB: now, and at most since its start.
    pub(crate) fn memory_mib(&self) -> (u64, u64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let mib = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name)).unwrap();
            let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
            kib / 1024
        };
        (mib("VmRSS:"), mib("VmHWM:"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Nanoseconds on a CPU, by thread of a process.
fn threads(process: u32) -> BTreeMap<u32, u64> {
    let tasks = fs::read_dir(format!("/proc/{process}/task")).unwrap();
    let used = tasks.filter_map(|task| {
        let task = task.unwrap();
        let text = fs::read_to_string(task.path().join("schedstat")).ok()?;
        let nanos = text.split(' ').next()?.parse().ok()?;
        Some((task.file_name().to_str()?.parse().ok()?, nanos))
    });
    used.collect()
}

/// CPU time that this process uses from now on, in all threads that are there.
pub(crate) struct Cpu(u64);

impl Cpu {
    pub(crate) fn from_now() -> Self {
        Self(threads(std::process::id()).values().sum())
    }

    pub(crate) fn used(&self) -> Duration {
        Duration::from_nanos(Self::from_now().0 - self.0)
    }
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_freehold");

/// The program on a data folder.
pub(crate) fn freehold(data: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command
        .arg("--data")
        .arg(data)
        .env("FREEHOLD__LOG__LEVEL", "info");
    command
}

pub(crate) fn serve(data: &Path) -> Process {
    Process::start(freehold(data).args(["serve", "--evaluation", "--listen", "127.0.0.1:0"]))
}

pub(crate) fn token(data: &Path) -> String {
    let create = "token create --create --principal alice --scope caldav";
    let output = freehold(data).args(create.split(' ')).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// The size of the program, in MB.
pub(crate) fn program_mb() -> f64 {
    let bytes = fs::metadata(PROGRAM).unwrap().len();
    f64::from(u32::try_from(bytes).unwrap()) / 1e6
}
