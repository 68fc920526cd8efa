"""A U-Net beside STA/LTA and semblance on a survey that none of them saw: python docs/gallery/segment.py"""

import tempfile
from pathlib import Path

import numpy as np

from terrella.engine.progress import shown_progress
from terrella.segment import SegmentSettings, load_segmenter, train
from terrella.segment.data.sections import of_split, open_sections
from terrella.segment.judging.examples import draw_example
from terrella.segment.judging.judged import judge_scorer
from terrella.segment.judging.scorers import baseline_scorers, segmenter_scorer

PICTURE = Path(__file__).parents[1] / "images" / "gallery_segment.png"
SETTINGS = SegmentSettings.model_validate(
    {
        "data": {"surveys": 40, "per_survey": 6, "shape": (64, 384)},
        "network": {"widths": (8, 16, 32)},
        "fit": {"epochs": 10, "batch": 4, "learning_rate": 3e-3},
    }
)


def main() -> None:
    """Train for a minute on modelled sections, judge on held-out surveys, and draw a section of one."""
    entries = open_sections(SETTINGS.data)
    with tempfile.TemporaryDirectory() as folder, shown_progress() as report:
        train(folder, SETTINGS, report)
        trained = load_segmenter(folder)
    dev, test = of_split(entries, "dev"), of_split(entries, "test")
    scorers = [segmenter_scorer(trained), *baseline_scorers(onsets=True)]
    judged = [judge_scorer(each, dev, test, SETTINGS.judge) for each in scorers]
    snr = judged[0].snr  # NaN where there is no event
    loud = np.argsort(-snr)[: np.isfinite(snr).sum()]  # NaN last
    shown = test[loud[len(loud) // 4]].load()
    draw_example(scorers, judged, shown, SETTINGS.judge).savefig(PICTURE, dpi=110)


if __name__ == "__main__":
    main()
