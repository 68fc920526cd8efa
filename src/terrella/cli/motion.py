"""The verbs of `terrella motion` that are its own: demo, data, predict."""

from pathlib import Path
from typing import Literal

from terrella.cli.flags import Bundle, Output, shown
from terrella.cli.task_commands import predicted
from terrella.cli.tasks import load_task
from terrella.files import must_exist

__all__ = ["data", "demo", "predict"]


def demo(
    *,
    kind: Literal["flatfile", "waveforms"] = "flatfile",
    run: Path | None = None,
    seed: int = 0,
    flatfile: Path | None = None,
) -> None:
    """Train a mixed-effects network on ground motions, and judge it on events and stations that it never saw.

    Published models, a linear mixed-effects model and gradient boosting stand beside it. Records are real where
    some are at hand (TERRELLA_DATA), else synthetic with a known truth. Of waveforms, magnitude and distance are
    learned from one station's record, beside a local-magnitude relation and the time from P to S.

    Example: terrella motion demo

    Parameters
    ----------
    kind
        What is shown: motions of a flatfile, or magnitude and distance from waveforms.
    run
        Folder of the run, by default runs/motion/demo or demo-waveforms; a demo that was stopped goes on.
    seed
        Seed of folds, weights and synthetic records.
    flatfile
        Flatfile in place of those at hand; of waveforms, a data set's folder in place of simulated ones.
    """
    place = run or Path("runs/motion") / ("demo" if kind == "flatfile" else "demo-waveforms")
    following = f"terrella motion show {place}"
    shown(lambda report: load_task("motion").demo(place, report, seed, flatfile, kind), following)


def data(
    flatfile: Path,
    *,
    output: Output,
    columns: dict[str, str] | None = None,
    unit: Literal["g", "%g", "cm/s2", "m/s2"] | None = None,
) -> None:
    """Read a flatfile of any dialect, say what was found in it, and write it in ours: one unit, Rjb in every row.

    The column rjb_from says for each row where its Joyner–Boore distance comes from. Of a data set of waveforms, a
    folder in SeisBench's format, the amplitudes, magnitude and distance of each trace are written.

    Example: terrella motion data esm_flatfile.csv -o motions.csv

    Parameters
    ----------
    flatfile
        CSV (gzipped or not), Parquet or HDF5: NGA-West2's, ESM's, eGSIM's, or any with columns named below; or a
        data set's folder.
    output
        Table to write: .csv or .parquet.
    columns
        Columns by our names (event, station, magnitude, rjb_km, repi_km, vs30_m_s, PGA, SA(1), …), where theirs are
        not known: --columns.magnitude Mw_new.
    unit
        Of accelerations, where no column's name says it and the numbers do not tell.
    """
    must_exist(flatfile, "a flatfile of ground motion (CSV, Parquet, HDF5)")
    if flatfile.is_dir():
        from terrella.motion.single_station.tabled import convert as table_of

        shown(lambda report: table_of(flatfile, output, report))
        return
    from terrella.motion.flatfile.write import convert

    following = f"terrella motion train {output} --run runs/motion/mine"
    shown(lambda report: convert(flatfile, output, columns or {}, unit), following)


def predict(
    scenarios: Path, *, bundle: Bundle, output: Output, columns: dict[str, str] | None = None
) -> None:
    """Give median and standard deviations of ground motion for each row of a table of scenarios.

    Each measure is predicted by the network, or by a classical model where that was no worse on records held out. A
    row needs a magnitude, a distance and Vs30; depth, mechanism or rake and year are used where they are there. A
    bundle of waveforms gives magnitude and distance, with 90 % intervals, of each trace with a pick of P.

    Example: terrella motion predict scenarios.csv --bundle runs/motion/demo -o motions.csv

    Parameters
    ----------
    scenarios
        Table with the same columns as a flatfile, without motions; of waveforms, a data set's folder.
    output
        Table to write: .csv or .parquet. Medians are in g, PGV in cm/s; σ, τ and φ in ln units.
    columns
        Columns by our names, where theirs are not known: --columns.magnitude Mw_new.
    """
    means = "a table of scenarios (CSV, Parquet, HDF5)"
    predicted("motion", scenarios, means, bundle, output, columns=columns)
