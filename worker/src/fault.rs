//! What to do when settling goes wrong.
//!
//! Trouble with the surroundings (a lock, a lost connection, a full disk) is waited out and counts against nobody. Any
//! other fault is tried once more; if it stays, the batch is halved until the fault belongs to one intent, and only
//! that one is blamed.

use std::time::Duration;

use entity::{
    Millis,
    job::{JobState, lane::BACK_OFF_MAX},
};

const ENVIRONMENT_PAUSE_MIN: Duration = Duration::from_millis(10);
const ENVIRONMENT_PAUSE_MAX: Duration = Duration::from_secs(1);
const FAULT_PAUSE_MIN: Duration = Duration::from_millis(10);

/// A batch should not keep others from writing for longer than about this: intake's answers wait behind it.
const LOCKED_WANTED: Duration = Duration::from_millis(10);

/// Smaller batches would cost more in commits than they save in waiting.
const LIMIT_KEPT: u32 = 100;

/// Milliseconds after the first failed attempt.
const BACK_OFF_MIN: Millis = 1000;

/// What follows a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Settle again, at most [`Split::limit`] jobs.
    Again,
    /// The batch was a single intent: blame it.
    Blame,
}

/// How large the next batch may be, given how the last ones went.
#[derive(Debug)]
pub(crate) struct Split {
    limit_max: u32,
    limit: u32,
    /// Faults since the last success.
    faults: u32,
    /// Times in a row that the surroundings were at fault.
    outages: u32,
}

impl Split {
    pub(crate) fn new(limit_max: u32) -> Self {
        Self { limit_max, limit: limit_max, faults: 0, outages: 0 }
    }

    /// Jobs that the next batch may hold.
    pub(crate) fn limit(&self) -> u32 {
        self.limit
    }

    /// A batch went through, and others could not write for so long: grow back, or shrink if that was too long.
    pub(crate) fn succeeded(&mut self, locked: Duration) {
        if locked <= LOCKED_WANTED || self.limit < LIMIT_KEPT {
            self.limit = self.limit.saturating_mul(2).min(self.limit_max);
        } else if locked > LOCKED_WANTED * 2 {
            self.limit = (self.limit / 2).max(LIMIT_KEPT);
        }
        self.faults = 0;
        self.outages = 0;
    }

    /// The surroundings were at fault: how long to wait.
    pub(crate) fn environment_failed(&mut self) -> Duration {
        let pause = ENVIRONMENT_PAUSE_MIN.saturating_mul(1 << self.outages.min(10)).min(ENVIRONMENT_PAUSE_MAX);
        self.outages += 1;
        pause
    }

    /// How long to wait before settling again after a fault of the batch.
    pub(crate) fn fault_pause(&self) -> Duration {
        FAULT_PAUSE_MIN.saturating_mul(1 << self.faults.saturating_sub(10).min(6))
    }

    /// The batch faulted.
    pub(crate) fn batch_failed(&mut self) -> Next {
        self.faults += 1;
        if self.faults == 1 {
            Next::Again
        } else if self.limit > 1 {
            self.limit /= 2;
            Next::Again
        } else {
            Next::Blame
        }
    }
}

/// What becomes of a blamed job after its `attempt`-th failed attempt: its state, and when it runs next.
pub(crate) fn sentence(attempt: u32, attempts_max: u32, now: Millis) -> (JobState, Millis) {
    let doublings = attempt.saturating_sub(1).min(16);
    let back_off = (BACK_OFF_MIN << doublings).min(BACK_OFF_MAX);
    let state = if attempt >= attempts_max { JobState::Failed } else { JobState::Pending };
    (state, now + back_off)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_split_down_to_one_intent() {
        let mut split = Split::new(500);
        assert_eq!((split.batch_failed(), split.limit()), (Next::Again, 500), "tried once more as it is");
        let mut limits = vec![];
        while split.batch_failed() == Next::Again {
            limits.push(split.limit());
        }
        assert_eq!(limits, [250, 125, 62, 31, 15, 7, 3, 1]);
    }

    #[test]
    fn faults_that_stay_are_tried_again_ever_more_slowly() {
        let mut split = Split::new(500);
        let pauses: Vec<u128> = std::iter::repeat_with(|| {
            split.batch_failed();
            split.fault_pause().as_millis()
        })
        .take(18)
        .collect();
        // Splitting takes ten faults, and has to be quick.
        assert_eq!(pauses[..10], [10; 10]);
        assert_eq!(pauses[10..], [20, 40, 80, 160, 320, 640, 640, 640]);
        split.succeeded(Duration::ZERO);
        assert_eq!(split.fault_pause(), FAULT_PAUSE_MIN);
    }

    #[test]
    fn success_grows_the_batch_back() {
        let mut split = Split::new(500);
        for _ in 0..9 {
            split.batch_failed();
        }
        assert_eq!(split.limit(), 1);
        let limits: Vec<u32> =
            std::iter::repeat_with(|| (split.succeeded(Duration::ZERO), split.limit()).1).take(10).collect();
        assert_eq!(limits, [2, 4, 8, 16, 32, 64, 128, 256, 500, 500]);
    }

    #[test]
    fn batches_that_lock_others_out_for_long_shrink() {
        let mut split = Split::new(500);
        let mut after = |millis| {
            split.succeeded(Duration::from_millis(millis));
            split.limit()
        };
        assert_eq!([after(21), after(20), after(21), after(21), after(21)], [250, 250, 125, 100, 100]);
        assert_eq!([after(10), after(5)], [200, 400]);

        let mut split = Split::new(500);
        while split.batch_failed() == Next::Again {}
        assert_eq!(split.limit(), 1);
        split.succeeded(Duration::from_millis(30));
        assert_eq!(split.limit(), 2, "a commit that is slow by itself is no reason to stay small");
    }

    #[test]
    fn outages_are_waited_out_ever_longer_and_split_nothing() {
        let mut split = Split::new(500);
        assert_eq!(split.environment_failed(), Duration::from_millis(10));
        assert_eq!(split.environment_failed(), Duration::from_millis(20));
        for _ in 0..100 {
            split.environment_failed();
        }
        assert_eq!(split.environment_failed(), ENVIRONMENT_PAUSE_MAX);
        assert_eq!(split.limit(), 500);
        split.succeeded(Duration::ZERO);
        assert_eq!(split.environment_failed(), Duration::from_millis(10));
    }

    #[test]
    fn attempts_back_off_and_end() {
        assert_eq!(sentence(1, 5, 0), (JobState::Pending, 1000));
        assert_eq!(sentence(4, 5, 0), (JobState::Pending, 8000));
        assert_eq!(sentence(5, 5, 0).0, JobState::Failed);
        assert_eq!(sentence(40, 100, 0), (JobState::Pending, 60_000));
        assert_eq!(sentence(1, 1, 0).0, JobState::Failed);
    }
}
