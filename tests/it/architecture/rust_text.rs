//! Reads Rust text as far as `tidy` needs it: tokens with lines, comments, strings, paths, the
//! length of functions. It knows no grammar; what it cannot know it passes over.

use std::path::{Path, PathBuf};

/// One file.
pub(crate) struct RustText {
    /// Relative to the repository, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) tokens: Vec<Token>,
    pub(crate) comments: Vec<Token>,
    pub(crate) strings: Vec<Token>,
}

/// A word, `::`, or another single character; or the content of a comment or string.
#[derive(Debug, PartialEq)]
pub(crate) struct Token {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) text: String,
}

/// A path such as `crate::store::Tx`, groups resolved.
#[derive(Debug, PartialEq)]
pub(crate) struct UsedPath {
    pub(crate) line: usize,
    pub(crate) segments: Vec<String>,
}

/// A function with a body.
pub(crate) struct Function {
    pub(crate) line: usize,
    pub(crate) name: String,
    pub(crate) lines: usize,
}

/// Every file below `root/folder` whose name ends in `suffix`, in the order of their paths.
pub(crate) fn files(root: &Path, folder: &str, suffix: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(suffix) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

impl RustText {
    pub(crate) fn new(path: &str, text: &str) -> Self {
        let mut lexer = Lexer {
            letters: text.chars().collect(),
            at: 0,
            line: 1,
            file: Self {
                path: path.to_owned(),
                text: text.to_owned(),
                tokens: Vec::new(),
                comments: Vec::new(),
                strings: Vec::new(),
            },
        };
        while lexer.step() {}
        lexer.file
    }

    /// All Rust files below a folder of the repository.
    pub(crate) fn read_all(root: &Path, folder: &str) -> Vec<Self> {
        let read = |path: PathBuf| {
            let name = path
                .strip_prefix(root)
                .unwrap()
                .to_string_lossy()
                .replace('\\', "/");
            Self::new(&name, &std::fs::read_to_string(&path).unwrap())
        };
        files(root, folder, ".rs").into_iter().map(read).collect()
    }

    /// The modules from the crate's root to this file: `["store", "sqlite"]`.
    pub(crate) fn module(&self) -> Vec<String> {
        let inner = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let inner = inner.trim_end_matches("/mod");
        inner.split('/').map(str::to_owned).collect()
    }

    /// Every path with at least one `::`, and what follows `use`.
    pub(crate) fn paths(&self) -> Vec<UsedPath> {
        let mut found = Vec::new();
        let mut at = 0;
        while at < self.tokens.len() {
            let follows_use = at > 0 && self.tokens[at - 1].text == "use";
            if is_word(self.word(at)) && (self.word(at + 1) == "::" || follows_use) {
                at = self.expand(at, &[], &mut found);
            }
            at += 1;
        }
        found
    }

    /// The path from the crate's root, if `path` begins at `crate`, `self` or `super`.
    pub(crate) fn resolve(&self, path: &UsedPath) -> Option<Vec<String>> {
        let mut base = self.module();
        let mut rest = path.segments.as_slice();
        match rest.first()?.as_str() {
            "crate" => base.clear(),
            "self" => {}
            "super" => rest = path.segments.as_slice(),
            _ => return None,
        }
        if rest[0] != "super" {
            rest = &rest[1..];
        }
        while rest.first().is_some_and(|segment| segment == "super") {
            base.pop()?;
            rest = &rest[1..];
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    /// Every function with a body.
    pub(crate) fn functions(&self) -> Vec<Function> {
        let names = (0..self.tokens.len()).filter(|at| self.word(*at) == "fn");
        names
            .filter(|at| is_word(self.word(at + 1)))
            .filter_map(|at| self.function(at))
            .collect()
    }

    fn function(&self, at: usize) -> Option<Function> {
        let mut open = at;
        let mut brackets = 0_i32;
        loop {
            match self.tokens.get(open)?.text.as_str() {
                "(" | "[" => brackets += 1,
                ")" | "]" => brackets -= 1,
                ";" if brackets == 0 => return None,
                "{" if brackets == 0 => break,
                _ => {}
            }
            open += 1;
        }
        let close = self.closing(open)?;
        let line = self.tokens[at].line;
        let lines = self.tokens[close].line - line + 1;
        Some(Function {
            line,
            name: self.word(at + 1).to_owned(),
            lines,
        })
    }

    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_i32;
        for (at, token) in self.tokens.iter().enumerate().skip(open) {
            depth += match token.text.as_str() {
                "{" => 1,
                "}" => -1,
                _ => 0,
            };
            if depth == 0 {
                return Some(at);
            }
        }
        None
    }

    /// Appends the paths that begin at a token; returns the last token that belongs to them.
    fn expand(&self, start: usize, prefix: &[String], found: &mut Vec<UsedPath>) -> usize {
        let mut segments = prefix.to_vec();
        let mut at = start;
        while self.word(at) != "{" {
            segments.push(self.word(at).to_owned());
            let next = self.word(at + 2);
            let more = self.word(at + 1) == "::" && (is_word(next) || matches!(next, "{" | "*"));
            if !more {
                found.push(UsedPath {
                    line: self.tokens[start].line,
                    segments,
                });
                return at;
            }
            at += 2;
        }
        let Some(close) = self.closing(at) else {
            return at;
        };
        at += 1;
        while at < close {
            if is_word(self.word(at)) {
                at = self.expand(at, &segments, found);
                // `as name`
                while at < close && self.word(at) != "," {
                    at += 1;
                }
            }
            at += 1;
        }
        close
    }

    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }
}

fn is_word(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

struct Lexer {
    letters: Vec<char>,
    at: usize,
    line: usize,
    file: RustText,
}

impl Lexer {
    fn step(&mut self) -> bool {
        let Some(letter) = self.peek(0) else {
            return false;
        };
        let line = self.line;
        match (letter, self.peek(1)) {
            ('/', Some('/')) => {
                let text = self.take_until(|lexer| lexer.peek(0) == Some('\n'));
                self.file.comments.push(Token { line, text });
            }
            ('/', Some('*')) => self.block_comment(),
            ('"', _) => self.string(0, true),
            ('\'', _) => self.character(),
            (':', Some(':')) => {
                self.take(2);
                self.file.tokens.push(Token {
                    line,
                    text: "::".to_owned(),
                });
            }
            _ if letter.is_alphanumeric() || letter == '_' => self.word(),
            _ => {
                let text = self.take(1);
                if !letter.is_whitespace() {
                    self.file.tokens.push(Token { line, text });
                }
            }
        }
        true
    }

    fn word(&mut self) {
        let line = self.line;
        let text = self.take_until(|lexer| {
            !lexer
                .peek(0)
                .is_some_and(|letter| letter.is_alphanumeric() || letter == '_')
        });
        let hashes = (0..self.letters.len() - self.at)
            .take_while(|ahead| self.peek(*ahead) == Some('#'))
            .count();
        let quoted = self.peek(hashes) == Some('"');
        match text.as_str() {
            "r" | "br" | "cr" if quoted => {
                self.take(hashes);
                self.string(hashes, false);
            }
            "b" | "c" if quoted && hashes == 0 => self.string(0, true),
            _ => self.file.tokens.push(Token { line, text }),
        }
    }

    fn string(&mut self, hashes: usize, escapes: bool) {
        let line = self.line;
        self.take(1);
        let text = self.take_until(|lexer| {
            if escapes && lexer.peek(0) == Some('\\') {
                lexer.take(1);
                return false;
            }
            lexer.peek(0) == Some('"') && (1..=hashes).all(|at| lexer.peek(at) == Some('#'))
        });
        self.take(1 + hashes);
        self.file.strings.push(Token { line, text });
    }

    /// A character, or else a lifetime.
    fn character(&mut self) {
        self.take(1);
        if self.peek(0) == Some('\\') {
            self.take(2);
            self.take_until(|lexer| lexer.peek(0) == Some('\''));
            self.take(1);
        } else if self.peek(1) == Some('\'') {
            self.take(2);
        }
    }

    fn block_comment(&mut self) {
        let line = self.line;
        let mut depth = 0;
        let mut text = String::new();
        loop {
            match (self.peek(0), self.peek(1)) {
                (Some('/'), Some('*')) => depth += 1,
                (Some('*'), Some('/')) => depth -= 1,
                (None, _) => break,
                _ => {
                    text.push_str(&self.take(1));
                    continue;
                }
            }
            text.push_str(&self.take(2));
            if depth == 0 {
                break;
            }
        }
        self.file.comments.push(Token { line, text });
    }

    fn take_until(&mut self, mut end: impl FnMut(&mut Self) -> bool) -> String {
        let start = self.at;
        while self.peek(0).is_some() && !end(self) {
            self.take(1);
        }
        self.letters[start..self.at].iter().collect()
    }

    fn take(&mut self, count: usize) -> String {
        let end = (self.at + count).min(self.letters.len());
        let taken: String = self.letters[self.at..end].iter().collect();
        self.line += taken.matches('\n').count();
        self.at = end;
        taken
    }

    fn peek(&self, ahead: usize) -> Option<char> {
        self.letters.get(self.at + ahead).copied()
    }
}
