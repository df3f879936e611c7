use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

/// What saving does to a disk, one step each, so that a test can stand in for a disk that is full or hangs.
pub(super) trait Disk: Send + Sync {
    /// Makes the folder and those above it, if they are missing.
    fn make_folder(&self, folder: &Path) -> io::Result<()>;
    /// Writes a file that must not exist, for its owner alone, and waits until the disk has it.
    fn write(&self, path: &Path, parts: &[&[u8]]) -> io::Result<()>;
    /// Puts one file in the place of another; whoever opens the place finds the old file or the new one.
    fn replace(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Waits until the disk has the names of the folder.
    fn sync_folder(&self, folder: &Path) -> io::Result<()>;
}

/// The real disk.
pub(super) struct RealDisk;

impl Disk for RealDisk {
    fn make_folder(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)
    }

    fn write(&self, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
        let mut file = create(path)?;
        parts.iter().try_for_each(|part| file.write_all(part))?;
        file.sync_all()
    }

    fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
        platform::replace(from, to)
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        platform::sync_folder(folder)
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    platform::for_the_owner(&mut options);
    options.open(path)
}

#[cfg(unix)]
mod platform {
    use std::os::unix::fs::OpenOptionsExt;

    use super::{File, OpenOptions, Path, fs, io};

    pub(super) fn for_the_owner(options: &mut OpenOptions) {
        options.mode(0o600);
    }

    pub(super) fn replace(from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
        match File::open(folder)?.sync_all() {
            // A file system that cannot has nothing to wait for.
            Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
            result => result,
        }
    }
}

#[cfg(windows)]
mod platform {
    use std::time::Duration;

    use super::{OpenOptions, Path, fs, io};

    /// A virus scanner or a reader that has the old file open lets go of it after a moment.
    const ATTEMPTS: u32 = 10;
    const PAUSE: Duration = Duration::from_millis(20);
    const ERROR_ACCESS_DENIED: i32 = 5;
    const ERROR_SHARING_VIOLATION: i32 = 32;
    const ERROR_LOCK_VIOLATION: i32 = 33;

    /// A new file inherits the access of its folder.
    pub(super) fn for_the_owner(_: &mut OpenOptions) {}

    pub(super) fn replace(from: &Path, to: &Path) -> io::Result<()> {
        for _attempt in 1..ATTEMPTS {
            match fs::rename(from, to) {
                Err(error) if is_in_use(&error) => std::thread::sleep(PAUSE),
                result => return result,
            }
        }
        fs::rename(from, to)
    }

    fn is_in_use(error: &io::Error) -> bool {
        matches!(error.raw_os_error(), Some(ERROR_ACCESS_DENIED | ERROR_SHARING_VIOLATION | ERROR_LOCK_VIOLATION))
    }

    /// The names of a folder cannot be waited for.
    pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
        Ok(())
    }
}
