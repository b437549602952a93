//! A program under test, running.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

pub use rustix::process::Signal;
use rustix::{
    param::clock_ticks_per_second,
    process::{Pid, Resource, Rlimit, kill_process, prlimit},
};

/// A running program; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// The first line it printed.
    pub greeting: String,
    printed: Arc<Mutex<String>>,
}

/// Programs that take longer than this to say that they are there never will.
const START_PATIENCE: Duration = Duration::from_secs(30);

impl Process {
    /// Starts a program and waits for the first line it prints. What it logs goes to `log`.
    ///
    /// # Panics
    /// When it ends or stays silent; the message holds what it logged.
    pub fn start(program: &str, flags: &[String], log: &Path) -> Self {
        Self::start_in(program, flags, &[], log)
    }

    /// The same, with these variables in its environment.
    ///
    /// # Panics
    /// When it ends or stays silent; the message holds what it logged.
    pub fn start_in(program: &str, flags: &[String], environment: &[(String, String)], log: &Path) -> Self {
        let file = std::fs::File::options().create(true).append(true).open(log).expect("a log file");
        let mut child = Command::new(program)
            .args(flags)
            .env_remove("DATABASE_URL")
            .envs(environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .expect("the program starts");
        let mut stdout = BufReader::new(child.stdout.take().expect("its output is a pipe"));
        let (sender, receiver) = mpsc::channel();
        let printed = Arc::new(Mutex::new(String::new()));
        let all = Arc::clone(&printed);
        std::thread::spawn(move || {
            let mut line = String::new();
            // To its end: what it prints must not fill the pipe.
            while stdout.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                all.lock().expect("nobody panics with it").push_str(&line);
                let _ = sender.send(std::mem::take(&mut line));
            }
        });
        let greeting = receiver.recv_timeout(START_PATIENCE).unwrap_or_default();
        let mut process = Self { child, greeting, printed };
        if process.greeting.is_empty() {
            process.kill();
            let logged = std::fs::read_to_string(log).unwrap_or_default();
            panic!("{program} {flags:?} did not start:\n{logged}");
        }
        process
    }

    /// What it printed, once that holds `text`.
    ///
    /// # Panics
    /// When that does not happen.
    pub fn printed(&self, text: &str) -> String {
        let since = Instant::now();
        while since.elapsed() < START_PATIENCE {
            let printed = self.printed.lock().expect("nobody panics with it").clone();
            if printed.contains(text) {
                return printed;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("{text} is not printed");
    }

    /// Sends a signal.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the process is there");
    }

    /// The processor time that it has taken so far, its own and the system's for it. Of a process that has nothing to
    /// do that is what waiting costs.
    ///
    /// # Panics
    /// When the process is gone, or the system is not Linux.
    pub fn cpu_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("the process is there");
        // The second field is the program's name and may hold anything; the 14th and 15th are ticks.
        let (_, fields) = stat.rsplit_once(") ").expect("a name");
        let ticks = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("ticks"));
        Duration::from_millis(ticks.sum::<u64>() * 1000 / clock_ticks_per_second())
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Lets it write files of any size again, after it was started with a limit.
    ///
    /// # Panics
    /// When the system refuses.
    pub fn lift_file_limit(&self) {
        let unlimited = Rlimit { current: None, maximum: None };
        prlimit(Some(self.pid()), Resource::Fsize, unlimited).expect("the limit can be lifted");
    }

    /// The most memory that it has had so far, in bytes.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
        let kibibytes = line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok());
        kibibytes.expect("a number") * 1024
    }

    /// Whether it has not ended.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().expect("the process is ours").is_none()
    }

    /// kill -9, and waits until it is gone.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Asks all of them to end with a signal, at the same time, and waits. Returns how each ended and how long that took.
    ///
    /// # Panics
    /// When one does not end within half a minute.
    pub fn end_all(processes: &mut [Self], signal: Signal) -> Vec<(ExitStatus, Duration)> {
        let since = Instant::now();
        for process in processes.iter() {
            process.signal(signal);
        }
        processes.iter_mut().map(|process| process.wait(since)).collect()
    }

    fn wait(&mut self, since: Instant) -> (ExitStatus, Duration) {
        while since.elapsed() < Duration::from_secs(30) {
            if let Some(status) = self.child.try_wait().expect("the process is ours") {
                return (status, since.elapsed());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        panic!("the process does not end");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_that_of_the_process() {
        let since = Instant::now();
        let log = tempfile::NamedTempFile::new().unwrap();
        let flags = ["-c", "echo there; while :; do :; done"].map(str::to_owned);
        let busy = Process::start("sh", &flags, log.path());
        while busy.cpu_time() < Duration::from_millis(50) {
            assert!(since.elapsed() < START_PATIENCE, "it is busy");
            std::thread::sleep(Duration::from_millis(2));
        }
        let taken = busy.cpu_time();
        assert!(taken <= since.elapsed() + Duration::from_millis(20), "{taken:?} of one processor");
    }
}
