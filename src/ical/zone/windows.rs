//! Windows zone names (CLDR `windowsZones`, territory 001): `windows.txt` has one
//! `Windows name<TAB>IANA name` a line, sorted by bytes.

use std::sync::LazyLock;

static TABLE: LazyLock<Vec<(&str, &str)>> = LazyLock::new(|| {
    include_str!("windows.txt")
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .collect()
});

/// The IANA zone of a Windows zone name, in its exact spelling.
pub(super) fn iana_name(windows: &str) -> Option<&'static str> {
    let at = TABLE
        .binary_search_by(|(name, _)| (*name).cmp(windows))
        .ok()?;
    TABLE.get(at).map(|(_, iana)| *iana)
}
