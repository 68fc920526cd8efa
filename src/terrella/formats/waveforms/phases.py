"""What a phase's name stands for: P, S, or neither."""

import re

# A remark of HYPO71 and its heirs: onset, phase, first motion, and weight from 0 (full) to 4 (none).
_REMARK = re.compile(r"([ieq]?)([PS][gnb*]?) ?([UDC+-]?) ?([0-4]?)", re.IGNORECASE)
_ONSET = re.compile(r"[ieqIEQ](?=[PpSs])")
_UNUSED = "4"


def phase_kind(name: str) -> str | None:
    """Return "P" or "S" for a phase that arrives at the station as that wave, and None for any other.

    The last leg counts, as for Pg, Pn, PmP, PKIKP and pP (all P), or Sg, ScS and PcS (all S); Lg, Rg, T and
    amplitude readings are neither, nor is noise.
    """
    if name[:1] in ("L", "R", "T", "A", "I") or name.lower() == "noise":
        return None
    legs = [letter.upper() for letter in name if letter in "PpSs"]
    return legs[-1] if legs else None


def plain_phase(hint: str) -> str:
    """Return a phase's name without what analysts write beside it: iPu0 and IPU0 are P, EPG Pg, ePKP PKP."""
    hint = hint.strip()
    if remark := _REMARK.fullmatch(hint):
        return remark[2][0].upper() + remark[2][1:].lower().strip("*")
    return re.sub("[^A-Za-z]", "", _ONSET.sub("", hint, count=1) if _ONSET.match(hint) else hint)


def is_unused(hint: str) -> bool:
    """Return whether a remark such as iPu4 gives the reading no weight."""
    remark = _REMARK.fullmatch(hint.strip())
    return remark is not None and remark[4] == _UNUSED and bool(remark[1] or remark[3])
