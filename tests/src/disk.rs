//! A small disk of its own for a world, which can be full.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

/// A file system in memory. Dropping it unmounts it.
#[derive(Debug)]
pub(crate) struct Disk(PathBuf);

impl Disk {
    /// Mounts one of this size at a folder that is made. `None` where that is not permitted.
    pub(crate) fn mount(folder: &Path, mebibytes: u32) -> Option<Self> {
        std::fs::create_dir(folder).ok()?;
        let size = format!("size={mebibytes}m,mode=777");
        let disk = Self(folder.to_owned());
        as_root("mount", &["-t", "tmpfs", "-o", &size, "turnout-test"], folder).then_some(disk)
    }

    /// Gives it another size.
    ///
    /// # Panics
    /// When the system refuses.
    pub(crate) fn resize(&self, mebibytes: u32) {
        let size = format!("remount,size={mebibytes}m");
        assert!(as_root("mount", &["-o", &size], &self.0), "the disk grows");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        as_root("umount", &["-l"], &self.0);
    }
}

fn as_root(program: &str, flags: &[&str], folder: &Path) -> bool {
    let root = rustix::process::geteuid().is_root();
    let mut command = if root { Command::new(program) } else { Command::new("sudo") };
    if !root {
        // Without a password or not at all.
        command.args(["-n", program]);
    }
    command.args(flags).arg(folder).output().is_ok_and(|output| output.status.success())
}
