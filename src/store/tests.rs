//! What can be tested of the store without a database.

use super::folder::unsuitable;

#[test]
fn network_and_fuse_file_systems_are_refused_by_name() {
    assert_eq!(unsuitable(0x6969), Some("an NFS share"));
    assert_eq!(
        unsuitable(0xff53_4d42_u32.into()),
        Some("an SMB share (cifs)")
    );
    // The kernel may sign-extend the type.
    assert_eq!(
        unsuitable(i64::from(0xfe53_4d42_u32.cast_signed())),
        Some("an SMB share")
    );
    assert_eq!(unsuitable(0x6573_5546), Some("a FUSE file system"));
    assert_eq!(unsuitable(0xef53), None, "ext4");
    assert_eq!(unsuitable(0x0102_1994), None, "tmpfs");
}
