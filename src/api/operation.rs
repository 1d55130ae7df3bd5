//! What there is to ask of the API. One [`Operation`] per method and path is the only description
//! of it: the router and the OpenAPI document are both made from the same list.

use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter, on};

/// One route: how it is called, who may call it, what it takes and gives.
#[derive(Debug)]
pub struct Operation {
    /// The method.
    pub method: Method,
    /// The path, with the names of its parameters in braces.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    /// Its name in the OpenAPI document, by which generated clients call it.
    pub id: &'static str,
    /// What it does, in one line.
    pub summary: &'static str,
    pub(super) shape: Shape,
}

/// The methods in use. GET answers HEAD too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Reads, changes nothing.
    Get,
    /// Makes something, or moves an item.
    Post,
    /// Replaces.
    Put,
    /// Ends.
    Delete,
}

impl Method {
    /// The word on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// Who may call an operation with a personal token of scope `api`. The rooms decide; this says
/// what they decide, for the document and for the test of every route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Everybody, without a token.
    Anyone,
    /// Members, custodians and administrators.
    Member,
    /// Administrators, and custodians in their charge.
    Custodian,
    /// Administrators.
    Administrator,
    /// Administrators, a moment after their sign-in.
    FreshAdministrator,
    /// Auditors, and nobody else.
    Auditor,
}

/// What goes in and what comes out, in names of schemas of the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A page of these.
    Page(&'static str),
    /// A page of the entries of the audit that are asked for.
    Audit(&'static str),
    /// One of these.
    Read(&'static str),
    /// One of these, by scheme and value.
    Find(&'static str),
    /// Makes one.
    Create {
        takes: &'static str,
        gives: &'static str,
    },
    /// Changes one, if it is still what the client has seen.
    Change {
        takes: &'static str,
        gives: &'static str,
    },
    /// Ends one.
    End,
    /// The OpenAPI document.
    Document,
}

/// An operation and the function that answers it.
pub(super) struct Route<S> {
    pub(super) operation: &'static Operation,
    pub(super) answer: MethodRouter<S>,
}

impl<S: Clone + Send + Sync + 'static> Route<S> {
    pub(super) fn new<H, T>(operation: &'static Operation, handler: H) -> Self
    where
        H: Handler<T, S>,
        T: 'static,
    {
        let method = match operation.method {
            Method::Get => MethodFilter::GET,
            Method::Post => MethodFilter::POST,
            Method::Put => MethodFilter::PUT,
            Method::Delete => MethodFilter::DELETE,
        };
        Self {
            operation,
            answer: on(method, handler),
        }
    }
}
