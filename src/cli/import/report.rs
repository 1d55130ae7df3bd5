//! What became of each file.

use std::cell::Cell;
use std::fmt;
use std::rc::Rc;

use super::charset::Foreign;
use super::files::Source;
use crate::server::admin::Fate;

/// All files.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) files: Vec<FileReport>,
}

/// One file.
#[derive(Debug)]
pub(super) struct FileReport {
    pub(super) source: Source,
    pub(super) tally: Tally,
    /// Whether it was opened at all.
    pub(super) is_begun: bool,
    /// What in it was no UTF-8.
    pub(super) foreign: Rc<Cell<Foreign>>,
}

/// How many objects.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    created: u64,
    replaced: u64,
    unchanged: u64,
    refused: u64,
    /// Components that are no calendar objects.
    left_out: u64,
    /// Objects that got a UID, because they had none; they are among the others, too.
    named: u64,
}

impl Report {
    pub(super) fn new(files: Vec<Source>) -> Self {
        let begin = |source| FileReport {
            source,
            tally: Tally::default(),
            is_begun: false,
            foreign: Rc::default(),
        };
        Self {
            files: files.into_iter().map(begin).collect(),
        }
    }

    /// How many were refused in all.
    pub(super) fn refused(&self) -> u64 {
        self.files.iter().map(|file| file.tally.refused).sum()
    }
}

impl Tally {
    pub(super) fn count(&mut self, fate: &Fate) {
        *match fate {
            Fate::Created => &mut self.created,
            Fate::Replaced => &mut self.replaced,
            Fate::Unchanged => &mut self.unchanged,
            Fate::Refused(_) => &mut self.refused,
        } += 1;
    }

    pub(super) fn count_refused(&mut self) {
        self.refused += 1;
    }

    pub(super) fn count_left_out(&mut self) {
        self.left_out += 1;
    }

    pub(super) fn count_named(&mut self) {
        self.named += 1;
    }

    fn add(self, other: Self) -> Self {
        Self {
            created: self.created + other.created,
            replaced: self.replaced + other.replaced,
            unchanged: self.unchanged + other.unchanged,
            refused: self.refused + other.refused,
            left_out: self.left_out + other.left_out,
            named: self.named + other.named,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.created, "created"),
            (self.replaced, "replaced"),
            (self.unchanged, "unchanged"),
            (self.refused, "refused"),
            (self.left_out, "left out"),
            (self.named, "without UID were given one"),
        ];
        let said: Vec<String> = parts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if said.is_empty() {
            return f.write_str("nothing to import");
        }
        f.write_str(&said.join(", "))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for file in self.files.iter().filter(|file| file.is_begun) {
            write!(f, "{}: {}", file.source, file.tally)?;
            match file.foreign.get() {
                Foreign { lines: 0, .. } => writeln!(f)?,
                Foreign { lines, first } => writeln!(
                    f,
                    "; {lines} lines are not UTF-8 and were read as Windows-1252, the first is \
                     line {first}"
                )?,
            }
        }
        let begun = self.files.iter().filter(|file| file.is_begun);
        let all = begun
            .clone()
            .fold(Tally::default(), |sum, file| sum.add(file.tally));
        match begun.count() {
            0 => writeln!(f, "no files"),
            1 => Ok(()),
            count => writeln!(f, "{count} files: {all}"),
        }
    }
}
