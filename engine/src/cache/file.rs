//! One file: reading it, setting it aside, replacing it. Everything here may take as long as the disk likes.

use std::collections::hash_map::RandomState;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::disk::{Disk, RealDisk};
use super::format::{self, Demands, Identity, Refusal, Restored};
use crate::config::Config;
use crate::store::Installed;

/// How long a temporary file may lie there before its writer counts as dead.
const LEFT_OVER: Duration = Duration::from_secs(60 * 60);
/// How many names of a folder are looked at in search of such files.
const LOOKED_AT: usize = 10_000;

/// The cache file of a client.
pub(super) struct CacheFile {
    path: PathBuf,
    demands: Demands,
    disk: Box<dyn Disk>,
}

/// What a start finds. The texts name the path.
#[derive(Debug)]
pub(super) enum LoadOutcome {
    State(Box<Restored>),
    Absent,
    /// There is a file, and it is not used.
    Refused(String),
}

/// Why there are no bytes to read flag state from.
enum Unread {
    Failed(io::Error),
    Refused(Refusal),
}

impl CacheFile {
    /// The file that the options name, if they do.
    pub(super) fn new(config: &Config) -> Option<Self> {
        Self::on(config, Box::new(RealDisk))
    }

    pub(super) fn on(config: &Config, disk: Box<dyn Disk>) -> Option<Self> {
        let cache = config.cache.as_ref()?;
        // A process may change its folder later on.
        let path = std::path::absolute(&cache.path).unwrap_or_else(|_| cache.path.clone());
        let demands = Demands {
            identity: Identity::new(config),
            compatibility: config.server_compatibility,
            max_age: cache.max_age,
            max_snapshot_bytes: config.max_snapshot_bytes,
        };
        Some(Self { path, demands, disk })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The age at which a file is of no use, if any is.
    pub(super) fn max_age(&self) -> Option<Duration> {
        self.demands.max_age
    }

    /// The flag state in the file; a file that can never be used is renamed.
    pub(super) fn load(&self, now: SystemTime) -> LoadOutcome {
        let read = self.bytes().and_then(|bytes| {
            bytes.map(|bytes| format::read(&bytes, &self.demands, now)).transpose().map_err(Unread::Refused)
        });
        match read {
            Ok(Some(restored)) => LoadOutcome::State(Box::new(restored)),
            Ok(None) => LoadOutcome::Absent,
            Err(Unread::Failed(error)) => {
                LoadOutcome::Refused(format!("the cache file {} cannot be read: {error}", self.path.display()))
            }
            Err(Unread::Refused(refusal)) => LoadOutcome::Refused(self.refuse(&refusal)),
        }
    }

    /// Puts flag state in the file's place. The error names the step and the path.
    pub(super) fn save(&self, installed: &Installed, now: SystemTime) -> Result<(), String> {
        let failed = |what: &str| format!("flag state could not be saved to {}: {what}", self.path.display());
        let head = format::head(&self.demands.identity, installed, now)
            .ok_or_else(|| failed("its identity and ETag are too long"))?;
        self.replace(&[&head, installed.snapshot.text()])
            .map_err(|(step, error)| failed(&format!("{step} failed: {error}")))
    }

    /// Removes what writers of this path left that did not live to rename it. Failures do not matter.
    pub(super) fn sweep(&self, now: SystemTime) {
        let prefix = self.temporary_prefix();
        let is_left_over = |entry: &fs::DirEntry| {
            let name = entry.file_name();
            let is_ours =
                name.to_str().is_some_and(|name| name.starts_with(&prefix) && name.ends_with(TEMPORARY_SUFFIX));
            is_ours && entry.metadata().is_ok_and(|file| file.is_file() && is_old(&file, now))
        };
        let entries = fs::read_dir(self.folder()).into_iter().flatten().take(LOOKED_AT).flatten();
        for left_over in entries.filter(is_left_over) {
            let _ = fs::remove_file(left_over.path());
        }
    }

    /// The whole file, or nothing where there is none.
    fn bytes(&self) -> Result<Option<Vec<u8>>, Unread> {
        // Before opening, for opening a named pipe waits until someone writes to it.
        let file = match fs::metadata(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Unread::Failed(error)),
            Ok(file) => file,
        };
        if !file.is_file() {
            return Err(Unread::Refused(Refusal::NotRegular));
        }
        let max = self.demands.max_bytes();
        if file.len() > max {
            return Err(Unread::Refused(Refusal::TooLarge));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(file.len()).unwrap_or_default());
        let opened = File::open(&self.path).map_err(Unread::Failed)?;
        opened.take(max).read_to_end(&mut bytes).map_err(Unread::Failed)?;
        Ok(Some(bytes))
    }

