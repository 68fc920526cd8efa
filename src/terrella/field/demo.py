"""What `terrella field demo` shows: real observatories if at hand, else simulated ones of a known truth."""

from pathlib import Path

from terrella.field.settings import DataSettings, FieldSettings, JudgeSettings
from terrella.real_data import data_folder

_REAL = Path("field/observatory_annual_1997_2023.csv.gz")
_NOTE = (
    "These means were cleaned of external fields with the model CHAOS-7.15, which saw data until after the "
    "last of them: inputs of earlier issue years are cleaner than they could have been"
)


def demo_settings(seed: int, observatories: Path | str | None) -> tuple[FieldSettings, str]:
    """Return settings under which the demo takes a minute or so, and a line on its annual means."""
    real = data_folder() / _REAL
    if observatories is None and real.is_file():
        data = DataSettings(observatories=str(real), note=_NOTE, seed=seed)
        judge = JudgeSettings(generations=str(real.parent))
        return FieldSettings(data=data, judge=judge), f"annual means of {real}. {_NOTE}"
    if observatories is not None:
        return FieldSettings(
            data=DataSettings(observatories=str(observatories), seed=seed)
        ), f"annual means of {observatories}"
    note = "Simulated: a random field with a known truth, not the Earth's"
    return FieldSettings(
        data=DataSettings(note=note, seed=seed)
    ), f"simulated observatories, since {real} is not there"
