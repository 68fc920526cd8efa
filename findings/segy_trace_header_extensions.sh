#!/bin/sh
# TGSAI's segy 0.6.2 takes the extension of a trace header for samples, without a word.
#
# Revision 2 lets a file say that every trace header has a further 240 bytes (bytes 3507-3510 of the binary header). A
# file of 56 traces of 500 IEEE floats with one extension each opens as 62 traces, whose samples begin with zeros of the
# extension and then drift through the file: (240 + 240 + 2000) * 56 = (240 + 2000) * 62. The count of traces that the
# header states (bytes 3513-3520) is not held against it. A good guess is that a reader with schemas of revision 2
# honours the field, or refuses.
#
# Seen: 62 traces; the samples of the first begin with 0.0 and not 1.0. Exits with 1 where that has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q segy==0.6.2
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import logging
import struct
import sys
from importlib.metadata import version

from segy import SegyFile

logging.disable(logging.CRITICAL)
n_traces, n_samples = 56, 500
binary = bytearray(400)
for byte, kind, value in (
    (3217, "H", 4000), (3221, "H", n_samples), (3225, "H", 5), (3297, "I", 0x01020304),
    (3501, "B", 2), (3507, "I", 1), (3513, "Q", n_traces),
):
    struct.pack_into(">" + kind, binary, byte - 3201, value)
header = bytearray(240)
struct.pack_into(">HH", header, 114, n_samples, 4000)
with open("a.sgy", "wb") as file:
    file.write(b"\x40" * 3200 + binary)
    for number in range(1, n_traces + 1):
        file.write(header + bytes(240) + struct.pack(f">{n_samples}f", *[number] * n_samples))
opened = SegyFile("a.sgy")
first = float(opened.sample[0][0])
print("segy", version("segy"), opened.num_traces, "traces for", n_traces, "; first sample", first, "for 1.0")
sys.exit((opened.num_traces, first) != (62, 0.0))
PY
