//! The use cases of single calendar objects.

use super::{
    CalendarError, CalendarRef, Calendars, ObjectEntry, ObjectName, ObjectRef, Stored, StoredObject,
};
use crate::base::Precondition;
use crate::identity::Actor;

/// An object that is to be stored.
#[derive(Debug, Clone)]
pub struct PutObject {
    /// Where.
    pub at: ObjectRef,
    /// The client's bytes.
    pub body: Vec<u8>,
    /// What the caller demands of the object that is there now.
    pub precondition: Precondition,
}

impl Calendars {
    /// Put.
    pub async fn put_object(&self, actor: &Actor, put: PutObject) -> Result<Stored, CalendarError> {
        unimplemented!()
    }
    /// Get.
    pub async fn object(
        &self,
        actor: &Actor,
        at: &ObjectRef,
    ) -> Result<StoredObject, CalendarError> {
        unimplemented!()
    }
    /// Delete.
    pub async fn delete_object(
        &self,
        actor: &Actor,
        at: &ObjectRef,
        precondition: Precondition,
    ) -> Result<(), CalendarError> {
        unimplemented!()
    }
    /// List.
    pub async fn list(
        &self,
        actor: &Actor,
        at: &CalendarRef,
    ) -> Result<Vec<ObjectEntry>, CalendarError> {
        unimplemented!()
    }
    /// Several.
    pub async fn multiget(
        &self,
        actor: &Actor,
        at: &CalendarRef,
        names: Vec<ObjectName>,
    ) -> Result<Vec<(ObjectName, Option<StoredObject>)>, CalendarError> {
        unimplemented!()
    }
}
