//! Every setting: the one table that reading, checking and the document are made from.

/// What a setting may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowed {
    /// Any text.
    Text,
    /// One of these.
    OneOf(&'static [&'static str]),
    /// A whole number in this range, both ends included.
    Whole(u32, u32),
}

impl Allowed {
    /// In words.
    pub(super) fn words(self) -> String {
        match self {
            Self::Text => "a text".to_owned(),
            Self::OneOf(names) => {
                let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("one of {}", quoted.join(", "))
            }
            Self::Whole(least, most) => format!("a whole number from {least} to {most}"),
        }
    }

    /// Whether a text fits.
    pub(super) fn fits(self, text: &str) -> bool {
        match self {
            Self::Text => true,
            Self::OneOf(names) => names.contains(&text),
            Self::Whole(least, most) => text
                .parse::<u32>()
                .is_ok_and(|n| (least..=most).contains(&n)),
        }
    }
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Key {
    pub(super) section: &'static str,
    pub(super) name: &'static str,
    pub(super) allowed: Allowed,
    pub(super) default: &'static str,
    /// For the document.
    pub(super) help: &'static str,
}

impl Key {
    /// `section.name`.
    pub(super) fn path(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// The environment variable that overrides it.
    pub(super) fn variable(&self) -> String {
        format!("USHER__{}__{}", self.section, self.name).to_uppercase()
    }
}

const DAYS: Allowed = Allowed::Whole(1, 36_500);

/// Every setting, in the order of the document.
pub(super) const KEYS: &[Key] = &[
    Key {
        section: "state",
        name: "dir",
        allowed: Allowed::Text,
        default: "usher-state",
        help: "Folder of the state; also `--state DIR` and `USHER_STATE`.",
    },
    Key {
        section: "state",
        name: "key_file",
        allowed: Allowed::Text,
        default: "",
        help: "File with the key that seals secrets; empty means `secret.key` in the state folder. Also `USHER_KEY_FILE`.",
    },
    Key {
        section: "state",
        name: "free_mib",
        allowed: Allowed::Whole(0, 1_048_576),
        default: "64",
        help: "MiB that stay free on the disk of the state: below, nothing is planned or sent, and what is under way is recorded. 0 means no limit.",
    },
    Key {
        section: "log",
        name: "level",
        allowed: Allowed::OneOf(&["error", "warn", "info", "debug", "trace"]),
        default: "warn",
        help: "What is logged to standard error.",
    },
    Key {
        section: "log",
        name: "format",
        allowed: Allowed::OneOf(&["text", "json"]),
        default: "text",
        help: "Lines for people, or one JSON object per line.",
    },
    Key {
        section: "operator",
        name: "name",
        allowed: Allowed::Text,
        default: "",
        help: "Who acts, for the audit log; empty means the account of the operating system (`USER`).",
    },
    Key {
        section: "sync",
        name: "patience_seconds",
        allowed: Allowed::Whole(0, 86_400),
        default: "15",
        help: "How long a command waits for steps that are to be tried again before it leaves them to the next sync.",
    },
    Key {
        section: "serve",
        name: "listen",
        allowed: Allowed::Text,
        default: "127.0.0.1:9999",
        help: "Address and port of `usher serve`. Beyond this machine it needs TLS.",
    },
    Key {
        section: "serve",
        name: "tls",
        allowed: Allowed::OneOf(&["off", "self-made", "files"]),
        default: "off",
        help: "No TLS (this machine only), a certificate that Usher makes for itself, or the one that `serve.tls_certificate` and `serve.tls_key` name.",
    },
    Key {
        section: "serve",
        name: "tls_certificate",
        allowed: Allowed::Text,
        default: "",
        help: "PEM file with the certificate and those that lead to its authority.",
    },
    Key {
        section: "serve",
        name: "tls_key",
        allowed: Allowed::Text,
        default: "",
        help: "PEM file with the certificate's private key.",
    },
    Key {
        section: "serve",
        name: "patience_seconds",
        allowed: Allowed::Whole(0, 3_600),
        default: "20",
        help: "How long a stop waits for what is in flight; the rest is looked up at the next start.",
    },
    Key {
        section: "serve",
        name: "most_connections",
        allowed: Allowed::Whole(1, 65_536),
        default: "512",
        help: "Connections at once; further ones wait. One client has at most a quarter of them.",
    },
    Key {
        section: "serve",
        name: "behind_proxy",
        allowed: Allowed::OneOf(&["no", "yes"]),
        default: "no",
        help: "`yes` when everybody comes through a proxy that does TLS: then the last address of `X-Forwarded-For` is the client's, cookies are for encrypted connections only, and `/metrics` asks for credentials. A proxy on this machine is many clients to the limit of connections; one elsewhere is a single client with a quarter of them.",
    },
    Key {
        section: "retention",
        name: "exchanges_days",
        allowed: DAYS,
        default: "30",
        help: "Days that masked requests and replies are kept.",
    },
    Key {
        section: "retention",
        name: "cycles_days",
        allowed: DAYS,
        default: "90",
        help: "Days that cycles and finished steps are kept.",
    },
    Key {
        section: "retention",
        name: "audit_days",
        allowed: DAYS,
        default: "400",
        help: "Days that audit events are kept.",
    },
    Key {
        section: "retention",
        name: "removed_shadow_days",
        allowed: DAYS,
        default: "90",
        help: "Days that the values of removed people are kept; their key and target id stay.",
    },
];
