//! `freehold audit`: verify, head, export.

use std::process::Command;

use crate::support::served::Place;

/// The program in `docs/audit.md` that anybody can check an export with.
fn checker() -> String {
    let page = include_str!("../../../docs/audit.md");
    let (_, rest) = page.split_once("```python\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn an_export_is_checked_without_us_and_its_head_is_found_in_the_chain() {
    let place = Place::new();
    let served = place.serve();
    place.token("alice", "caldav");
    let exported = place.command(&["audit", "export"]).output().unwrap();
    assert!(exported.status.success(), "{exported:?}");
    let file = place.folder.path().join("export.jsonl");
    std::fs::write(&file, &exported.stdout).unwrap();

    let check = |file: &std::path::Path| {
        let file = std::fs::File::open(file).unwrap();
        let python = Command::new("python3")
            .args(["-c", &checker()])
            .stdin(file)
            .output();
        python.unwrap()
    };
    let checked = check(&file);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.starts_with("whole up to "), "{checked:?}");

    let shown = file.to_str().unwrap();
    let verified = place
        .command(&["audit", "verify", "--head", shown])
        .output()
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");
    place.token("bob", "caldav");
    served.terminate();
    let verified = place
        .command(&["audit", "verify", "--head", shown])
        .output()
        .unwrap();
    assert!(verified.status.success(), "{verified:?}");

    let text = String::from_utf8(exported.stdout).unwrap();
    assert!(text.contains("\"action\":\"audit.export\""), "{text}");
    let bent = place.folder.path().join("bent.jsonl");
    std::fs::write(&bent, text.replacen("identity.", "identitY.", 1)).unwrap();
    assert!(!check(&bent).status.success());

    let no_head = place.folder.path().join("no-head.json");
    std::fs::write(&no_head, "{}\n").unwrap();
    let asked = ["audit", "verify", "--head", no_head.to_str().unwrap()];
    let refused = place.command(&asked).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&refused.stderr).contains("audit head"),
        "{refused:?}"
    );
}
