//! What the published settings of the mail server do, seen by a mail server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use usher_core::alerts::{Happening, Message};
use usher_core::model::{CaCertificate, Configuration, MAIL_PASSWORD, Sealed};
use usher_engine::service::Notifier as _;
use usher_engine::{ManualClock, Sealer};
use usher_notify::Messenger;
use usher_pf::{ConfigFile, ImportContext, Mode, Secrets, import};
use usher_testkit::certificates::SelfMade;
use usher_testkit::receivers::{Answer, Mail, MailTls, Manners, Receiver, mail};

const NAME: &str = "robot";
const PASSWORD: &str = "seven green boats";
const TO: &str = "mailto:ana@example.com";

struct Sealing<'a>(&'a Sealer);

impl Secrets for Sealing<'_> {
    fn seal(&mut self, kind: &str, plain: &str) -> Result<Sealed, String> {
        Ok(self.0.seal(kind, plain))
    }

    fn check(&self, kind: &str, sealed: &Sealed) -> Result<(), String> {
        self.0.open(kind, sealed).map(drop)
    }
}

/// Sends one message as the published document of the mail server says.
struct Sender {
    sealer: Arc<Sealer>,
    authorities: Vec<CaCertificate>,
}

impl Sender {
    fn new() -> Self {
        Self {
            sealer: Arc::new(Sealer::new([7; 32])),
            authorities: Vec::new(),
        }
    }

    /// That trusts a certificate beside those of the system.
    fn that_trusts(made: &SelfMade) -> Self {
        let authority = CaCertificate {
            id: "own".to_owned(),
            pem: made.certificate.clone(),
        };
        Self {
            authorities: vec![authority],
            ..Self::new()
        }
    }

    async fn send(&self, email_server: Value) -> Result<(), String> {
        let settings = json!([{"emailServer": email_server}]);
        let operation = json!({
            "resourceType": "/serverSettings", "operationType": "SAVE", "items": settings,
        });
        let file = json!({
            "usher": 1,
            "pf": {"metadata": {"pfVersion": "12.1.0.0"}, "operations": [operation]},
        });
        let file = ConfigFile::parse(&file.to_string()).unwrap();
        let context = ImportContext {
            current: &Configuration::default(),
            connectors: &[],
            ids: &mut || "id".to_owned(),
            secrets: &mut Sealing(&self.sealer),
            mode: Mode::Merge,
            now: 0,
        };
        let mut configuration = import(&file, context).unwrap().configuration;
        configuration.ca_certificates.clone_from(&self.authorities);
        let clock = Arc::new(ManualClock::default());
        let message = Message {
            id: "1".to_owned(),
            happening: Happening::Test,
            at: 1_795_507_200_000,
            alert: None,
        };
        let messenger = Messenger::new(self.sealer.clone(), clock);
        messenger.send(TO, &message, &configuration).await
    }
}

/// The published document of a mail server.
fn at(sink: &Receiver<Mail>) -> Value {
    json!({
        "emailServer": "127.0.0.1", "port": sink.address().port(), "sourceAddr": "usher@example.com",
    })
}

/// With other values; `null` leaves one out.
fn with(mut document: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        if value.is_null() {
            document.as_object_mut().unwrap().remove(key);
        } else {
            document[key] = value.clone();
        }
    }
    document
}

fn said(sink: &Receiver<Mail>, begins: &str) -> usize {
    let lines = sink.overheard();
    lines.iter().filter(|line| line.starts_with(begins)).count()
}

#[tokio::test]
async fn mail_goes_to_that_server_and_port_from_that_sender() {
    let (one, other) = (
        mail(Manners::default()).await.unwrap(),
        mail(Manners::default()).await.unwrap(),
    );
    let sender = Sender::new();
    sender.send(at(&one)).await.unwrap();
    assert_eq!((one.taken().len(), other.taken().len()), (1, 0));
    let taken = one.taken().remove(0);
    assert_eq!(
        (taken.from.as_str(), taken.to.as_str()),
        ("usher@example.com", "ana@example.com")
    );
    assert!(
        taken.text.starts_with("From: usher@example.com\n"),
        "{taken:?}"
    );
    let port = json!({"port": other.address().port()});
    sender.send(with(at(&one), port)).await.unwrap();
    assert_eq!((one.taken().len(), other.taken().len()), (1, 1));
    // Nobody listens there.
    let elsewhere = json!({"emailServer": "127.0.0.2"});
    let refused = sender.send(with(at(&one), elsewhere)).await.unwrap_err();
    assert!(refused.contains("127.0.0.2"), "{refused}");
    assert_eq!(one.taken().len(), 1);
    let from = json!({"sourceAddr": "alerts@example.org"});
    sender.send(with(at(&one), from)).await.unwrap();
    let taken = one.taken().remove(1);
    assert_eq!(taken.from, "alerts@example.org");
    assert!(taken.text.starts_with("From: alerts@example.org\n"));
}

