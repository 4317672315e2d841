"""What the tests of all packages do: look whether committed code is what the generator writes, and read the README's snippets."""
import filecmp
import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]


def run(*command, **options):
    """Runs a command to its end; raises with all that it wrote if it fails. Returns its output."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=600, **options)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def stale_files(language):
    """The files of client/LANGUAGE that are not what tools/generate-clients writes."""
    with tempfile.TemporaryDirectory() as folder:
        run(ROOT / "tools/generate-clients", language, folder)
        written = [path.relative_to(folder) for path in pathlib.Path(folder).rglob("*") if path.is_file()]
        assert written, "the generator wrote nothing"
        return [str(path) for path in written if not same(ROOT / "client" / language / path, pathlib.Path(folder, path))]


def same(one, other):
    return one.is_file() and filecmp.cmp(one, other, shallow=False)


def snippets(language, fence):
    """The code blocks of the package's README in the language that the fence names."""
    text = (ROOT / "client" / language / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^```{fence}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"client/{language}/README.md has no {fence}"
    return found


def against(snippet, world):
    """The snippet with the address of the test's gateway in place of the README's."""
    assert "127.0.0.1:50051" in snippet
    return snippet.replace("127.0.0.1:50051", world.plain.address)


def environment(world=None, **variables):
    return os.environ | (world.environment() if world else {}) | variables
