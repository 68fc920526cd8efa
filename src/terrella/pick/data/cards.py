"""The eight data sets of Münchmeyer et al. (2022), doi:10.1029/2021JB023499, by name."""

from dataclasses import dataclass

from terrella.errors import InputError


@dataclass(frozen=True)
class Card:
    """What one should know of a public data set before using it.

    `folders` are those of SeisBench's repository and cache. `tasks`: 1 detection, 2 phase identification, 3 onset
    picking.
    """

    name: str
    region: str
    distances: str
    n_traces: int  # about
    size_gb: float  # about, of waveforms.hdf5
    tasks: tuple[int, ...]
    about: str
    citation: str
    folders: tuple[str, ...]

    def line(self) -> str:
        """Return the card in one line of a terminal."""
        tasks = "task " + ", ".join(map(str, self.tasks))
        size = f"{self.n_traces:>9,} traces {self.size_gb:>5g} GB"
        return f"{self.name:<9} {self.region:<19} {self.distances:<24} {size}  {tasks:<12} {self.about}"


CARDS = {
    card.name.lower(): card
    for card in (
        Card(
            "ETHZ", "Switzerland", "local and regional", 36_743, 22, (1, 2, 3),
            "manual picks of the Swiss Seismological Service, with Pg, Pn, Sg, Sn told apart",
            "Swiss Seismological Service, networks CH, C4, 8D, S and XT; CH: doi:10.12686/sed/networks/ch",
            ("ethz",),
        ),
        Card(
            "GEOFON", "worldwide", "regional and teleseismic", 275_000, 26, (1, 2, 3),
            "P picked in full for chosen events, S for near ones only; 2009 to 2013, mostly M 5 to 7",
            "GEOFON Data Centre (1993), doi:10.14470/TR560404",
            ("geofon",),
        ),
        Card(
            "INSTANCE", "Italy", "local and regional", 1_290_000, 160, (1, 2, 3),
            "120 s traces and 130,000 traces of noise, in counts",
            "Michelini et al. (2021), Earth Syst. Sci. Data 13, 5509-5544, doi:10.5194/essd-13-5509-2021",
            ("instancecounts", "instancenoise"),
        ),
        Card(
            "Iquique", "northern Chile", "local", 13_400, 5, (1, 2, 3),
            "aftershocks of the M 8.1 earthquake of 2014; no traces of noise",
            "Woollam et al. (2019), Seismol. Res. Lett. 90, 491-502, doi:10.1785/0220180312",
            ("iquique",),
        ),
        Card(
            "LenDB", "worldwide", "local", 1_244_942, 20, (1,),
            "27 s at 20 Hz; its P arrivals are computed, not picked",
            "Magrini et al. (2020), Artif. Intell. Geosci. 1, 1-10, doi:10.1016/j.aiig.2020.04.001",
            ("lendb",),
        ),
        Card(
            "NEIC", "worldwide", "regional and teleseismic", 1_350_000, 75, (2, 3),
            "60 s traces with one pick each and none of noise, hence no detection",
            "Yeck et al. (2021), Seismol. Res. Lett. 92, 469-480, doi:10.1785/0220200178",
            ("neic",),
        ),
        Card(
            "SCEDC", "southern California", "local", 8_100_000, 660, (1, 2, 3),
            "all manual picks of the Southern California Seismic Network, 2000 to 2020",
            "SCEDC (2013), doi:10.7909/C3WD3xH1",
            ("scedc",),
        ),
        Card(
            "STEAD", "worldwide", "local and near regional", 1_270_000, 70, (1, 2, 3),
            "60 s at 100 Hz, earthquakes and noise",
            "Mousavi et al. (2019), IEEE Access 7, 179464-179476, doi:10.1109/ACCESS.2019.2947848",
            ("stead",),
        ),
    )
}  # fmt: skip


def find_card(name: str) -> Card:
    """Return the card of a data set by its name, in capitals or not.

    Raises:
        InputError: for a name that is none of the eight.
    """
    if name.lower() not in CARDS:
        known = ", ".join(card.name for card in CARDS.values())
        raise InputError(f"{name}: neither a folder nor one of the data sets {known}")
    return CARDS[name.lower()]


def card_lines() -> list[str]:
    """Return the cards for a terminal, a line each."""
    return [card.line() for card in CARDS.values()]
