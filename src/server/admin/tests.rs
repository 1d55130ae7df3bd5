//! The wire's limits, and who is listened to.
#![expect(clippy::unwrap_used, reason = "tests")]

use tokio::io::AsyncWriteExt as _;

use super::command::{Body, Command, Input, Output, ShownOnce};
use super::run::Opening;
use super::socket::may_command;
use super::wire::{Wire, WireError};

#[test]
fn only_the_services_own_user_and_root_are_listened_to() {
    assert!(may_command(65532, 65532));
    assert!(may_command(0, 65532));
    assert!(!may_command(1000, 65532));
    assert!(!may_command(65532, 0));
}

#[test]
fn a_secret_and_a_body_are_not_printed() {
    let debug = format!(
        "{:?} {:?}",
        ShownOnce::new("fh_cal_x"),
        Body(b"SUMMARY:x".to_vec())
    );
    assert_eq!(debug, "ShownOnce(redacted) Body(9 bytes)");
}

#[tokio::test]
async fn what_is_sent_arrives_whatever_bytes_it_has() {
    let (near, far) = tokio::io::duplex(64);
    let (mut near, mut far) = (Wire::new(near), Wire::new(far));
    let objects = vec![Body(vec![0, 10, 13, 255]), Body(vec![])];
    let given = Input::Objects(objects.clone());
    let (sent, received) = tokio::join!(near.send(&given), far.receive::<Input>());
    sent.unwrap();
    assert!(matches!(received.unwrap(), Input::Objects(found) if found == objects));
}

#[tokio::test]
async fn a_line_that_is_too_long_is_neither_sent_nor_kept() {
    let (near, mut far) = tokio::io::duplex(4096);
    let mut near = Wire::new(near).limited_to(64);
    let long = Output::Failed("x".repeat(64));
    assert!(matches!(
        near.send(&long).await,
        Err(WireError::TooLong(64))
    ));
    far.write_all(&[b'x'; 200]).await.unwrap();
    let received = near.receive::<Output>().await;
    assert!(matches!(received, Err(WireError::TooLong(64))));
}

#[tokio::test]
async fn an_end_and_a_wrong_line_are_told_apart() {
    let (near, mut far) = tokio::io::duplex(4096);
    let mut near = Wire::new(near);
    far.write_all(b"{\"no_such_command\":1}\n\"half")
        .await
        .unwrap();
    drop(far);
    let wrong = near.receive::<Command>().await;
    assert!(matches!(wrong, Err(WireError::Syntax(_))));
    let cut = near.receive::<Command>().await;
    assert!(matches!(cut, Err(WireError::Closed)));
}

/// One side may be older than the other, so the lines of a backup stay as they are in 0.1.0. What
/// answers may get more words, which the older side passes over, if it can be read without them.
#[test]
fn the_lines_of_a_backup_are_the_same_in_every_version() {
    let asked = r#"{"version":"0.1.0","command":"backup_now"}"#;
    let opening: Opening<Command> = serde_json::from_str(asked).unwrap();
    assert!(opening.command.is_for_any_version());
    assert_eq!(serde_json::to_string(&opening).unwrap(), asked);
    for line in [
        r#"{"backup":{"stage":"copying","done":1,"total":2}}"#,
        r#"{"backup":{"stage":"checking","done":1,"total":2}}"#,
        r#"{"backup":{"stage":"shipping","done":1,"total":2}}"#,
        r#"{"answer":{"backup":{"id":"20261128T034501.250Z-1a2b3c4d","database_bytes":1,"shipped_bytes":2,"took_ms":3,"place":"file:/srv"}}}"#,
        r#"{"failed":"a sentence"}"#,
    ] {
        let output: Output = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_string(&output).unwrap(), line);
        let longer = line.replace(r#"":1,"#, r#"":1,"new":{"word":[]},"#);
        let output: Output = serde_json::from_str(&longer).unwrap();
        assert_eq!(serde_json::to_string(&output).unwrap(), line);
    }
}
