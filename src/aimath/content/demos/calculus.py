"""Demos of calculus and optimisation."""

from __future__ import annotations

from aimath.content.demos.demo import Demo

DESCENT_FLAGS = ("--function", "--start", "--lr", "--steps")
DEMOS = (
    Demo(
        "partials",
        "A partial derivative is the slope if one variable moves and the others rest. Together they "
        "are the gradient, which points straight uphill: a small step against it goes down.",
        ("aimath grad 'x^2 + 2*x*y + y^2' x=3 y=2 --explain",),
        {
            "aimath grad 'x^2 + 2*x*y + y^2' x=2 y=1":
                "6 6: less steep, a tenth of the gradient further down",
            "aimath grad 'x^2 + 2*x*y + y^2' x=1 y=-1": "0 0: the bottom of the valley",
            "aimath train spiral --last": "slopes in 1251 directions at once teach a network a spiral",
        },
    ),
    Demo(
        "chain",
        "Slopes of nested steps multiply: that is the chain rule. Through softmax and cross-entropy "
        "the product becomes short. The slope of the loss by the logits is p - y: what is predicted "
        "less what is right.",
        ("aimath backprop --layer '.2 .4; -.5 .1; .3 -.2' --x 1,2 --bias 0,0,0 --target 1 --explain",),
        {
            "aimath backprop --layer '0 0; 9 9; 0 0' --x 1,2 --bias 0,0,0 --target 1":
                "nearly 0: what is right already is left alone",
            "aimath grad 'log(exp(a) + exp(b)) - a' a=1 b=0":
                "-0.269 0.269: p - y again, by the rules for log and exp",
        },
        ("--layer", "--x", "--bias", "--target"),
    ),
    Demo(
        "backprop",
        "Write down every operation on the way forward; then walk back from the loss, at each node "
        "local slope times what came from above. So one walk gives the gradient of every weight, "
        "however many there are. Below a formula, then a layer whose outputs are added up.",
        (
            "aimath backprop '(tanh(w*x + b) - y)^2' w=0.5 x=2 b=-0.5 y=1 --explain",
            "aimath backprop --layer '1 2 3; 4 5 6' --x 1,2,3 --bias 0,0 --explain",
        ),
        {
            "aimath backprop 'x*x' x=3": "6: x is used twice, and its gradients add up",
            "aimath backprop '(tanh(w*x + b) - y)^2' w=0.5 x=20 b=-0.5 y=-1":
                "nearly 0, though the answer is wrong: tanh is flat out there, and nothing is learned",
            "aimath train digits --last": "by such gradients a network learns to read digits",
        },
    ),
    Demo(
        "gd",
        "Stand on a slope, feel which way is up, take a step the other way, repeat. The step is the "
        "learning rate times the slope, so it shrinks by itself on the way to the bottom.",
        ("aimath gd --function '(w-3)^2' --start w=10 --lr .1 --steps 20 --explain --plot",),
        {
            "aimath gd --lr .5 --steps 3": "3 in one step: the best rate here, 1/curvature",
            "aimath gd --lr 1 --steps 4": "10, -4, 10, -4: bounces for ever",
            "aimath gd --function 'x^2 + 10*y^2' --start x=5,y=1 --lr .09": "a valley: y zigzags",
        },
        DESCENT_FLAGS,
    ),
    Demo(
        "learning-rate",
        "A step multiplies the distance to the bottom by 1 - lr · curvature. Below 1 in size it "
        "converges, at -1 it bounces, beyond that it flies away. Too small a rate only takes long: "
        "0.01 needs 439 steps where 0.1 needs 40.",
        (
            "aimath learning-rate 2 --lr .1 --explain",
            "aimath learning-rate 2 --lr .01,.1,.5,1,1.1 --format table",
        ),
        {
            "aimath gd --lr .01 --steps 1000 --until .002 --last": "439 steps to within 0.001",
            "aimath gd --lr .1 --steps 1000 --until .002 --last": "40 steps to the same place",
            "aimath gd --lr 1.1 --steps 3": "-5.4, 13.08, -9.096: further off with every step",
        },
    ),
    Demo(
        "adam",
        "Adam keeps two running means: of the slopes (momentum), and of their squares (size). It steps "
        "by one over the root of the other, so that every weight moves about lr a step, steep or flat. "
        "Both means start at 0, which is corrected for.",
        ("aimath adam --function '(w-3)^2' --start w=10 --lr .1 --steps 3 --explain",),
        {
            "aimath adam --function '1000*(w-3)^2' --start w=10 --lr .1 --steps 1":
                "9.9 all the same: the size of the slope drops out",
            "aimath race": "in a narrow valley gd crawls: Adam is 5 times as low",
            "aimath demo adam --naive": "without the correction the first step is 3.16 times as long",
        },
        DESCENT_FLAGS,
    ),
)  # fmt: skip
