//! The stream: which lines belong to which component, and how to go on after a broken one.

use std::collections::VecDeque;
use std::io::BufRead;

use super::super::error::{IcalError, Reason, cut};
use super::super::object::Kind;
use super::assemble::{Calendar, Head};
use super::chunk::{Chunk, Chunks, Mark};
use super::{COMPONENT_MAX, HELD_MAX, Piece, SplitObject, UidOrigin};

/// The objects and problems of a stream of calendars.
///
/// ```
/// use freehold::ical::split::{Piece, Split};
///
/// let file: &[u8] = b"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\nEND:VCALENDAR\n";
/// let pieces: Vec<Piece> = Split::new(file).collect();
/// assert!(matches!(&pieces[..], [Piece::Object(object)] if object.text == file));
/// ```
pub struct Split<R> {
    chunks: Chunks<R>,
    calendar: Option<Calendar>,
    component: Option<Open>,
    ready: VecDeque<Piece>,
    /// The first object, held until it is known whether the file has more.
    first: Option<SplitObject>,
    /// The file so far, as long as it may be one object.
    whole: Option<Vec<u8>>,
    state: State,
    /// Whether the last line was outside of any calendar; one report is enough.
    was_outside: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Done,
}

/// The component that is being read.
struct Open {
    names: Vec<String>,
    bytes: Vec<u8>,
    line: u32,
    fault: Option<IcalError>,
}

impl<R: BufRead> Split<R> {
    /// Splits what `reader` gives.
    pub fn new(reader: R) -> Self {
        Self {
            chunks: Chunks::new(reader, COMPONENT_MAX),
            calendar: None,
            component: None,
            ready: VecDeque::new(),
            first: None,
            whole: Some(Vec::new()),
            state: State::Reading,
            was_outside: false,
        }
    }

    fn step(&mut self) {
        match self.chunks.next() {
            Ok(Some(chunk)) => self.take(chunk),
            Ok(None) => self.end(1),
            Err(error) => {
                self.end(1);
                let reason = Reason::Read(error.to_string());
                self.ready
                    .push_back(Piece::Problem(IcalError::new(0, reason)));
            }
        }
    }

    fn take(&mut self, mut chunk: Chunk) {
        self.remember(&chunk);
        if chunk.line == 1 && chunk.bytes.starts_with(b"\xEF\xBB\xBF") {
            chunk.bytes.drain(..3);
        }
        if chunk.is_blank() && !chunk.is_cut {
            return;
        }
        match chunk.mark() {
            Some(Mark::Begin(name)) if name == "VCALENDAR" => {
                self.close_calendar(chunk.line);
                self.calendar = Some(Calendar::default());
                self.was_outside = false;
            }
            Some(Mark::End(name)) if name == "VCALENDAR" && self.calendar.is_some() => {
                self.close_component_unended();
                self.give_calendar();
            }
            mark if self.component.is_some() => self.take_inner(&chunk, mark),
            Some(Mark::Begin(name)) if self.calendar.is_some() => self.open(name, &chunk),
            mark => self.take_head(&chunk, mark.is_some()),
        }
    }

    /// A line between components.
    fn take_head(&mut self, chunk: &Chunk, is_mark: bool) {
        let text = || cut(&String::from_utf8_lossy(&chunk.bytes));
        let result = match &mut self.calendar {
            None if self.was_outside => Ok(()),
            None => {
                self.was_outside = true;
                Err(IcalError::new(chunk.line, Reason::Outside(text())))
            }
            Some(_) if chunk.is_cut => {
                Err(IcalError::new(chunk.line, Reason::TooLarge(COMPONENT_MAX)))
            }
            Some(_) if is_mark => {
                let found = text().trim().to_owned();
                let expected = "VCALENDAR".to_owned();
                Err(IcalError::new(
                    chunk.line,
                    Reason::UnmatchedEnd { found, expected },
                ))
            }
            Some(calendar) => match calendar.push_head(&chunk.bytes, chunk.line) {
                Ok(Head::LeftOut) => {
                    self.whole = None;
                    Ok(())
                }
                pushed => pushed.map(|_| ()),
            },
        };
        self.report(result);
    }

    fn open(&mut self, name: String, chunk: &Chunk) {
        let bytes = chunk.bytes.clone();
        self.component = Some(Open {
            names: vec![name],
            bytes,
            line: chunk.line,
            fault: None,
        });
    }

