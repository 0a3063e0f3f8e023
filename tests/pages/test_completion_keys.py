"""R20: what a tab makes of a line, typed into the shells themselves at a terminal of their own."""

from __future__ import annotations

import os
import pty
import select
import shutil
import time

import pytest

pytestmark = pytest.mark.slow

NAMES = [
    "plain.csv", "sp ace.csv", "q'uote.csv", 'dou"ble.csv', "dol$lar.csv", "back`tick.csv", "se;mi.csv", "am&p.csv",
    "par(en).csv", "br[ack]et.csv", "star*.csv", "what?.csv", "a=b.csv", "co:lon.csv", "ha#sh.csv", "til~de.csv",
    "back\\slash.csv", "pi|pe.csv", "le<ss.csv", "cur{ly}.csv", "ex!cl.csv", "at@sign.csv", "com,ma.csv", "Ümlaut é.csv",
    "two  blanks.csv", "trail .csv", "猫.csv", "per%cent.csv", "ca^ret.csv", "ta\tb.csv",
]  # fmt: skip
TAB = "\t"


class Shell:
    """A shell at a pseudo-terminal, in which `aimath` writes its arguments into a file."""

    def __init__(self, command, setup, cwd):
        self.got = cwd.parent / "got"
        self.process, self.fd = pty.fork()
        if not self.process:
            os.chdir(cwd)
            keep = {key: os.environ[key] for key in ("PATH", "FPATH", "LD_LIBRARY_PATH") if key in os.environ}
            os.execvpe(  # noqa: S606  it is a shell itself
                command[0], command,
                {**keep, "TERM": "dumb", "LC_ALL": "C.UTF-8", "HOME": str(cwd.parent), "PS1": "$ ", "GOT": str(self.got)},
            )  # fmt: skip
        self.type(f"{setup}\n")
        self.settle()

    def type(self, text):
        os.write(self.fd, text.encode())

    def settle(self, quiet=0.1):
        """Read what is shown until nothing more comes."""
        shown = b""
        while select.select([self.fd], [], [], quiet)[0]:
            try:
                shown += os.read(self.fd, 65536)
            except OSError:
                break
        return shown.decode(errors="replace")

    def arguments(self, line):
        """Type a line with tabs, and give the arguments that aimath would have got."""
        self.got.unlink(missing_ok=True)
        for k, part in enumerate(line.split(TAB)):
            if k:
                self.type(TAB)
                self.settle()
            self.type(part)
        shown = self.settle(0.02)
        self.type("\n")
        patience = time.monotonic() + 10
        while not (self.got.exists() and self.got.read_bytes().endswith(b"\0\0")):
            if time.monotonic() > patience:
                raise AssertionError((line, shown, self.settle()))
            time.sleep(0.01)
        self.settle(0.05)
        return self.got.read_bytes().decode().split("\0")[:-2]

    def close(self):
        os.close(self.fd)
        os.kill(self.process, 9)
        os.waitpid(self.process, 0)


@pytest.fixture
def place(tmp_path):
    files = tmp_path / "files"
    files.mkdir()
    return files


@pytest.fixture
def shell(place, aimath):
    script = place.parent / "completion.bash"
    script.write_text(aimath("completion", "bash").out)
    setup = (
        f"set +H; bind 'set bell-style none'; bind 'set enable-bracketed-paste off'; {RECEIVE}; . {script}"
    )
    one = Shell(["bash", "--norc", "--noprofile", "-i"], setup, place)
    yield one
    one.close()


RECEIVE = r"""aimath() { printf '%s\0' "$@" > "$GOT"; printf '\0' >> "$GOT"; }"""
bash_alone = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


@bash_alone
@pytest.mark.parametrize("before", ["@", "--p=@", "--p @", '"@', "'@"])
def test_every_name_of_a_file_reaches_aimath(shell, place, before):
    for name in NAMES:
        (place / name).write_text("1\n")
        for typed in ("", name[0]):
            got = shell.arguments(f"aimath softmax {before}{typed}{TAB}")
            assert got == [
                "softmax",
                *f"{before.strip(chr(34) + chr(39))}{name}".split(" ", before.count(" ")),
            ], name
        (place / name).unlink()


