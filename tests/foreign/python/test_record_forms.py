"""Forms of records, drawn before anybody unlocks: kinds, fields, choices."""

import eid_core as eid
import pytest
from conftest import refused

KINDS = {info.kind: info for info in eid.record_kinds(eid.Language.EN)}


def every_field(fields):
    """Fields, and those of the items of lists."""
    for field in fields:
        yield field
        if field.input.is_ITEMS():
            yield from every_field(field.input.fields)


@pytest.mark.parametrize("kind", KINDS)
def test_form_of_every_kind_can_be_drawn_in_both_languages(kind):
    forms = [eid.record_form(kind, language) for language in (eid.Language.VI, eid.Language.EN)]
    vi, en = (list(every_field(form.fields)) for form in forms)
    assert [field.name for field in vi] == [field.name for field in en]
    assert any(one.label != other.label for one, other in zip(vi, en)), "each language has its words"
    groups = {group.name for group in forms[0].groups}
    for field in en:
        assert field.label and (field.group is None or field.group in groups)
        entered = field.input
        if entered.is_CHOICE():
            assert entered.choices and all(choice.label for choice in entered.choices)
            assert all((choice.within is None) == (field.chosen_within is None) for choice in entered.choices)
        elif entered.is_ITEMS():
            assert entered.max > 0 and set(entered.key) <= {item.name for item in entered.fields if item.is_required}
        elif entered.is_TEXT():
            assert entered.max > 0
        elif entered.is_NUMBER():
            assert float(entered.min) < float(entered.max)


def test_kinds_say_who_keeps_them_and_how_they_are_changed():
    assert len(KINDS) == 15
    bank, licence = KINDS["bank_account"], KINDS["driving_licence"]
    assert (bank.authority, bank.changes, bank.act) == ("Bank", eid.RecordChanges.DECLARE, "change_bank_account")
    assert (licence.changes, licence.act) == (eid.RecordChanges.ASK, "update_record")
    assert KINDS["identity"].most == 1 < bank.most
    assert KINDS["health_book"].is_sensitive and not KINDS["party_membership"].is_shared


def test_class_of_a_licence_is_chosen_within_its_scheme():
    classes = next(field for field in eid.record_form("driving_licence", eid.Language.EN).fields if field.name == "classes")
    field = next(item for item in classes.input.fields if item.name == "class")
    schemes = {choice.within for choice in field.input.choices if choice.code == "B1"}
    assert field.chosen_within == "scheme" and len(schemes) == 2, "one class, two meanings"


@pytest.mark.parametrize("kind", ["", "planted", "bank_account ", "BankAccount", "x" * 100_000])
def test_form_of_an_unknown_kind_is_refused(kind):
    with refused(8180):
        eid.record_form(kind, eid.Language.VI)
