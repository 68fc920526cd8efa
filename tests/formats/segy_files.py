"""SEG-Y files made with segyio, the peer, for tests."""

import struct
from pathlib import Path

import numpy as np


def make_line(
    path: Path, traces: np.ndarray, code: int = 5, interval_us: int = 2000, little: bool = False
) -> Path:
    """Write a 2-D line (trace, sample) with coordinates 12.5 m apart."""
    import segyio

    spec = segyio.spec()
    spec.format, spec.samples = code, np.arange(traces.shape[1]) * interval_us / 1000
    spec.tracecount = len(traces)
    spec.endian = "little" if little else "big"
    with segyio.create(str(path), spec) as file:
        for i, trace in enumerate(traces):
            file.header[i] = {21: i + 1, 71: -10, 89: 1, 115: traces.shape[1], 117: interval_us, 181: 125 * i}
            file.trace[i] = trace
        file.bin.update({3217: interval_us, 3255: 1})
        file.text[0] = segyio.tools.create_text_header({1: "A LINE FOR TESTS"})
    return path


def make_volume(
    path: Path,
    cube: np.ndarray,
    by: str = "inline",
    places: tuple[int, int] = (189, 193),
    missing: np.ndarray | None = None,
    code: int = 5,
    steps: tuple[int, int] = (2, 1),
) -> Path:
    """Write a volume (inline, crossline, sample), sorted by inline or crossline, without its missing traces."""
    import segyio

    n_inline, n_crossline, n_samples = cube.shape
    spec = segyio.spec()
    order = [
        (i, j) for i in range(n_inline) for j in range(n_crossline) if missing is None or not missing[i, j]
    ]
    spec.format, spec.samples, spec.tracecount = code, np.arange(n_samples) * 4.0, len(order)
    if by == "crossline":
        order.sort(key=lambda at: at[::-1])
    with segyio.create(str(path), spec) as file:
        for k, (i, j) in enumerate(order):
            file.header[k] = {
                places[0]: 100 + steps[0] * i, places[1]: 900 + steps[1] * j,
                71: 1, 115: n_samples, 117: 4000, 181: 25 * j, 185: 50 * i,
            }  # fmt: skip
            file.trace[k] = cube[i, j]
        file.bin.update({3217: 4000, 3255: 1})
        file.text[0] = segyio.tools.create_text_header({1: "A VOLUME FOR TESTS"})
    return path


def patched(path: Path, at: int, content: bytes) -> Path:
    """Overwrite bytes of a file, `at` counted from 1 as the standard counts them."""
    raw = bytearray(path.read_bytes())
    raw[at - 1 : at - 1 + len(content)] = content
    path.write_bytes(raw)
    return path


# Sizes of samples as the standard has them, by the code of their format.
SAMPLE_BYTES = {1: 4, 2: 4, 3: 2, 4: 4, 5: 4, 6: 8, 7: 3, 8: 1, 9: 8, 10: 4, 11: 2, 12: 8, 15: 3, 16: 1}


def write_bytes(
    path: Path,
    traces: list[bytes],
    heads: list[dict[int, int]] | None = None,
    code: int = 5,
    order: str = ">",
    binary: dict[tuple[int, str], float] | None = None,
    text: str = "",
    before: bytes = b"",
    extension: bytes = b"",
    after: bytes = b"",
) -> Path:
    """Write samples as they are, under headers given by first byte; fields of two bytes are those of `SHORT`."""
    count = len(traces[0]) // SAMPLE_BYTES[code]
    head = bytearray(400)
    said = {(3217, "H"): 4000, (3221, "H"): count, (3225, "H"): code, (3255, "H"): 1} | (binary or {})
    for (byte, kind), value in said.items():
        struct.pack_into(order + kind, head, byte - 3201, value)
    out = bytearray(text.ljust(3200)[:3200].encode("cp037") + head + before)
    for number, samples in enumerate(traces):
        header = bytearray(240)
        own = {1: number + 1, 29: 1, 115: count, 117: 4000} | (heads[number] if heads else {})
        for byte, value in own.items():
            kind = ("H" if value >= 0 else "h") if byte in SHORT else "i"
            struct.pack_into(order + kind, header, byte - 1, value)
        out += header + extension + samples
    path.write_bytes(out + after)
    return path


SHORT = (29, 71, 89, 109, 115, 117, 215)


def floats(values: np.ndarray, order: str = ">") -> list[bytes]:
    """Return traces (trace, sample) as IEEE floats."""
    return [row.astype(order + "f4").tobytes() for row in values]
