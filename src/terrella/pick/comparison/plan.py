"""From settings to pieces of work: what is trained, searched and judged, and what needs what."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terrella.errors import InputError
from terrella.pick.comparison import pieces
from terrella.pick.comparison.graph import Piece
from terrella.pick.comparison.pieces import COMMON_HZ
from terrella.pick.comparison.settings import CompareSettings

TITLES = {
    "basicphaseae": "BasicPhaseAE",
    "cred": "CRED",
    "dpp": "DPP",
    "eqtransformer": "EQTransformer",
    "gpd": "GPD",
    "phasenet": "PhaseNet",
}
_FIT = ("epochs", "batch", "patience", "windows_per_trace", "seed", "device")
BAER, AIC = "Baer–Kradolfer", "STA/LTA and AIC"
# DPP is three networks, each for its own question.
_MEMBERS = {"dpp": {"detection": "dpp-detector", "phase": "dpp-detector", "p": "dpp-p", "s": "dpp-s"}}


@dataclass(frozen=True)
class Asked:
    """A picker on a test set at a rate, and the piece that judges it."""

    method: str
    train_set: str
    test_set: str
    rate_hz: float
    piece: Piece
    training: tuple[Piece, ...]  # what made the picker: trainings of all learning rates, or a search


@dataclass(frozen=True)
class _Maker:
    """Pieces that make a picker, and how judging gets it from their results."""

    method: str
    train_set: str
    picker: dict[str, Any]
    needs: tuple[Piece, ...]


def named_sets(settings: CompareSettings) -> dict[str, str]:
    """Return the places of all data sets by their names.

    Raises:
        InputError: where two places have one name.
    """
    places: dict[str, str] = {}
    for one in [*settings.train_sets, *settings.test_sets]:
        name, place = _named(one)
        if places.setdefault(name, place) != place:
            raise InputError(
                f"two data sets are named {name!r}: {places[name]} and {place}; give one a name of its own, "
                f"such as other={place}"
            )
    return places


def test_names(settings: CompareSettings) -> list[str]:
    """Return the names of the sets to judge on, each once."""
    return list(dict.fromkeys(_named(one)[0] for one in settings.test_sets or settings.train_sets))


def target_names(settings: CompareSettings) -> list[str]:
    """Return the names of the user's own test sets.

    Raises:
        InputError: where one is no test set.
    """
    names = test_names(settings)
    return [_among(_named(one)[0], names, "target") for one in settings.target] or names


def is_classical(method: str) -> bool:
    """Return whether a method is no network."""
    return method in (BAER, AIC)


def plan(settings: CompareSettings) -> list[Asked]:
    """Return all that is to be judged, with the pieces that it takes.

    Raises:
        InputError: where the settings name a network or a data set that there is not.
    """
    places = named_sets(settings)
    trained = {
        (network, name): _network(settings, network, name, places[name])
        for network in dict.fromkeys(settings.networks)
        for name in dict.fromkeys(_named(one)[0] for one in settings.train_sets)
    }
    ready = {name: _weights(name, place) for name, place in settings.weights.items()}
    tuned = [
        maker for pair in settings.fine_tune for maker in _fine_tuned(settings, pair, trained, ready, places)
    ]
    networks = [*trained.values(), *ready.values(), *tuned]
    classical = _classical(settings, places)
    resampled = [_among(_named(one)[0], test_names(settings), "resampling") for one in settings.resampling]
    asked = []
    for test in test_names(settings):
        asked += [_judge(settings, maker, test, places[test], COMMON_HZ) for maker in [*networks, *classical]]
        for rate_hz in [rate for rate in settings.rates_hz if rate != COMMON_HZ and test in resampled]:
            asked += [_judge(settings, maker, test, places[test], rate_hz) for maker in networks]
    return asked


def _named(given: str) -> tuple[str, str]:
    """Return name and place of a set given as name=place, as synthetic:kind or as a folder."""
    name, equals, place = given.partition("=")
    if not (equals and name and place):
        name, place = "", given
    if place.startswith("synthetic:"):
        return name or place.split(":")[1], place
    path = Path(place).expanduser()
    # Workers elsewhere have other working folders.
    return name or path.name, str(path.absolute()) if path.exists() else place


def _among(name: str, known: Sequence[str], setting: str) -> str:
    if name not in known:
        raise InputError(f"--{setting} {name} is no test set; the test sets are {', '.join(known)}")
    return name


def _store(name: str, place: str, rate_hz: float) -> Piece:
    arguments = {"place": place, "rate_hz": rate_hz, "mark": pieces.set_mark(place, rate_hz)}
    return Piece(f"store {name} {rate_hz:g} Hz", pieces.make_store, arguments)


def _network(settings: CompareSettings, network: str, name: str, place: str) -> _Maker:
    trainings = [
        _training(settings, member, name, place, rate, None)
        for member in dict.fromkeys(_members(network).values())
        for rate in settings.learning_rates
    ]
    picker = {"kind": "network", "members": _members(network)}
    return _Maker(TITLES[network], name, picker, tuple(trainings))


def _training(
    settings: CompareSettings, network: str, name: str, place: str, rate: float, start: _Maker | None
) -> Piece:
    arguments: dict[str, Any] = {
        "network": network,
        "learning_rate": rate,
        **{name: getattr(settings, name) for name in _FIT},
    }
    needs = [_store(name, place, COMMON_HZ)]
    if start is not None:
        arguments["start"] = start.picker
        needs += start.needs
    before = f"{start.train_set or start.method} to " if start is not None else ""
    return Piece(f"train {network} {before}{name} {rate:g}", pieces.train, arguments, tuple(needs))


def _weights(name: str, place: str) -> _Maker:
    return _Maker(name, "", {"kind": "weights", "place": place, "mark": pieces.weights_mark(place)}, ())


def _fine_tuned(
    settings: CompareSettings,
    pair: str,
    trained: dict[tuple[str, str], _Maker],
    ready: dict[str, _Maker],
    places: dict[str, str],
) -> list[_Maker]:
    """Return every network of a start, trained on with a set; `pair` names both."""
    start, _, name = pair.partition(",")
    starts = [(network, maker) for (network, on), maker in trained.items() if on == start]
    if start in ready:
        starts = [(pieces.network_of(ready[start].picker["place"]), ready[start])]
    if not starts:
        known = ", ".join(dict.fromkeys([on for _, on in trained] + list(ready)))
        raise InputError(
            f"--fine-tune {pair}: {start!r} is neither a training set nor ready weights; there are {known}"
        )
    if name not in places:
        raise InputError(
            f"--fine-tune {pair}: {name!r} is none of the data sets; they are {', '.join(places)}"
        )
    found = []
    for network, maker in starts:
        members = _members(network)
        trainings = [
            _training(settings, member, name, places[name], settings.fine_tune_rate, maker)
            for member in dict.fromkeys(members.values())
        ]
        picker = {"kind": "network", "members": members}
        found.append(
            _Maker(TITLES[network], f"{maker.train_set or maker.method} → {name}", picker, tuple(trainings))
        )
    return found


def _classical(settings: CompareSettings, places: dict[str, str]) -> list[_Maker]:
    """Return the classical methods, Baer and Kradolfer's tuned on every training set and every test set."""
    if not settings.classical.baselines:
        return []
    found = [_Maker(AIC, "", {"kind": "aic"}, ())]
    names = dict.fromkeys([*(_named(one)[0] for one in settings.train_sets), *test_names(settings)])
    for name in names:
        arguments = {
            **settings.classical.model_dump(mode="json", exclude={"baselines"}),
            "seed": settings.seed,
        }
        store = _store(name, places[name], COMMON_HZ)
        search = Piece(f"search Baer-Kradolfer {name}", pieces.search_baer, arguments, (store,))
        found.append(_Maker(BAER, name, {"kind": "baer"}, (search,)))
    return found


def _judge(settings: CompareSettings, maker: _Maker, test: str, place: str, rate_hz: float) -> Asked:
    name = f"{maker.method} · {maker.train_set}" if maker.train_set else maker.method
    label = f"judge {name} on {test} {rate_hz:g} Hz"
    arguments = {"name": name, "picker": maker.picker, "resamples": settings.resamples}
    arguments |= {"seed": settings.seed, "device": settings.device}
    needs = (_store(test, place, rate_hz), *maker.needs)
    piece = Piece(label, pieces.judge, arguments, needs)
    return Asked(maker.method, maker.train_set, test, rate_hz, piece, maker.needs)


def _members(network: str) -> dict[str, str]:
    """Return which network answers which question."""
    if network not in TITLES:
        raise InputError(f"there is no network {network!r}; there are {', '.join(TITLES)}")
    return _MEMBERS.get(network, dict.fromkeys(pieces.PARTS, network))
