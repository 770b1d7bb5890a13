//! Panics stop here: a number goes out, and the place in the program to standard error.

use std::{
    io::Write as _,
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use eid_model::Code;

use crate::EidError;

/// Makes panics print where they happened and never what they say: the text may hold what a citizen typed.
pub(crate) fn quiet_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let (file, line) = info.location().map_or(("?", 0), |place| (place.file(), place.line()));
            // With standard error closed there is nobody to tell.
            writeln!(std::io::stderr(), "eid: internal fault at {file}:{line}").ok();
        }));
    });
}

/// Runs synchronous work; a panic becomes [`EidError::Internal`].
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, EidError>) -> Result<T, EidError> {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| Err(EidError::of(Code::INTERNAL)))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Set in the process that is to panic.
    const CHILD: &str = "EID_TEST_PANICS";

    #[test]
    fn panic_guarded_is_an_internal_fault() {
        assert_eq!(guarded(|| Ok(7)), Ok(7));
        assert_eq!(guarded::<()>(|| panic!("271828")), Err(EidError::Internal { code: 1099 }));
    }

    #[test]
    fn panic_prints_its_place_and_never_what_it_says() {
        if std::env::var_os(CHILD).is_some() {
            quiet_panics();
            assert!(guarded::<()>(|| panic!("planted 271828")).is_err());
            return;
        }
        let ours = std::env::current_exe().unwrap();
        let name = "guard::tests::panic_prints_its_place_and_never_what_it_says";
        let child = Command::new(ours).args(["--exact", name, "--nocapture"]).env(CHILD, "").output().unwrap();
        let printed = String::from_utf8_lossy(&[child.stdout, child.stderr].concat()).into_owned();
        assert!(
            child.status.success() && printed.contains("eid: internal fault at bindings/src/guard.rs:"),
            "{printed}"
        );
        assert!(!printed.contains("planted") && !printed.contains("271828"), "{printed}");
    }
}
