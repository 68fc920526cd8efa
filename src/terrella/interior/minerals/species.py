"""The magnesium and iron ends of the mantle's main minerals: Stixrude & Lithgow-Bertelloni (2011), table A1."""

from terrella.interior.minerals.equation_of_state import Mineral

_MASSES = {"Mg": 24.305e-3, "Fe": 55.845e-3, "Si": 28.085e-3, "O": 15.999e-3}  # kg/mol


def _mineral(name: str, formula: dict[str, int], *parameters: float) -> Mineral:
    mass = sum(number * _MASSES[element] for element, number in formula.items())
    energy, volume, bulk, *rest = parameters
    slope, debye, grueneisen, q, shear, shear_slope, eta = rest
    return Mineral(
        name, sum(formula.values()), mass, energy, volume * 1e-6, bulk * 1e9, slope, debye, grueneisen, q,
        shear * 1e9, shear_slope, eta,
    )  # fmt: skip


def _olivine(metal: str) -> dict[str, int]:
    return {metal: 2, "Si": 1, "O": 4}


# kJ/mol would lose digits: energy in J/mol, volume in cm³/mol, moduli in GPa; then K′, θ (K), γ, q, G, G′, η_S.
FORSTERITE = _mineral("forsterite", _olivine("Mg"), -2055403.0, 43.603, 127.9555, 4.21796, 809.1703, 0.99282,
                      2.10672, 81.59999, 1.46257, 2.29972)  # fmt: skip
FAYALITE = _mineral("fayalite", _olivine("Fe"), -1370519.0, 46.29, 134.9622, 4.21796, 618.7007, 1.06023, 3.6466,
                    50.89999, 1.46257, 1.02497)  # fmt: skip
MG_WADSLEYITE = _mineral("Mg-wadsleyite", _olivine("Mg"), -2027837.0, 40.515, 168.6948, 4.3229, 843.4973, 1.2061,
                         2.0188, 112.0, 1.44424, 2.63683)  # fmt: skip
FE_WADSLEYITE = _mineral("Fe-wadsleyite", _olivine("Fe"), -1364668.0, 42.8, 168.591, 4.3229, 665.4492, 1.2061,
                         2.0188, 72.0, 1.44424, 1.04017)  # fmt: skip
MG_RINGWOODITE = _mineral("Mg-ringwoodite", _olivine("Mg"), -2017557.0, 39.493, 184.9009, 4.22035, 877.7094,
                          1.10791, 2.3914, 123.0, 1.35412, 2.30461)  # fmt: skip
FE_RINGWOODITE = _mineral("Fe-ringwoodite", _olivine("Fe"), -1362772.0, 41.86, 213.412, 4.22035, 677.7177,
                          1.27193, 2.3914, 92.0, 1.35412, 1.77249)  # fmt: skip
MG_BRIDGMANITE = _mineral("Mg-bridgmanite", {"Mg": 1, "Si": 1, "O": 3}, -1368283.0, 24.445, 250.5264, 4.14,
                          905.9412, 1.56508, 1.10945, 172.9, 1.69037, 2.56536)  # fmt: skip
FE_BRIDGMANITE = _mineral("Fe-bridgmanite", {"Fe": 1, "Si": 1, "O": 3}, -1040920.0, 25.485, 272.1152, 4.14,
                          870.8122, 1.56508, 1.10945, 132.6849, 1.37485, 2.29211)  # fmt: skip
PERICLASE = _mineral("periclase", {"Mg": 1, "O": 1}, -569444.6, 11.244, 161.3836, 3.84045, 767.0977, 1.36127,
                     1.7217, 130.9, 2.1438, 2.81765)  # fmt: skip
WUESTITE = _mineral("wuestite", {"Fe": 1, "O": 1}, -242146.0, 12.264, 179.4442, 4.9376, 454.1592, 1.53047, 1.7217,
                    59.0, 1.44673, -0.05731)  # fmt: skip

# (Mg,Fe)₂SiO₄: each assemblage as phases, each of them a pair of ends.
ASSEMBLAGES: dict[str, tuple[tuple[Mineral, Mineral], ...]] = {
    "olivine": ((FORSTERITE, FAYALITE),),
    "wadsleyite": ((MG_WADSLEYITE, FE_WADSLEYITE),),
    "ringwoodite": ((MG_RINGWOODITE, FE_RINGWOODITE),),
    "bridgmanite + ferropericlase": ((MG_BRIDGMANITE, FE_BRIDGMANITE), (PERICLASE, WUESTITE)),
}
