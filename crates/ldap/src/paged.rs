//! Paged results (RFC 2696).

use std::borrow::BorrowMut;

use crate::ber::{self, BerError, Reader, Writer};
use crate::client::Client;
use crate::error::LdapError;
use crate::message::Control;
use crate::search::{self, DOING, SearchEnd, SearchItem, SearchRequest, Step};

/// OID of the paged-results control.
pub const PAGED_RESULTS: &str = "1.2.840.113556.1.4.319";

/// How many empty pages in a row are believed before the server is called broken.
const MAX_EMPTY_PAGES: u32 = 1_000;

fn control(page_size: u32, cookie: &[u8]) -> Control {
    let mut value = Writer::new();
    value.nested(ber::SEQUENCE, |inner| {
        inner.number(ber::INTEGER, i32::try_from(page_size).unwrap_or(i32::MAX));
        inner.bytes(ber::OCTET_STRING, cookie);
    });
    Control {
        oid: PAGED_RESULTS.to_owned(),
        critical: true,
        value: Some(value.into_bytes()),
    }
}

/// The cookie in the answer's controls, if the paged-results control is among them.
pub(crate) fn cookie(controls: &[Control]) -> Result<Option<Vec<u8>>, String> {
    let Some(found) = controls.iter().find(|control| control.oid == PAGED_RESULTS) else {
        return Ok(None);
    };
    read_cookie(found.value.as_deref().unwrap_or_default())
        .map(Some)
        .map_err(|error| format!("the paged-results control: {error}"))
}

fn read_cookie(value: &[u8]) -> Result<Vec<u8>, BerError> {
    let mut outer = Reader::new(value);
    let mut inner = Reader::new(outer.take(ber::SEQUENCE, "a sequence")?);
    inner.number(ber::INTEGER, "an estimate")?;
    inner
        .take(ber::OCTET_STRING, "a cookie")
        .map(<[u8]>::to_vec)
}

/// A search read page by page. The next page is asked for when the last one was read to its end.
///
/// Dropping it in the middle of a page makes the connection unusable.
#[derive(Debug)]
pub struct PagedSearch<C: BorrowMut<Client>> {
    client: C,
    request: SearchRequest,
    what: String,
    page_size: u32,
    cookie: Vec<u8>,
    /// Id of the page that is being read.
    page: Option<i32>,
    pages: u64,
    items_in_page: u64,
    empty_pages: u32,
    end: Option<SearchEnd>,
}

impl<C: BorrowMut<Client>> PagedSearch<C> {
    pub(crate) fn new(client: C, request: SearchRequest, page_size: u32) -> Self {
        let what = search::describe(&request);
        Self {
            client,
            request,
            what,
            page_size: page_size.max(1),
            cookie: Vec::new(),
            page: None,
            pages: 0,
            items_in_page: 0,
            empty_pages: 0,
            end: None,
        }
    }

    /// The next answer of any page; `None` after the last page ended with success.
    ///
    /// # Errors
    /// As [`crate::SearchStream::next`]. A server that leaves the paged-results control out of its answer gives
    /// [`LdapError::Protocol`], as nobody could say whether there is more.
    pub async fn next(&mut self) -> Result<Option<SearchItem>, LdapError> {
        loop {
            if let Some(end) = &self.end {
                return search::finished(&self.what, end).map(|()| None);
            }
            let id = match self.page {
                Some(id) => id,
                None => self.ask().await?,
            };
            match search::step(self.client.borrow_mut(), id).await? {
                Step::Item(item) => {
                    self.items_in_page += 1;
                    return Ok(Some(item));
                }
                Step::End(end) => self.turn(end)?,
            }
        }
    }

    async fn ask(&mut self) -> Result<i32, LdapError> {
        let controls = [control(self.page_size, &self.cookie)];
        let id = search::send(self.client.borrow_mut(), &self.request, &controls).await?;
        self.page = Some(id);
        self.items_in_page = 0;
        Ok(id)
    }

    /// A page has ended: either all has, or the next one may be asked for.
    fn turn(&mut self, end: SearchEnd) -> Result<(), LdapError> {
        self.page = None;
        self.pages += 1;
        let client = self.client.borrow_mut();
        let success = search::finished(&self.what, &end).is_ok();
        match &end.page_cookie {
            None if success => {
                let detail = "expected the paged-results control at the end of a page, found none: whether there is more is not known";
                return Err(client.broken(DOING, detail.to_owned()));
            }
            Some(cookie) if success && !cookie.is_empty() => {
                self.empty_pages = if self.items_in_page == 0 {
                    self.empty_pages + 1
                } else {
                    0
                };
                if self.empty_pages > MAX_EMPTY_PAGES {
                    return Err(
                        client.broken(DOING, format!("{MAX_EMPTY_PAGES} empty pages in a row"))
                    );
                }
                self.cookie.clone_from(cookie);
            }
            _ => self.end = Some(end),
        }
        client.finish();
        Ok(())
    }

    /// How many pages were read to their end.
    pub fn pages(&self) -> u64 {
        self.pages
    }

    /// How the last page ended; `None` before that.
    pub fn end(&self) -> Option<&SearchEnd> {
        self.end.as_ref()
    }

    /// Gives the connection back. It is usable if the search is between two pages or at its end.
    pub fn into_client(self) -> C {
        self.client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_control_is_written_and_its_cookie_read_back() {
        let written = control(500, b"\x00\xffnext");
        assert!(written.critical);
        assert_eq!(cookie(&[written]), Ok(Some(b"\x00\xffnext".to_vec())));
        assert_eq!(cookie(&[]), Ok(None));
    }

    #[test]
    fn a_broken_control_is_an_error_not_the_last_page() {
        let broken = Control {
            oid: PAGED_RESULTS.into(),
            critical: false,
            value: Some(vec![0x30, 9, 2]),
        };
        assert!(cookie(&[broken]).is_err());
        let empty = Control {
            oid: PAGED_RESULTS.into(),
            critical: false,
            value: None,
        };
        assert!(cookie(&[empty]).is_err());
    }
}
