"""Conceptual multiple-choice questions."""

from __future__ import annotations

from typing import NamedTuple


class Question(NamedTuple):
    """A multiple-choice question, with its model answer and key points."""

    topic: str  # a command, or a chapter that is summed up
    text: str
    correct: str
    distractors: dict[str, str]  # three that people also believe, and what speaks against each
    model_answer: str
    key_points: tuple[str, ...]
    command: str  # what shows it


QUESTIONS = (
    Question(
        "matmul",
        "Why is matrix multiplication the basic operation of a neural network?",
        "A layer is one: each output is a weighted sum of all inputs, for a whole batch at once.",
        {
            "It makes the network non-linear, so that it can learn what no single line can separate.":
                "the activation does: a product of matrices is linear",
            "It keeps the outputs of each layer between 0 and 1, so that they can be probabilities.":
                "a product is unbounded; softmax or a sigmoid does",
            "It multiplies each input by the weight in its own place, for a whole batch at once.":
                "each output adds up a row of products",
        },
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
        "Both write a matrix as a product of two thin ones; the SVD says how good that can be.",
        {
            "LoRA cuts the trained weights down to the part that their largest singular values hold.":
                "the weights stay whole: LoRA adds a product B A that is trained",
            "LoRA computes an SVD of the weights at every step, and trains the singular values alone.":
                "B and A are ordinary parameters: gradient descent finds them",
            "Both show that any matrix of weights is nearly of low rank, so that most of it can go.":
                "a random one isn't; the bet is that the update is",
        },
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
        "The chain rule, applied from the loss backwards, each shared part computed once.",
        {
            "A difference quotient: each weight is moved a little, and the loss is measured again.":
                "that is a difference quotient: a run of the network for each weight",
            "An inverse: the network is turned round, and the wanted outputs are sent back to inputs.":
                "gradients go back, not values; nothing is inverted",
            "Bayes' rule, applied from the loss backwards, which updates a belief in each weight.":
                "no probability of weights is involved",
        },
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
        "It makes probabilities of any numbers; the shift changes nothing but keeps exp finite.",
        {
            "It makes probabilities of any numbers; the shift makes them sharper, as a low T would.":
                "a shift cancels in the ratio; the temperature sharpens",
            "It picks the largest logit; the shift makes that one 0, so that it is easily found.":
                "that is argmax; softmax leaves every entry some probability",
            "It divides the logits by their sum; the shift makes them positive, as shares must be.":
                "exp makes them positive, and the shift makes them 0 or less",
        },
        "softmax(z)_i = exp(z_i) / sum_j exp(z_j): positive, adding up to 1, in the order of the logits. "
        "exp(1000) is too large for a float, but exp(z_i - max z) is never above 1, and the factor "
        "exp(-max z) cancels, as it stands above and below.",
        ("positive and summing to 1", "a common shift cancels", "without it exp overflows near 710"),
        "aimath softmax 1000 1001 1002 --explain",
    ),
    Question(
        "cross-entropy",
        "Why is cross-entropy a good loss for classifiers and language models?",
        "It is the surprise at the truth: harsh on confident mistakes, with a simple gradient.",
        {
            "It counts how many predictions are wrong, which is what a classifier should make small.":
                "that is the error rate, which has no useful gradient",
            "It is the squared distance of prediction and target, which is smooth and never negative.":
                "that is the mean squared error, whose gradient vanishes for a confident mistake",
            "It is symmetric in prediction and target, so that both are drawn towards each other.":
                "H(p, q) and H(q, p) differ: the logarithm is of the prediction",
        },
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
        "Its sums are Gaussian again, so that any step is reached from the image in one formula.",
        {
            "The pixels of natural images are normally distributed, so that the noise looks like them.":
                "they are anything but: that is why a network has to learn the way back",
            "It is the only noise that a computer can draw independently for each pixel and step.":
                "any distribution can be drawn; this one has closed forms",
            "Its values are bounded, so that an image can never be destroyed by a single step.":
                "a Gaussian has no bounds; its tails are thin",
        },
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
        "It raises it: probabilities even out, up to log2 n bits as T grows without end.",
        {
            "It lowers it: the most likely token wins more often, down to 0 bits as T grows.":
                "that is a low temperature; T to 0 is argmax with entropy 0",
            "It leaves it alone: all logits change by the same factor, which softmax cancels.":
                "a common summand would cancel in softmax, a common factor does not",
            "It raises it without any bound: each doubling of T adds one bit to the entropy.":
                "n outcomes have at most log2 n bits",
        },
        "p_i is proportional to exp(z_i / T). Differences of logits shrink as T grows, the distribution "
        "flattens and its entropy rises, always: dH/dT = Var(z) / T^3 in nats. T to 0 leaves the largest "
        "alone, T to infinity makes all equal. The order of the tokens never changes.",
        ("divide, not multiply", "T to 0: entropy 0; T to infinity: log2 n", "the order stays"),
        "aimath temperature 2 1 0.1 -1 3 --explain",
    ),
    Question(
        "rlhf",
        "What is the KL penalty of RLHF for?",
        "It keeps the new policy near the reference, so that it can't exploit the reward model.",
        {
            "It makes the rewards of different prompts comparable, so that they can be added up.":
                "rewards stay as they are; what is penalised is leaving the reference",
            "It makes the new policy explore further from the reference, so that it finds rewards.":
                "the penalty grows with the distance: it holds the policy back",
            "It brings the reference nearer to the new policy, so that training becomes stable.":
                "the reference is fixed; the new policy is held",
        },
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
        "It holds data and weights as vectors and matrices, and transforms and compares them.",
        {
            "It says how sure a model is of its outputs, and how evidence should change that.":
                "that is probability",
            "It finds the direction in which the loss falls fastest, and how far to follow it.":
                "that is calculus",
            "It measures how surprising data are, and how far a prediction is from the truth.":
                "that is information theory",
        },
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
        {
            "They solve for the best weights of a network in closed form, by setting slopes to 0.":
                "that works for few models: others walk",
            "They guarantee that training ends at the lowest loss which a network can reach.":
                "a descent finds a low place, not the lowest",
            "They choose which data to train on, and in which order a network should see them.":
                "they take the data as given",
        },
        "The gradient holds the partial derivative of the loss by each weight; the chain rule gives all "
        "of them in one pass back. Gradient descent steps against it; the learning rate decides between "
        "crawling and diverging; Adam adapts the step to each weight.",
        ("gradient", "chain rule", "learning rate below 2 / curvature", "Adam"),
        "aimath race --plot",
    ),
    Question(
        "probability",
        "In one sentence: what is probability for in AI?",
        "Models predict distributions, learn by making the data likely, and weigh evidence.",
        {
            "It makes results reproducible: with the same seed, training ends at the same weights.":
                "a fixed seed does",
            "It replaces training by counting: how often each case occurred is what a model knows.":
                "counting fails where no case repeats",
            "It is needed to start the weights at random; from there on, all is deterministic.":
                "outputs and losses are probabilities too",
        },
        "Softmax turns scores into probabilities, and cross-entropy asks that the data be likely under "
        "them. Bayes' rule says how evidence changes a belief and why base rates matter. The Gaussian is "
        "the noise that diffusion models and VAEs can calculate with.",
        ("softmax", "likelihood and cross-entropy", "Bayes", "Gaussian"),
        "aimath bayes --prior .3 --likelihood .8 --evidence .35 --explain",
    ),
    Question(
        "information",
        "In one sentence: what is information theory for in AI?",
        "It measures uncertainty, and how far a prediction is from the truth: the loss of LLMs.",
        {
            "It says how many bits of memory the weights of a model need, and how to store them.":
                "bits here measure surprise, not storage",
            "It tells true sentences from false ones: the true ones have the smaller surprise.":
                "a likely text can be false",
            "It makes gradients larger where they vanish, so that deep networks can be trained.":
                "the learning rate scales steps",
        },
        "Entropy is the mean surprise in bits, perplexity the number of equal choices behind it; "
        "temperature turns it up and down. Cross-entropy is the loss; KL is how far one distribution is "
        "from another, and it holds a VAE's code near the normal distribution and an RLHF policy near its"
        " reference.",
        ("entropy and perplexity", "temperature", "KL is not symmetric", "VAE and RLHF"),
        "aimath kl .9,.1 .5,.5 --base 2 --explain",
    ),
)  # fmt: skip
