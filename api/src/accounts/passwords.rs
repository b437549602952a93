//! Passwords: hashed with argon2id, slowly on purpose, so never many at once.

use std::sync::Arc;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::phc::{PasswordHash, Salt},
};
use tokio::sync::Semaphore;

/// Threads that hash at most.
const THREADS: usize = 2;

/// Those who wait for a thread at most. More would wait for longer than they like.
const WAITING_MAX: usize = 16;

/// Memory in KiB, rounds and lanes of one hash.
const MEMORY: u32 = 19_456;
const ROUNDS: u32 = 2;
const LANES: u32 = 1;

/// The hash of a password that nobody has, made like every other: whoever logs in to an account that is not there, or
/// that has no password, costs as much time as everybody else.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$FC1lwJaXp/mZp/OCl1qR7A$EI37WcRNMTIfI+dnV8i6GV+kPOKZ5SVW2YAhjAcooPQ";

/// Hashes and checks passwords.
#[derive(Clone, Debug)]
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
    threads: Arc<Semaphore>,
}

/// A password could not be hashed or checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PasswordError {
    /// Too many are waiting already.
    Busy,
    /// Something is wrong here.
    Fault,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(THREADS + WAITING_MAX)), threads: Arc::new(Semaphore::new(THREADS)) }
    }

    /// The hash of a new password, as a PHC string.
    pub(crate) async fn hash(&self, password: String) -> Result<String, PasswordError> {
        self.on_a_thread(move || hash(&password)).await?.ok_or(PasswordError::Fault)
    }

    /// Whether this is the password. Without a hash it is not, after the same work.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, PasswordError> {
        self.on_a_thread(move || verify(&password, hash.as_deref())).await
    }

    /// Runs slow work, unless too many wait for their turn. Who goes away while waiting makes room; work that has begun
    /// keeps its place until it is done.
    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PasswordError> {
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| PasswordError::Busy)?;
        let thread = Arc::clone(&self.threads).acquire_owned().await.map_err(|_| PasswordError::Fault)?;
        let worked = tokio::task::spawn_blocking(move || {
            let result = work();
            drop((place, thread));
            result
        });
        worked.await.map_err(|_| PasswordError::Fault)
    }
}

fn hasher() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY, ROUNDS, LANES, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// Hashes at once, on this thread.
pub(crate) fn hash(password: &str) -> Option<String> {
    let mut salt = [0; Salt::RECOMMENDED_LENGTH];
    getrandom::fill(&mut salt).ok()?;
    Some(hasher()?.hash_password_with_salt(password.as_bytes(), &salt).ok()?.to_string())
}

fn verify(password: &str, hash: Option<&str>) -> bool {
    let Ok(parsed) = PasswordHash::new(hash.unwrap_or(NOBODYS)) else { return false };
    let is_right = hasher().is_some_and(|hasher| hasher.verify_password(password.as_bytes(), &parsed).is_ok());
    is_right && hash.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash() {
        let stored = hash("correct horse").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(verify("correct horse", Some(&stored)));
        assert!(!verify("correct house", Some(&stored)));
        assert_ne!(hash("correct horse").unwrap(), stored, "salted");
    }

    #[test]
    fn nobodys_hash_costs_as_much_as_any() {
        let (nobodys, stored) = (PasswordHash::new(NOBODYS).unwrap(), hash("correct horse").unwrap());
        let stored = PasswordHash::new(&stored).unwrap();
        assert_eq!(
            (nobodys.algorithm, nobodys.version, &nobodys.params),
            (stored.algorithm, stored.version, &stored.params)
        );
        assert!(!verify("", None));
    }

    #[tokio::test]
    async fn only_so_many_wait() {
        let passwords = Passwords::new();
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let wait = Arc::new(std::sync::Mutex::new(wait));
        let started: Vec<_> = (0..THREADS + WAITING_MAX)
            .map(|_| {
                let (passwords, wait) = (passwords.clone(), Arc::clone(&wait));
                tokio::spawn(async move { passwords.on_a_thread(move || wait.lock().unwrap().recv().is_err()).await })
            })
            .collect();
        while passwords.places.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.hash("correct horse".to_owned()).await, Err(PasswordError::Busy));
        drop(release);
        for work in started {
            assert_eq!(work.await.unwrap(), Ok(true));
        }
        assert!(passwords.hash("correct horse".to_owned()).await.is_ok());
    }
}
