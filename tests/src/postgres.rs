//! A throw-away PostgreSQL server, one for each test program, that ends with it.

use std::{
    io::Write,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

/// The URL of a server where databases may be made, without a database's name: `TEST_DATABASE_URL` or our own server.
pub(crate) fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Option<String>> = OnceLock::new();
    SERVER.get_or_init(|| std::env::var("TEST_DATABASE_URL").ok().or_else(start)).as_deref()
}

/// Where Debian keeps the newest installed server's programs, or nothing if they are on the PATH.
fn programs() -> Option<PathBuf> {
    let on_path = Command::new("initdb").arg("--version").output().is_ok();
    if on_path {
        return Some(PathBuf::new());
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let mut folders: Vec<PathBuf> = versions.flatten().map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.into_iter().rev().find(|folder| folder.join("initdb").exists())
}

/// Starts a server on a free port with a fresh data folder.
fn start() -> Option<String> {
    let programs = programs()?;
    let folder = tempfile::Builder::new().prefix("turnout-postgres-").tempdir().ok()?.keep();
    let data = folder.join("data");
    let owner = owner();
    std::fs::create_dir(&data).ok()?;
    if let Some((user, group)) = owner {
        chown(&folder, Some(user), Some(group)).ok()?;
        chown(&data, Some(user), Some(group)).ok()?;
    }
    let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
    let mut initdb = Command::new(programs.join("initdb"));
    initdb.arg("-D").arg(&data).args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]);
    let output = as_owner(&mut initdb, owner, &folder).output().ok()?;
    if !output.status.success() {
        let _ = std::io::stderr().write_all(&output.stderr);
        return None;
    }
    spawn(&programs, &data, &folder, port, owner)?;
    let url = format!("postgres://postgres@127.0.0.1:{port}");
    wait_until_it_listens(port).then_some(url)
}

/// The server runs under a shell that ends it when this program is gone, however that went: the pipe it reads from
/// closes.
fn spawn(programs: &Path, data: &Path, folder: &Path, port: u16, owner: Option<(u32, u32)>) -> Option<()> {
    let script = format!(
        "{postgres} -D {data} -p {port} -k {folder} -h 127.0.0.1 -c max_connections=300 >{folder}/log 2>&1 </dev/null & \
         server=$!; read -r _; kill -INT $server; wait $server; rm -rf {folder}",
        postgres = programs.join("postgres").display(),
        data = data.display(),
        folder = folder.display(),
    );
    let mut shell = Command::new("sh");
    // A group of its own: an interrupt at the terminal must not reach the shell before the pipe closes.
    shell.arg("-c").arg(script).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut child = as_owner(&mut shell, owner, folder).spawn().ok()?;
    // Kept open for as long as this program lives.
    std::mem::forget(child.stdin.take());
    Some(())
}

/// PostgreSQL refuses to run as root. Then it runs as the user of its package, or as nobody.
fn owner() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(name))?;
        let mut fields = line.split(':').skip(2);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    };
    find("postgres").or_else(|| find("nobody"))
}

fn as_owner<'a>(command: &'a mut Command, owner: Option<(u32, u32)>, folder: &Path) -> &'a mut Command {
    command.current_dir(folder);
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

fn wait_until_it_listens(port: u16) -> bool {
    let since = Instant::now();
    while since.elapsed() < Duration::from_secs(30) {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}