#[tokio::test]
async fn mail_is_sent_with_that_account() {
    for mechanism in ["PLAIN", "LOGIN"] {
        let manners = Manners {
            account: Some((NAME.to_owned(), PASSWORD.to_owned())),
            mechanisms: vec![mechanism.to_owned()],
            ..Manners::default()
        };
        let sink = mail(manners).await.unwrap();
        let sender = Sender::new();
        let account = json!({"username": NAME, "password": PASSWORD});
        let right = with(at(&sink), account);
        let wrong = [
            ("username", json!({"username": "somebody"})),
            ("no username", json!({"username": null})),
            ("password", json!({"password": "another"})),
            ("no password", json!({"password": null})),
        ];
        for (what, change) in wrong {
            let refused = sender.send(with(right.clone(), change)).await;
            let refused = refused.unwrap_err();
            assert!(!refused.contains(PASSWORD), "{what}: {refused}");
        }
        assert_eq!(sink.taken(), []);
        sender.send(right.clone()).await.unwrap();
        let sealed = sender.sealer.seal(MAIL_PASSWORD, PASSWORD).0;
        let sealed = json!({"password": null, "encryptedPassword": sealed});
        sender.send(with(right, sealed)).await.unwrap();
        let by = |mail: Mail| mail.signed_in;
        let signed_in: Vec<_> = sink.taken().into_iter().map(by).collect();
        assert_eq!(signed_in, [Some(mechanism.into()), Some(mechanism.into())]);
    }
}

#[tokio::test]
async fn mail_goes_encrypted_or_not_at_all_as_the_settings_say() {
    let made = SelfMade::of(&["127.0.0.1"]).unwrap();
    let sender = Sender::that_trusts(&made);
    let account = json!({"username": NAME, "password": PASSWORD});
    let manners = |tls: MailTls| Manners {
        tls,
        account: Some((NAME.to_owned(), PASSWORD.to_owned())),
        mechanisms: vec!["PLAIN".to_owned()],
    };

    // STARTTLS where it is asked for, and nothing else of the kind.
    let sink = mail(manners(MailTls::OnRequest(made.clone())));
    let sink = sink.await.unwrap();
    let plain = with(at(&sink), account.clone());
    sender.send(plain.clone()).await.unwrap();
    assert_eq!((said(&sink, "STARTTLS"), said(&sink, "AUTH")), (0, 1));
    sender
        .send(with(plain, json!({"useTLS": true})))
        .await
        .unwrap();
    assert_eq!((said(&sink, "STARTTLS"), said(&sink, "AUTH")), (1, 1));
    let encrypted: Vec<bool> = sink.taken().iter().map(|mail| mail.encrypted).collect();
    assert_eq!(encrypted, [false, true]);

    // TLS from the first byte, on the port that is for it.
    let at_once = mail(manners(MailTls::AtOnce(made))).await.unwrap();
    let wrapped = json!({"useSSL": true, "port": 1, "sslPort": at_once.address().port()});
    let wrapped = with(with(at(&at_once), account.clone()), wrapped);
    sender.send(wrapped.clone()).await.unwrap();
    let other = json!({"sslPort": 1, "port": at_once.address().port()});
    sender.send(with(wrapped, other)).await.unwrap_err();
    let taken = at_once.taken();
    assert_eq!((taken.len(), taken[0].encrypted), (1, true));
    assert_eq!(at_once.overheard(), [] as [String; 0]);

    // A server that cannot encrypt gets no word of it.
    let clear = mail(manners(MailTls::Never)).await.unwrap();
    let upgraded = with(with(at(&clear), account), json!({"useTLS": true}));
    sender.send(upgraded.clone()).await.unwrap_err();
    let wrapped = json!({"useTLS": null, "useSSL": true, "sslPort": clear.address().port()});
    sender.send(with(upgraded, wrapped)).await.unwrap_err();
    assert_eq!((said(&clear, "AUTH"), said(&clear, "MAIL")), (0, 0));
    assert_eq!(clear.taken(), []);
}

