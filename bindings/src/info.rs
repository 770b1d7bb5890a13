use eid_model::Code;

/// What this library is; shells compare it with what they were built for.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct BuildInfo {
    /// The version of the core.
    pub version: String,
    /// Rises with each change of this border that an older shell cannot live with.
    pub ffi_version: u32,
    /// How many codes the error table has: it only grows.
    pub code_table: u32,
}

/// A language of the texts that the core brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum Language {
    /// Vietnamese (tiếng Việt).
    Vi,
    /// English.
    En,
}

impl From<Language> for eid_model::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::Vi => Self::Vi,
            Language::En => Self::En,
        }
    }
}

/// The version of this border.
const FFI_VERSION: u32 = 1;

/// What this library is.
#[uniffi::export]
pub fn build_info() -> BuildInfo {
    BuildInfo {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ffi_version: FFI_VERSION,
        code_table: u32::try_from(Code::all().count()).unwrap_or(u32::MAX),
    }
}

/// What the reader should do about a code, in words; none for a number that the table does not have.
#[uniffi::export]
pub fn error_text(code: u32, language: Language) -> Option<String> {
    let info = Code::from_number(u16::try_from(code).ok()?)?.info();
    let text = match language {
        Language::Vi => info.vi,
        Language::En => info.en,
    };
    Some(text.to_owned())
}
