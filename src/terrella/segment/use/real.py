"""What a trained segmenter makes of real sections without labels: pictures, no scores."""

from pathlib import Path

from terrella.engine.run import Report, Run
from terrella.errors import InputError
from terrella.formats.sections.open import open_section
from terrella.real_data import data_folder
from terrella.segment.use.predict import predict_section
from terrella.segment.use.show import figure_of_prediction

_SUFFIXES = (".sgy", ".segy", ".h5", ".hdf5")


def show_real_sections(run: Run, report: Report) -> list[Path]:
    """Predict on the real sections at hand, if any, and return the pictures, beside which the predictions lie."""
    folder = data_folder() / "segment"
    files = sorted(path for path in folder.glob("*") if path.suffix in _SUFFIXES)
    if not files:
        report(
            {"kind": "message", "message": f"no real sections in {folder}; TERRELLA_DATA names another place"}
        )
        return []
    pictures = []
    for path in files:
        predicted, picture = run.folder / "real" / f"{path.stem}.zarr", run.figures / f"real_{path.stem}.png"
        try:
            predict_section(path, str(run.bundle), predicted, report)
            section = open_section(path)
            figure_of_prediction(picture, section, open_section(predicted))
        except InputError as error:
            report({"kind": "message", "message": f"left out: {error}"})
            continue
        pictures.append(picture)
    said = f"Real sections, unlabelled: {len(pictures)} pictures figures/real_*.png in {run.folder}"
    report({"kind": "result", "message": said})
    return pictures
