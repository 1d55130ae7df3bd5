//! The words everyone shares: identifiers, the clock, randomness, pages, preconditions, error
//! kinds, text of others.
//!
//! **Invariants.** Nothing here knows the product, the network or the database. The wall clock is
//! read only in [`clock`], operating-system randomness only in [`random`].
//!
//! **Absent on purpose.** HTTP statuses (`edge` maps [`Kind`] once) and SQL.

pub mod clock;
pub mod etag;
pub mod id;
pub mod kind;
pub mod page;
pub mod random;
pub mod text;

pub use clock::{Clock, ManualClock, SystemClock, Timestamp};
pub use etag::{ETag, Precondition, PreconditionFailed};
pub use id::Id;
pub use kind::Kind;
pub use page::{Cursor, Page, PageSize};
pub use text::{told, visible};
