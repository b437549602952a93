//! The file that an SQLite database is: who may read it, and where it may lie.

use std::{
    fs::{OpenOptions, metadata},
    io::ErrorKind,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use crate::Error;

/// Only the owner reads and writes.
const PRIVATE: u32 = 0o600;

/// What the kernel calls file systems of other machines (statfs(2)), and what people call them. FUSE is not among them: it
/// may be either.
const NETWORK: &[(u32, &str)] = &[
    (0x6969, "NFS"),
    (0x517B, "SMB"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB"),
    (0x0102_1997, "9p"),
    (0x5346_414F, "AFS"),
    (0x00C3_6400, "Ceph"),
    (0x0BD0_0BD0, "Lustre"),
];

/// Makes a new file that only its owner can read.
pub(crate) fn create_private(path: &Path) -> std::io::Result<()> {
    OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(path).map(drop)
}

/// Makes the file if it is not there, before SQLite would with wider rights. SQLite gives its log the same ones.
pub(super) fn ensure_private(path: &Path) -> Result<(), Error> {
    match create_private(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(Error::Unusable(format!("cannot make {}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

/// A warning, if others than the owner may read or write the file. Whoever gave them that right may have meant it.
pub(super) fn exposure(path: &Path) -> Option<String> {
    let mode = metadata(path).ok()?.permissions().mode() & 0o777;
    let is_exposed = mode & 0o077 != 0;
    is_exposed.then(|| {
        let path = path.display();
        format!("{path} has mode {mode:o}, so others can read who registered: unless that is meant, chmod 600 {path}*")
    })
}

/// Refuses a file on a file system of another machine: the processes share memory through a file beside it, and their
/// locks have to hold.
pub(super) fn refuse_network(path: &Path) -> Result<(), Error> {
    match magic(path).and_then(network_name) {
        None => Ok(()),
        Some(name) => Err(Error::Unusable(format!(
            "{} is on a network file system ({name}), where SQLite's locks do not hold: use a disk of this machine, or \
             PostgreSQL",
            path.display()
        ))),
    }
}

fn network_name(magic: u32) -> Option<&'static str> {
    NETWORK.iter().find(|(number, _)| *number == magic).map(|(_, name)| *name)
}

/// The number of the file system that a file lies on, or will. Nothing where it cannot be told: then SQLite has to find
/// out for itself.
#[cfg(target_os = "linux")]
fn magic(path: &Path) -> Option<u32> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let found = rustix::fs::statfs(path).or_else(|_| rustix::fs::statfs(folder)).ok()?;
    // Its type differs between machines; the number has 32 bits on all of them.
    u32::try_from(i128::from(found.f_type) & 0xFFFF_FFFF).ok()
}

#[cfg(not(target_os = "linux"))]
fn magic(_: &Path) -> Option<u32> {
    None
}

/// What lies beside a path under its name with something behind it.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_of_other_machines_are_known() {
        for (magic, name) in [(0x6969, "NFS"), (0xFF53_4D42, "CIFS"), (0xFE53_4D42, "SMB"), (0x0102_1997, "9p")] {
            assert_eq!(network_name(magic), Some(name));
        }
        // ext, xfs, btrfs, tmpfs, overlay, FUSE
        for magic in [0xEF53, 0x5846_5342, 0x9123_683E, 0x0102_1994, 0x794C_7630, 0x6573_5546] {
            assert_eq!(network_name(magic), None, "{magic:x}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_file_is_looked_for_where_it_will_be() {
        // Its number is the same everywhere.
        assert_eq!(magic(Path::new("/proc/nowhere")), Some(0x9FA0));
        assert_eq!(magic(Path::new("/nowhere/at/all")), None);
    }

    #[test]
    fn files_are_their_owners_and_others_are_told_of() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        ensure_private(&path).unwrap();
        assert_eq!(metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(exposure(&path), None);
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
        ensure_private(&path).unwrap();
        assert!(exposure(&path).unwrap().contains("mode 644"));
    }
}
