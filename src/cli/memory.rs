//! Keys and tokens stay in memory.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// No dump of this process is written when it crashes, and nobody but the superuser reads its memory
/// or follows it with a debugger (core(5), `PR_SET_DUMPABLE` of prctl(2)). The first is for what writes
/// dumps whatever a process is, the second for dumps that go to another program.
pub(super) fn keep() -> Result<(), NotKept> {
    let nothing = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, nothing)
        .and_then(|()| set_dumpable_behavior(DumpableBehavior::NotDumpable))
        .map_err(NotKept)
}

/// The system did not let us switch off core dumps.
#[derive(Debug, thiserror::Error)]
#[error(
    "Core dumps cannot be switched off ({0}); let the process call setrlimit and prctl: both are in \
     systemd's @system-service and in the default seccomp profile of containers"
)]
pub(super) struct NotKept(rustix::io::Errno);
