//! Reads files, splits them, and sends what is in them in batches.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::rc::Rc;

use indicatif::ProgressBar;

use super::super::{Failure, out};
use super::charset::AsUtf8;
use super::files::Source;
use super::report::Report;
use crate::crypto::sha256;
use crate::ical::object::Kind;
use crate::ical::split::{Piece, Split, SplitObject, UidOrigin};
use crate::ical::{IcalError, Reason};
use crate::server::admin::{Answer, Body, Fate, Input, Output, Session, SessionError};

/// How many objects go in one transaction.
const BATCH_OBJECTS: usize = 200;
/// How many bytes go in one transaction, unless a single object is larger.
const BATCH_BYTES: usize = 4 << 20;
/// A larger object is not even sent.
const OBJECT_MAX: usize = 32 << 20;

/// An import on its way.
pub(super) struct Load {
    session: Session,
    bar: ProgressBar,
    report: Report,
    batch: Vec<Body>,
    batch_bytes: usize,
    /// Where each object of the batch comes from.
    places: Vec<Place>,
    /// The digest of each UID that was met, with that of the object.
    seen: HashMap<u128, Seen>,
}

/// A line of a file.
#[derive(Clone, Copy)]
struct Place {
    /// Its place in the report.
    file: usize,
    line: u32,
}

struct Seen {
    place: Place,
    text: u128,
}

impl Load {
    pub(super) fn new(session: Session, files: Vec<Source>, bar: ProgressBar) -> Self {
        Self {
            session,
            bar,
            report: Report::new(files),
            batch: Vec::new(),
            batch_bytes: 0,
            places: Vec::new(),
            seen: HashMap::new(),
        }
    }

    /// Imports all files.
    pub(super) async fn run(&mut self) -> Result<(), Failure> {
        for file in 0..self.report.files.len() {
            self.file(file).await?;
        }
        self.flush().await?;
        self.session.give(&Input::Done).await?;
        match self.session.next().await? {
            Output::Answer(Answer::Done) => Ok(()),
            _ => Err(SessionError::Answer.into()),
        }
    }

    /// Lets go of the rooms; what became of everything.
    pub(super) async fn finish(self) -> Report {
        self.bar.finish_and_clear();
        self.session.end().await;
        self.report
    }

    async fn file(&mut self, file: usize) -> Result<(), Failure> {
        let reader = match self.open(file) {
            Ok(reader) => reader,
            Err(error) => {
                let why = format!("it cannot be read: {error}");
                self.refuse(Place { file, line: 0 }, &why);
                return Ok(());
            }
        };
        for piece in Split::new(reader) {
            match piece {
                Piece::Object(object) => self.take(file, object).await?,
                Piece::Problem(problem) => self.problem(file, &problem),
            }
        }
        Ok(())
    }

    fn open(&mut self, file: usize) -> io::Result<Box<dyn BufRead>> {
        let Some(report) = self.report.files.get_mut(file) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        report.is_begun = true;
        let bytes: Box<dyn Read> = match &report.source {
            Source::StandardInput => Box::new(io::stdin()),
            Source::File(path) => Box::new(File::open(path)?),
        };
        let counted = BufReader::new(self.bar.wrap_read(bytes));
        let text = AsUtf8::new(counted, Rc::clone(&report.foreign));
        Ok(Box::new(BufReader::new(text)))
    }

    async fn take(&mut self, file: usize, object: SplitObject) -> Result<(), Failure> {
        let place = Place {
            file,
            line: object.line,
        };
        if object.kind == Kind::FreeBusy {
            let why = "VFREEBUSY is busy time that somebody published, no entry; it is left out";
            self.leave_out(place, why);
            return Ok(());
        }
        if object.text.len() > OBJECT_MAX {
            self.refuse(place, &format!("an object larger than {OBJECT_MAX} bytes"));
            return Ok(());
        }
        if let Some(why) = self.clash(place, &object) {
            self.refuse(place, &why);
            return Ok(());
        }
        if object.uid_origin == UidOrigin::Digest
            && let Some(report) = self.report.files.get_mut(file)
        {
            report.tally.count_named();
        }
        let is_full = self.batch.len() >= BATCH_OBJECTS
            || self.batch_bytes + object.text.len() > BATCH_BYTES && !self.batch.is_empty();
        if is_full {
            self.flush().await?;
        }
        self.batch_bytes += object.text.len();
        self.batch.push(Body(object.text));
        self.places.push(place);
        Ok(())
    }

    /// Two objects with one UID cannot both be in a calendar (RFC 4791 §4.1). Taking the later one
    /// would write something at every run, so it is the earlier one that counts.
    fn clash(&mut self, place: Place, object: &SplitObject) -> Option<String> {
        let text = digest(&object.text);
        let seen = self
            .seen
            .entry(digest(object.uid.as_bytes()))
            .or_insert(Seen { place, text });
        if seen.text == text {
            return None;
        }
        let (source, line) = (self.report.files.get(seen.place.file)?, seen.place.line);
        let source = &source.source;
        Some(format!(
            "another object with the same UID is at {source}:{line} and was taken: import this one \
             into a calendar of its own with --calendar"
        ))
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        self.batch_bytes = 0;
        self.session.give(&Input::Objects(batch)).await?;
        let Output::Imported(fates) = self.session.next().await? else {
            return Err(SessionError::Answer.into());
        };
        let places = std::mem::take(&mut self.places);
        for (place, fate) in places.into_iter().zip(fates) {
            if let Fate::Refused(why) = &fate {
                self.refuse(place, why);
            } else if let Some(report) = self.report.files.get_mut(place.file) {
                report.tally.count(&fate);
            }
        }
        Ok(())
    }

    fn problem(&mut self, file: usize, problem: &IcalError) {
        let place = Place {
            file,
            line: problem.line,
        };
        let why = problem.reason.to_string();
        match problem.reason {
            Reason::NotObject(_) => self.leave_out(place, &why),
            _ => self.refuse(place, &why),
        }
    }

    /// What no calendar keeps is no fault of the file.
    fn leave_out(&mut self, place: Place, why: &str) {
        self.say(place, why);
        if let Some(report) = self.report.files.get_mut(place.file) {
            report.tally.count_left_out();
        }
    }

    fn refuse(&mut self, place: Place, why: &str) {
        self.say(place, &format!("refused: {why}"));
        if let Some(report) = self.report.files.get_mut(place.file) {
            report.tally.count_refused();
        }
    }

    /// `FILE:LINE: what`, at once, because there may be many.
    fn say(&self, place: Place, what: &str) {
        let Some(file) = self.report.files.get(place.file) else {
            return;
        };
        let source = &file.source;
        self.bar.suspend(|| match place.line {
            0 => out::line(&format!("{source}: {what}")),
            line => out::line(&format!("{source}:{line}: {what}")),
        });
    }
}

fn digest(bytes: &[u8]) -> u128 {
    let digest = sha256(bytes);
    u128::from_be_bytes(*digest.first_chunk().unwrap_or(&[0; 16]))
}
