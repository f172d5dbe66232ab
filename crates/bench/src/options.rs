//! What to measure.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

const HELP: &str = "\
  --only NAMES      some of cycle, sending, service, counts, memory; separated by commas
  --quick           small sizes, one repetition: shows that everything works, judges nothing
  --million         memory at 1,000,000 people too
  --repeat N        repetitions of what is timed; the median counts (3)
  --hold N          measures nothing: keeps servers and a synced state of N people up, for a profiler
  --history FILE    appends the numbers to this file
  --date TEXT       the date in the history
  --commit TEXT     the commit in the history";

/// The words of the command line.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    pub(crate) only: Vec<String>,
    pub(crate) quick: bool,
    pub(crate) million: bool,
    pub(crate) repeat: usize,
    pub(crate) hold: Option<u64>,
    pub(crate) history: Option<PathBuf>,
    pub(crate) date: String,
    pub(crate) commit: String,
}

/// The parts of a run, in order.
pub(crate) const PARTS: [&str; 5] = ["cycle", "sending", "service", "counts", "memory"];

impl Options {
    pub(crate) fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self {
            only: PARTS.map(str::to_owned).to_vec(),
            quick: false,
            million: false,
            repeat: 3,
            hold: None,
            history: None,
            date: "unknown".to_owned(),
            commit: "unknown".to_owned(),
        };
        let mut rest = words.iter().copied();
        while let Some(word) = rest.next() {
            let mut value = || {
                rest.next()
                    .with_context(|| format!("`{word}` needs a value\n{HELP}"))
            };
            match word {
                "--quick" => options.quick = true,
                "--million" => options.million = true,
                "--only" => options.only = value()?.split(',').map(str::to_owned).collect(),
                "--repeat" => options.repeat = value()?.parse().context("--repeat")?,
                "--hold" => options.hold = Some(value()?.parse().context("--hold")?),
                "--history" => options.history = Some(PathBuf::from(value()?)),
                "--date" => value()?.clone_into(&mut options.date),
                "--commit" => value()?.clone_into(&mut options.commit),
                other => bail!("there is no option `{other}`\n{HELP}"),
            }
        }
        if let Some(unknown) = options
            .only
            .iter()
            .find(|one| !PARTS.contains(&one.as_str()))
        {
            bail!(
                "expected some of {}, found `{unknown}`\n{HELP}",
                PARTS.join(", ")
            );
        }
        options.repeat = if options.quick {
            1
        } else {
            options.repeat.max(1)
        };
        Ok(options)
    }

    /// Whether this part is to be measured.
    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.iter().any(|one| one == part)
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn a_part_that_does_not_exist_is_refused_and_names_those_that_do() {
        let error = Options::parse(&["--only", "cycle,speed"]).expect_err("no such part");
        assert!(
            error
                .to_string()
                .contains("cycle, sending, service, counts, memory"),
            "{error}"
        );
    }

    #[test]
    fn quick_runs_repeat_nothing() {
        let options = Options::parse(&["--repeat", "5", "--quick"]).expect("good options");
        assert_eq!(options.repeat, 1);
        assert!(options.wants("memory"));
    }
}
