"""The command analogy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import Integer, Option, TextArguments
from aimath.errors import InputError, pluralize
from aimath.report import CrossCheck, Line, Plot, Report, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_TOP = 10
"""So many words are found unless another number is asked for."""
EXAMPLE = "aimath analogy king man woman --top 1"


@command(
    example=EXAMPLE,
    answer="the nearest words; `--vectors` of your own",
    quiz=("analogy",),
    after="cosine",
)
def analogy(
    given: Annotated[list[str], TextArguments("A, B, C: the words of A - B + C.", metavar="A B C")],
    vectors: Annotated[
        str,
        Option(
            "--vectors",
            help="Word vectors: word2vec's or GloVe's text, or .npy.  [default: four words]",
            metavar="FILE",
        ),
    ] = "",
    words: Annotated[
        str, Option("--words", help="The words of an .npy, one a line.  [default: its .txt]", metavar="FILE")
    ] = "",
    top: Annotated[
        int | None, Integer(("--top",), "How many words, the nearest first.  [default: 10, or all]", 1, 10**9)
    ] = None,
) -> Report:
    """Find the word that completes an analogy.

    The words nearest to A - B + C by cosine, without A, B and C: king - man + woman is queen.
    word2vec's own tool and gensim bring the three to length 1 before they are added. Mikolov, Yih
    and Zweig (2013).
    """
    from aimath.core import linalg as neighbours

    if len(given) != 3 or not all(given):
        found = pluralize(len(given), "word")
        raise InputError(f"needs three words A, B and C, not {found}", hint=f"try {EXAMPLE}", usage=True)
    if words and not vectors:
        raise InputError("--words names the rows of --vectors", usage=True)
    labels, rows, notes = _load_vectors(vectors, words)
    ready = neighbours.build_index(rows)
    count = min(DEFAULT_TOP, _count_candidates(ready, labels, given)) if top is None else top
    a, b, c = given
    return Report(
        neighbours.analogy(ready, labels, a, b, c, count),
        show=("ranking",),
        steps=(
            Line("target = A - B + C      A = {a}, B = {b}, C = {c}"),
            Table((("A", "{given[0]}"), ("B", "{given[1]}"), ("C", "{given[2]}"), ("target", "{target}"))),
            Line(" the nearest by cosine, without {a}, {b} and {c}:"),
            Table((("word", "{ranking}"), ("cosine", "{similarities}")), bar="similarities"),
            Line(" {a} is to {b} as {word} is to {c}      cosine {similarity}"),
            CrossCheck("cosines by the distances of unit vectors: {alternative}"),
        ),
        companion="similarities",
        plot=Plot("similarities", "ranking"),
        notes=notes,
        is_column=True,
    )


def _load_vectors(path: str, words: str) -> tuple[Sequence[str], Any, tuple[str, ...]]:
    """Return words, vectors and notes from a file, or the guide's four words without one."""
    if not path:
        from aimath.core import linalg as neighbours

        return neighbours.EXAMPLE_WORDS, neighbours.EXAMPLE_VECTORS, ()
    from aimath.read import word_vectors as read  # noqa: PLC0415  only for files

    return read.read_word_vectors(path.removeprefix("@"), words.removeprefix("@") or None)


def _count_candidates(ready: Any, labels: Sequence[str], given: Sequence[str]) -> int:
    """Return the number of words that can be answers: neither given nor with a zero vector."""
    known = (labels.index(word) for word in given if word in labels)  # core says which isn't
    others = len(labels) - len({*ready.zeros.tolist(), *known})
    if others == 0:
        raise InputError(f"there is no other word among the {len(labels)}")
    return others
