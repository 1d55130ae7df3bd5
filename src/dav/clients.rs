//! What clients do that an RFC does not allow, and that is let through: each with the client, the
//! RFC it bends and its test.

use super::propfind::Depth;

// Interop(python-caldav): sends `Depth: 1` with every sync-collection, also beside DAV:sync-level.
// RFC 6578 §3.2 wants 400 for anything but 0; the client would then fetch the whole calendar each
// time. The level says the same, so nothing is unclear.
// Test: tests/it/caldav/rfc6578.rs, tests/peers/caldav_sync.py.
/// Whether a sync-collection that says `DAV:sync-level` 1 may come with this Depth.
pub(super) const fn goes_with_sync_level_1(depth: Option<Depth>) -> bool {
    !matches!(depth, Some(Depth::Infinity))
}
