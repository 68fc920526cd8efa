"""Text in an older encoding than UTF-8, told by the header that is found in it."""

from collections.abc import Mapping
from pathlib import Path

from terrella.formats.catalogues.delimited import find_header
from terrella.formats.encoding import Decoded, newlines

# Of these, few read each other's headers as words of a language.
_ENCODINGS = ("gb18030", "big5hkscs", "cp949", "cp932", "euc_jp", "cp1251", "koi8-r", "cp1254")
_LOOKED_AT = 1 << 16


def in_alphabet(content: bytes, file: str, read: Decoded, columns: Mapping[str, str] | None) -> Decoded:
    """Return text in the first encoding in which a header names a catalogue's columns, else as it was `read`."""
    if read.encoding != "latin-1" or find_header(read.text, columns):
        return read
    for encoding in _ENCODINGS:
        start = content[:_LOOKED_AT].decode(encoding, "ignore")
        if not find_header(start, columns):
            continue
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return Decoded(newlines(text), (f"{Path(file).name} is not in UTF-8: read as {encoding}",), encoding)
    return read
