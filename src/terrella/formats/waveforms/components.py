"""Which component of a data set goes where: letters to Z, N, E."""

from terrella.errors import InputError

COMPONENTS = ("Z", "N", "E")
# In order of preference. Where horizontals are not aligned with north and east, 1 and 2, or radial and transverse,
# take their places: a network sees two horizontals, whatever their azimuth.
_PLACES = {"Z": "Z", "3": "Z", "N": "N", "1": "N", "R": "N", "E": "E", "2": "E", "T": "E"}


def component_places(order: str, where: str) -> dict[int, int]:
    """Return, by place in Z, N, E, the place in `order`, such as {0: 2, 1: 1, 2: 0} for ENZ.

    Others, such as a hydrophone's H, are left out.

    Raises:
        InputError: where the order names no component that is known.
    """
    places: dict[int, int] = {}
    for letter, component in _PLACES.items():
        slot = COMPONENTS.index(component)
        if slot not in places and letter in order.upper():
            places[slot] = order.upper().index(letter)
    if not places:
        raise InputError(
            f"{where}: component order {order!r} names no component that is known; Z, N, E (or 1, 2, 3, R, T) were "
            "expected"
        )
    return places
