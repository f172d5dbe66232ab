//! Exit codes; `docs/exit-codes.md` says the same in more words.

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// Everything that was asked is done.
    Done,
    /// Done as far as possible; something needs a person.
    Partly,
    /// It failed.
    Failed,
    /// Nothing was done: the input, the configuration or the present state does not allow it.
    Refused,
}

impl Exit {
    /// The process' exit code.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Partly => 1,
            Self::Failed => 2,
            Self::Refused => 3,
        }
    }
}

/// The end of every help page.
pub(crate) const HELP: &str = "\
Exit codes: 0 done; 1 done in part, or something needs a person; 2 failed; 3 refused, nothing was done.
`usher status` uses those of monitoring plug-ins: 0 good, 1 warning, 2 critical, 3 unknown.";

#[cfg(test)]
mod tests {
    use super::Exit;

    #[test]
    fn the_document_lists_every_code() {
        let text = include_str!("../../../docs/exit-codes.md");
        for exit in [Exit::Done, Exit::Partly, Exit::Failed, Exit::Refused] {
            let row = format!("| {} |", exit.code());
            assert!(
                text.matches(&row).count() >= 2,
                "{row} stands in both tables"
            );
        }
    }
}
