"""The methods: each gives every element of an input its part in the answer, or says why it cannot.

They are captum's (Kokhlikyan et al. 2020), but for gradient ascent. All work on a copy of the network.
"""

import math
import warnings
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor, nn

from terrella.engine.explain.question import Answer, Explanation, Question, Values, unfinished_share
from terrella.errors import InputError, TerrellaError

Method = Literal["integrated", "occlusion", "shap", "lime", "ascent", "deeplift", "lrp"]
TOLERANCE = 0.01  # share of the difference that may stay unexplained
_FIRST_STEPS, _MOST_STEPS = 32, 2048
_ASCENT_STEPS, _ASCENT_RATE = 100, 0.1
_DRAWS = (256, 20)  # of KernelSHAP and LIME: at least, and for each part
CITES = {
    "integrated": "integrated gradients", "shap": "KernelSHAP", "lime": "LIME", "occlusion": "occlusion",
    "ascent": "gradient ascent",
}  # fmt: skip


def check_installed() -> None:
    """Refuse to go on where captum is not there.

    Raises:
        InputError: naming what to install.
    """
    try:
        import captum.attr  # noqa: F401
    except ImportError as error:
        raise InputError(f"explain needs captum ({error}); pip install 'terrella[explain]'") from None


def explain(question: Question, method: Method, seed: int = 0) -> Explanation:
    """Return what each element of a question's input adds to its answer.

    Raises:
        InputError: where the method is not right on this network.
        TerrellaError: where integrated gradients do not become complete.
    """
    made: Callable[[Question, int], Explanation] = {
        "integrated": _integrated, "occlusion": _occlusion, "shap": _shap, "lime": _lime, "ascent": _ascent,
        "deeplift": _deeplift, "lrp": _lrp,
    }[method]  # fmt: skip
    copy = deepcopy(question.network).eval().requires_grad_(False)
    asked = Question(**{**vars(question), "network": copy})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # captum's, on its own hooks
        return made(asked, seed)


def repeated(question: Question, found: Explanation, network: nn.Module, inputs: Tensor, seed: int) -> Values:
    """Return the values that the same method gives on another network or input, by what the weights decide."""
    answer = question.learned or question.answer
    changed = {"network": deepcopy(network).eval(), "inputs": inputs, "answer": answer}
    asked = Question(**{**vars(question), **changed})
    if found.method == "integrated":
        return _path(asked, found.steps)
    return explain(asked, found.method, seed).values  # type: ignore[arg-type]


def _integrated(question: Question, seed: int) -> Explanation:
    """Integrated gradients (Sundararajan et al. 2017), equation 1, the path's steps doubled until they add up.

    Gauss–Legendre nodes lie close where the path begins: logarithms of counts are steep near none.
    """
    output, reference = ends(question)
    steps = _FIRST_STEPS
    while True:
        values = _path(question, steps)
        missing = unfinished_share(question, values, output, reference)
        if missing <= TOLERANCE:
            break
        if steps >= _MOST_STEPS:
            raise TerrellaError(
                f"integrated gradients are not complete: after {steps} steps {missing:.1%} of the difference of "
                f"{output - reference:.4g} {question.unit} is unexplained; try --method occlusion"
            )
        steps *= 2
    said = f"complete within {missing:.2%} after {steps} steps"
    return Explanation(question, "integrated", values, output, reference, steps, missing, said)


def _path(question: Question, steps: int) -> Values:
    from captum.attr import IntegratedGradients

    found = IntegratedGradients(_forward(question), multiply_by_inputs=True).attribute(
        question.inputs[None], question.baseline[None], n_steps=steps, method="gausslegendre",
        internal_batch_size=question.at_once,
    )  # fmt: skip
    return _array(found[0])


def _occlusion(question: Question, seed: int) -> Explanation:
    """Each part in turn replaced by the baseline (Zeiler & Fergus 2014, section 4.2)."""
    from captum.attr import FeatureAblation

    output, reference = ends(question)
    with torch.no_grad():
        found = FeatureAblation(_forward(question)).attribute(
            question.inputs[None], question.baseline[None], feature_mask=question.parts[None],
            perturbations_per_eval=min(question.at_once, len(question.names)),
        )  # fmt: skip
    values = _array(found[0]) / _sizes(question)
    missing = unfinished_share(question, values, output, reference)
    said = f"the parts, each left out alone, leave {missing:.0%} of the difference to what they do together"
    return Explanation(question, "occlusion", values, output, reference, len(question.names), missing, said)


def _shap(question: Question, seed: int) -> Explanation:
    """KernelSHAP (Lundberg & Lee 2017), theorem 2."""
    from captum.attr import KernelShap

    output, reference = ends(question)
    values, draws = _drawn(question, KernelShap(_forward(question)), seed)
    missing = unfinished_share(question, values, output, reference)
    return Explanation(
        question, "shap", values, output, reference, draws, missing,
        f"complete within {missing:.2%} after {draws} draws of parts",
    )  # fmt: skip


