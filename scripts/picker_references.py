"""Write what SeisBench's networks answer for weights and windows by a formula: tests/pick/picker_references.npz.

Run it with a Python that has SeisBench; it needs nothing of this package.
"""

import sys
from pathlib import Path

import numpy as np
import seisbench
import seisbench.models as models
import torch

TESTS = Path(__file__).parents[1] / "tests" / "pick"
sys.path.insert(0, str(TESTS))
from filled_weights import filled, filled_windows  # noqa: E402

# Every so many frames are kept: the file stays small, and the number shares no factor with a stride.
EVERY = 11
MODELS = {
    "basicphaseae": (models.BasicPhaseAE, {"phases": "PSN"}, 600),
    "cred": (models.CRED, {}, 3000),
    "cred-original": (models.CRED, {"original_compatible": True}, 3000),
    "dpp-detector": (models.DPPDetector, {}, 500),
    "dpp-p": (models.DPPPicker, {"mode": "P"}, 1000),
    "dpp-s": (models.DPPPicker, {"mode": "S"}, 1000),
    "eqtransformer": (models.EQTransformer, {"phases": "PS"}, 6000),
    "gpd": (models.GPD, {"phases": "PSN"}, 400),
    "gpd-original": (models.GPD, {"phases": "PSN", "original_compatible": True}, 400),
    "phasenet": (models.PhaseNet, {"phases": "PSN"}, 3001),
}


def answers(model: torch.nn.Module, name: str, samples: int) -> torch.Tensor:
    """Return probabilities (batch, output, frame) or (batch, output) of SeisBench's model."""
    model.load_state_dict(filled(model.state_dict()), strict=False)
    model.eval()
    windows = filled_windows({"dpp-p": 1, "dpp-s": 2}.get(name, 3), samples)
    if name.startswith("cred"):
        windows = model.waveforms_to_spectrogram(windows)
    with torch.no_grad():
        found = model(windows)
    if isinstance(found, tuple):
        found = torch.stack(found, 1)
    if name.startswith("cred"):
        found = found.transpose(1, 2)
    return found.unsqueeze(1) if name in ("dpp-p", "dpp-s") else found


def main() -> None:
    torch.set_num_threads(1)
    kept = {}
    for name, (kind, arguments, samples) in MODELS.items():
        found = answers(kind(**arguments), name, samples)
        kept[name] = (found[..., ::EVERY] if found.shape[-1] > 100 else found).numpy()
        print(name, tuple(kept[name].shape), f"mean {found.mean():.3f}, spread {found.std():.3f}")
    path = TESTS / "picker_references.npz"
    np.savez_compressed(path, version=np.array(seisbench.__version__), every=np.array(EVERY), **kept)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