#[tokio::test]
async fn a_certificate_of_another_host_is_taken_only_where_that_is_not_checked() {
    let made = SelfMade::of(&["mail.example.com"]).unwrap();
    let sink = mail(Manners {
        tls: MailTls::OnRequest(made.clone()),
        ..Manners::default()
    });
    let sink = sink.await.unwrap();
    let checked = with(at(&sink), json!({"useTLS": true}));
    let unchecked = with(checked.clone(), json!({"verifyHostname": false}));
    let sender = Sender::that_trusts(&made);
    let refused = sender.send(checked.clone()).await.unwrap_err();
    assert!(refused.contains("certificate"), "{refused}");
    let checked = with(checked, json!({"verifyHostname": true}));
    sender.send(checked).await.unwrap_err();
    // Whom nobody trusts is not trusted under any name.
    let refused = Sender::new().send(unchecked.clone()).await.unwrap_err();
    assert!(refused.contains("certificate"), "{refused}");
    assert_eq!(sink.taken(), []);
    sender.send(unchecked).await.unwrap();
    assert!(sink.taken()[0].encrypted);
}

/// The clock of the runtime goes on whenever everybody waits.
#[tokio::test(start_paused = true)]
async fn a_mail_server_that_says_nothing_is_waited_for_as_long_as_the_settings_say() {
    let sink = mail(Manners::default()).await.unwrap();
    sink.answer(Answer::Silent);
    // Longer than that would hold up what is told to others.
    for (timeout, waits) in [
        (json!(3), 3),
        (json!(12), 12),
        (Value::Null, 30),
        (json!(3600), 50),
    ] {
        let began = tokio::time::Instant::now();
        let settings = with(at(&sink), json!({"timeout": timeout}));
        let gave_up = Sender::new().send(settings).await.unwrap_err();
        assert_eq!(began.elapsed().as_secs(), waits, "{gave_up}");
        assert!(
            gave_up.contains(&format!("within {waits} seconds")),
            "{gave_up}"
        );
    }
}

/// A server that begins a line and never ends it; counts what it got rid of.
async fn endless(made: Option<SelfMade>) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let written = Arc::new(AtomicUsize::new(0));
    let count = written.clone();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream: Box<dyn AsyncWrite + Send + Unpin> = match made {
            None => Box::new(stream),
            Some(made) => {
                let acceptor = TlsAcceptor::from(made.server_config().unwrap());
                Box::new(acceptor.accept(stream).await.unwrap())
            }
        };
        stream.write_all(b"220 ").await.unwrap();
        let piece = [b'a'; 4096];
        while stream.write_all(&piece).await.is_ok() {
            count.fetch_add(piece.len(), Ordering::SeqCst);
        }
    });
    (port, written)
}

#[tokio::test]
async fn a_mail_server_whose_answer_never_ends_is_not_listened_to_for_long() {
    let made = SelfMade::of(&["127.0.0.1"]).unwrap();
    let sender = Sender::that_trusts(&made);
    let server = |port: u16| json!({"emailServer": "127.0.0.1", "port": port, "sourceAddr": "usher@example.com"});
    let (clear, clear_bytes) = endless(None).await;
    let (encrypted, encrypted_bytes) = endless(Some(made)).await;
    let over_tls = json!({"useSSL": true, "sslPort": encrypted, "timeout": 40});
    for (settings, bytes) in [
        (with(server(clear), json!({"timeout": 40})), clear_bytes),
        (with(server(1), over_tls), encrypted_bytes),
    ] {
        let refused = sender.send(settings).await.unwrap_err();
        assert!(refused.contains("at most 65536 bytes"), "{refused}");
        // What the operating system holds in between is not ours.
        let bytes = bytes.load(Ordering::SeqCst);
        assert!(bytes < 16 << 20, "{bytes}");
    }
}