def _lime(question: Question, seed: int) -> Explanation:
    """LIME (Ribeiro et al. 2016), algorithm 1: a line through draws of parts, nearer ones weighing more."""
    from captum._utils.models.linear_model import SkLearnRidge
    from captum.attr import Lime

    def near(original: Tensor, perturbed: Tensor, drawn: Tensor, **_: Any) -> Tensor:
        """Return exp(−d²/σ²) of the share d of parts that are not there, σ = ½."""
        return torch.exp(-((1 - drawn.float().mean()) ** 2) / 0.25)

    output, reference = ends(question)
    method = Lime(_forward(question), interpretable_model=SkLearnRidge(alpha=1e-3), similarity_func=near)
    values, draws = _drawn(question, method, seed)
    missing = unfinished_share(question, values, output, reference)
    said = f"a local line after {draws} draws; it misses the difference to the baseline by {missing:.0%}"
    return Explanation(question, "lime", values, output, reference, draws, missing, said)


def _drawn(question: Question, method: Any, seed: int) -> tuple[Values, int]:
    parts = len(question.names)
    if parts < 2:
        raise InputError("there is one part alone; SHAP and LIME compare several")
    draws = max(_DRAWS[0], _DRAWS[1] * parts)
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(seed)
        found = method.attribute(
            question.inputs[None], baselines=question.baseline[None], feature_mask=question.parts[None],
            n_samples=draws, perturbations_per_eval=question.at_once, return_input_shape=False,
        )  # fmt: skip
    by_part = _array(found).ravel()
    return by_part[question.parts.numpy()] / _sizes(question), draws


def _ascent(question: Question, seed: int) -> Explanation:
    """Gradient ascent on the input (Simonyan et al. 2014, section 2), no farther from the baseline than it was."""
    copy, scale = question.network, question.scale.expand_as(question.inputs)
    reach = ((question.inputs - question.baseline) / scale).norm()
    x = question.inputs.clone().requires_grad_()
    for step in range(_ASCENT_STEPS):
        (gradient,) = torch.autograd.grad(question.answer(copy, x[None]).sum(), x)
        uphill = gradient * scale
        length = _ASCENT_RATE * reach * (1 - step / _ASCENT_STEPS)
        with torch.no_grad():
            away = (x - question.baseline) / scale + length * uphill / uphill.norm().clamp(min=1e-30)
            away = away * (reach / away.norm().clamp(min=1e-30)).clamp(max=1)
            x.copy_((question.baseline + away * scale).clamp(min=question.lowest))
    before, after = (float(question.of(copy, each[None])) for each in (question.inputs, x.detach()))
    values = _array(x.detach() - question.inputs)
    said = f"raised the answer from {before:.4g} to {after:.4g} {question.unit} in {_ASCENT_STEPS} steps"
    return Explanation(question, "ascent", values, after, before, _ASCENT_STEPS, math.nan, said)


def _deeplift(question: Question, seed: int) -> Explanation:
    from captum.attr import DeepLift

    def run() -> Tensor:
        found: Tensor = DeepLift(_Asked(question)).attribute(question.inputs[None], question.baseline[None])
        return found

    output, reference = ends(question)
    return _allowed(question, "deeplift", "DeepLift", run, (output, reference))


def _lrp(question: Question, seed: int) -> Explanation:
    from captum.attr import LRP

    def run() -> Tensor:
        found: Tensor = LRP(_Asked(question)).attribute(question.inputs[None].clone().requires_grad_())
        return found

    return _allowed(question, "lrp", "layer-wise relevance propagation", run, (ends(question)[0], 0.0))


def _allowed(
    question: Question, method: str, name: str, run: Callable[[], Tensor], between: tuple[float, float]
) -> Explanation:
    """Return what a method gives where that adds up; else refuse it, with the reason."""
    use = "use --method integrated, occlusion or shap"
    try:
        values = _array(run().detach()[0])
    except Exception as error:  # captum's own assertions are of any kind
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise InputError(f"{name} has no rule for this network ({reason}); {use}") from None
    missing = unfinished_share(question, values, *between)
    if not missing <= TOLERANCE:
        raise InputError(
            f"{name} is wrong on this network: its parts miss the difference that they should add up to by "
            f"{missing:.0%}; {use}"
        )
    output, reference = ends(question)
    said = f"complete within {missing:.2%}"
    return Explanation(question, method, values, output, reference, 1, missing, said)


class _Asked(nn.Module):
    """A question as a module: these methods put hooks on what it is made of."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.network = question.network
        self._answer: Answer = question.answer

    def forward(self, inputs: Tensor) -> Tensor:
        return self._answer(self.network, inputs)[:, None]


def ends(question: Question) -> tuple[float, float]:
    """Return the answers to the input and to the baseline.

    Raises:
        InputError: where one is no number, or both are the same.
    """
    output, reference = question.of(
        question.network, torch.stack([question.inputs, question.baseline])
    ).tolist()
    if not (math.isfinite(output) and math.isfinite(reference)):
        raise InputError(f"{question.title}: the answer is no number ({output}, baseline {reference})")
    if output == reference:
        raise InputError(
            f"{question.title}: the answer to the input is that to {question.baseline_means}, {output:.4g} "
            f"{question.unit}: there is nothing to explain"
        )
    return output, reference


def _forward(question: Question) -> Callable[[Tensor], Tensor]:
    return lambda inputs: question.answer(question.network, inputs)


def _sizes(question: Question) -> Values:
    """Return how many elements the part of each element has."""
    parts = question.parts.numpy()
    return np.asarray(np.bincount(parts.ravel())[parts])


def _array(found: Tensor) -> Values:
    array: Values = found.detach().double().numpy()
    return array
