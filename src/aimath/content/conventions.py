"""What holds for all commands, by topic: the pages of `aimath help input`, `formulas` and `output`."""

from __future__ import annotations

CONVENTIONS = {
    "input": {
        "Operands": (
            "Numbers are 2, -1e3, .5, 1/3, 30%, inf; negative ones need no --. Several make one vector; a "
            "list .9,.1 is a vector in one word, for commands of two; the=2 labels an entry; '1 2; 3 4' "
            "is two rows, or a matrix."
        ),
        "Files": (
            "@FILE anywhere, for a matrix FILE too: .csv .tsv .txt .json .ndjson .npy .npz (FILE:key) "
            ".safetensors (FILE:tensor); - is standard input. --column picks columns. Larger than memory "
            "is read in blocks."
        ),
        "Named data": (
            "digits, digits:0,1: the UCI optical digits that ship with aimath; king queen man woman: the "
            "guide's vectors; randn:768x768 draws a matrix, randn:2x10x64 two."
        ),
        "Standard input": (
            "is read if no operand is given: a row a line, or a column if the first line is a single "
            "number (--rows: no). A row without an answer is named; --invalid skip passes it over."
        ),
        "Sweeps": (
            "Most numbers may be several: --temperature .5,1 (or given twice), lin:0:2:5, log:.01:1:3. "
            "Swept values are the first columns; the last option varies fastest."
        ),
        "Randomness": ("--seed is 0 unless given, so every answer can be had again."),
    },
    "formulas": {
        "Signs": ("+ - * / ^ ( ), ** as ^; a product needs its *. Those of print too: x² + 2·x·y, √x × π."),
        "Functions": (
            "sin cos tan asin acos atan sinh cosh tanh exp log log2 log10 log1p expm1 sqrt cbrt abs sign "
            "min max sigmoid relu softplus gelu erf logsumexp."
        ),
        "Names": (
            "pi e tau are constants, others variables: x=3, also x=-pi/2; x=1,2,3 and x=lin:0:1:5 are "
            "several."
        ),
        "Tables": (
            "mean(...) and sum(...) go over the rows of --data, whose columns the formula names by the "
            "header or the JSON keys, else x1, x2, ...; petal length is petal_length."
        ),
        "Kinks": (
            "There is no derivative there: 0 is used for abs and relu, equal shares for values that tie "
            "in max and min, and a note says so."
        ),
    },
    "output": {
        "Forms": (
            "At a terminal tables with 6 digits, units and bars; in a pipe bare numbers that read back as "
            "the same float, a row a line. --json, --csv, --format and --out FILE (by suffix; .svg is the "
            "terminal's picture, with --explain .html .md .tex are documents) choose. NO_COLOR, TERM=dumb "
            "and --ascii hold."
        ),
        "Pictures": (
            "--plot draws, --figure FILE as matplotlib does. An axis over more than three decades is "
            "logarithmic and says so; what diverged is cut at the frame and named."
        ),
        "Digits": (
            "Within 4 ulp of the exact result for the float64 that were read, wherever float64 allows; "
            "derivatives at typed points within half an ulp, of --at within 64 units of 2^-53. No epsilon "
            "anywhere: 0 log 0 = 0, and KL is infinite where q = 0 < p. --digits and --decimals shorten."
        ),
        "Units": (
            "Entropy, JS and mutual information are in bits, the rest in nats; --base changes that. "
            "Probabilities sum to 1 within 1e-6, or it is an error; --normalize takes weights."
        ),
        "Diffusion": (
            "Steps count from 0; the cosine schedule is Nichol and Dhariwal's (2021), betas to .999."
        ),
        "Exit codes": (
            "0 done, 1 the data have no answer, 2 the command line is wrong, 3 rows were passed over, 4 "
            "what was asked for doesn't hold."
        ),
    },
}
"""Of each topic its terms, and what is said of them: a page fits a screen."""
