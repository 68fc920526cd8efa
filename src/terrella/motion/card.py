"""The card of a ground-motion model: what it was trained on, what predicts, and where not to trust it."""

from pathlib import Path

import numpy as np

from terrella.engine.judge.document import card_text
from terrella.motion.flatfile.table import RJB_FROM, Flatfile
from terrella.motion.learning.finishing import Finished
from terrella.motion.settings import MotionSettings


def make_card(settings: MotionSettings, records: Flatfile, found: Finished, mark: str) -> str:
    """Return the card as Markdown, without scores, which judging writes."""
    m, r, v = records.magnitude, records.rjb_km, records.vs30_m_s
    about = [
        f"- task: motion; ln median of {', '.join(records.measures)} (g; PGV cm/s), τ, φ and σ",
        "- BSSA14 and a learned residual: smooth in magnitude and distance, a drift with the years; fingerprint "
        f"{mark}",
        f"- judged with whole events and stations left out: {settings.data.event_folds} × "
        f"{settings.data.station_folds} folds",
        *(f"- {line}" for line in found.said(records.measures)),
        f"- share of the residual that keeps motions monotone: {found.kept[-1].min():.2f} or more",
    ]
    data = [
        f"- {len(records):,} records of {len(np.unique(records.event)):,} events at "
        f"{len(np.unique(records.station)):,} stations",
        f"- M {m.min():.1f}–{m.max():.1f}, Rjb {r.min():.0f}–{r.max():.0f} km, Vs30 "
        f"{v.min():.0f}–{v.max():.0f} m/s",
        *(
            f"- Rjb of {n:,} rows: {RJB_FROM[k]}"
            for k in range(len(RJB_FROM))
            if (n := int((records.rjb_from == k).sum()))
        ),
    ]
    limits = [
        "Shallow crustal earthquakes of the flatfile's region. Predictions where less than one event "
        "tells of motions",
        "are marked as extrapolated: there the residual goes to a mere shift of BSSA14. The drift is of "
        "catalogues and",
        "networks, not of the Earth: later years have that of the last.",
    ]
    return card_text(
        f"Ground motion: {Path(settings.data.flatfile).name}",
        {"": about, "Data": data, "Limits": limits},
    )
