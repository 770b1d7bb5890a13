//! The page for scanning: its files are in the program, and nothing is fetched from elsewhere.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    extract::Request,
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::Response,
    routing::get,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use eid_crypto::hash::sha256;

use super::Office;

/// A file of the page.
struct File {
    path: &'static str,
    media_type: &'static str,
    content: &'static [u8],
}

macro_rules! file {
    ($path:literal, $media_type:expr, $file:literal) => {
        File { path: $path, media_type: $media_type, content: include_bytes!(concat!("../../page/", $file)) }
    };
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

const FILES: &[File] = &[
    file!("/icon.svg", "image/svg+xml", "icon.svg"),
    file!("/page.js", SCRIPT, "page.js"),
    file!("/question.js", SCRIPT, "question.js"),
    file!("/words.js", SCRIPT, "words.js"),
    file!("/wedge.js", SCRIPT, "wedge.js"),
    file!("/wired.js", SCRIPT, "wired.js"),
    file!("/pictures.js", SCRIPT, "pictures.js"),
    file!("/result.js", SCRIPT, "result.js"),
    file!("/decoder.js", SCRIPT, "decoder.js"),
    #[cfg(decoder)]
    file!("/zxing.js", SCRIPT, "vendor/zxing.js"),
    #[cfg(decoder)]
    file!("/zxing_reader.wasm", "application/wasm", "vendor/zxing_reader.wasm"),
];

const STYLE: &str = include_str!("../../page/page.css");

/// The page with its style in it: nothing else has to arrive before it is painted.
static PAGE: LazyLock<String> = LazyLock::new(|| {
    const LINK: &str = "<link rel=\"stylesheet\" href=\"/page.css\">";
    include_str!("../../page/index.html").replacen(LINK, &["<style>", STYLE, "</style>"].concat(), 1)
});

/// Only what the page brings itself: no script in the text and no style but this one, nothing from other places, in nobody's
/// frame. The decoder is WebAssembly; portraits are data in the answer.
static CONTENT_SECURITY: LazyLock<HeaderValue> = LazyLock::new(|| {
    let style = STANDARD.encode(sha256(STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'sha256-{style}'; \
         img-src 'self' data:; connect-src 'self'; media-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    // Base64 has no character that a header may not have; were it otherwise, nothing at all would be shown.
    HeaderValue::from_maybe_shared(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
});

const HEADERS: &[(&str, &str)] = &[
    (
        "permissions-policy",
        "camera=(self), serial=(self), hid=(self), microphone=(), geolocation=(), display-capture=()",
    ),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
];

pub(super) fn router() -> Router<Arc<Office>> {
    let page = get(async || ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], PAGE.as_str()));
    FILES.iter().fold(Router::new().route("/", page), |router, File { path, media_type, content }| {
        router.route(path, get(async || ([(header::CONTENT_TYPE, *media_type)], *content)))
    })
}

/// On every answer, refusals included.
pub(super) async fn add_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY.clone());
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests {
    use eid_proof::{Claim, Purpose};

    use super::*;

    fn text(path: &str) -> &'static str {
        if path == "/" {
            return &PAGE;
        }
        core::str::from_utf8(FILES.iter().find(|file| file.path == path).unwrap().content).unwrap()
    }

    /// A second file would have to arrive before anything is painted.
    #[test]
    fn page_has_its_style_in_it_and_the_policy_names_that_style_alone() {
        let (head, rest) = PAGE.split_once("<style>").unwrap();
        let (style, body) = rest.split_once("</style>").unwrap();
        let hash = STANDARD.encode(sha256(style.as_bytes()));
        assert!(CONTENT_SECURITY.to_str().unwrap().contains(&format!("; style-src 'sha256-{hash}'; ")));
        assert!(!head.contains("stylesheet") && !body.contains("style"), "no other style");
    }

    #[cfg(decoder)]
    #[test]
    fn page_weighs_at_most_a_megabyte_and_a_half() {
        let weight = PAGE.len() + FILES.iter().map(|file| file.content.len()).sum::<usize>();
        assert!((900_000..1_500_000).contains(&weight), "{weight}");
    }

    #[cfg(decoder)]
    #[test]
    fn decoder_is_of_the_version_in_the_lock_file_and_whole() {
        let script = text("/zxing.js");
        let binary = FILES.iter().find(|file| file.path == "/zxing_reader.wasm").unwrap().content;
        let hash: String = sha256(binary).iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(script.contains(&format!("ZXING_WASM_SHA256=`{hash}`")), "the script names its binary");
        let lock: serde_json::Value = serde_json::from_str(include_str!("../../page/package-lock.json")).unwrap();
        let version = lock["packages"]["node_modules/zxing-wasm"]["version"].as_str().unwrap();
        assert!(script.contains(&format!("zxing-wasm@{version}/dist/")), "{version}");
    }

    #[test]
    fn every_claim_and_purpose_has_a_name_in_both_languages() {
        let words = text("/words.js");
        let names = Claim::ALL.into_iter().filter(|claim| *claim != Claim::Face).map(Claim::name);
        for name in names.chain(Purpose::ALL.into_iter().map(Purpose::name)) {
            let named = |line: &str| {
                let line = line.trim();
                line.starts_with(&format!("{name}: [\"")) || line.starts_with(&format!("\"{name}\": [\""))
            };
            let line = words.lines().find(|line| named(line)).unwrap_or_else(|| panic!("{name} has no name"));
            assert_eq!(line.matches('"').count() - line.matches(&format!("\"{name}\"")).count() * 2, 4, "{line}");
        }
    }

    /// So that the page can be read before its scripts have run, and everything that they need is fetched at once.
    #[test]
    fn page_says_in_vietnamese_what_its_words_say_and_names_every_script() {
        let (page, words) = (text("/"), text("/words.js"));
        let vi = words.split_once("  vi: {").unwrap().1.split_once("\n  },").unwrap().0;
        let mut said = 0;
        for element in page.split("data-t=\"").skip(1) {
            let (key, rest) = element.split_once('"').unwrap();
            let content = rest.split_once('>').unwrap().1.split_once('<').unwrap().0;
            assert!(vi.contains(&format!("\n    {key}: \"{content}\",")), "{key}: {content}");
            said += 1;
        }
        assert!(said > 10);
        for file in FILES.iter().filter(|file| file.media_type == SCRIPT && file.path != "/zxing.js") {
            let worker = file.path == "/decoder.js";
            assert_eq!(page.contains(&format!("=\"{}\"", file.path)), !worker, "{}", file.path);
        }
    }

    #[test]
    fn both_languages_have_the_same_words() {
        let keys = |start: &str| -> Vec<&str> {
            let table = text("/words.js").split_once(start).unwrap().1.split_once("\n  },").unwrap().0;
            table.lines().filter_map(|line| line.trim().split_once(": \"").map(|(key, _)| key)).collect()
        };
        assert_eq!(keys("  vi: {"), keys("  en: {"));
        assert!(keys("  vi: {").len() > 50);
    }
}
