"""The command analogy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from aimath.cli.command import command
from aimath.cli.options import Integer, Option, TextArguments
from aimath.errors import InputError, pluralize
from aimath.report import CrossCheck, Line, Plot, Report, Table
from aimath.text import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

EXAMPLE = "aimath analogy king man woman --top 1"


@command(
    example=EXAMPLE,
    answer="the nearest words; `--vectors` of your own",
    quiz=("analogy",),
    after="cosine",
)
def analogy(
    given: Annotated[
        list[str], TextArguments("The words of A - B + C, with or without signs.", metavar="A B C")
    ],
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
        int, Integer(("--top",), "How many words, the nearest first, if there are.", 1, 10**9)
    ] = 10,
) -> Report:
    """Find the word that completes an analogy.

    The words nearest to A - B + C by cosine, without A, B and C: king - man + woman is queen.
    word2vec's own tool and gensim bring the three to length 1 before they are added. Mikolov, Yih
    and Zweig (2013).
    """
    from aimath.core import linalg as neighbours

    three = parse_terms(given)
    if len(three) != 3 or not all(three):
        count = len([word for one in given for word in one.split() if word not in ("+", "-")])
        why = f"needs three words A, B and C, not {pluralize(count, 'word')}"
        if count == 3:
            why = f"needs two words added and one taken away, A - B + C, not {quote(' '.join(given))}"
        raise InputError(why, hint=f"try {EXAMPLE}", usage=True)
    if words and not vectors:
        raise InputError("--words names the rows of --vectors", usage=True)
    a, b, c = three
    loaded, notes = _load_vectors(vectors, words)
    return Report(
        neighbours.analogy(a, b, c, top=top, **loaded),
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
        plot=Plot("similarities", "ranking", end="1"),
        notes=notes,
        is_column=True,
    )


def parse_terms(given: Sequence[str]) -> tuple[str, ...]:
    """Return A, B and C of A - B + C, written with or without its signs, in one argument or several.

    >>> parse_terms(["king", "-", "man", "+", "woman"]), parse_terms(["woman + king - man"])
    (('king', 'man', 'woman'), ('woman', 'man', 'king'))
    """
    pieces = [piece for word in given for piece in word.split()] if len(given) == 1 else list(given)
    if not {"+", "-"} & set(pieces):
        return tuple(given)
    signs = pieces[::2] if pieces[0] in ("+", "-") else ["+", *pieces[1::2]]
    names = pieces[1::2] if pieces[0] in ("+", "-") else pieces[::2]
    if sorted(signs) != ["+", "+", "-"] or len(names) != 3:
        return ()
    added = [name for sign, name in zip(signs, names, strict=True) if sign == "+"]
    return (added[0], names[signs.index("-")], added[1])


def _load_vectors(path: str, words: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return vectors with their words, and notes, from a file; without one core's own, the guide's four."""
    if not path:
        return {}, ()
    from aimath.read.models import word_vectors as read  # noqa: PLC0415  only for files

    labels, rows, notes = read.read_word_vectors(path.removeprefix("@"), words.removeprefix("@") or None)
    return {"vectors": rows, "words": labels}, notes
