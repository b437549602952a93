//! The web page in a real browser: a headless Chromium, driven through chromedriver, against the real programs. On one
//! database: nothing that the page does depends on which it is.
//!
//! Whatever a test does, its browsers' logs are read at the end: no error in the console, no request that failed or
//! left the origin, no answer of 400 or above but those that the test said would come.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod driver;
mod expected;
mod hands;
mod journeys;
mod names;
mod page;
mod pictures;
mod stage;
mod survival;
mod tour;
mod trail;
