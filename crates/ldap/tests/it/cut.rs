//! A real slapd behind a proxy that cuts or stalls.

use std::time::Duration;

use usher_ldap::{
    Client, ConnectOptions, Credentials, Endpoint, LdapError, Pool, SearchRequest, Security,
};
use usher_testkit::proxy::{After, CuttingProxy, Fault};
use usher_testkit::slapd::{Slapd, SlapdConfig};

use crate::real::{everything, people};

const BASE: &str = "dc=example,dc=test";

async fn rig(count: usize) -> Option<(Slapd, CuttingProxy, Endpoint)> {
    let slapd = Slapd::start_or_skip(SlapdConfig {
        ldif: Some(people(count)),
        ..Default::default()
    })?;
    let target = ([127, 0, 0, 1], slapd.port()).into();
    let proxy = CuttingProxy::start(target).await.expect("a proxy");
    let endpoint = Endpoint::new("127.0.0.1", proxy.address().port(), Security::Plain);
    Some((slapd, proxy, endpoint))
}

/// Reads everything in pages of 100; how many items came, and how it ended.
async fn read(client: &mut Client) -> (usize, Result<(), LdapError>) {
    let mut search = client.search_paged(SearchRequest::new(BASE, everything()), 100);
    let mut count = 0;
    loop {
        match search.next().await {
            Ok(Some(_)) => count += 1,
            Ok(None) => return (count, Ok(())),
            Err(error) => return (count, Err(error)),
        }
    }
}

async fn connect(slapd: &Slapd, endpoint: &Endpoint, read_timeout: Duration) -> Client {
    let options = ConnectOptions {
        read_timeout,
        ..Default::default()
    };
    let mut client = Client::connect(std::slice::from_ref(endpoint), &options)
        .await
        .expect("connects");
    client
        .bind_simple(&slapd.reader_dn(), slapd.reader_password())
        .await
        .expect("binds");
    client
}

#[tokio::test]
async fn a_read_cut_in_a_page_or_between_pages_is_an_error() {
    let Some((slapd, proxy, endpoint)) = rig(400).await else {
        return;
    };
    for (after, least, most) in [
        (After::Entries(150), 150, 150),
        (After::Pages(2), 200, 200),
        (After::Pages(4), 400, 400),
        (After::Messages(51), 50, 50),
        (After::Bytes(20_000), 10, 390),
    ] {
        proxy.set_fault(Fault::cut_once(after));
        let mut client = connect(&slapd, &endpoint, Duration::from_secs(10)).await;
        let (count, end) = read(&mut client).await;
        let error = end.expect_err("cut");
        assert!(
            matches!(error, LdapError::Disconnected { .. }),
            "{after:?}: {error:?}"
        );
        assert!((least..=most).contains(&count), "{after:?}: {count}");
        assert!(!client.is_usable());
    }
    assert_eq!(proxy.struck(), 5);
    let mut client = connect(&slapd, &endpoint, Duration::from_secs(10)).await;
    assert_eq!(read(&mut client).await, (403, Ok(())));
}

#[tokio::test]
async fn a_server_that_stalls_is_given_up() {
    let Some((slapd, proxy, endpoint)) = rig(50).await else {
        return;
    };
    proxy.set_fault(Fault::stall(After::Entries(20)));
    let mut client = connect(&slapd, &endpoint, Duration::from_millis(300)).await;
    let (count, end) = read(&mut client).await;
    assert_eq!(count, 20);
    assert!(
        matches!(
            end,
            Err(LdapError::Timeout {
                doing: "searching",
                ..
            })
        ),
        "{end:?}"
    );

    proxy.set_fault(Fault::stall(After::Nothing));
    let options = ConnectOptions {
        read_timeout: Duration::from_millis(300),
        ..Default::default()
    };
    let mut client = Client::connect(&[endpoint], &options)
        .await
        .expect("TCP connects");
    let error = client.bind_anonymous().await.expect_err("no answer");
    assert!(
        matches!(error, LdapError::Timeout { .. }) && error.is_transient(),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_pool_keeps_sound_connections_and_drops_the_others() {
    let Some((slapd, proxy, endpoint)) = rig(10).await else {
        return;
    };
    let credentials = Credentials::Simple {
        dn: slapd.reader_dn(),
        password: slapd.reader_password().to_owned(),
    };
    let pool = Pool::new(vec![endpoint], ConnectOptions::default(), credentials, 1);
    for _ in 0..3 {
        let mut client = pool.get().await.expect("bound");
        assert_eq!(
            client.who_am_i().await.expect("answers"),
            format!("dn:{}", slapd.reader_dn())
        );
    }
    assert_eq!(proxy.connections(), 1);

    // One that was left half-way is not given out again; one at a time waits for the other.
    let client = pool.get().await.expect("bound");
    let mut search = Client::into_search_paged(client, SearchRequest::new(BASE, everything()), 5);
    search.next().await.expect("an entry");
    let waiting = pool.get();
    tokio::pin!(waiting);
    let at_once =
        std::future::poll_fn(|task| std::task::Poll::Ready(waiting.as_mut().poll(task).is_ready()))
            .await;
    assert!(!at_once, "two connections out of a pool of one");
    drop(search);
    waiting
        .await
        .expect("a new one")
        .who_am_i()
        .await
        .expect("works");
    assert_eq!(proxy.connections(), 2);

    // One that was closed while it lay idle is noticed before it is used.
    proxy.cut_now();
    while proxy.open_connections() > 0 {
        tokio::task::yield_now().await;
    }
    pool.get()
        .await
        .expect("a new one")
        .who_am_i()
        .await
        .expect("works");
    assert_eq!(proxy.connections(), 3);
}

#[tokio::test]
async fn a_host_that_does_not_answer_is_passed_over_but_a_refusal_is_final() {
    let Some((slapd, proxy, endpoint)) = rig(1).await else {
        return;
    };
    proxy.set_fault(Fault::stall(After::Nothing));
    let hosts = [endpoint, Endpoint::from_url(&slapd.url()).expect("a URL")];
    let options = ConnectOptions {
        read_timeout: Duration::from_millis(300),
        ..Default::default()
    };
    let mut credentials = Credentials::Simple {
        dn: slapd.reader_dn(),
        password: slapd.reader_password().to_owned(),
    };
    let client = Client::open(&hosts, &options, &credentials)
        .await
        .expect("the second");
    assert_eq!(client.endpoint(), slapd.url());

    proxy.clear();
    if let Credentials::Simple { password, .. } = &mut credentials {
        "wrong".clone_into(password);
    }
    let error = Client::open(&hosts, &options, &credentials)
        .await
        .expect_err("refused");
    assert!(matches!(error, LdapError::Auth { .. }), "{error:?}");
}
