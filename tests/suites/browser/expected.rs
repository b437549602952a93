//! What may go wrong on a journey: what it said would, and nothing else.

use crate::trail::Trail;

/// What a journey said would go wrong.
#[derive(Default)]
pub(crate) struct Expected {
    /// Answers: their status, and how the address begins.
    pub(crate) refusals: Vec<(u16, String)>,
    /// Whether the service is away for a while.
    pub(crate) is_cut_off: bool,
}

impl Expected {
    /// Everything was as expected, and what was expected came.
    pub(crate) fn check(&self, trail: &Trail, base: &str) {
        // Files that the page hands over have addresses of its own, which lead nowhere else; the browser's own icons, such
        // as that of a date, are addresses that hold what they lead to.
        let own = [format!("{base}/"), format!("blob:{base}/"), "data:".to_owned()];
        let is_own = |url: &str| own.iter().any(|own| url.starts_with(own));
        assert!(trail.requests.iter().any(|url| url.starts_with(base)), "the log knows of no request");
        let away: Vec<_> = trail.requests.iter().filter(|url| !is_own(url)).collect();
        assert!(away.is_empty(), "requests to elsewhere: {away:?}");
        assert!(trail.errors.is_empty(), "errors in the console: {:#?}", trail.errors);
        assert!(self.is_cut_off || trail.failures.is_empty(), "requests that failed: {:#?}", trail.failures);
        self.check_refusals(&trail.refusals);
    }

    fn check_refusals(&self, came: &[(u16, String)]) {
        let is = |(status, path): &(u16, String), (code, url): &(u16, String)| status == code && url.starts_with(path);
        let others: Vec<_> = came.iter().filter(|came| !self.refusals.iter().any(|one| is(one, came))).collect();
        assert!(others.is_empty(), "answers that nobody expected: {others:?}");
        let missing: Vec<_> = self.refusals.iter().filter(|one| !came.iter().any(|came| is(one, came))).collect();
        assert!(missing.is_empty(), "answers that did not come: {missing:?}");
    }
}
