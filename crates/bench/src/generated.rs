//! A directory that makes its entries up as it is read: for sizes that take too long to load into a server.

use std::collections::BTreeMap;

use async_trait::async_trait;
use usher_connector::{
    EventSink, FetchBy, Fetched, MemberDn, ProbeReport, ReadEntry, ReadRequest, Source,
    SourceError, SourceEvent,
};
use usher_core::model::{Certificate, Entry, Kind, ScopeVerdict, SourceKey, Watermark};

use crate::company::{self, Company};

/// Entries in a page, as an LDAP read has.
const PAGE: u64 = 500;
/// Members in an event, as an LDAP read has.
const MEMBERS: usize = 1_000;

pub(crate) struct Generated(pub(crate) Company);

#[async_trait]
impl Source for Generated {
    async fn read(
        &self,
        request: &ReadRequest,
        sink: &mut dyn EventSink,
    ) -> Result<(), SourceError> {
        let company = self.0;
        let mark = Some(Watermark("generated".to_owned()));
        sink.event(SourceEvent::Begin {
            full: request.from.is_none(),
            mark,
        })
        .await?;
        if request.from.is_none() {
            for first in (0..company.people).step_by(PAGE as usize) {
                let page = (first..company.people.min(first + PAGE))
                    .map(person)
                    .collect();
                sink.event(SourceEvent::Page(page)).await?;
            }
            for first in (0..company.groups).step_by(PAGE as usize) {
                let page = (first..company.groups.min(first + PAGE))
                    .map(group)
                    .collect();
                sink.event(SourceEvent::Page(page)).await?;
            }
            for number in 0..company.groups {
                members(company, number, sink).await?;
            }
        }
        let certificate = Certificate {
            host: "generated".to_owned(),
            users: company.people,
            groups: company.groups,
            ..Certificate::default()
        };
        sink.event(SourceEvent::End(certificate)).await
    }

    async fn fetch(&self, by: &FetchBy, _: &[String]) -> Result<Vec<Fetched>, SourceError> {
        let fetched = |number: Option<u64>| match number.filter(|number| *number < self.0.people) {
            Some(number) => Fetched::Present(Box::new(person(number))),
            None => Fetched::Absent,
        };
        Ok(match by {
            FetchBy::Keys(keys) => {
                let numbers = keys.iter().map(|key| company::number_of_key(key.as_str()));
                numbers.map(fetched).collect()
            }
            FetchBy::Dns(dns) => dns
                .iter()
                .map(|dn| match company::number_of_dn(dn) {
                    Some(number) => fetched(Some(number)),
                    None => Fetched::Other {
                        what: "a container".to_owned(),
                    },
                })
                .collect(),
        })
    }

    async fn probe(&self) -> Result<ProbeReport, SourceError> {
        Ok(ProbeReport::default())
    }
}

async fn members(
    company: Company,
    number: u64,
    sink: &mut dyn EventSink,
) -> Result<(), SourceError> {
    let key = SourceKey::new(company::group_key(number));
    let numbers: Vec<u64> = company.members(number).collect();
    for some in numbers.chunks(MEMBERS) {
        let dn = |number: &u64| MemberDn {
            dn: company::person_dn(*number),
            via: Vec::new(),
        };
        let members = some.iter().map(dn).collect();
        sink.event(SourceEvent::Members {
            group: key.clone(),
            members,
        })
        .await?;
    }
    sink.event(SourceEvent::MembersEnd {
        group: key,
        incomplete: None,
    })
    .await
}

fn person(number: u64) -> ReadEntry {
    let values =
        |(name, value): (&str, String)| (name.to_ascii_lowercase(), vec![value.into_bytes()]);
    let mut attributes: BTreeMap<String, Vec<Vec<u8>>> = company::attributes(number)
        .into_iter()
        .map(values)
        .collect();
    attributes.insert("objectclass".to_owned(), vec![b"inetOrgPerson".to_vec()]);
    read(
        company::person_key(number),
        company::person_dn(number),
        Kind::User,
        attributes,
    )
}

fn group(number: u64) -> ReadEntry {
    let name = company::group_name(number).into_bytes();
    let attributes = BTreeMap::from([
        ("cn".to_owned(), vec![name]),
        ("objectclass".to_owned(), vec![b"groupOfNames".to_vec()]),
    ]);
    read(
        company::group_key(number),
        company::group_dn(number),
        Kind::Group,
        attributes,
    )
}

fn read(
    key: String,
    dn: String,
    kind: Kind,
    attributes: BTreeMap<String, Vec<Vec<u8>>>,
) -> ReadEntry {
    ReadEntry {
        entry: Entry {
            key: SourceKey::new(key),
            dn,
            kind,
            attributes,
            too_long: BTreeMap::new(),
        },
        scope: ScopeVerdict::In,
        scope_group: None,
    }
}
