//! Log lines and their level.
