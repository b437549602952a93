//! A throw-away PostgreSQL server, one for each test program, that ends with it; and servers of their own for tests that
//! stop them.

use std::{
    io::Write,
    net::TcpListener,
    os::unix::{fs::chown, process::CommandExt},
    path::{Path, PathBuf},
    process::{ChildStdin, Command, Stdio},
    sync::OnceLock,
    time::{Duration, Instant},
};

/// The URL of a server where databases may be made, without a database's name: `TEST_DATABASE_URL` or our own server.
pub(crate) fn server() -> Option<&'static str> {
    static SERVER: OnceLock<Option<String>> = OnceLock::new();
    SERVER.get_or_init(|| std::env::var("TEST_DATABASE_URL").ok().or_else(shared)).as_deref()
}

/// A server that ends with this program.
fn shared() -> Option<String> {
    let server = Server::start()?;
    let url = server.url();
    std::mem::forget(server);
    Some(url)
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

/// A server on a port and a data folder of its own. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Server {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    owner: Option<(u32, u32)>,
    /// Open for as long as the server is to live.
    keeper: Option<ChildStdin>,
}

impl Server {
    /// Starts a server on a free port with a fresh data folder. `None` where there is none to be had.
    pub(crate) fn start() -> Option<Self> {
        let programs = programs()?;
        let folder = tempfile::Builder::new().prefix("turnout-postgres-").tempdir().ok()?.keep();
        let owner = owner();
        std::fs::create_dir(folder.join("data")).ok()?;
        if let Some((user, group)) = owner {
            chown(&folder, Some(user), Some(group)).ok()?;
            chown(folder.join("data"), Some(user), Some(group)).ok()?;
        }
        let port = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?.port();
        let mut server = Self { programs, folder, port, owner, keeper: None };
        server.run("initdb", &["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-sync"]).then_some(())?;
        server.keeper = Some(server.spawn()?);
        wait_until_it_listens(port).then_some(server)
    }

    /// Its URL, without a database's name.
    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}", self.port)
    }

    /// Ends every process of the server at once, as a power loss would, but for what the system keeps. What was
    /// committed is recovered from its log.
    ///
    /// # Panics
    /// When it does not stop.
    pub(crate) fn crash(&self) {
        assert!(self.run("pg_ctl", &["stop", "-s", "-m", "immediate"]), "the server stops");
    }

    /// Starts it again after [`Self::crash`], and waits until it has recovered.
    ///
    /// # Panics
    /// When it does not start.
    pub(crate) fn recover(&self) {
        let log = self.folder.join("log");
        let flags = ["start", "-s", "-l", &log.display().to_string(), "-o", &self.options()];
        assert!(self.run("pg_ctl", &flags), "the server starts again");
    }

    fn options(&self) -> String {
        format!("-p {} -k {} -h 127.0.0.1 -c max_connections=300", self.port, self.folder.display())
    }

    /// Runs one of the server's programs on its data.
    fn run(&self, program: &str, flags: &[&str]) -> bool {
        let mut command = Command::new(self.programs.join(program));
        command.arg("-D").arg(self.folder.join("data")).args(flags);
        // The server inherits none of this program's outputs, which would stay open with it.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let stderr = std::fs::File::create(self.folder.join("stderr"));
        command.stderr(stderr.map_or_else(|_| Stdio::null(), Stdio::from));
        let is_done = as_owner(&mut command, self.owner, &self.folder).status().is_ok_and(|status| status.success());
        if !is_done {
            let _ = std::io::stderr().write_all(&std::fs::read(self.folder.join("stderr")).unwrap_or_default());
        }
        is_done
    }

    /// The server runs beside a shell that ends it when this program is gone, however that went: the pipe it reads from
    /// closes.
    fn spawn(&self) -> Option<ChildStdin> {
        let script = format!(
            "{postgres} -D {data} {options} >{folder}/log 2>&1 </dev/null & \
             read -r _; {pg_ctl} -D {data} stop -s -m fast; wait; rm -rf {folder}",
            postgres = self.programs.join("postgres").display(),
            pg_ctl = self.programs.join("pg_ctl").display(),
            data = self.folder.join("data").display(),
            options = self.options(),
            folder = self.folder.display(),
        );
        let mut shell = Command::new("sh");
        // A group of its own: an interrupt at the terminal must not reach the shell before the pipe closes.
        shell.arg("-c").arg(script).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        as_owner(&mut shell, self.owner, &self.folder).spawn().ok()?.stdin.take()
    }
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
