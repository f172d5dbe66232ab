//! The real servers that tests run: an OpenLDAP of their own, with certificates of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};

use super::tool::Tool;

/// Packages of Debian, each with a file that shows whether it is there.
const NEEDED: &[(&str, &str)] = &[
    ("slapd", "/usr/sbin/slapd"),
    ("slapd-contrib", "/usr/lib/ldap/smbk5pwd.so"),
    ("ldap-utils", "/usr/bin/ldapsearch"),
    ("openssl", "/usr/bin/openssl"),
    // Judges the unit file.
    ("systemd", "/usr/bin/systemd-analyze"),
];

/// Asked by package scripts whether a service may start; 101 means no.
const START_POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs what is missing on Debian as root; elsewhere says what to install. Tests that need a server which is not
/// there say so themselves: they are skipped, or fail where `CI` is `true`.
///
/// # Errors
/// If the installation fails.
pub(crate) fn install() -> Result<()> {
    let missing = missing(&|file| Path::new(file).exists());
    if missing.is_empty() {
        println!("slapd, its tools and openssl are installed");
        return Ok(());
    }
    let packages = missing.join(" ");
    if !Path::new("/etc/debian_version").exists() {
        println!(
            "not installed: {packages} (the names in Debian). Install OpenLDAP's server and tools"
        );
        println!(
            "and openssl by your system's means; until then the tests that need them are skipped."
        );
        return Ok(());
    }
    if !is_root() {
        println!("not installed: {packages}. Install them with");
        println!("    apt-get install --no-install-recommends {packages}");
        println!("Until then the tests that need them are skipped.");
        return Ok(());
    }
    install_packages(&packages)
}

/// Whether packages can be installed here: on Debian, as root.
pub(crate) fn can_install() -> bool {
    Path::new("/etc/debian_version").exists() && is_root()
}

/// Installs packages of Debian.
///
/// # Errors
/// If that fails.
pub(crate) fn install_packages(packages: &str) -> Result<()> {
    let _guard = NoDaemons::from_here_on(Path::new(START_POLICY))?;
    apt_get("-qq update")?;
    apt_get(&format!(
        "-qq -y --no-install-recommends install {packages}"
    ))
}

fn missing(exists: &dyn Fn(&str) -> bool) -> Vec<&'static str> {
    let absent = NEEDED.iter().filter(|(_, file)| !exists(file));
    absent.map(|(package, _)| *package).collect()
}

fn apt_get(words: &str) -> Result<()> {
    Tool::new("apt-get", words)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .run()
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").stdin(Stdio::null()).output();
    output.is_ok_and(|output| String::from_utf8_lossy(&output.stdout).trim() == "0")
}

/// While this lives, an installation starts no service: tests start servers of their own, on ports of their own.
struct NoDaemons(Option<PathBuf>);

impl NoDaemons {
    /// Writes the policy, unless the machine has one.
    fn from_here_on(policy: &Path) -> Result<Self> {
        if policy.exists() {
            return Ok(Self(None));
        }
        fs::write(policy, "#!/bin/sh\nexit 101\n")
            .with_context(|| format!("{}", policy.display()))?;
        let guard = Self(Some(policy.to_path_buf()));
        make_executable(policy)?;
        Ok(guard)
    }
}

impl Drop for NoDaemons {
    fn drop(&mut self) {
        if let Some(policy) = &self.0
            && let Err(error) = fs::remove_file(policy)
        {
            println!(
                "{} could not be removed: {error}; remove it, or no service starts",
                policy.display()
            );
        }
    }
}

#[cfg(unix)]
fn make_executable(file: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    Ok(fs::set_permissions(
        file,
        fs::Permissions::from_mode(0o755),
    )?)
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{NEEDED, NoDaemons, missing};

    #[test]
    fn only_what_is_missing_is_installed() {
        assert_eq!(missing(&|file| file != "/usr/sbin/slapd"), ["slapd"]);
        assert!(missing(&|_| true).is_empty());
        assert_eq!(missing(&|_| false).len(), NEEDED.len());
    }

    #[test]
    fn the_start_policy_goes_again_and_a_policy_of_the_machine_stays() {
        let name = format!("usher-xtask-policy-{}", std::process::id());
        let policy = std::env::temp_dir().join(name);
        let guard = NoDaemons::from_here_on(&policy).unwrap();
        assert!(fs::read_to_string(&policy).unwrap().contains("exit 101"));
        drop(NoDaemons::from_here_on(&policy).unwrap());
        assert!(
            policy.exists(),
            "the second found a policy that was there before it"
        );
        drop(guard);
        assert!(!policy.exists());
    }
}
