//! An evaluation: a person called `admin`, a link that signs in as them, and sample data.

use super::{Rooms, ServeError, sample};
use crate::identity::{Actor, Handle, Identity, IdentityError, Principal, Role, Roles};
use crate::identity::{principals, sessions};
use crate::web::Site;

/// What an evaluation may do and shall have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evaluation {
    /// Whether it may listen on more than this machine's own addresses.
    pub everywhere: bool,
    /// Whether to fill an empty home and an empty inventory.
    pub sample: bool,
}

impl Evaluation {
    /// Makes what the evaluation needs; gives what to tell the person at the terminal, with a link
    /// that signs in once, within 15 minutes.
    pub(super) async fn prepare(self, rooms: &Rooms, site: &Site) -> Result<String, ServeError> {
        let handle: Handle = "admin".parse().map_err(fault)?;
        let admin = administrator(&rooms.identity, &handle)
            .await
            .map_err(fault)?;
        let operator = Actor::operator();
        if self.sample {
            let acting = principals::acting(&rooms.identity, &operator, &handle).await;
            let now = rooms.store.clock().now();
            let filled = sample::fill(rooms, &acting.map_err(fault)?, now).await;
            filled.map_err(ServeError::Room)?;
        }
        let link = sessions::make_link(&rooms.identity, &operator, admin.id).await;
        let link = site.address(&format!("/auth/link/{}", link.map_err(fault)?.expose()));
        Ok(self.welcome(&link, site.public_url.scheme() == "https"))
    }

    fn welcome(self, link: &str, encrypted: bool) -> String {
        let (loudly, quietly) = if encrypted {
            ("", "an evaluation signs in whoever has the link")
        } else {
            let why = "plain HTTP, and everybody at this machine could read along";
            (", WITHOUT ENCRYPTION", why)
        };
        let loud = format!(
            "
  THIS EVALUATION LISTENS ON ALL ADDRESSES{loudly}.
  Whoever reaches the port can try to sign in. Publish it on 127.0.0.1 only.
"
        );
        format!(
            "
  Freehold, evaluation. Sign in with this link, once, within 15 minutes:

      {link}
{}
  Not for real data: {quietly}.
",
            if self.everywhere { &loud } else { "" }
        )
    }
}

async fn administrator(identity: &Identity, handle: &Handle) -> Result<Principal, IdentityError> {
    if let Some(admin) = principals::by_handle(identity, handle).await? {
        return Ok(admin);
    }
    let roles = Roles::of(&[Role::Member, Role::Custodian, Role::Administrator]);
    principals::create(identity, &Actor::operator(), handle.clone(), roles).await
}

fn fault(error: impl std::error::Error + Send + Sync + 'static) -> ServeError {
    ServeError::Room(Box::new(error))
}
