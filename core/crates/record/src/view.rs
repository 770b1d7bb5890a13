//! What the rules of a kind see.

use eid_model::{Date, PartialDate, PersonName, Pid, Sex};

use crate::{Context, Definition, Path, Payload, Value, field::find, tables::CodeRow};

/// A payload with the context it is judged in. Fields that are missing or do not read are not there: that was said already.
pub(crate) struct View<'a> {
    payload: &'a Payload,
    context: &'a Context<'a>,
    definition: &'a Definition,
}

/// The fields of the record itself, or of one item of a list.
pub(crate) struct Fields<'a> {
    payload: &'a Payload,
    definition: &'a Definition,
    prefix: String,
}

impl<'a> View<'a> {
    pub(crate) fn new(definition: &'a Definition, payload: &'a Payload, context: &'a Context<'a>) -> Self {
        Self { payload, context, definition }
    }

    pub(crate) fn context(&self) -> &'a Context<'a> {
        self.context
    }

    /// The fields of the record itself.
    pub(crate) fn fields(&self) -> Fields<'a> {
        Fields { payload: self.payload, definition: self.definition, prefix: String::new() }
    }

    /// The items of a list.
    pub(crate) fn items(&self, list: &str) -> Vec<Fields<'a>> {
        debug_assert!(self.definition.list(list).is_some(), "{list} is no list of the kind");
        let prefixes = self.payload.prefixes(list);
        prefixes.map(|prefix| Fields { payload: self.payload, definition: self.definition, prefix }).collect()
    }

    /// The fields of the other records of this kind that the person has.
    pub(crate) fn others(&self) -> impl Iterator<Item = Fields<'a>> {
        let definition = self.definition;
        self.context.others.iter().map(move |payload| Fields { payload, definition, prefix: String::new() })
    }

    /// The row of the table for the code in a field.
    pub(crate) fn row(&self, fields: &Fields<'_>, name: &str) -> Option<&'a CodeRow> {
        let field = fields.field(name);
        debug_assert!(field.is_some_and(|field| field.code_form().is_some()), "{name} is no code");
        let form = field?.code_form()?;
        let code = form.code(&fields.text(name)?, |beside| fields.text(beside))?;
        self.context.tables.row(&form.table, &code)
    }
}

macro_rules! typed {
    ($($name:ident: $variant:ident => $type:ty),+) => {
        $(pub(crate) fn $name(&self, name: &str) -> Option<$type> {
            match self.value(name)? {
                Value::$variant(value) => Some(value),
                _ => None,
            }
        })+
    };
}

impl<'a> Fields<'a> {
    typed! {
        date: Date => &'a Date,
        partial_date: PartialDate => &'a PartialDate,
        person: Name => &'a PersonName,
        pid: Pid => &'a Pid,
        sex: Sex => &'a Sex,
        code: Code => &'a String,
        number: Number => &'a crate::Number
    }

    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        debug_assert!(self.field(name).is_some(), "{name} is no field here");
        self.payload.find(&Path::within(&self.prefix, name))
    }

    /// The value as it is written in forms.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.value(name).map(Value::text)
    }

    /// True if the field has one of these codes.
    pub(crate) fn is(&self, name: &str, codes: &[&str]) -> bool {
        self.code(name).is_some_and(|code| codes.contains(&code.as_str()))
    }

    pub(crate) fn path(&self, name: &str) -> Path {
        Path::within(&self.prefix, name)
    }

    fn field(&self, name: &str) -> Option<&'a crate::Field> {
        let fields = match self.prefix.split_once('[') {
            None => self.definition.fields(),
            Some((list, _)) => &self.definition.list(list)?.fields,
        };
        find(fields, name)
    }
}
