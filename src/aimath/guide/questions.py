"""Questions in words: what to understand before the numbers mean something."""

from __future__ import annotations

from typing import NamedTuple


class Wrong(NamedTuple):
    """What people also believe, and what speaks against it."""

    said: str
    but: str


class Question(NamedTuple):
    """A question to choose the answer of; then the answer in full, and what it must not leave out."""

    topic: str  # a command, or a chapter that is summed up
    text: str
    right: str
    wrong: tuple[Wrong, ...]  # three
    answer: str
    keys: tuple[str, ...]
    command: str  # what shows it


QUESTIONS = (
    Question(
        "matmul",
        "Why is matrix multiplication the basic operation of a neural network?",
        "A layer is one: each output is a weighted sum of all inputs, for a whole batch at once.",
        (
            Wrong("It makes the network non-linear.", "the activation does: a product of matrices is linear"),
            Wrong(
                "It keeps the outputs between 0 and 1.", "a product is unbounded; softmax or a sigmoid does"
            ),
            Wrong("It multiplies inputs and weights in place.", "each output adds up a row of products"),
        ),
        "A layer computes W x + b: row i of W holds the weights of neuron i, so one product answers for "
        "all neurons, and for a batch of inputs too. Layers, attention and embeddings are all such "
        "products, and hardware is built to do them fast. Without activations between them they would "
        "merge into one.",
        ("a row of W is a neuron", "a batch is one product", "activations keep layers apart"),
        "aimath layer '1 2; 0 -1' 3,4 --bias .5,-1 --explain",
    ),
    Question(
        "lora",
        "What does LoRA have to do with the singular value decomposition?",
        "Both write a matrix as a product of two thin ones; the SVD says how good rank r can be at best.",
        (
            Wrong(
                "LoRA cuts the trained weights down to their r largest singular values.",
                "the weights stay whole: LoRA adds a product B A that is trained",
            ),
            Wrong(
                "LoRA computes an SVD at every step of training.",
                "B and A are ordinary parameters: gradient descent finds them",
            ),
            Wrong(
                "Any weight matrix is nearly of low rank.",
                "a random one isn't; the bet is that the update is",
            ),
        ),
        "The SVD gives the best approximation of a matrix by one of rank r: keep the r largest singular "
        "values. LoRA bets that the change which fine-tuning makes has few large ones, and trains that "
        "change as B A with r (m + n) numbers in place of m n. It doesn't compute an SVD; the SVD is why "
        "it can work, and how to check that it did.",
        ("W stays, B A is added", "r (m + n) numbers, not m n", "the update is of low rank, W need not be"),
        "aimath lora --shape 768x768 --rank 16 --explain",
    ),
    Question(
        "backprop",
        "What is the mathematics behind backpropagation?",
        "The chain rule, applied from the loss backwards, so that every shared part is computed once.",
        (
            Wrong(
                "Each weight is moved a little and the loss is measured again.",
                "that is a difference quotient: a run of the network for each weight",
            ),
            Wrong(
                "The network is inverted: outputs are sent back to inputs.",
                "gradients go back, not values; nothing is inverted",
            ),
            Wrong("Bayes' rule, applied to the weights.", "no probability of weights is involved"),
        ),
        "A network is a chain of simple functions. The derivative of the whole is the product of local "
        "derivatives along the way, and a value that is used twice adds up what comes back on both ways. "
        "Going backwards from the one loss, each node multiplies what arrives by its local derivative and"
        " hands it on: all gradients for a few times the price of one forward pass.",
        (
            "local derivative times upstream",
            "paths add up",
            "backwards, as there is one loss and many weights",
        ),
        "aimath backprop '(tanh(w*x + b) - y)^2' w=0.5 x=2 b=-0.5 y=1 --explain",
    ),
    Question(
        "softmax",
        "What does softmax do, and why is the largest logit subtracted first?",
        "It makes probabilities of any numbers; the shift changes nothing but keeps exp from overflowing.",
        (
            Wrong(
                "It makes probabilities; the shift makes them sharper.",
                "a shift cancels in the ratio; the temperature sharpens",
            ),
            Wrong(
                "It picks the largest logit; the shift makes that one 0.",
                "that is argmax; softmax leaves every entry some probability",
            ),
            Wrong(
                "It divides the logits by their sum; the shift makes them positive.",
                "exp makes them positive, and the shift makes them 0 or less",
            ),
        ),
        "softmax(z)_i = exp(z_i) / sum_j exp(z_j): positive, adding up to 1, in the order of the logits. "
        "exp(1000) is too large for a float, but exp(z_i - max z) is never above 1, and the factor "
        "exp(-max z) cancels, as it stands above and below.",
        ("positive and summing to 1", "a common shift cancels", "without it exp overflows near 710"),
        "aimath softmax 1000 1001 1002 --explain",
    ),
    Question(
        "cross-entropy",
        "Why is cross-entropy a good loss for classifiers and language models?",
        "It is the surprise at the truth: least where q = p, harsh on confident mistakes, with a simple "
        "gradient.",
        (
            Wrong(
                "It counts how many predictions are wrong.",
                "that is the error rate, which has no useful gradient",
            ),
            Wrong(
                "It is the squared distance of prediction and target.",
                "that is the mean squared error, whose gradient vanishes for a confident mistake",
            ),
            Wrong(
                "It is symmetric, so it does not matter which is the target.",
                "H(p, q) and H(q, p) differ: the logarithm is of the prediction",
            ),
        ),
        "H(p, q) = -sum p log q is the entropy of the data plus KL(p || q), so making it small means "
        "bringing the prediction q to the truth p; it is also the negative log-likelihood. A probability "
        "near 0 for what happened costs without bound. And with softmax its gradient by the logits is "
        "just q - y: it does not vanish while the model is wrong.",
        (
            "surprise at the truth",
            "entropy plus KL",
            "maximum likelihood",
            "gradient: prediction minus target",
        ),
        "aimath cross-entropy --logits 2,1,0.1 --target 0 --explain",
    ),
    Question(
        "diffuse",
        "Why do diffusion models add Gaussian noise?",
        "Sums of Gaussians are Gaussian: any step is reached in one formula, and the reverse is tractable.",
        (
            Wrong(
                "Because images are normally distributed.",
                "they are anything but: that is why a network has to learn the way back",
            ),
            Wrong(
                "Because it is the only noise that computers can draw.",
                "any distribution can be drawn; this one has closed forms",
            ),
            Wrong(
                "Because its values are bounded.",
                "a Gaussian has no bounds; its tails are thin",
            ),
        ),
        "Adding Gaussian noise many times is adding it once: x_t = sqrt(abar) x_0 + sqrt(1 - abar) noise,"
        " so training can jump to any t. Densities, the posterior of a step and KL divergences have "
        "closed forms, and the loss becomes a squared error of the noise. By the central limit theorem "
        "the sum of many small disturbances tends to a Gaussian anyway, and of all distributions of a "
        "given variance it assumes least.",
        ("one formula for every t", "closed forms for posterior and KL", "central limit theorem"),
        "aimath diffuse 1 -1 0.5 --t 500 --explain",
    ),
    Question(
        "temperature",
        "What does a higher temperature do to the entropy of a language model's output?",
        "It raises it: logits are divided by T, so probabilities even out, up to log2 n for T to infinity.",
        (
            Wrong(
                "It lowers it: the most likely token wins more often.",
                "that is a low temperature; T to 0 is argmax with entropy 0",
            ),
            Wrong(
                "Nothing: all logits change by the same factor.",
                "a common summand would cancel in softmax, a common factor does not",
            ),
            Wrong(
                "It raises it without bound.",
                "n outcomes have at most log2 n bits",
            ),
        ),
        "p_i is proportional to exp(z_i / T). Differences of logits shrink as T grows, the distribution "
        "flattens and its entropy rises, always: dH/dT = Var(z) / T^3 in nats. T to 0 leaves the largest "
        "alone, T to infinity makes all equal. The order of the tokens never changes.",
        ("divide, not multiply", "T to 0: entropy 0; T to infinity: log2 n", "the order stays"),
        "aimath temperature 2 1 0.1 -1 3 --explain",
    ),
    Question(
        "rlhf",
        "What is the KL penalty of RLHF for?",
        "It keeps the new policy near the reference, so that it can't win by exploiting the reward model.",
        (
            Wrong(
                "It makes the rewards comparable between prompts.",
                "rewards stay as they are; what is penalised is leaving the reference",
            ),
            Wrong(
                "It makes the model answer at greater length.",
                "length is no part of it",
            ),
            Wrong(
                "It brings the reference nearer to the new policy.",
                "the reference is fixed; the new policy is held",
            ),
        ),
        "Maximise the expected reward minus beta KL(policy || reference). The reward model is only right "
        "near what it has seen; without a leash the policy finds text that scores high and reads badly "
        "(reward hacking), and forgets its language. The best policy is reference * exp(reward / beta), "
        "normalised: a large beta stays home, a small one follows the reward.",
        ("near the reference", "against reward hacking", "reference * exp(r / beta)"),
        "aimath rlhf --rewards 1,0,2 --reference .5,.3,.2 --beta .5 --explain",
    ),
    Question(
        "linear-algebra",
        "In one sentence: what is linear algebra for in AI?",
        "It represents data and weights as vectors and matrices, transforms them, and finds what matters.",
        (
            Wrong("It makes models uncertain.", "that is probability"),
            Wrong("It finds the direction in which a loss falls.", "that is calculus"),
            Wrong("It measures how surprising data are.", "that is information theory"),
        ),
        "Words, images and weights are arrays of numbers. Products of matrices are layers and attention; "
        "dot products and cosines say how alike two vectors are; eigenvectors and singular values say "
        "which few directions carry most, which is PCA, compression and LoRA.",
        ("vectors as meaning", "products as layers", "cosine as likeness", "SVD as compression"),
        "aimath analogy king man woman --explain",
    ),
    Question(
        "calculus",
        "In one sentence: what are calculus and optimisation for in AI?",
        "They say how the loss changes with each weight, and walk the weights downhill.",
        (
            Wrong(
                "They solve for the best weights in closed form.", "that works for few models: others walk"
            ),
            Wrong(
                "They guarantee the best weights there are.", "a descent finds a low place, not the lowest"
            ),
            Wrong("They choose which data to train on.", "they take the data as given"),
        ),
        "The gradient holds the partial derivative of the loss by each weight; the chain rule gives all "
        "of them in one pass back. Gradient descent steps against it; the learning rate decides between "
        "crawling and diverging; Adam adapts the step to each weight.",
        ("gradient", "chain rule", "learning rate below 2 / curvature", "Adam"),
        "aimath race --plot",
    ),
    Question(
        "probability",
        "In one sentence: what is probability for in AI?",
        "Models predict distributions, learn by making the data likely, and update beliefs by evidence.",
        (
            Wrong("It makes results reproducible.", "a fixed seed does"),
            Wrong("It replaces training by counting.", "counting fails where no case repeats"),
            Wrong("It is needed only to start the weights.", "outputs and losses are probabilities too"),
        ),
        "Softmax turns scores into probabilities, and cross-entropy asks that the data be likely under "
        "them. Bayes' rule says how evidence changes a belief and why base rates matter. The Gaussian is "
        "the noise that diffusion models and VAEs can calculate with.",
        ("softmax", "likelihood and cross-entropy", "Bayes", "Gaussian"),
        "aimath bayes --prior .3 --likelihood .8 --evidence .35 --explain",
    ),
    Question(
        "information",
        "In one sentence: what is information theory for in AI?",
        "It measures uncertainty and the distance of distributions: what language models are trained on.",
        (
            Wrong("It says how much memory a model needs.", "bits here measure surprise, not storage"),
            Wrong("It tells true texts from false ones.", "a likely text can be false"),
            Wrong("It makes gradients larger.", "the learning rate scales steps"),
        ),
        "Entropy is the mean surprise in bits, perplexity the number of equal choices behind it; "
        "temperature turns it up and down. Cross-entropy is the loss; KL is how far one distribution is "
        "from another, and it holds a VAE's code near the normal distribution and an RLHF policy near its"
        " reference.",
        ("entropy and perplexity", "temperature", "KL is not symmetric", "VAE and RLHF"),
        "aimath kl .9,.1 .5,.5 --base 2 --explain",
    ),
)