@bash_alone
def test_words_that_are_quoted_already_go_on(shell, place):
    for name in ("sp ace one.csv", "it's a file.csv"):
        (place / name).write_text("1\n")
    for line in (r"@sp\ a", r'@"sp a', r"@'sp a", r'"@sp a', r"@sp' 'ace\ o", r'@sp" "ace\ one.'):
        assert shell.arguments(f"aimath softmax {line}{TAB}") == ["softmax", "@sp ace one.csv"], line
    for line in (r"@it\'s\ ", r'@"it', r""""@it's a"""):
        assert shell.arguments(f"aimath softmax {line}{TAB}") == ["softmax", "@it's a file.csv"], line


@bash_alone
def test_directories_are_gone_into(shell, place):
    (place / "my data" / "in ner").mkdir(parents=True)
    (place / "my data" / "in ner" / "x y.csv").write_text("1\n")
    got = shell.arguments(f"aimath softmax @my{TAB}in{TAB}x{TAB}")
    assert got == ["softmax", "@my data/in ner/x y.csv"]


@bash_alone
def test_what_files_have_in_common_is_typed(shell, place):
    for name in ("log its.csv", "log it2.csv"):
        (place / name).write_text("1\n")
    assert shell.arguments(f"aimath softmax @l{TAB}s.{TAB}") == ["softmax", "@log its.csv"]


@bash_alone
def test_choices_behind_an_equals_sign(shell):
    for line, got in (
        ("softmax 1 --format=ma", ["softmax", "1", "--format=markdown"]),
        ("softmax 1 --format ma", ["softmax", "1", "--format", "markdown"]),
        ("softmax 1 --form\tma", ["softmax", "1", "--format", "markdown"]),
        ("neuron --activation=si", ["neuron", "--activation=sigmoid"]),
        ("gd --schedule=exp", ["gd", "--schedule=exponential"]),
        ("softmax 1 --invalid=s", ["softmax", "1", "--invalid=s"]),  # stop and skip
        ("softmax 1 --digits=", ["softmax", "1", "--digits="]),
        ("softm", ["softmax"]),
    ):
        assert shell.arguments(f"aimath {line}{TAB}") == got, line


@bash_alone
def test_files_of_options_are_the_shell_s_own(shell, place):
    (place / "sp ace.csv").write_text("1\n")
    for line in ("--out sp", "--out=sp", "sp"):
        assert shell.arguments(f"aimath softmax {line}{TAB}")[-1] in {"sp ace.csv", "--out=sp ace.csv"}


@bash_alone
def test_word_breaks_that_a_user_has_set(place, aimath):
    (place / "sp ace.csv").write_text("1\n")
    script = place.parent / "completion.bash"
    script.write_text(aimath("completion", "bash").out)
    for breaks in (" ", " =", " @:", ' @=:"'):
        setup = f"COMP_WORDBREAKS='{breaks}'; bind 'set bell-style none'; {RECEIVE}; . {script}"
        one = Shell(["bash", "--norc", "--noprofile", "-i"], setup, place)
        for line, got in (
            ("--p=@s", "--p=@sp ace.csv"),
            ("@s", "@sp ace.csv"),
            ("--format=ma", "--format=markdown"),
        ):
            assert one.arguments(f"aimath softmax {line}{TAB}") == ["softmax", got], (breaks, line)
        one.close()


@pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")
def test_zsh(place, aimath):
    (place.parent / "_aimath").write_text(aimath("completion", "zsh").out)
    setup = f"unsetopt prompt_cr prompt_sp; autoload -U compinit; compinit -u -D; {RECEIVE}; . {place.parent}/_aimath"
    one = Shell(["zsh", "-f", "-i"], setup, place)
    one.settle(1)
    assert one.arguments(f"aimath softmax 1 --format=ma{TAB}") == ["softmax", "1", "--format=markdown"]
    for name in NAMES:
        (place / name).write_text("1\n")
        for before in ("@", "--p=@", "--p @"):
            got = one.arguments(f"aimath kl {before}{name[0]}{TAB}")
            assert got == ["kl", *f"{before}{name}".split(" ", before.count(" "))], name
        (place / name).unlink()
    one.close()
