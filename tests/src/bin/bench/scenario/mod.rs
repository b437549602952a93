//! What is measured, one file for each question.

mod accept;
mod confirm;
mod drain;
mod history;
mod idle;
mod million;
mod reads;
mod sale;
mod tail;
mod takeover;
mod visible;

use clap::ValueEnum;

use crate::{figures::Figure, site::Site};

/// A scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Accepted, and settled, against the ceiling of HTTP and the ordinary way
    Accept,
    /// A backlog against the ceiling of storage, and the ordinary way on PostgreSQL; many lanes against one
    Drain,
    /// Status reads against a constant
    Reads,
    /// How long the slowest wait at a steady rate
    Tail,
    /// Settling with a long history against a short one
    History,
    /// Confirming against the ordinary way
    Confirm,
    /// From POST to the decision, when nothing else is going on
    Visible,
    /// From the death of a worker to the next decision
    Takeover,
    /// Idle programs
    Idle,
    /// Twenty thousand people, five hundred seats
    Sale,
    /// A million pending intents over a thousand events
    Million,
}

impl Scenario {
    /// Runs it.
    pub(crate) async fn run(self, site: &Site) -> Vec<Figure> {
        match self {
            Self::Accept => accept::run(site).await,
            Self::Drain => drain::run(site).await,
            Self::Reads => reads::run(site).await,
            Self::Tail => tail::run(site).await,
            Self::History => history::run(site).await,
            Self::Confirm => confirm::run(site).await,
            Self::Visible => visible::run(site).await,
            Self::Takeover => takeover::run(site).await,
            Self::Idle => idle::run(site).await,
            Self::Sale => sale::run(site).await,
            Self::Million => million::run(site).await,
        }
    }
}
