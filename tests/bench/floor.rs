//! The floors: what cannot be cheaper.

use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::routing::{get, post};

/// axum answering a constant.
pub(crate) fn http() {
    serve(&Router::new().route("/", get(|| async { "constant" })));
}

/// The same, with one durable insert per request.
pub(crate) fn insert(folder: &Path) {
    let connection = rusqlite::Connection::open(folder.join("floor.db")).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
             CREATE TABLE row(id INTEGER PRIMARY KEY, a BLOB, b BLOB, at INTEGER, body BLOB);
             CREATE UNIQUE INDEX row_a ON row(a); CREATE INDEX row_b ON row(b, at);
             CREATE INDEX row_at ON row(at);",
        )
        .unwrap();
    let shared = Arc::new(Mutex::new((connection, 0_i64)));
    let insert = move || {
        let mut held = shared.lock().unwrap();
        held.1 += 1;
        let (connection, n) = (&held.0, held.1);
        connection
            .prepare_cached("INSERT INTO row(a, b, at, body) VALUES (?1, ?2, ?3, ?4)")
            .unwrap()
            .execute((n.to_be_bytes(), (n % 7).to_be_bytes(), n, [7_u8; 700]))
            .unwrap();
        std::future::ready("inserted")
    };
    serve(&Router::new().route("/", post(insert)));
}

fn serve(router: &Router) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        use hyper_util::rt::{TokioExecutor, TokioIo};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("http://{}/", listener.local_addr().unwrap());
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            let service = hyper_util::service::TowerToHyperService::new(router.clone());
            tokio::spawn(async move {
                let builder = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new());
                let _ended = builder
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
}
