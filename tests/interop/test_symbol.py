"""zxing reads our symbols, and the text in them is the proof, in either spelling."""

import base45
import pytest
import zxingcpp
from conftest import CASES
from PIL import Image

import spelling

SPELLINGS = ("7041", "VN1:")


def test_every_case_has_its_text_and_picture(artefacts):
    for name in CASES:
        for ending in ("cbor", "txt", "png", "json"):
            assert (artefacts / f"{name}.{ending}").is_file(), f"{name}.{ending}"
    prefixes = {file.read_text("ascii")[:4] for file in artefacts.glob("*.txt")}
    assert prefixes == set(SPELLINGS)


def test_text_is_the_proof(text_file):
    text = text_file.read_text("ascii").strip()
    # A second spelling of a case stands in <case>.<spelling>.txt.
    proof = text_file.with_name(text_file.name.split(".")[0] + ".cbor").read_bytes()
    assert spelling.decode(text) == proof
    if text.startswith("VN1:"):
        assert base45.b45decode(text[4:]) == proof


def test_altered_text_is_not_the_proof(text_file):
    text = text_file.read_text("ascii").strip()
    proof = spelling.decode(text)
    for at in range(4, len(text), 11):
        altered = text[:at] + ("1" if text[at] == "0" else "0") + text[at + 1 :]
        try:
            assert spelling.decode(altered) != proof
        except (ValueError, OverflowError):
            pass


def test_zxing_reads_the_picture(text_file):
    with Image.open(text_file.with_suffix(".png")) as picture:
        found = zxingcpp.read_barcodes(picture)
    assert [symbol.text for symbol in found] == [text_file.read_text("ascii").strip()]
    assert found[0].format == zxingcpp.BarcodeFormat.QRCode


def test_zxing_reads_the_picture_turned(text_file):
    with Image.open(text_file.with_suffix(".png")) as picture:
        turned = picture.convert("L").rotate(90, expand=True)
    assert [symbol.text for symbol in zxingcpp.read_barcodes(turned)] == [text_file.read_text("ascii").strip()]


def test_decoder_refuses_what_is_no_proof():
    for text in ("HC1:6BF", "00020101021238", "VN1:A", "VN1:ab?", "7041", "704112345678900000", "704199900000"):
        with pytest.raises((ValueError, OverflowError, KeyError)):
            spelling.decode(text)
