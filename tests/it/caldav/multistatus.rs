//! Reading a multistatus as a client does.

use std::collections::BTreeMap;

use quick_xml::NsReader;
use quick_xml::events::Event;
use quick_xml::name::ResolveResult;

use crate::support::app::Answer;

/// A `DAV:multistatus`.
#[derive(Debug, Default)]
pub(super) struct Multistatus {
    pub(super) responses: Vec<Response>,
    pub(super) sync_token: String,
    pub(super) description: String,
}

/// One `DAV:response`.
#[derive(Debug, Default, Clone)]
pub(super) struct Response {
    pub(super) href: String,
    /// The status of the response itself, 0 when it has propstats.
    pub(super) status: u16,
    /// Local names of the elements in its `DAV:error`.
    pub(super) errors: Vec<String>,
    /// Status and value by local name: the text, or the inner markup if there are elements.
    pub(super) props: BTreeMap<String, (u16, String)>,
}

/// An element as it came.
#[derive(Debug, Default)]
struct Node {
    local: String,
    namespace: String,
    text: String,
    raw: String,
    children: Vec<Node>,
}

impl Node {
    fn children<'n>(&'n self, local: &'n str) -> impl Iterator<Item = &'n Self> {
        self.children
            .iter()
            .filter(move |child| child.local == local)
    }

    fn text_of(&self, local: &str) -> String {
        self.children(local)
            .next()
            .map_or_else(String::new, |child| child.text.clone())
    }

    fn status(&self) -> u16 {
        let line = self.text_of("status");
        line.split(' ')
            .nth(1)
            .map_or(0, |code| code.parse().unwrap())
    }

    fn value(&self) -> String {
        if self.children.is_empty() {
            return self.text.clone();
        }
        self.raw.clone()
    }
}

fn position(reader: &NsReader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap()
}

fn tree(text: &str) -> Node {
    let mut reader = NsReader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open = vec![(Node::default(), 0)];
    loop {
        let (namespace, event) = reader.read_resolved_event().unwrap();
        let namespace = match namespace {
            ResolveResult::Bound(namespace) => namespace.into_inner().to_owned(),
            ResolveResult::Unbound => String::new(),
            ResolveResult::Unknown(prefix) => panic!("{prefix} is not declared in {text}"),
        };
        match event {
            Event::Start(start) => {
                let node = Node {
                    local: start.local_name().into_inner().to_owned(),
                    namespace,
                    ..Node::default()
                };
                open.push((node, position(&reader)));
            }
            Event::End(end) => {
                let (mut node, begin) = open.pop().unwrap();
                let close = position(&reader);
                let inner_end = text[..close].rfind("</").filter(|at| *at >= begin);
                text[begin..inner_end.unwrap_or(begin)].clone_into(&mut node.raw);
                assert_eq!(node.local, end.local_name().into_inner());
                open.last_mut().unwrap().0.children.push(node);
            }
            Event::Text(text) => open.last_mut().unwrap().0.text.push_str(&text),
            Event::CData(text) => open.last_mut().unwrap().0.text.push_str(&text),
            Event::GeneralRef(reference) => {
                let resolved = match reference.resolve_char_ref().unwrap() {
                    Some(c) => c.to_string(),
                    None => quick_xml::escape::resolve_xml_entity(&reference)
                        .unwrap()
                        .to_owned(),
                };
                open.last_mut().unwrap().0.text.push_str(&resolved);
            }
            Event::Eof => return open.pop().unwrap().0.children.pop().unwrap(),
            _ => {}
        }
    }
}

impl Multistatus {
    /// Reads an answer that has to be 207.
    pub(super) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 207, "{}", answer.text());
        let kind = answer.header("content-type");
        assert_eq!(kind, "application/xml; charset=utf-8");
        Self::read(answer.text())
    }

    fn read(text: &str) -> Self {
        let root = tree(text);
        assert_eq!(
            (root.namespace.as_str(), root.local.as_str()),
            ("DAV:", "multistatus")
        );
        Self {
            responses: root.children("response").map(Response::of).collect(),
            sync_token: root.text_of("sync-token"),
            description: root.text_of("responsedescription"),
        }
    }

    /// The response for this path; there has to be exactly one.
    pub(super) fn at(&self, href: &str) -> &Response {
        let mut found = self.responses.iter().filter(|one| one.href == href);
        let Some(response) = found.next() else {
            panic!("no response for {href} in {self:?}");
        };
        assert!(found.next().is_none(), "two responses for {href}");
        response
    }

    /// The paths, sorted.
    pub(super) fn hrefs(&self) -> Vec<&str> {
        let mut hrefs: Vec<_> = self.responses.iter().map(|one| one.href.as_str()).collect();
        hrefs.sort_unstable();
        hrefs
    }

    /// The last segments of the paths, sorted.
    pub(super) fn names(&self) -> Vec<&str> {
        let hrefs = self.hrefs().into_iter();
        hrefs.map(|href| href.rsplit('/').next().unwrap()).collect()
    }
}

impl Response {
    fn of(node: &Node) -> Self {
        let mut props = BTreeMap::new();
        for propstat in node.children("propstat") {
            for prop in propstat.children("prop").flat_map(|prop| &prop.children) {
                let known = props.insert(prop.local.clone(), (propstat.status(), prop.value()));
                assert!(known.is_none(), "{} twice", prop.local);
            }
        }
        let errors = node.children("error").chain(
            node.children("propstat")
                .flat_map(|propstat| propstat.children("error")),
        );
        Self {
            href: node.text_of("href"),
            status: node.status(),
            errors: errors
                .flat_map(|error| &error.children)
                .map(|element| element.local.clone())
                .collect(),
            props,
        }
    }

    /// The value of a property that has to be there.
    pub(super) fn prop(&self, local: &str) -> &str {
        match self.props.get(local) {
            Some((200, value)) => value,
            other => panic!("{local} of {}: {other:?}", self.href),
        }
    }

    /// The status of a property.
    pub(super) fn status_of(&self, local: &str) -> u16 {
        self.props.get(local).map_or(0, |(status, _)| *status)
    }
}
