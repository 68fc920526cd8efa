"""The card of a surface: what it was trained on, what predicts, and where not to trust it."""

from pathlib import Path

from terrella.engine.judge.document import card_text
from terrella.surface.learning.prepared import Prepared
from terrella.surface.settings import SurfaceSettings


def make_card(settings: SurfaceSettings, given: Prepared, said: list[str], mark: str) -> str:
    """Return the card as Markdown, without scores, which judging writes."""
    data, grid, blocks = settings.data, given.grid, given.blocks
    about = [
        f"- task: surface; grids refined {data.factor} times, gaps of up to {2 * data.gap_pixels} pixels filled",
        f"- a regression over a bicubic spline or a thin plate, and a diffusion about it; fingerprint {mark}",
        *(f"- {line}" for line in said),
    ]
    held = [
        f"- {grid.shape[0]:,} × {grid.shape[1]:,} pixels of {grid.place.dx:g} × {abs(grid.place.dy):g} "
        f"{grid.place.unit}",
        f"- blocks of {data.block_pixels} × {data.block_pixels} pixels held out whole: "
        f"{len(blocks.corners['dev'])} "
        f"to choose by, {len(blocks.corners['test'])} to judge with; windows to learn from begin at "
        f"{len(blocks.places):,} places",
        *(f"- {each}" for each in grid.findings),
    ]
    limits = [
        "Learned from one grid: other landscapes, other pixels and other instruments' noise were not seen; "
        "judge it "
        "on yours first. What was not measured cannot be known: use samples, not the "
        "estimate, where roughness matters.",
    ]
    return card_text(f"Surface: {Path(data.grid).name}", {"": about, "Data": held, "Limits": limits})
