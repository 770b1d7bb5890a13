//! The exported surface in words, from the metadata that the macros left in the library.

use uniffi_bindgen::macro_metadata::extract_from_library;
use uniffi_meta::{FieldMetadata, FnParamMetadata, Metadata, Type, UniffiTraitMetadata};

/// One line for each exported item, sorted; each begins with what it is and its dotted name.
pub(crate) fn describe(library: &str) -> Result<Vec<String>, String> {
    let items = extract_from_library(library.as_ref()).map_err(|e| format!("{library}: {e}"))?;
    let mut lines: Vec<String> = items.iter().flat_map(lines_of).collect();
    lines.sort();
    lines.dedup();
    Ok(lines)
}

fn lines_of(item: &Metadata) -> Vec<String> {
    match item {
        Metadata::Namespace(namespace) => vec![format!("namespace {}", namespace.name)],
        Metadata::Func(f) => vec![format!(
            "function {}{}",
            f.name,
            signature(f.is_async, &f.inputs, f.return_type.as_ref(), f.throws.as_ref())
        )],
        Metadata::Object(object) => vec![format!("object {} {:?}", object.name, object.imp)],
        Metadata::Constructor(c) => {
            vec![format!(
                "constructor {}.{}{}",
                c.self_name,
                c.name,
                signature(c.is_async, &c.inputs, None, c.throws.as_ref())
            )]
        }
        Metadata::Method(m) => vec![format!(
            "method {}.{}{}",
            m.self_name,
            m.name,
            signature(m.is_async, &m.inputs, m.return_type.as_ref(), m.throws.as_ref())
        )],
        Metadata::TraitMethod(m) => vec![format!(
            "port {}.{} #{}{}",
            m.trait_name,
            m.name,
            m.index,
            signature(m.is_async, &m.inputs, m.return_type.as_ref(), m.throws.as_ref())
        )],
        Metadata::Record(record) => fields("record", &record.name, &record.fields),
        Metadata::Enum(e) => {
            let what = if e.shape.is_error() { "error" } else { "enum" };
            let variant = |(at, v): (usize, &uniffi_meta::VariantMetadata)| {
                let name = format!("{}.{}", e.name, v.name);
                let mut lines = vec![format!("{what} {name} #{}", at + 1)];
                lines.extend(fields(what, &name, &v.fields));
                lines
            };
            e.variants.iter().enumerate().flat_map(variant).collect()
        }
        Metadata::UniffiTrait(exported) => vec![format!("trait {}.{}", exported.self_name(), trait_name(exported))],
        // None of these is exported here; a new kind of export must not go unseen.
        other => vec![format!("other {other:?}")],
    }
}

/// Fields cross the border in their order, so it is part of the line.
fn fields(what: &str, owner: &str, fields: &[FieldMetadata]) -> Vec<String> {
    let line = |(at, field): (usize, &FieldMetadata)| {
        let default = if field.default.is_some() { " with a default" } else { "" };
        format!("{what} {owner}.{} #{}: {}{default}", field.name, at + 1, type_name(&field.ty))
    };
    fields.iter().enumerate().map(line).collect()
}

fn signature(is_async: bool, inputs: &[FnParamMetadata], returns: Option<&Type>, throws: Option<&Type>) -> String {
    let input = |input: &FnParamMetadata| {
        let default = if input.default.is_some() { " = default" } else { "" };
        format!("{}: {}{default}", input.name, type_name(&input.ty))
    };
    let inputs: Vec<String> = inputs.iter().map(input).collect();
    let returns = returns.map(|ty| format!(" -> {}", type_name(ty))).unwrap_or_default();
    let throws = throws.map(|ty| format!(" throws {}", type_name(ty))).unwrap_or_default();
    format!("({}){}{returns}{throws}", inputs.join(", "), if is_async { " async" } else { "" })
}

fn trait_name(exported: &UniffiTraitMetadata) -> &'static str {
    match exported {
        UniffiTraitMetadata::Debug { .. } => "Debug",
        UniffiTraitMetadata::Display { .. } => "Display",
        UniffiTraitMetadata::Eq { .. } => "Eq",
        UniffiTraitMetadata::Hash { .. } => "Hash",
        UniffiTraitMetadata::Ord { .. } => "Ord",
    }
}

fn type_name(ty: &Type) -> String {
    match ty {
        Type::Optional { inner_type } => format!("{}?", type_name(inner_type)),
        Type::Sequence { inner_type } => format!("[{}]", type_name(inner_type)),
        Type::Object { name, .. } | Type::Record { name, .. } | Type::Enum { name, .. } => name.clone(),
        other => format!("{other:?}"),
    }
}
