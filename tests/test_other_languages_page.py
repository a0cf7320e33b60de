"""docs/other-languages.md: its decoder agrees with every vector, and would say if it did not."""

import json
import re
import shutil
import subprocess

import pytest

from gearspec.vector import export, load_vectors
from tests.staging import CHECKOUT

PAGE = (CHECKOUT / "docs" / "other-languages.md").read_text("utf-8")
NODE = shutil.which("node")
pytestmark = pytest.mark.skipif(not NODE, reason="node is not installed")


def decode(folder, document):
    (code,) = re.findall("```javascript\n(.*?)```", PAGE, re.DOTALL)
    program, vectors = folder / "decode.js", folder / "vectors.json"
    program.write_text(code)
    vectors.write_text(json.dumps(document))
    return subprocess.run([NODE, program, vectors], capture_output=True, text=True, check=False)


def test_every_vector_is_decoded_as_it_says(tmp_path):
    done = decode(tmp_path, export())
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{len(load_vectors())} vectors, 0 decoded otherwise\n"


@pytest.mark.parametrize("change", [{"rest": "00"}, {"hex": "00"}, {"packets": []}])
def test_a_vector_that_says_otherwise_is_told(tmp_path, change):
    document = export()
    document["vectors"][0].update(change)
    done = decode(tmp_path, document)
    assert done.returncode == 1
    assert document["vectors"][0]["id"] in done.stdout
    assert "1 decoded otherwise" in done.stdout