    /// A line inside a component.
    fn take_inner(&mut self, chunk: &Chunk, mark: Option<Mark>) {
        if let Some(Mark::Begin(name)) = &mark
            && (Kind::of(name).is_some() || name == "VTIMEZONE")
        {
            // These never stand inside another component: the one before was not ended.
            self.close_component_unended();
            self.open(name.clone(), chunk);
            return;
        }
        let Some(open) = &mut self.component else {
            return;
        };
        open.append(chunk);
        match mark {
            Some(Mark::Begin(name)) => open.names.push(name),
            Some(Mark::End(name)) => open.end(&name, chunk.line),
            None => {}
        }
        if open.names.is_empty() {
            self.close_component();
        }
    }

    /// A component has ended.
    fn close_component(&mut self) {
        let (Some(open), Some(calendar)) = (self.component.take(), &mut self.calendar) else {
            return;
        };
        let result = match open.fault {
            Some(fault) => Err(fault),
            None => calendar.push(&open.bytes, open.line),
        };
        let full = calendar.held() > HELD_MAX;
        self.report(result);
        if full && let Some(calendar) = &mut self.calendar {
            let simple = calendar.take_simple();
            for object in simple {
                self.give(object);
            }
        }
    }

    /// A component stops without its `END`.
    fn close_component_unended(&mut self) {
        if let Some(open) = self.component.take() {
            let name = open.names.first().map(|name| cut(name)).unwrap_or_default();
            let unended = IcalError::new(open.line, Reason::Unclosed(name));
            self.report(Err(open.fault.unwrap_or(unended)));
        }
    }

    /// The calendar stops without its `END`.
    fn close_calendar(&mut self, line: u32) {
        self.close_component_unended();
        if self.calendar.is_some() {
            self.report(Err(IcalError::new(
                line,
                Reason::Unclosed("VCALENDAR".to_owned()),
            )));
            self.give_calendar();
        }
    }

    fn give_calendar(&mut self) {
        if let Some(calendar) = self.calendar.take() {
            calendar
                .finish()
                .into_iter()
                .for_each(|object| self.give(object));
        }
    }

    fn give(&mut self, object: SplitObject) {
        if self.whole.is_some() && self.first.is_none() {
            self.first = Some(object);
            return;
        }
        self.whole = None;
        self.ready.extend(self.first.take().map(Piece::Object));
        self.ready.push_back(Piece::Object(object));
    }

    fn report(&mut self, result: Result<(), IcalError>) {
        if let Err(error) = result {
            self.whole = None;
            self.ready.extend(self.first.take().map(Piece::Object));
            self.ready.push_back(Piece::Problem(error));
        }
    }

    fn remember(&mut self, chunk: &Chunk) {
        if let Some(whole) = &mut self.whole {
            whole.extend_from_slice(&chunk.bytes);
            if chunk.is_cut || whole.len() > 2 * HELD_MAX {
                self.whole = None;
                self.ready.extend(self.first.take().map(Piece::Object));
            }
        }
    }

    fn end(&mut self, line: u32) {
        self.state = State::Done;
        self.close_calendar(line);
        if let Some(mut only) = self.first.take() {
            if only.uid_origin == UidOrigin::File
                && let Some(whole) = self.whole.take()
            {
                only.text = whole;
            }
            self.ready.push_back(Piece::Object(only));
        }
    }
}

impl Open {
    fn append(&mut self, chunk: &Chunk) {
        if chunk.is_cut || self.bytes.len() + chunk.bytes.len() > COMPONENT_MAX {
            self.bytes = Vec::new();
            let fault = IcalError::new(self.line, Reason::TooLarge(COMPONENT_MAX));
            self.fault.get_or_insert(fault);
        }
        if self.fault.is_none() {
            self.bytes.extend_from_slice(&chunk.bytes);
        }
    }

    /// An `END`: the innermost component, or an outer one whose inner ones were not ended.
    fn end(&mut self, found: &str, line: u32) {
        let at = self.names.iter().rposition(|name| *name == found);
        if at.map(|at| at + 1) != Some(self.names.len()) {
            let expected = self.names.last().map(|name| cut(name)).unwrap_or_default();
            let found = cut(found);
            let fault = IcalError::new(line, Reason::UnmatchedEnd { found, expected });
            self.fault.get_or_insert(fault);
        }
        if let Some(at) = at {
            self.names.truncate(at);
        }
    }
}

impl<R: BufRead> Iterator for Split<R> {
    type Item = Piece;

    fn next(&mut self) -> Option<Piece> {
        while self.ready.is_empty() && self.state == State::Reading {
            self.step();
        }
        self.ready.pop_front()
    }
}
