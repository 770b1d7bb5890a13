"""Proofs to read: those that eid-journeys' example `artefacts` wrote, and the vectors of another implementation."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

VECTORS = Path(__file__).parent.parent / "vectors" / "proof"
SHOWN = ("age", "age-photo", "id", "id-photo", "health", "flex")
CASES = [f"{name}{mode}" for name in SHOWN for mode in ("", "-challenged")]
VECTOR_CASES = ["age", "age-photo-challenged"]


@dataclass(frozen=True)
class Proof:
    folder: Path
    name: str

    @property
    def bytes(self) -> bytes:
        return (self.folder / f"{self.name}.cbor").read_bytes()

    @property
    def issuer_key(self) -> bytes:
        """65 bytes: 04, x, y."""
        return (self.folder / "issuer-public-key.bin").read_bytes()

    @property
    def expected(self) -> dict:
        """What was shown: `vct`, `claims` by number (bytes as hexadecimal), `aud`, `cnonce` (hexadecimal or null)."""
        return json.loads((self.folder / f"{self.name}.json").read_text("utf-8"))


def pytest_addoption(parser):
    parser.addoption("--artefacts", type=Path, default=Path("target/interop"), help="where the example wrote")


def pytest_generate_tests(metafunc):
    folder = metafunc.config.getoption("artefacts")
    ours = [Proof(folder, name) for name in CASES]
    if "our_proof" in metafunc.fixturenames:
        metafunc.parametrize("our_proof", ours, ids=CASES)
    if "proof" in metafunc.fixturenames:
        theirs = [Proof(VECTORS, name) for name in VECTOR_CASES]
        metafunc.parametrize("proof", ours + theirs, ids=CASES + [f"vector-{name}" for name in VECTOR_CASES])
    if "text_file" in metafunc.fixturenames:
        files = sorted(folder.glob("*.txt"))
        metafunc.parametrize("text_file", files, ids=[file.name for file in files])


@pytest.fixture
def artefacts(request) -> Path:
    return request.config.getoption("artefacts")
