"""`terrella pick show` on an archive that is made here."""

import matplotlib.image
import numpy as np
import pytest

from terrella.cli.main import main
from terrella.formats.waveforms.picks import picks_table, write_picks
from terrella.pick.synthetic.continuous import hourly_records, make_shaking


@pytest.fixture
def place(tmp_path):
    """An archive of two stations, and picks of P and S."""
    (stream,) = hourly_records(make_shaking(hours=1, events=4, stations=2, seed=3))
    (tmp_path / "archive").mkdir()
    for trace in stream:
        trace.write(str(tmp_path / "archive" / f"{trace.id}.mseed"), format="MSEED")
    begins = np.datetime64(stream[0].stats.starttime.ns, "ns")
    times = begins + np.array([600, 604, 900], "timedelta64[s]")
    ids = ["SY.S01.", "SY.S01.", "SY.S00."]
    write_picks(picks_table(ids, ["P", "S", "P"], times, *(np.full(3, 0.9),) * 3), tmp_path / "picks.csv")
    return tmp_path


def test_the_picks_of_the_first_station_are_drawn(place, capsys):
    arguments = [str(place / "archive"), str(place / "picks.csv"), "-o", str(place / "picks.png")]
    with pytest.raises(SystemExit) as left:
        main(["pick", "show", *arguments])
    assert left.value.code == 0
    assert "2 picks of SY.S01 on 3 components" in capsys.readouterr().out
    image = matplotlib.image.imread(place / "picks.png")[..., :3]
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):
        assert (np.abs(image - np.array(colour) / 255).max(-1) < 0.02).sum() > 100


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--station", "XX.NONE"], "holds no picks of XX.NONE"),
        (["--station", "XX.NONE", "--start", "2024-03-01"], "no waveforms of XX.NONE"),
        (["--start", "2024-03-02", "--end", "2024-03-01"], "--end is not after --start"),
        (["--start", "noon"], "expected a time in UTC"),
        (["-o", "picks.xyz"], "no figure is written as .xyz"),
    ],
)
def test_wrong_words_get_one_line(options, told, place, capsys):
    output = [] if "-o" in options else ["-o", str(place / "picks.png")]
    with pytest.raises(SystemExit) as left:
        main(["pick", "show", str(place / "archive"), str(place / "picks.csv"), *options, *output])
    assert left.value.code == 2
    assert told in capsys.readouterr().err
