"""The library under valgrind: no invalid access, no use of what was never written, and no block that nothing points to any
more, over the whole journey and each kind of bad input.

An error counts when a frame of it is in our library; what CPython does by itself is CPython's. What it does not find: memory
that grows and is still pointed to, and races.
"""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

HERE = Path(__file__).parent
LIBRARY = "libeid_ffi.so"
# Still reachable or reachable by a pointer into its middle: threads' own storage, tables that live as long as the process.
KEPT = {"Leak_StillReachable", "Leak_PossiblyLost", "Leak_IndirectlyLost"}


def ours(error):
    return any(LIBRARY in (frame.findtext("obj") or "") for frame in error.iter("frame"))


def told(error):
    """An error with the innermost frames of its stack, those of the library with their lines."""
    frames = list(error.find("stack").iter("frame"))
    lines = [f"{f.findtext('fn') or '?'} ({f.findtext('file') or f.findtext('obj')}:{f.findtext('line') or '?'})" for f in frames]
    what = error.findtext("what") or error.findtext("xwhat/text")
    return "\n    ".join([f"{error.findtext('kind')}: {what}", *lines[:30]])


def test_journey_under_valgrind_has_no_error_and_loses_no_memory(request, sandbox, tmp_path, capsys):
    bindings = request.config.getoption("bindings").resolve()
    report, person = tmp_path / "valgrind.xml", sandbox.new_person()
    command = ["valgrind", "--xml=yes", f"--xml-file={report}", "--leak-check=full", "--show-leak-kinds=definite"]
    command += ["--num-callers=60", "--error-limit=no", "--fair-sched=yes", f"--suppressions={HERE / 'valgrind.supp'}"]
    command += [sys.executable, HERE / "valgrind_child.py", bindings, tmp_path, sandbox.url, sandbox.ca_der.hex()]
    person = {**person, "voucher": sandbox.voucher_for(person), "face": sandbox.face_of(person).hex()}
    command += [json.dumps(person)]
    environment = {**os.environ, "PYTHONMALLOC": "malloc", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0"}
    log = tmp_path / "stderr"
    with log.open("w") as stderr:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, env=environment, cwd=HERE
        )
    try:
        assert child.stdout.readline() == "code?\n", log.read_text()
        said, _ = child.communicate(sandbox.code_for(person) + "\n", timeout=300)
    finally:
        child.kill()
    assert (said, child.returncode) == ("came to its end\n", 0), log.read_text()
    errors = ET.parse(report).getroot().findall("error")
    found = [error for error in errors if error.findtext("kind") not in KEPT and ours(error)]
    with capsys.disabled():
        print(f"\nvalgrind: {len(errors)} reports, {len(found)} of them ours", end=" ")
    assert found == [], "\n".join(map(told, found))
