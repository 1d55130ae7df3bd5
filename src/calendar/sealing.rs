//! What is kept sealed, with a key of the calendar's owner: bodies and values of properties, bound
//! to their rows; and the keyed hashes that stand for a UID and for a content.

use zeroize::Zeroizing;

use super::model::CalendarRow;
use super::objects::repo::SealedObject;
use super::repo::SealedProperty;
use super::{Calendar, CalendarError, Calendars, PropertyName, PropertyValue, StoredObject};
use crate::base::{ETag, Id};
use crate::crypto::{Owner, RowBinding, hex};
use crate::store::StoreError;
use crate::store::key_ring::KeyRingError;

const TEXT: u8 = b't';
const XML: u8 = b'x';

impl Calendars {
    pub(super) async fn seal_body(
        &self,
        of: &CalendarRow,
        id: Id<StoredObject>,
        body: &[u8],
    ) -> Result<Vec<u8>, CalendarError> {
        let place = body_place(id.as_bytes());
        Ok(self.keys.seal(owner(of), &place, body).await?)
    }

    pub(super) async fn open_object(
        &self,
        sealed: SealedObject,
    ) -> Result<StoredObject, CalendarError> {
        let place = body_place(sealed.id.as_bytes());
        let opened = self.keys.open_sealed(&place, &sealed.body).await;
        let mut body = opened.map_err(|source| CalendarError::Sealed {
            what: format!("body of the calendar object {}", sealed.id),
            source,
        })?;
        Ok(StoredObject {
            entry: sealed.entry,
            // It goes to the client; here it is not copied.
            body: std::mem::take(&mut *body),
        })
    }

    pub(super) async fn seal_property(
        &self,
        of: &CalendarRow,
        name: &PropertyName,
        value: &PropertyValue,
    ) -> Result<Vec<u8>, CalendarError> {
        let (mark, text) = match value {
            PropertyValue::Text(text) => (TEXT, text),
            PropertyValue::Xml(text) => (XML, text),
        };
        let mut plain = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        plain.push(mark);
        plain.extend_from_slice(text.as_bytes());
        let row = property_row(of.id, name);
        let place = property_place(&row);
        Ok(self.keys.seal(owner(of), &place, &plain).await?)
    }

    pub(super) async fn open_property(
        &self,
        sealed: SealedProperty,
    ) -> Result<(PropertyName, PropertyValue), CalendarError> {
        let row = property_row(sealed.calendar, &sealed.name);
        let what = || {
            format!(
                "property {} of the calendar {}",
                sealed.name.local, sealed.calendar
            )
        };
        let place = property_place(&row);
        let opened = self.keys.open_sealed(&place, &sealed.value).await;
        let plain = opened.map_err(|source| CalendarError::Sealed {
            what: what(),
            source,
        })?;
        let text = |bytes: &[u8]| {
            let text = std::str::from_utf8(bytes).map(str::to_owned);
            text.map_err(|_| StoreError::Value(format!("the {} is no text", what())))
        };
        let value = match plain.split_first() {
            Some((&TEXT, rest)) => PropertyValue::Text(text(rest)?),
            Some((&XML, rest)) => PropertyValue::Xml(text(rest)?),
            _ => return Err(StoreError::Value(format!("the {} has no form", what())).into()),
        };
        Ok((sealed.name, value))
    }

    /// The hash that an object's UID is looked up by.
    pub(super) fn uid_hash(&self, uid: &str) -> Result<[u8; 32], CalendarError> {
        let domain = "calendar_object.uid_hash";
        let hash = self.keys.vault().look_up_hash(domain, uid.as_bytes());
        Ok(hash.map_err(KeyRingError::from)?)
    }

    /// The tag of a content. Keyed, so that the rows do not help to guess what is sealed.
    pub(super) fn etag_of(&self, body: &[u8]) -> Result<ETag, CalendarError> {
        let hash = self.keys.vault().look_up_hash("calendar_object.etag", body);
        let hash = hash.map_err(KeyRingError::from)?;
        let half = hash.first_chunk::<16>().map_or(&hash[..], |half| &half[..]);
        Ok(ETag::new(&hex(half)))
    }
}

fn owner(of: &CalendarRow) -> Owner {
    Owner::principal(of.owner)
}

const fn body_place(row: &[u8]) -> RowBinding<'_> {
    RowBinding {
        table: "calendar_object",
        column: "body",
        row,
    }
}

const fn property_place(row: &[u8]) -> RowBinding<'_> {
    RowBinding {
        table: "calendar_property",
        column: "value",
        row,
    }
}

/// What names the row: XML names hold no NUL.
fn property_row(of: Id<Calendar>, name: &PropertyName) -> Vec<u8> {
    [
        &of.as_bytes()[..],
        name.namespace.as_bytes(),
        &[0],
        name.local.as_bytes(),
    ]
    .concat()
}
