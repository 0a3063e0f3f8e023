"""How many digits are right: the errors of ours and of the peers against mpmath, on the exact doubles given.

A topic is a module here, with a function `cases` of a generator. Peers get the form of the formula that
their own documentation recommends, in float64.
"""

TOPICS = (
    "products",
    "angles",
    "matrices",
    "components",
    "attention",
    "formulas",
    "layers",
    "descents",
    "schedules",
    "softmax",
    "chances",
    "information",
    "divergence",
    "pieces",
    "diffusion",
    "encoders",
    "options",
    "parameters",
    "heads",
    "decay",
)
