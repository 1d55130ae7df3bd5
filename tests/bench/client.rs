//! An HTTP/1.1 client on one connection.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;

use base64::Engine as _;

/// Method, path, headers and body.
pub(crate) struct Ask<'a>(
    pub(crate) &'a str,
    pub(crate) &'a str,
    pub(crate) &'a [(&'a str, &'a str)],
    pub(crate) &'a str,
);

pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    host: String,
    authorization: String,
    /// The body of the last answer.
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn connect(host: &str, user: Option<(&str, &str)>) -> Self {
        let stream = TcpStream::connect(host).unwrap();
        stream.set_nodelay(true).unwrap();
        let encode = |(name, token)| {
            let pair = base64::prelude::BASE64_STANDARD.encode(format!("{name}:{token}"));
            format!("Authorization: Basic {pair}\r\n")
        };
        Self {
            stream: BufReader::new(stream),
            host: host.to_owned(),
            authorization: user.map(encode).unwrap_or_default(),
            body: String::new(),
        }
    }

    /// Sends a request and reads its answer, which must have `status`.
    pub(crate) fn expect(&mut self, status: u16, ask: &Ask) {
        let Ask(method, path, headers, body) = ask;
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.host);
        request.push_str(&self.authorization);
        for (name, value) in *headers {
            write!(request, "{name}: {value}\r\n").unwrap();
        }
        write!(request, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.stream.get_mut().write_all(request.as_bytes()).unwrap();
        let got = self.answer();
        assert_eq!(got, status, "{method} {path}: {}", self.body);
    }

    fn answer(&mut self) -> u16 {
        let status = self.line();
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line().to_ascii_lowercase();
            match line.split_once(": ") {
                Some(("content-length", value)) => length = value.parse().unwrap(),
                Some(("transfer-encoding", _)) => chunked = true,
                _ if line.is_empty() => break,
                _ => {}
            }
        }
        let mut body = Vec::new();
        while chunked {
            length = usize::from_str_radix(&self.line(), 16).unwrap();
            self.take(length, &mut body);
            self.line();
            chunked = length > 0;
            length = 0;
        }
        self.take(length, &mut body);
        self.body = String::from_utf8(body).unwrap();
        status
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn take(&mut self, length: usize, body: &mut Vec<u8>) {
        let from = body.len();
        body.resize(from + length, 0);
        self.stream.read_exact(&mut body[from..]).unwrap();
    }
}
