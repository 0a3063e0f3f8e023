"""What is shipped: everything that the program needs, nothing else, and it runs from where pip puts it."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "aimath"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build both as a front end without isolation does: with the hatchling that is installed."""
    place = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-d", str(place)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,), (source,) = place.glob("*.whl"), place.glob("*.tar.gz")
    return wheel, source


def ours(folder):
    """Give the files that belong into a package: no leftovers of a run."""
    return {
        path.relative_to(folder.parent).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_holds_the_package_and_nothing_else(built):
    wheel, _ = built
    assert wheel.name == f"aimath-{version()}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
        about = f"aimath-{version()}.dist-info"
        assert {name for name in names if not name.startswith(about)} == ours(PACKAGE)
        assert {name.removeprefix(f"{about}/") for name in names if name.startswith(about)} == {
            "METADATA", "WHEEL", "RECORD", "entry_points.txt", "licenses/LICENSE", "licenses/src/aimath/data/digits.txt",
        }  # fmt: skip
        assert archive.read(f"{about}/entry_points.txt").split() == [
            b"[console_scripts]",
            b"aimath",
            b"=",
            b"aimath.__main__:main",
        ]
        assert archive.read("aimath/py.typed") == b""
    data = {f"aimath/data/{name}" for name in ("digits.npy", "digits.txt", "names.txt.gz", "names.txt")}
    assert {"aimath/py.typed", *data} <= names


def test_source_holds_what_builds_and_tests_it(built):
    _, source = built
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "PKG-INFO"} <= names
    assert {f"src/{name}" for name in ours(PACKAGE)} <= names
    assert {name.partition("/")[0] for name in names} <= {
        "src",
        "tests",
        ".github",
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "PKG-INFO",
        ".gitignore",
    }
    assert not any("__pycache__" in name or name.endswith(".pyc") for name in names)


def test_it_runs_from_where_pip_puts_it(built, tmp_path):
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--disable-pip-version-check",
    ]
    subprocess.run([*pip, "--target", str(tmp_path), str(built[0])], check=True, capture_output=True)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    script = next((tmp_path / "bin").iterdir())
    for words in ([sys.executable, "-m", "aimath"], [sys.executable, str(script)]):
        ran = subprocess.run([*words, "pca", "digits", "--components", "2"], cwd=tmp_path, env=environment, check=False, capture_output=True, text=True)  # fmt: skip
        assert (ran.returncode, ran.stderr, len(ran.stdout.splitlines())) == (0, "", 1797)
    where = "import aimath; print(aimath.__file__)"
    ran = subprocess.run([sys.executable, "-c", where], cwd=tmp_path, env=environment, check=True, capture_output=True, text=True)  # fmt: skip
    assert Path(ran.stdout.strip()).is_relative_to(tmp_path)


def test_version_names_numpys_too(program):
    import numpy as np

    out = program("--version").stdout
    assert out.startswith(f"aimath {version()} (numpy {np.__version__}, Python {sys.version.split()[0]})")


def version():
    import aimath

    return aimath.__version__
