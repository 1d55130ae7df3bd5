//! A body that is good for each method at each path.

use serde_json::json;

use super::{Thing, World};
use crate::support::dav::event;

impl World {
    /// A body that is good for this method there.
    pub(super) fn body(&self, method: &str, path: &str, thing: &Thing) -> String {
        let number = self.number();
        let name = format!("Thing {number}");
        let json = match (method, path.strip_prefix("/api/v1").unwrap_or("")) {
            ("POST", "/item-types") => {
                json!({ "name": name, "kind": "serialised", "unit": "piece" })
            }
            ("PUT", "/item-types/{id}") => json!({ "name": name, "unit": "piece" }),
            ("POST" | "PUT", "/places" | "/places/{id}") => {
                json!({ "name": name, "parent_id": null })
            }
            ("POST", "/items") => json!({
                "type_id": self.item_type,
                "name": name,
                "place_id": self.place,
                "identifiers": [{ "scheme": "tag", "value": format!("T-{number}") }],
            }),
            ("PUT", "/items/{id}") => json!({ "name": name, "identifiers": [] }),
            ("POST", "/items/{id}/check-out") => {
                json!({ "to": { "kind": "party", "handle": "alice" } })
            }
            ("POST", "/items/{id}/check-in") => json!({ "to_place_id": self.place }),
            ("POST", "/role-grants") => json!({
                "handle": "carol",
                "role": "custodian",
                "over": { "kind": "everything" },
            }),
            ("POST", _) if path == "/people/confirm" => {
                return "do=give&handle=carol&role=custodian&over=everything".to_owned();
            }
            ("POST", _) if path == "/connect/tokens" => {
                return "label=x&scope=caldav&days=30".to_owned();
            }
            ("PUT", _) => return event("1", "20270102T090000Z", "Two"),
            ("PROPPATCH", _) => {
                return "<propertyupdate xmlns=\"DAV:\"><set><prop><displayname>A</displayname>\
                        </prop></set></propertyupdate>"
                    .to_owned();
            }
            ("MKCOL", _) => {
                return "<mkcol xmlns=\"DAV:\"><set><prop><resourcetype><collection/>\
                        <calendar xmlns=\"urn:ietf:params:xml:ns:caldav\"/></resourcetype></prop>\
                        </set></mkcol>"
                    .to_owned();
            }
            ("REPORT", _) => {
                let mut href = "/dav/calendars/{handle}/{calendar}/{object}".to_owned();
                for (name, value) in &thing.names {
                    href = href.replace(name, value);
                }
                let href = href.replace(['{', '}'], "");
                return format!(
                    "<C:calendar-multiget xmlns:C=\"urn:ietf:params:xml:ns:caldav\" \
                     xmlns=\"DAV:\"><prop><getetag/></prop><href>{href}</href>\
                     </C:calendar-multiget>"
                );
            }
            _ => return String::new(),
        };
        json.to_string()
    }
}
