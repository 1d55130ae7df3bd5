//! The socket file: made so that nobody else can ever open it, found again by commands.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use tokio::net::{UnixListener, UnixStream};

use crate::store::FolderLock;

/// The name in the data folder.
const NAME: &str = "admin.sock";

/// The longest path that fits a socket address, in bytes (`sun_path`, with its end).
const PATH_MAX: usize = 107;

/// How many connections may wait.
const BACKLOG: i32 = 16;

/// The socket of a data folder.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join(NAME)
}

/// Makes the socket in the folder whose lock is given, in the place of one that is left over.
pub(super) fn bind(lock: &FolderLock) -> io::Result<UnixListener> {
    let path = path(lock.folder());
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let place = Place::of(&path)?;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket: OwnedFd =
        rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    // The file that `bind` makes takes its mode from the socket, so that there is no instant at
    // which it is open to others.
    rustix::fs::fchmod(&socket, Mode::RUSR | Mode::WUSR)?;
    rustix::net::bind(&socket, &SocketAddrUnix::new(&place.path)?)?;
    rustix::net::listen(&socket, BACKLOG)?;
    UnixListener::from_std(StdListener::from(socket))
}

/// Connects to whoever serves the folder; `None` when nobody does.
pub(super) async fn connect(folder: &Path) -> io::Result<Option<UnixStream>> {
    let place = match Place::of(&path(folder)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        place => place?,
    };
    match UnixStream::connect(&place.path).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether this peer may command a service of this user: the user itself and root.
pub(super) fn may_command(peer: u32, own: u32) -> bool {
    peer == own || peer == 0
}

/// A path that fits a socket address: a longer one goes through the open folder.
struct Place {
    path: PathBuf,
    _folder: Option<File>,
}

impl Place {
    fn of(path: &Path) -> io::Result<Self> {
        if path.as_os_str().len() <= PATH_MAX {
            return Ok(Self {
                path: path.to_owned(),
                _folder: None,
            });
        }
        let folder = path.parent().unwrap_or(path);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::open(folder, flags, Mode::empty())?;
        Ok(Self {
            path: PathBuf::from(format!("/proc/self/fd/{}/{NAME}", folder.as_raw_fd())),
            _folder: Some(File::from(folder)),
        })
    }
}
