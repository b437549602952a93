//! Faults on purpose: places in the code where tests make a process fail.
//!
//! They exist in builds with debug assertions alone. Of a release nothing of this is left, not even the names.

#[cfg(debug_assertions)]
mod armed;

#[cfg(debug_assertions)]
pub use armed::{POINTS, arm, point};

/// A place where a test may make the process fail, by name. The function around it returns [`Error`](crate::Error)s.
#[macro_export]
macro_rules! fault_point {
    ($name:literal) => {
        #[cfg(debug_assertions)]
        {
            $crate::fault::point($name)?;
        }
    };
}
