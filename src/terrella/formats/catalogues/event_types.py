"""What shook: the words of the published vocabularies for earthquakes and for what is none.

QuakeML 1.2 and 2.0 and SeisComP's words; the two-letter codes of IMS 1.0 with the ISC's additions; the codes of
SCEDC's catalogue listings and of NCEDC's NCSS-catalogs, and CNSS's letters; HORUS's `x`; and the plain words of
some languages. Words are compared whole, in lower case and without accents.
"""

import re
import unicodedata
from enum import Enum


class Kind(Enum):
    """What a word says of an event."""

    EARTHQUAKE = "earthquake"
    OTHER = "other"
    UNSAID = "unsaid"  # the agency's own word for: not known
    UNKNOWN = "unknown"  # no word of any vocabulary


_EARTHQUAKE = """
    earthquake; induced earthquake; induced or triggered event; triggered earthquake; tectonic earthquake; tectonic;
    reservoir loading; fluid injection; fluid extraction; volcano tectonic; volcano tectonic earthquake;
    volcanic earthquake; teleseism; local; regional; local earthquake; regional earthquake;
    teleseismic earthquake; felt earthquake; damaging earthquake; aftershock; foreshock; mainshock
    ke; se; de; fe; ki; si
    eq; le; re; ts; l; r; t; f
    sismo; terremoto; temblor; seisme; tremblement de terre; erdbeben; beben; deprem; gempa; gempa bumi;
    tremor de terra; zemletryasenie; jishin
"""
_OTHER = """
    not existing; anthropogenic event; collapse; cavity collapse; mine collapse; building collapse; explosion;
    accidental explosion; chemical explosion; controlled explosion; experimental explosion; industrial explosion;
    mining explosion; quarry blast; road cut; blasting levee; nuclear explosion; rock burst; rockburst; crash;
    plane crash; train crash; boat crash; other event; other; atmospheric event; sonic boom; sonic blast;
    acoustic noise; thunder; avalanche; snow avalanche; debris avalanche; hydroacoustic event; ice quake; icequake;
    slide; landslide; rockslide; meteorite; volcanic eruption
    duplicate; duplicate earthquake; not locatable; outside of network interest; calving; frost quake;
    tremor pulse; submarine landslide; rocket launch; rocket; rocket impact; artillery strike; bomb detonation;
    moving aircraft; atmospheric meteor explosion; meteor impact; volcanic long period; volcanic very long period;
    volcanic hybrid; volcanic rockfall; volcanic tremor; pyroclastic flow; lahar; surface event; mine blast;
    mining blast; blast; quarry; quarry explosion; nuclear test; nuclear blast; mine event; noise; false;
    false alarm; false event; false trigger; not an earthquake; not earthquake; non earthquake; no earthquake;
    tremor;
    non volcanic tremor; low frequency event; deleted; cancelled; canceled; rejected; artifact; calibration
    kr; sr; km; sm; kh; sh; kx; sx; kn; sn; ls
    qb; nt; sn; bc; ex; lp; mi; ot; rs; st; th; tr; vt; px; rb; su; co
    n; b; q; x
    voladura; explosion en cantera; derrumbe; deslizamiento; tir; tir de carriere; tir de mine; carriere; sprengung;
    steinbruchsprengung; esplosione; esplosione in cava; colpo di cava; frana; patlatma; patlama; tas ocagi; ledakan
"""
_UNSAID = "uk; unknown; unknown type; unknown event; not reported; none; other or unknown; d; c"


def kind_of(word: str) -> Kind:
    """Return what a word says, whatever its case; "suspected explosion" says what "explosion" does."""
    plain = _plain(word)
    return _KINDS.get(plain) or _KINDS.get(_CERTAINTY.sub("", plain)) or Kind.UNKNOWN


def is_removed(status: str) -> bool:
    """Return whether an event of this status was taken back by its agency."""
    return _plain(status) in (
        "deleted",
        "delete",
        "cancelled",
        "canceled",
        "rejected",
        "retracted",
        "withdrawn",
    )


def is_magnitude_type(word: str) -> bool:
    """Return whether a word in a column called type names a scale of magnitudes: ML, Mw(mB), mb_Lg, …"""
    scale = r"m([adceghijlnpsvwb]|w[bcdprw]|wr?mt|l[vhr]|lrs|b_?lg|blg|s_?(20|z|bb|7)|b_?bb|jma)?(\(\w+\))?"
    return bool(re.fullmatch(scale, word.strip().lower())) and kind_of(word) is Kind.UNKNOWN


def _plain(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.lower())
    letters = "".join(c for c in letters if not unicodedata.combining(c)).replace("ı", "i")
    return " ".join(re.split(r"[\s_/-]+", letters.strip()))


_CERTAINTY = re.compile(r"^(known|suspected|probable|possible|likely|confirmed|presumed|felt|damaging) ")
_KINDS = {
    word.strip(): kind
    for kind, words in ((Kind.UNSAID, _UNSAID), (Kind.OTHER, _OTHER), (Kind.EARTHQUAKE, _EARTHQUAKE))
    for word in re.split(r"[;\n]", words)
    if word.strip()
}
