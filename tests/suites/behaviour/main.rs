//! What Turnout does, seen from outside, on both databases. Every test starts the real programs.

mod sale;
