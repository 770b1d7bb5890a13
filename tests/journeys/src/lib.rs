//! Nothing but tests: see `tests/` and `examples/`.
