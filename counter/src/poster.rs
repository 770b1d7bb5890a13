//! `eid-counter poster`: the counter's printed code (áp phích của quầy).

use std::{fs, process::ExitCode};

use eid_counter::{CounterError, Identity, Rfc3339, poster_pdf, poster_svg};

use crate::{
    cli::{Poster, Sheet},
    open::warn,
    serve::refuse,
};

pub(crate) fn run(options: &Poster) -> ExitCode {
    match draw(options) {
        Ok(until) => {
            warn(&format!("print it before {until}, when the registration ends (in trước khi đăng ký hết hạn)"));
            ExitCode::SUCCESS
        }
        Err(error) => refuse(error),
    }
}

fn draw(options: &Poster) -> Result<Rfc3339, CounterError> {
    let identity = Identity::open(&options.identity)?;
    let registration = identity.registration();
    let (path, page) = match &options.out {
        Sheet::Pdf(path) => (path, poster_pdf(registration)?),
        Sheet::Svg(path) => (path, poster_svg(registration)?.into_bytes()),
    };
    fs::write(path, page).map_err(|_| CounterError::PictureUnwritable)?;
    Ok(Rfc3339(registration.expires_at()))
}
