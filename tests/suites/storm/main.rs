//! Load, crashes and races.
