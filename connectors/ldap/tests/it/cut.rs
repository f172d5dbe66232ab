//! Connections that break in the middle.

use std::net::SocketAddr;

use usher_connector::{Fetched, Source as _, SourceError, SourceEvent};
use usher_testkit::proxy::{After, CuttingProxy, Fault};
use usher_testkit::slapd::Slapd;

use crate::rig::*;

async fn proxied(slapd: &Slapd) -> (CuttingProxy, usher_connector::SourceSettings) {
    let target = SocketAddr::from(([127, 0, 0, 1], slapd.port()));
    let proxy = CuttingProxy::start(target).await.expect("a proxy");
    let mut settings = settings_at(&proxy.address().to_string(), slapd);
    ldap(&mut settings).read_timeout_ms = 500;
    (proxy, settings)
}

#[tokio::test]
async fn a_connection_cut_in_the_middle_of_a_page_leaves_an_incomplete_read() {
    let mut tree = Tree::new();
    tree.people(40).group("all", &[person("p0")]);
    let Some(slapd) = tree.start() else { return };
    let (proxy, settings) = proxied(&slapd).await;
    let source = open(settings);
    let whole = full(&source).await;
    whole.assert_complete();
    for fault in [
        Fault::cut_once(After::Entries(25)),
        Fault::stall(After::Entries(25)),
    ] {
        proxy.set_fault(fault);
        let reading = full(&source).await;
        proxy.clear();
        assert!(!reading.certificate.is_complete());
        let count = reading.people().len();
        assert!((1..40).contains(&count), "{count} were read before the cut");
    }
    full(&source).await.assert_complete();
}

#[tokio::test]
async fn wherever_it_is_cut_a_read_is_an_error_or_incomplete_and_never_shorter_in_silence() {
    let mut tree = Tree::new();
    tree.people(12);
    tree.group("outer", &[person("p0"), group("inner")])
        .group("inner", &[person("p1")]);
    let Some(slapd) = tree.start() else { return };
    let (proxy, settings) = proxied(&slapd).await;
    let source = open(settings);
    let whole = full(&source).await;
    whole.assert_complete();
    let mut outcomes = [0, 0, 0];
    for messages in 1..60 {
        proxy.set_fault(Fault::cut(After::Messages(messages)));
        let result = read(&source, &request(None)).await;
        proxy.clear();
        match result {
            Err(SourceError::Unreachable(_)) => outcomes[0] += 1,
            Err(other) => panic!("after {messages}: {other}"),
            Ok(reading) if reading.certificate.is_complete() => {
                outcomes[2] += 1;
                assert_eq!(reading.people(), whole.people(), "after {messages}");
                let lost = reading.members != whole.members
                    && reading.certificate.incomplete_groups.is_empty();
                assert!(
                    !lost,
                    "after {messages}: members are missing and nobody said so"
                );
            }
            Ok(_) => outcomes[1] += 1,
        }
    }
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
}

#[tokio::test]
async fn a_connection_that_died_while_idle_is_replaced() {
    let mut tree = Tree::new();
    tree.people(2);
    let Some(slapd) = tree.start() else { return };
    let (proxy, settings) = proxied(&slapd).await;
    let source = open(settings);
    let reading = full(&source).await;
    let keys = vec![reading.key("p0")];
    assert!(matches!(
        fetch(&source, keys.clone()).await[..],
        [Fetched::Present(_)]
    ));
    proxy.set_fault(Fault::cut_once(After::Entries(1)));
    assert!(matches!(
        fetch(&source, keys).await[..],
        [Fetched::Present(_)]
    ));
    assert_eq!(proxy.struck(), 1);
}

#[tokio::test]
async fn a_receiver_that_goes_away_stops_the_read() {
    struct Leaves(u32);
    #[async_trait::async_trait]
    impl usher_connector::EventSink for Leaves {
        async fn event(&mut self, _: SourceEvent) -> Result<(), SourceError> {
            self.0 += 1;
            if self.0 > 2 {
                Err(SourceError::Stopped)
            } else {
                Ok(())
            }
        }
    }
    let mut tree = Tree::new();
    tree.people(40);
    let Some(slapd) = tree.start() else { return };
    let source = open(settings(&slapd));
    let mut sink = Leaves(0);
    let result = source.read(&request(None), &mut sink).await;
    assert_eq!(result, Err(SourceError::Stopped));
    assert_eq!(sink.0, 3);
}
