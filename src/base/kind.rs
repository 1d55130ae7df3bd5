//! What kind of refusal an error is. Rooms name a kind; `edge` maps kinds to statuses, once.

/// The kind of an error, from the caller's point of view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request cannot be understood: syntax, encoding, an impossible value.
    Malformed,
    /// Understood, but it breaks a rule of the product.
    Invalid,
    /// Nobody is signed in, or the credential is not valid.
    Unauthenticated,
    /// The actor may know the thing, but not do this with it.
    Forbidden,
    /// There is no such thing, or the actor may not know of it.
    NotFound,
    /// The state of the thing stands against it (taken name, already checked out).
    Conflict,
    /// A precondition the caller named is not met (RFC 9110 §13).
    PreconditionFailed,
    /// A precondition is required and absent (RFC 6585 §3).
    PreconditionRequired,
    /// Larger than a limit that the message names.
    TooLarge,
    /// The client did not send all of it in the time that the message names.
    TooSlow,
    /// More requests than the limit allows.
    TooMany,
    /// There is no room left to store it (RFC 4918 §11.5).
    StorageFull,
    /// A part the service needs is away for now; trying again later may help.
    Unavailable,
    /// A fault of the program; the log has it under the request's id.
    Internal,
}
