//! Differences of configuration in words, for the audit log.

use usher_pf::Difference;

/// Differences that are told one by one.
const TOLD: usize = 50;

/// What differs, without secrets.
pub(super) fn told(differences: &[Difference]) -> String {
    let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    let mut told: Vec<String> = differences
        .iter()
        .take(TOLD)
        .map(|one| {
            format!(
                "{}: {} -> {}",
                one.path,
                side(&one.before),
                side(&one.after)
            )
        })
        .collect();
    if differences.len() > TOLD {
        told.push(format!("and {} more", differences.len() - TOLD));
    }
    told.join("; ")
}
