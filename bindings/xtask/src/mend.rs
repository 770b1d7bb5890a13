//! Changes to what UniFFI generates, each with its reason. A line that is no longer found as often as here is an error, so
//! that a new version of the generator is looked at.

use std::{fs, path::Path};

/// One change: what is generated, what stands there instead, and how often.
type Change = (&'static str, &'static str, usize);

const PYTHON: &[Change] = &[
    // An exception of a port that was not announced must not be printed: its text may hold personal data.
    ("            traceback.print_exc(file=sys.stderr)\n", "", 2),
    ("_UniffiFfiConverterString.lower(repr(e))", "_UniffiFfiConverterString.lower(type(e).__name__)", 4),
    // A port's call is cancelled from a thread of the core, which asyncio allows in this way only.
    (
        "    eventloop.call_soon(_uniffi_cancel_task, task)",
        "    eventloop.call_soon_threadsafe(_uniffi_cancel_task, task)",
        1,
    ),
    // Text that has no UTF-8 is refused before the object is counted up for the call, and not when nothing counts it down.
    (
        "argument must be str, not {}\".format(type(value).__name__))\n        return value\n",
        "argument must be str, not {}\".format(type(value).__name__))\n        value.encode(\"utf-8\")\n        return value\n",
        1,
    ),
    // A call that is cancelled when its answer is there takes the answer and lets it go: an unlocked app would stay so.
    (
        "    finally:\n        ffi_free(rust_future)\n",
        "    except (asyncio.CancelledError, GeneratorExit):
        try:
            lift_func(_uniffi_rust_call_with_error(error_ffi_converter, ffi_complete, rust_future))
        except Exception:
            pass
        raise
    finally:
        ffi_free(rust_future)
",
        1,
    ),
    // A thread of the core that comes back to an interpreter which has ended would take the process down.
    ("\n__all__ = [\n", "\nimport atexit\natexit.register(shutdown_all)\n\n__all__ = [\n", 1),
];

const KOTLIN: &[Change] = &[
    // An `Error` of a port is answered like an exception: else it ends the app, and the core waits for an answer.
    ("catch(e: kotlin.Exception)", "catch(e: kotlin.Throwable)", 4),
    // What it says may hold personal data.
    ("val err = try { e.stackTraceToString() } catch(_: Throwable) { \"\" }", "val err = e.javaClass.name", 2),
    ("FfiConverterString.lower(e.toString())", "FfiConverterString.lower(e.javaClass.name)", 2),
    // As in Python: an answer that nobody waits for any more is taken and let go.
    (
        "        } while (pollResult != UNIFFI_RUST_FUTURE_POLL_READY);

        return liftFunc(
            uniffiRustCallWithError(errorHandler, { status -> completeFunc(rustFuture, status) })
        )
    } finally {
",
        "        } while (pollResult != UNIFFI_RUST_FUTURE_POLL_READY);
    } catch (e: kotlin.Throwable) {
        try {
            val answer = liftFunc(uniffiRustCallWithError(errorHandler, { status -> completeFunc(rustFuture, status) }))
            (answer as? AutoCloseable)?.close()
        } catch (_: kotlin.Exception) {
        }
        freeFunc(rustFuture)
        throw e
    }
    try {
        return liftFunc(
            uniffiRustCallWithError(errorHandler, { status -> completeFunc(rustFuture, status) })
        )
    } finally {
",
        1,
    ),
];

pub(crate) fn python(module: &Path) -> Result<(), String> {
    mend(module, PYTHON)
}

pub(crate) fn kotlin(module: &Path) -> Result<(), String> {
    mend(module, KOTLIN)
}

fn mend(module: &Path, changes: &[Change]) -> Result<(), String> {
    let problem = |e| format!("{}: {e}", module.display());
    let mended = changed(fs::read_to_string(module).map_err(problem)?, changes)?;
    fs::write(module, mended).map_err(problem)
}

fn changed(text: String, changes: &[Change]) -> Result<String, String> {
    changes.iter().try_fold(text, |text, (generated, wanted, times)| {
        let found = text.matches(generated).count();
        if found == *times {
            Ok(text.replace(generated, wanted))
        } else {
            Err(format!("the generated code has {found} times, not {times}:\n{generated}"))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_code_that_is_not_the_expected_one_is_refused() {
        let text = || "a\nprint(x)\nb\nprint(x)\n".to_owned();
        assert_eq!(changed(text(), &[("print(x)\n", "", 2), ("b", "c", 1)]).unwrap(), "a\nc\n");
        assert!(changed(text(), &[("print(x)\n", "", 1)]).is_err());
        assert!(changed(text(), &[("print(y)\n", "", 1)]).is_err());
    }
}
