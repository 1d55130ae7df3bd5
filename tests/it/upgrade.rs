//! Databases of every schema that is kept in `tests/fixtures/upgrade` (`scripts/keep-schema.sh` writes
//! them): each starts under this program and answers as it did, and the roll-back works.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::on_postgres;
use crate::support::served::{Place, Served};

/// A folder as an earlier program left it.
struct Kept {
    /// The last step of its schema.
    step: String,
    at: PathBuf,
}

fn kept() -> Vec<Kept> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/upgrade");
    let folders = std::fs::read_dir(all).unwrap();
    let mut kept: Vec<Kept> = folders
        .map(|entry| {
            let entry = entry.unwrap();
            Kept {
                step: entry.file_name().into_string().unwrap(),
                at: entry.path(),
            }
        })
        .collect();
    kept.sort_by(|a, b| a.step.cmp(&b.step));
    kept
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

impl Kept {
    /// A copy of it, with the settings of its time.
    fn place(&self) -> Place {
        let place = Place::new();
        copy(&self.at.join("data"), &place.data);
        std::fs::copy(
            self.at.join("settings.toml"),
            place.data.join("settings.toml"),
        )
        .unwrap();
        place
    }

    fn token(&self, user: &str) -> String {
        let users = std::fs::read_to_string(self.at.join("users")).unwrap();
        let mut pairs = users.lines().filter_map(|line| line.split_once(' '));
        pairs.find(|(name, _)| *name == user).unwrap().1.to_owned()
    }

    /// Asks for everything that was kept; gives how much that was.
    async fn compare(&self, served: &Served) -> usize {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut files = Vec::new();
        gather(&self.at.join("answers"), &mut files);
        for file in &files {
            let relative = file.strip_prefix(self.at.join("answers")).unwrap();
            let (user, path) = relative.to_str().unwrap().split_once('/').unwrap();
            let url = format!("{}/{}", served.url, path.trim_end_matches(".json"));
            let token = self.token(user);
            let request = client.get(url);
            let request = if user == "api" {
                request.bearer_auth(token)
            } else {
                request.basic_auth(user, Some(token))
            };
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status().as_u16(), 200, "{}: {path}", self.step);
            let body = answer.bytes().await.unwrap();
            let then = std::fs::read(file).unwrap();
            if file.extension().is_some_and(|end| end == "json") {
                let (then, now): (Value, Value) = (
                    serde_json::from_slice(&then).unwrap(),
                    serde_json::from_slice(&body).unwrap(),
                );
                assert!(
                    holds(&now, &then),
                    "{}: {path}: {now:#} {then:#}",
                    self.step
                );
            } else {
                assert_eq!(body, then, "{}: {path}", self.step);
            }
        }
        files.len()
    }
}

/// Whether everything that was said then is said now; there may be more.
fn holds(now: &Value, then: &Value) -> bool {
    match (now, then) {
        (Value::Object(now), Value::Object(then)) => then
            .iter()
            .all(|(name, then)| now.get(name).is_some_and(|now| holds(now, then))),
        (Value::Array(now), Value::Array(then)) => {
            now.len() == then.len() && now.iter().zip(then).all(|(now, then)| holds(now, then))
        }
        _ => now == then,
    }
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            gather(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn serve(place: &Place) -> Served {
    let settings = place.data.join("settings.toml");
    place.serve_with(&["--config", settings.to_str().unwrap()])
}

fn steps(database: &Path) -> Vec<String> {
    let database = rusqlite::Connection::open(database).unwrap();
    let mut all = database
        .prepare("SELECT name FROM schema_migration ORDER BY name")
        .unwrap();
    let names = all.query_map([], |row| row.get(0)).unwrap();
    names.map(Result::unwrap).collect()
}

#[test]
fn the_schema_of_this_program_is_kept() {
    let kept = kept();
    let last = kept.last().map_or("", |one| one.step.as_str());
    let known = freehold::store::last_step();
    assert_eq!(last, known, "run scripts/keep-schema.sh with this program");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_schema_that_is_kept_starts_answers_as_it_did_and_rolls_back() {
    if on_postgres() {
        return;
    }
    for kept in kept() {
        let place = kept.place();
        let database = place.data.join("freehold.db");
        let before = steps(&database);
        let served = serve(&place);
        assert!(kept.compare(&served).await > 40, "{}", kept.step);
        served.terminate();
        assert_eq!(
            steps(&database).last().unwrap(),
            freehold::store::last_step()
        );
        if kept.step == freehold::store::last_step() {
            continue;
        }
        // The roll-back as docs/backup.md has it: the copy in the place of the database.
        let after = steps(&database);
        let first = after.iter().find(|step| !before.contains(step)).unwrap();
        let copy = place.data.join(format!("before-{first}.db"));
        let mode = std::os::unix::fs::PermissionsExt::mode;
        assert_eq!(
            mode(&std::fs::metadata(&copy).unwrap().permissions()) & 0o777,
            0o600
        );
        std::fs::copy(&copy, &database).unwrap();
        for log in ["freehold.db-wal", "freehold.db-shm"] {
            let _not_there = std::fs::remove_file(place.data.join(log));
        }
        assert_eq!(steps(&database), before, "{}", kept.step);
        // Back at the beginning, it can be tried once more.
        let served = serve(&place);
        assert!(kept.compare(&served).await > 40, "{}", kept.step);
        served.terminate();
    }
}
