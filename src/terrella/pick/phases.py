"""What a phase's name stands for: P, S, or neither."""


def phase_kind(name: str) -> str | None:
    """Return "P" or "S" for a phase that arrives at the station as that wave, and None for any other.

    The last leg counts, as for Pg, Pn, PmP, PKIKP and pP (all P), or Sg, ScS and PcS (all S); Lg, Rg, T and
    amplitude readings are neither.
    """
    if name[:1] in ("L", "R", "T", "A", "I"):
        return None
    legs = [letter.upper() for letter in name if letter in "PpSs"]
    return legs[-1] if legs else None
