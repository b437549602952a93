//! Load, crashes and races: the promises under fire. One test at a time has the machine.

mod alone;
mod crashes;
mod fire;
mod load;
