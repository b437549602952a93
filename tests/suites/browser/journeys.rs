//! What people come for, from the first look to the end.

mod attending;
mod lines;
mod organizing;
mod rehearsing;
