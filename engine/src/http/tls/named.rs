//! Certificates that the process environment names. Every client heeds them as they are when it starts; what has not
//! changed since another one did is not read again.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use rustls::pki_types::CertificateDer;

use super::material::{certificates, contents, is_usable};
use crate::config::ProcessEnvironment;

/// Places that are remembered; a process has few of them.
const REMEMBERED: usize = 16;

static READ: Mutex<Vec<Place>> = Mutex::new(Vec::new());

/// The certificates of a place, or what is there instead.
type Found = Result<Vec<CertificateDer<'static>>, String>;

/// What was read of a file or a folder.
struct Place {
    path: PathBuf,
    stamps: Vec<Stamp>,
    found: Found,
}

/// What differs when a file was written anew.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    path: PathBuf,
    modified: Option<SystemTime>,
    bytes: u64,
}

/// Reads what the variables name. One that cannot be used stops nothing, as in Node.js.
pub(super) fn by(environment: &ProcessEnvironment, warnings: &mut Vec<String>) -> Vec<CertificateDer<'static>> {
    let mut all = Vec::new();
    let files = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE"].map(|name| (name, environment.get(name)));
    for (name, path) in files {
        let Some(path) = path else { continue };
        match remembered(Path::new(path), file) {
            Ok(found) => all.extend(found),
            Err(received) => warnings.push(format!("{name} is ignored: it names {received}")),
        }
    }
    for path in environment.get("SSL_CERT_DIR").iter().flat_map(std::env::split_paths) {
        match remembered(&path, folder) {
            Ok(found) => all.extend(found),
            Err(received) => warnings.push(format!("SSL_CERT_DIR is ignored: it names {received}")),
        }
    }
    all
}

fn file(path: &Path) -> Found {
    contents(path).and_then(|bytes| certificates(&bytes).map_err(str::to_owned))
}

fn folder(path: &Path) -> Found {
    let read = rustls_native_certs::load_certs_from_paths(None, Some(path)).certs;
    match read.is_empty() {
        true => Err("a folder without certificates".to_owned()),
        false => Ok(read.into_iter().filter(is_usable).collect()),
    }
}

/// What a place holds, read again only when it has changed.
fn remembered(path: &Path, read: fn(&Path) -> Found) -> Found {
    let stamps = stamps(path);
    let mut places = READ.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(place) = places.iter().find(|place| place.path == path && place.stamps == stamps) {
        return place.found.clone();
    }
    let found = read(path);
    places.retain(|place| place.path != path);
    places.truncate(REMEMBERED - 1);
    places.insert(0, Place { path: path.to_owned(), stamps, found: found.clone() });
    found
}

fn stamps(path: &Path) -> Vec<Stamp> {
    let Ok(metadata) = std::fs::metadata(path) else { return Vec::new() };
    if !metadata.is_dir() {
        return vec![Stamp::new(path.to_owned(), &metadata)];
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let stamp = |path: PathBuf| std::fs::metadata(&path).ok().map(|metadata| Stamp::new(path, &metadata));
    let mut stamps: Vec<Stamp> = entries.filter_map(|entry| stamp(entry.path())).collect();
    stamps.sort_unstable();
    stamps
}

impl Stamp {
    fn new(path: PathBuf, metadata: &Metadata) -> Self {
        Self { path, modified: metadata.modified().ok(), bytes: metadata.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn authority(name: &str) -> String {
        let mut params = rcgen::CertificateParams::new(Vec::<String>::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.self_signed(&rcgen::KeyPair::generate().unwrap()).unwrap().pem()
    }

    fn found(name: &str, path: &Path) -> (Vec<CertificateDer<'static>>, Vec<String>) {
        let environment = [(name, path.to_str().unwrap())].into_iter().collect();
        let mut warnings = Vec::new();
        (by(&environment, &mut warnings), warnings)
    }

    #[test]
    fn what_changed_is_read_again() {
        let folder = std::env::temp_dir().join(format!("flipt-named-{}", std::process::id()));
        let file = folder.join("ca.pem");
        std::fs::create_dir_all(&folder).unwrap();
        let [short, long] = ["a", "a longer name"].map(authority);
        for (name, path) in [("NODE_EXTRA_CA_CERTS", &file), ("SSL_CERT_DIR", &folder)] {
            let _ = std::fs::remove_file(&file);
            assert_eq!(found(name, path).1.len(), 1, "{name}");
            std::fs::write(&file, &short).unwrap();
            let first = found(name, path);
            assert_eq!((first.0.len(), first.1.len()), (1, 0), "{name}");
            assert_eq!(found(name, path), first);
            std::fs::write(&file, &long).unwrap();
            let second = found(name, path);
            assert_eq!(second.0.len(), 1);
            assert_ne!(second, first, "{name}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn what_has_not_changed_is_read_once() {
        static READS: Mutex<usize> = Mutex::new(0);
        fn read(_path: &Path) -> Found {
            *READS.lock().unwrap() += 1;
            Ok(Vec::new())
        }
        let path = std::env::temp_dir().join(format!("flipt-named-once-{}", std::process::id()));
        std::fs::write(&path, "x").unwrap();
        for _ in 0..3 {
            remembered(&path, read).unwrap();
        }
        std::fs::remove_file(&path).unwrap();
        assert_eq!(*READS.lock().unwrap(), 1);
    }
}