    fn refuse(&self, refusal: &Refusal) -> String {
        let path = self.path.display();
        if matches!(refusal, Refusal::NotRegular | Refusal::TooOld(_)) {
            return format!("the cache file {path} is not used: {refusal}");
        }
        let mut aside = self.path.clone().into_os_string();
        aside.push(".rejected");
        match self.disk.replace(&self.path, Path::new(&aside)) {
            Ok(()) => format!("the cache file {path} was set aside as {}: {refusal}", Path::new(&aside).display()),
            Err(error) => format!("the cache file {path} is not used: {refusal}; setting it aside failed: {error}"),
        }
    }

    fn replace(&self, parts: &[&[u8]]) -> Result<(), (&'static str, io::Error)> {
        let folder = self.folder();
        self.disk.make_folder(folder).map_err(|error| ("making its folder", error))?;
        // Renaming would put an ordinary file in the place of a device.
        if fs::symlink_metadata(&self.path).is_ok_and(|file| !file.is_file() && !file.is_symlink()) {
            return Err(("replacing it", io::Error::other(Refusal::NotRegular.to_string())));
        }
        let temporary = folder.join(self.temporary_name());
        let written = self.disk.write(&temporary, parts).map_err(|error| ("writing", error));
        let replaced =
            written.and_then(|()| self.disk.replace(&temporary, &self.path).map_err(|error| ("replacing it", error)));
        if replaced.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        replaced?;
        self.disk.sync_folder(folder).map_err(|error| ("waiting for its folder", error))
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// Different for every write of every process, also when processes of several containers have the same number.
    fn temporary_name(&self) -> String {
        static PROCESS: OnceLock<u64> = OnceLock::new();
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let process = PROCESS.get_or_init(|| RandomState::new().build_hasher().finish());
        let (number, id) = (NEXT.fetch_add(1, Ordering::Relaxed), std::process::id());
        format!("{}{id}-{process:016x}-{number}{TEMPORARY_SUFFIX}", self.temporary_prefix())
    }

    /// Short whatever the name of the file, which may be as long as names can be.
    fn temporary_prefix(&self) -> String {
        let name = self.path.file_name().unwrap_or(OsStr::new(""));
        format!(".flipt-{:08x}-", crc32fast::hash(name.as_encoded_bytes()))
    }
}

const TEMPORARY_SUFFIX: &str = ".tmp";

fn is_old(file: &fs::Metadata, now: SystemTime) -> bool {
    file.modified().is_ok_and(|at| now.duration_since(at).is_ok_and(|age| age > LEFT_OVER))
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::sync::atomic::AtomicBool;

    use super::super::testing::{Folder, at, config, installed};
    use super::*;

    fn file(folder: &Folder) -> CacheFile {
        CacheFile::new(&config(folder.file())).unwrap()
    }

    fn digest(outcome: LoadOutcome) -> String {
        match outcome {
            LoadOutcome::State(restored) => restored.snapshot.digest().unwrap().to_owned(),
            other => panic!("{other:?}"),
        }
    }

    fn refusal(outcome: LoadOutcome) -> String {
        match outcome {
            LoadOutcome::Refused(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_latest_state_is_found_and_nothing_else_is_left() {
        let folder = Folder::new();
        let file = file(&folder);
        assert!(matches!(file.load(at(0)), LoadOutcome::Absent));
        for state in ["d1", "d2"] {
            file.save(&installed(state), at(1)).unwrap();
            assert_eq!(digest(file.load(at(2))), state);
        }
        assert_eq!(folder.names(), ["flags"]);
    }

    #[test]
    fn without_the_option_there_is_no_cache() {
        assert!(CacheFile::new(&Config::default()).is_none());
    }

    #[test]
    fn missing_folders_are_made() {
        let folder = Folder::new();
        let path = folder.path().join("a").join("b").join("flags");
        let file = CacheFile::new(&config(&path)).unwrap();
        assert!(matches!(file.load(at(0)), LoadOutcome::Absent));
        file.save(&installed("d1"), at(0)).unwrap();
        assert_eq!(digest(file.load(at(0))), "d1");
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_the_file() {
        use std::os::unix::fs::PermissionsExt;

        let folder = Folder::new();
        file(&folder).save(&installed("d1"), at(0)).unwrap();
        assert_eq!(fs::metadata(folder.file()).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn what_can_never_be_used_is_set_aside_and_the_next_save_heals() {
        let folder = Folder::new();
        let file = file(&folder);
        for junk in [&b"junk"[..], b"more junk", b""] {
            fs::write(folder.file(), junk).unwrap();
            let text = refusal(file.load(at(0)));
            let aside = format!("{}.rejected", folder.file().display());
            assert!(text.contains(&format!("{} was set aside as {aside}", folder.file().display())), "{text}");
            assert_eq!(fs::read(aside).unwrap(), junk, "an older one is replaced");
            assert!(matches!(file.load(at(0)), LoadOutcome::Absent));
        }
        file.save(&installed("d1"), at(0)).unwrap();
        assert_eq!(digest(file.load(at(0))), "d1");
    }

    #[test]
    fn what_is_too_old_stays_until_it_is_overwritten() {
        let folder = Folder::new();
        let mut aged = config(folder.file());
        aged.cache.as_mut().unwrap().max_age = Some(Duration::from_secs(60));
        let file = CacheFile::new(&aged).unwrap();
        file.save(&installed("d1"), at(0)).unwrap();
        assert!(refusal(file.load(at(61))).ends_with("it is 61 s old, more than cache.maxAgeMs allows"));
        assert_eq!(folder.names(), ["flags"]);
        file.save(&installed("d2"), at(62)).unwrap();
        assert_eq!(digest(file.load(at(63))), "d2");
    }

    #[test]
    fn a_large_file_is_refused_without_reading_it() {
        let folder = Folder::new();
        let small = Config { max_snapshot_bytes: 10, ..config(folder.file()) };
        // A sparse file: reading it would take all the memory of the machine.
        File::create(folder.file()).unwrap().set_len(1 << 40).unwrap();
        let text = refusal(CacheFile::new(&small).unwrap().load(at(0)));
        assert!(text.ends_with("it is larger than maxSnapshotBytes allows"), "{text}");
    }

    #[test]
    fn a_folder_in_the_files_place_is_left_alone() {
        let folder = Folder::new();
        fs::create_dir(folder.file()).unwrap();
        let file = file(&folder);
        assert!(refusal(file.load(at(0))).ends_with("it is not a regular file"));
        let error = file.save(&installed("d1"), at(0)).unwrap_err();
        assert!(error.ends_with("replacing it failed: it is not a regular file"), "{error}");
        assert_eq!(folder.names(), ["flags"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_named_pipe_is_not_waited_for_and_a_link_is_replaced_not_followed() {
        let folder = Folder::new();
        let made = Command::new("mkfifo").arg(folder.file()).status().unwrap();
        assert!(made.success());
        let file = file(&folder);
        assert!(refusal(file.load(at(0))).ends_with("it is not a regular file"));
        assert!(file.save(&installed("d1"), at(0)).is_err(), "it may be somebody's device");
        fs::remove_file(folder.file()).unwrap();
        let precious = folder.path().join("precious");
        fs::write(&precious, "precious").unwrap();
        std::os::unix::fs::symlink(&precious, folder.file()).unwrap();
        file.save(&installed("d1"), at(0)).unwrap();
        assert_eq!(fs::read(precious).unwrap(), b"precious");
        assert_eq!(digest(file.load(at(0))), "d1");
    }

    #[test]
    fn a_place_where_nothing_can_be_is_told_with_step_and_path() {
        let folder = Folder::new();
        let blocked = folder.path().join("file");
        fs::write(&blocked, "").unwrap();
        let path = blocked.join("flags");
        let file = CacheFile::new(&config(&path)).unwrap();
        let error = file.save(&installed("d1"), at(0)).unwrap_err();
        let expected = format!("flag state could not be saved to {}: making its folder failed: ", path.display());
        assert!(error.starts_with(&expected), "{error}");
    }

    /// A real disk but for one step, which fails.
    struct Failing {
        step: &'static str,
        kind: io::ErrorKind,
    }

    impl Failing {
        fn at(&self, step: &str) -> io::Result<()> {
            if step == self.step { Err(self.kind.into()) } else { Ok(()) }
        }
    }

    impl Disk for Failing {
        fn make_folder(&self, folder: &Path) -> io::Result<()> {
            self.at("making its folder").and_then(|()| RealDisk.make_folder(folder))
        }

        fn write(&self, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
            // A full disk takes the first bytes.
            fs::write(path, &parts[0][..10])?;
            self.at("writing")?;
            fs::remove_file(path)?;
            RealDisk.write(path, parts)
        }

        fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
            self.at("replacing it").and_then(|()| RealDisk.replace(from, to))
        }

        fn sync_folder(&self, folder: &Path) -> io::Result<()> {
            self.at("waiting for its folder").and_then(|()| RealDisk.sync_folder(folder))
        }
    }

    #[test]
    fn whichever_step_fails_the_file_is_the_old_or_the_new_one() {
        use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, StorageFull};

        for (step, kind, left) in [
            ("making its folder", ReadOnlyFilesystem, "d1"),
            ("writing", StorageFull, "d1"),
            ("writing", PermissionDenied, "d1"),
            ("replacing it", PermissionDenied, "d1"),
            ("waiting for its folder", StorageFull, "d2"),
        ] {
            let folder = Folder::new();
            file(&folder).save(&installed("d1"), at(0)).unwrap();
            let failing = CacheFile::on(&config(folder.file()), Box::new(Failing { step, kind })).unwrap();
            let error = failing.save(&installed("d2"), at(1)).unwrap_err();
            let path = folder.file();
            let expected = format!(
                "flag state could not be saved to {}: {step} failed: {}",
                path.display(),
                io::Error::from(kind)
            );
            assert_eq!(error, expected);
            assert_eq!(digest(failing.load(at(2))), left, "{step}");
            assert_eq!(folder.names(), ["flags"], "{step}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_disk_that_is_really_full_or_read_only_is_told() {
        let full = File::options().write(true).open("/dev/full").map(|mut full| io::Write::write_all(&mut full, b"x"));
        assert_eq!(full.unwrap().unwrap_err().kind(), io::ErrorKind::StorageFull, "what the other test stands in for");
        let file = CacheFile::new(&config("/proc/flipt/flags")).unwrap();
        let error = file.save(&installed("d1"), at(0)).unwrap_err();
        assert!(error.starts_with("flag state could not be saved to /proc/flipt/flags: making its folder"), "{error}");
    }

    #[test]
    fn a_file_that_cannot_be_set_aside_is_told_and_not_used() {
        let folder = Folder::new();
        fs::write(folder.file(), "junk").unwrap();
        let failing = Failing { step: "replacing it", kind: io::ErrorKind::PermissionDenied };
        let file = CacheFile::on(&config(folder.file()), Box::new(failing)).unwrap();
        let text = refusal(file.load(at(0)));
        assert!(text.contains("is not used: it is not a file of this cache; setting it aside failed: "), "{text}");
    }

    #[test]
    fn what_dead_writers_left_is_removed_and_nothing_else() {
        let folder = Folder::new();
        let file = file(&folder);
        let (ours, other) = (file.temporary_name(), ".flipt-00000000-1-2-3.tmp".to_owned());
        let longer = ours.replace(".tmp", ".tmp.bak");
        for name in [&ours, &other, &longer, &"flags".to_owned()] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let written = fs::metadata(folder.path().join(&ours)).unwrap().modified().unwrap();
        file.sweep(written + LEFT_OVER);
        assert_eq!(folder.names().len(), 4, "its writer may be alive");
        file.sweep(written + LEFT_OVER + Duration::from_secs(60));
        let mut left = vec![other, longer, "flags".to_owned()];
        left.sort_unstable();
        assert_eq!(folder.names(), left);
    }

    #[test]
    fn the_longest_name_of_a_file_leaves_room_for_a_temporary_one() {
        let folder = Folder::new();
        let file = CacheFile::new(&config(folder.path().join("f".repeat(255)))).unwrap();
        file.save(&installed("d1"), at(0)).unwrap();
        assert_eq!(digest(file.load(at(0))), "d1");
    }

    #[test]
    fn a_reader_finds_a_whole_file_however_many_write() {
        const SAVES: usize = 60;
        let folder = Folder::new();
        file(&folder).save(&installed("writer0"), at(0)).unwrap();
        let is_over = AtomicBool::new(false);
        let reads = std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let file = file(&folder);
                let mut reads = 0;
                while !is_over.load(Ordering::SeqCst) {
                    assert!(digest(file.load(at(0))).starts_with("writer"));
                    reads += 1;
                }
                reads
            });
            let writers = ["writer1", "writer2"].map(|name| {
                let file = file(&folder);
                scope.spawn(move || (0..SAVES).for_each(|_| file.save(&installed(name), at(0)).unwrap()))
            });
            writers.into_iter().for_each(|writer| writer.join().unwrap());
            is_over.store(true, Ordering::SeqCst);
            reader.join().unwrap()
        });
        assert!(reads > 0);
        assert_eq!(folder.names(), ["flags"]);
    }

    /// A real disk that comes to a halt for ever at one moment, and says so on the standard output.
    struct Halting(String);

    impl Halting {
        fn at(&self, moment: &str) {
            if self.0 == moment {
                println!("\nhalted");
                loop {
                    std::thread::park();
                }
            }
        }
    }

    impl Disk for Halting {
        fn make_folder(&self, folder: &Path) -> io::Result<()> {
            RealDisk.make_folder(folder)
        }

        fn write(&self, path: &Path, parts: &[&[u8]]) -> io::Result<()> {
            RealDisk.write(path, &parts[..1])?;
            self.at("half written");
            fs::remove_file(path)?;
            RealDisk.write(path, parts)?;
            self.at("written");
            Ok(())
        }

        fn replace(&self, from: &Path, to: &Path) -> io::Result<()> {
            RealDisk.replace(from, to)?;
            self.at("replaced");
            Ok(())
        }

        fn sync_folder(&self, folder: &Path) -> io::Result<()> {
            RealDisk.sync_folder(folder)
        }
    }

    #[test]
    #[ignore = "writes for ever in its working folder: the child of the tests below"]
    fn writes_until_it_is_killed() {
        let moment = fs::read_to_string("moment").expect("this is no test by itself");
        let file = CacheFile::on(&config("flags"), Box::new(Halting(moment))).unwrap();
        let states = [installed("one"), installed("two")];
        for state in states.iter().cycle() {
            file.save(state, at(0)).unwrap();
            println!("\nsaved");
        }
    }

    /// Has a process write until it has said something so many times, and kills it.
    fn kill_a_writer(folder: &Folder, moment: &str, saying: &str, times: usize) {
        fs::write(folder.path().join("moment"), moment).unwrap();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "cache::file::tests::writes_until_it_is_killed"])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = lines.map_while(Result::ok).filter(|line| line == saying).take(times).count();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(said, times, "the child writes");
    }

    #[test]
    fn a_writer_killed_at_the_worst_moments_leaves_the_old_file_or_the_new_one() {
        for (moment, left) in [("half written", "old"), ("written", "old"), ("replaced", "one")] {
            let folder = Folder::new();
            let file = file(&folder);
            file.save(&installed("old"), at(0)).unwrap();
            kill_a_writer(&folder, moment, "halted", 1);
            assert_eq!(digest(file.load(at(0))), left, "{moment}");
            let left_over = folder.names().iter().filter(|name| name.ends_with(TEMPORARY_SUFFIX)).count();
            assert_eq!(left_over, usize::from(left == "old"), "{moment}");
        }
    }

    #[test]
    fn a_writer_killed_at_any_moment_leaves_a_whole_file() {
        let folder = Folder::new();
        for saves in [1, 2, 3, 5, 8, 13, 21, 34] {
            kill_a_writer(&folder, "never", "saved", saves);
            let found = digest(file(&folder).load(at(0)));
            assert!(found == "one" || found == "two", "{found}");
        }
    }
}
