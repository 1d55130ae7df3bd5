//! What is left as it is, and what becomes of the rest.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::cell::Cell;
use std::io::{BufReader, Read as _};
use std::rc::Rc;

use super::{AsUtf8, Foreign};

fn read(bytes: &[u8]) -> (Vec<u8>, Foreign) {
    let foreign = Rc::new(Cell::default());
    let mut found = Vec::new();
    let small = BufReader::with_capacity(3, bytes);
    AsUtf8::new(small, Rc::clone(&foreign))
        .read_to_end(&mut found)
        .unwrap();
    (found, foreign.get())
}

#[test]
fn utf8_is_left_as_it_is_even_where_a_fold_cuts_a_character() {
    for text in [
        &b""[..],
        b"SUMMARY:plain",
        "SUMMARY:Café €\r\nEND:VEVENT\n\n".as_bytes(),
        b"SUMMARY:Caf\xc3\r\n \xa9\r\nEND:VEVENT\r\n",
        b"SUMMARY:Caf\xc3\n\t\xa9\n",
    ] {
        assert_eq!(read(text), (text.to_vec(), Foreign::default()));
    }
}

#[test]
fn bytes_that_are_none_become_their_windows_1252_character_and_are_counted() {
    let (text, foreign) = read(b"A:1\r\nB:Caf\xe9\r\n \x80\r\nC:na\xefve");
    assert_eq!(text, "A:1\r\nB:Café\r\n €\r\nC:naïve".as_bytes());
    assert_eq!(foreign, Foreign { lines: 2, first: 2 });
}

#[test]
fn one_damaged_place_leaves_the_rest_of_its_line_alone() {
    let (text, foreign) = read("A:日".as_bytes());
    assert_eq!((text, foreign.lines), ("A:日".as_bytes().to_vec(), 0));
    let (text, foreign) = read(b"A:\xe6\x97\xa5\xe5?\n");
    assert_eq!((text, foreign.lines), ("A:日å?\n".as_bytes().to_vec(), 1));
}
