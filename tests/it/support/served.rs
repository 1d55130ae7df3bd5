//! The program itself, serving on a loopback port of its own, on the backend under test.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use freehold::config::{Overrides, Sources};
use freehold::server::Rooms;

use super::{on_postgres, postgres_database};

/// So long a process may take to start or to stop.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program under test: the one that was built with the tests, or, such as that of an image, the one
/// that `FREEHOLD_TEST_PROGRAM` names.
fn program() -> PathBuf {
    let given = std::env::var_os("FREEHOLD_TEST_PROGRAM");
    given.map_or_else(|| env!("CARGO_BIN_EXE_freehold").into(), PathBuf::from)
}

/// Where a service keeps its data; it outlives the process.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
    /// The data folder: `folder`, or one in it.
    pub(crate) data: PathBuf,
    pub(crate) environment: Vec<(String, String)>,
    /// A shell script around `serve`, in a mount namespace of its own. It ends by running `"$0" "$@"`
    /// and finds the data folder in `DATA` and a copy of what is there in `KEEP`.
    pub(crate) wrap: Option<&'static str>,
}

impl Place {
    pub(crate) fn new() -> Self {
        let mut environment = vec![("FREEHOLD__LOG__LEVEL".to_owned(), "info".to_owned())];
        if on_postgres() {
            let options = postgres_database();
            let of_store = [
                ("BACKEND", "postgres".to_owned()),
                ("POSTGRES__HOST", options.host),
                ("POSTGRES__PORT", options.port.to_string()),
                ("POSTGRES__DATABASE", options.database),
                ("POSTGRES__USER", options.user),
                ("POSTGRES__SSLMODE", "disable".to_owned()),
            ];
            let named = |(key, value)| (format!("FREEHOLD__STORE__{key}"), value);
            environment.extend(of_store.map(named));
        }
        let folder = tempfile::tempdir().unwrap();
        Self {
            data: folder.path().to_owned(),
            folder,
            environment,
            wrap: None,
        }
    }

    /// A place whose database is made.
    pub(crate) fn started() -> Self {
        let place = Self::new();
        place.serve().terminate();
        place
    }

    /// The program with these arguments on this place.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command
            .args(arguments)
            .arg("--data")
            .arg(&self.data)
            .current_dir(self.folder.path())
            .envs(self.environment.iter().cloned());
        command
    }

    /// The rooms of this place, opened as the service does; nobody may serve it meanwhile.
    pub(crate) async fn rooms(&self) -> Rooms {
        let pair = |(key, value): &(String, String)| (key.into(), value.into());
        let sources = Sources {
            environment: self.environment.iter().map(pair).collect(),
            overrides: Overrides {
                data: Some(self.data.clone()),
                ..Overrides::default()
            },
            ..Sources::default()
        };
        let settings = freehold::config::load(&sources).unwrap().settings;
        Rooms::open(&settings).await.unwrap()
    }

    /// Serves an evaluation here.
    pub(crate) fn serve(&self) -> Served {
        self.serve_with(&[])
    }

    /// The same with more arguments.
    pub(crate) fn serve_with(&self, more: &[&str]) -> Served {
        let arguments = ["serve", "--evaluation", "--listen", "127.0.0.1:0"];
        self.spawned(self.command(&[&arguments, more].concat()))
    }

    /// Serves an evaluation here, at this port of the machine.
    pub(crate) fn serve_at(&self, port: u16) -> Served {
        let address = format!("127.0.0.1:{port}");
        self.spawned(self.command(&["serve", "--evaluation", "--listen", &address]))
    }

    /// An evaluation that `command` serves.
    pub(crate) fn spawned(&self, command: Command) -> Served {
        let mut child = self
            .wrapped(command)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new(Mutex::new(String::new()));
        let out: [Box<dyn std::io::Read + Send>; 2] = [
            Box::new(child.stdout.take().unwrap()),
            Box::new(child.stderr.take().unwrap()),
        ];
        let readers = out.map(|stream| {
            let said = Arc::clone(&said);
            std::thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let mut said = said.lock().unwrap();
                    said.push_str(&line);
                    said.push('\n');
                }
            })
        });
        let mut served = Served {
            child,
            said,
            readers: readers.into(),
            url: String::new(),
            link: String::new(),
        };
        served.link =
            served.wait_for(|line| line.contains("/auth/link/").then(|| line.trim().to_owned()));
        served.url = served.link.split("/auth/").next().unwrap().to_owned();
        served
    }

    fn wrapped(&self, plain: Command) -> Command {
        let Some(script) = self.wrap else {
            return plain;
        };
        let keep = self.folder.path().with_extension("keep");
        let copied = Command::new("cp")
            .arg("-a")
            .args([self.folder.path(), &keep])
            .status();
        assert!(copied.unwrap().success());
        let mut command = Command::new("unshare");
        command
            .args(["--user", "--map-root-user", "--mount", "sh", "-ec", script])
            .arg(plain.get_program())
            .args(plain.get_args())
            .envs(self.environment.iter().cloned())
            .env("DATA", self.folder.path())
            .env("KEEP", keep);
        command
    }

    /// A personal token, made by the program as an operator would, beside a running service or not.
    pub(crate) fn token(&self, handle: &str, scope: &str) -> String {
        let arguments = [
            "token",
            "create",
            "--create",
            "--principal",
            handle,
            "--scope",
            scope,
        ];
        let output = self.command(&arguments).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

/// A running service; it is killed when dropped.
pub(crate) struct Served {
    child: Child,
    said: Arc<Mutex<String>>,
    /// What reads its two streams into `said`.
    readers: Vec<std::thread::JoinHandle<()>>,
    /// Like `http://127.0.0.1:40000`.
    pub(crate) url: String,
    /// The link that signs in.
    pub(crate) link: String,
}

impl Served {
    /// Everything it wrote so far.
    pub(crate) fn said(&self) -> String {
        self.said.lock().unwrap().clone()
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the first line that `find` finds something in.
    pub(crate) fn wait_for<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> T {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = self.said().lines().find_map(&find) {
                return found;
            }
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < until,
                "{ended:?}: {}",
                self.said()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Asks it to stop, as a platform does, and waits until it has.
    pub(crate) fn terminate(mut self) -> (ExitStatus, String) {
        let process = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(process, rustix::process::Signal::TERM).unwrap();
        let until = Instant::now() + PATIENCE;
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "it does not stop: {}", self.said());
            std::thread::sleep(Duration::from_millis(5));
        };
        // Its last lines are still in the pipes.
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        (status, self.said())
    }

    /// Kills it at once, as a power cut does to a process.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}
