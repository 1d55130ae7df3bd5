//! Reading on, after the answer, what nobody wanted to read.
//!
//! A server that closes a connection with bytes of a body still coming makes the system cut it, and
//! the client loses the answer that was on its way (RFC 9112 §9.6).

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http::header::EXPECT;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::runtime::Handle;

/// How long the rest of a body is read; then the connection is closed.
const LINGER: Duration = Duration::from_secs(5);

/// Lets the body of `request` be read to its end by somebody, whoever drops it. The answer does not
/// wait for that.
pub async fn linger(request: Request) -> Request {
    use http_body::Body as _;
    // Who waits for "100 Continue" sends nothing before it, and nothing after a refusal.
    let is_coming = !request.headers().contains_key(EXPECT);
    request.map(|body| {
        if body.is_end_stream() {
            return body;
        }
        Body::new(Lingering { body, is_coming })
    })
}

struct Lingering {
    body: Body,
    /// Whether more can be expected.
    is_coming: bool,
}

impl http_body::Body for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.is_coming = true;
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.is_coming = matches!(frame, Some(Ok(_)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        use http_body::Body as _;
        if !self.is_coming || self.body.is_end_stream() {
            return;
        }
        // Without a runtime the process ends, and its connections with it.
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        let mut body = std::mem::take(&mut self.body);
        runtime.spawn(tokio::time::timeout(LINGER, async move {
            while let Some(Ok(_)) = body.frame().await {}
        }));
    }
}
