"""Demos of linear algebra."""

from __future__ import annotations

from aimath.content.demos.demo import Demo

ATTENTION_COMMAND = (
    "aimath attention -Q '1 0; 1 1; 0 1' -K '1 0; 2 1; 0 1' -V '1 0; 0 1; 2 2' --tokens the,cat,sat"
)
DEMOS = (
    Demo(
        "vectors",
        "A vector is a list of numbers: a word, an image, the weights of a neuron. The dot product "
        "multiplies two of them entry by entry and adds up: one number for how well they match.",
        ("aimath dot 1,2,3 4,5,6 --explain",),
        {
            "aimath dot 1,0 0,1": "0: at right angles, nothing in common",
            "aimath dot 1e16,1,-1e16 1,1,1": "1: nothing is lost; a plain sum of floats gives 0",
        },
    ),
    Demo(
        "neuron",
        "A neuron weighs what comes in, adds a bias and passes the sum on. The weights say what it "
        "looks for; training is the search for good ones.",
        ("aimath neuron --weights .5,-.3,.8 --inputs 1,2,3 --bias .1 --explain",),
        {
            "aimath neuron --weights .5,-.3,.8 --inputs 1,2,3 --bias .1 --activation sigmoid":
                "0.917: the same sum, squeezed between 0 and 1",
            "aimath neuron --weights .5,-.3,.8 --inputs 1,2,3 --bias -5 --activation relu":
                "0: the sum is negative, and relu lets nothing through",
        },
        ("--weights", "--inputs", "--bias"),
    ),
    Demo(
        "layer",
        "A layer is many neurons side by side, each a row of W. So it is a matrix times a vector, and "
        "a network is a chain of them with something bent in between. Here the weights are random, as "
        "they are before training.",
        ("aimath layer randn:4x3 1,2,3 --explain",),
        {
            "aimath layer randn:4x3 1,2,3 --activation relu": "what was negative is 0",
            "aimath layer randn:4x3 0,0,0": "four zeros: without a bias, nothing in, nothing out",
        },
    ),
    Demo(
        "matmul",
        "Entry i, j of the product is row i of the left times column j of the right. With an input a "
        "row, one product sends a whole batch through a layer: most of what a GPU does.",
        ("aimath matmul '1 2; 3 4' '5 6; 7 8' --explain",),
        {
            "aimath matmul '5 6; 7 8' '1 2; 3 4'": "another product: the order counts",
            "aimath matmul '1 2; 3 4' '1 0; 0 1'": "unchanged: the right one is the identity",
        },
    ),
    Demo(
        "transpose",
        "Rows become columns. Attention compares every query with every key by Q·Kᵀ, and errors flow "
        "back through a layer by Wᵀ.",
        ("aimath transpose '1 2 3; 4 5 6' --explain",),
        {
            "aimath matmul '1 2 3; 4 5 6' '1 4; 2 5; 3 6'": "A·Aᵀ, symmetric: every row with every row",
            "aimath transpose '1 2; 2 3'": "unchanged: it is symmetric",
        },
    ),
    Demo(
        "inverse",
        "The inverse undoes a matrix: one after the other they change nothing. It solves linear "
        "equations, and least squares. A matrix that flattens space has none: its determinant is 0.",
        ("aimath inverse '4 7; 2 6' --explain",),
        {
            "aimath det '4 7; 2 6'": "10: areas become ten times as large",
            "aimath inverse '1 2; 2 4'": "refused: the second row is twice the first",
        },
    ),
    Demo(
        "eigenvalues",
        "Most vectors turn when a matrix is applied. An eigenvector is only stretched, by its "
        "eigenvalue. They are the axes of PCA, and say whether steps that repeat grow or die out.",
        ("aimath eig '2 1; 1 2' --explain",),
        {
            "aimath eig '0 -1; 1 0'": "i and -i: a quarter turn leaves no real direction in place",
            "aimath eig '.9 .2; .1 .8'": "1 and 0.7: repeated, it settles down",
        },
    ),
    Demo(
        "analogy",
        "Words can be vectors whose directions mean something: from man to woman is the same step as "
        "from king to queen. With these four words king - man + woman is queen exactly.",
        ("aimath analogy king man woman --explain",),
        {
            "aimath analogy queen woman man": "king: the same step back",
            "aimath cosine .7,.8,.85,-.4 .8,.7,.45,-.5": "0.954: woman is near the sum too, but not it",
        },
    ),
    Demo(
        "cosine",
        "The cosine compares directions and leaves lengths out: 1 is the same, 0 a right angle, -1 the "
        "opposite. Search and RAG rank texts by it. First king - man + woman with queen, then with woman.",
        (
            "aimath cosine .7,.8,.85,-.4 .7,.8,.85,-.4 --explain",
            "aimath cosine .7,.8,.85,-.4 .8,.7,.45,-.5 --explain",
        ),
        {
            "aimath cosine 1,2,3 10,20,30": "1: length doesn't count",
            "aimath cosine 1,2 -2,1": "0: at right angles",
            "aimath demo cosine --naive": "numbers so large that the textbook's formula breaks",
        },
    ),
    Demo(
        "attention",
        "Every position asks (query), offers (key) and has something to say (value). Scores Q·Kᵀ/√d "
        "tell who heeds whom, softmax makes shares of 1 of them, and each position takes that mixture "
        "of the values. Causal: nobody sees what comes later.",
        (
            f"{ATTENTION_COMMAND} --causal --explain",
            "aimath attention randn:10x64 --heads 1 --causal --format table --plot",
        ),
        {
            f"{ATTENTION_COMMAND} --fields weights": "without --causal: 'the' heeds 'cat', which comes later",
            f"{ATTENTION_COMMAND} --scale 20 --fields weights":
                "nearly all for one position: large scores make softmax hard, hence 1/√d",
            "aimath train reverse --last": "a head that learned where to look writes six digits backwards",
        },
        ("-Q", "-K", "-V"),
    ),
    Demo(
        "layer-norm",
        "Numbers that pass many layers would grow or fade. So each layer first brings its row to mean 0 and "
        "variance 1; a learned gain and bias may undo that. Llama leaves the mean alone: rms-norm.",
        ("aimath layer-norm 2 4 4 4 5 5 7 9 --explain", "aimath rms-norm 2 4 4 4 --explain"),
        {
            "aimath layer-norm 200 400 400 400 500 500 700 900": "-1.5 to 2 again: size is forgotten",
            "aimath layer-norm 5 5 5": "0 everywhere: what has no spread says nothing",
        },
    ),
    Demo(
        "rope",
        "Attention doesn't see the order of words. Rotary embeddings turn each pair of numbers by an angle "
        "that grows with the position, fast pairs and slow ones, like the hands of a clock. A query times "
        "a key then tells how far apart they are.",
        ("aimath rope 1 0 1 0 --start 2 --explain", "aimath positional 4x4 --explain"),
        {
            "aimath rope 1 0 1 0 --start 0": "nothing is turned at the first position",
            "aimath rope 1 0 1 0 --start 1 --theta 100 --fields angles": "1 and 0.1: faster hands",
        },
    ),
    Demo(
        "pca",
        "PCA turns the axes of data to where they spread most: centre, take the covariance (divided by "
        "n - 1), take its eigenvectors, keep the first few. Two of 64 numbers are enough to tell these "
        "handwritten digits apart.",
        ("aimath pca digits:0,1,4 --components 2 --explain --plot",),
        {
            "aimath pca randn:1000x100 --components 2 --explain":
                "under 2 % each: pure noise has no direction worth keeping",
            "aimath demo pca --naive": "without centring the first direction is the mean",
        },
    ),
    Demo(
        "svd-approx",
        "Keep the r largest singular values, and you have the nearest matrix of rank r. A random matrix "
        "has no low-rank part: at the size of GPT-2's weights, rank 16 is 96 % off. Real data have one.",
        (
            "aimath svd-approx randn:768x768 --rank 1,16,64,256,384 --explain",
            "aimath svd-approx digits --rank 1,16,64 --explain",
        ),
        {
            "aimath svd-approx '1 2 3; 2 4 6' --rank 1 --fields relative_error":
                "no error to speak of: the second row is twice the first",
            "aimath svd-approx randn:768x768 --rank 384 --fields relative_error":
                "0.325, with as many numbers as the matrix itself",
        },
        ("", "--rank"),
        seconds=0.4,
    ),
    Demo(
        "lora",
        "Fine-tuning adds an update to W. LoRA writes the update as two thin matrices, B·A, and trains "
        "those alone. It doesn't cut W down: it bets that the update has a low rank.",
        ("aimath lora --shape 768x768 --rank 16 --explain",),
        {
            "aimath lora --shape 768x768 --rank 384 --fields percent_of_full": "100: nothing saved",
            "aimath lora --shape 4096x4096 --rank 8 --fields percent_of_full":
                "0.39: the larger the matrix, the smaller the share",
            "aimath train lora --rank 1,4 --last": "it is learned: rank 4 tells turned digits, 1 too few",
        },
        ("--shape", "--rank"),
    ),
    Demo(
        "params",
        "A transformer is matrices, and sizes say how many numbers they hold. Each is multiplied and added "
        "once a token: 2 operations. To answer, memory holds weights and a cache of keys and values; to "
        "learn, also gradients and Adam's two means: 16 bytes a weight.",
        ("aimath params --layers 12 --d-model 768 --heads 12 --vocab 50257 --like gpt2 --explain",),
        {
            "aimath params --layers 32 --d-model 4096 --heads 32 --vocab 32000 --fields parameters":
                "6738415616: the smallest Llama of its second release",
            "aimath params --layers 32 --d-model 4096 --heads 32 --vocab 32000 --kv-heads 32,8 --context 32k "
            "--fields kv_cache_gib": "16, then 4: heads that share their keys need a smaller cache",
        },
        ("--layers", "--d-model"),
    ),
    Demo(
        "gpt",
        "A language model starts from the vector of the last token, and each layer adds to it; its product "
        "with a row for each token is the logits. So a logit is a sum that tells which layer knew the "
        "answer. This model has just learned to say digits backwards: attention brings the last one.",
        ("aimath gpt reverse 123456 --explain",),
        {
            "aimath gpt reverse 123456 --lens --fields depth,token": "6 only after the layer: depth 1",
            "aimath gpt reverse 1234566 --top 1 --fields token": "5: it goes on with the digit before",
        },
        seconds=0.6,
    ),
)  # fmt: skip
