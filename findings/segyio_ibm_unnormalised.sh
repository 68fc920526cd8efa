#!/bin/sh
# segyio 1.9.14 reads IBM floats whose fraction begins with a zero digit at wrong values, without a word.
#
# An IBM float is (-1)^s * 16^(e-64) * fraction / 2^24; nothing in SEG-Y asks for a normalised fraction. Segyio adds a
# half of the scale instead: 0x41000000, a zero with an exponent, comes as 0.5 (right: 0), 0x42010000 as 8.5 (right: 1).
# A good guess is that a reader of this format converts every bit pattern, or that a zero fraction is zero.
#
# Seen: [0.5, 8.5, 128.5, 0.046875, 1.0] for [0, 1, 1, 0.03125, 1]. Exits with 1 where that has changed.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q segyio==1.9.14 numpy==2.2.6
cd "$folder"
"$folder/venv/bin/python" - <<'PY'
import struct
import sys
from importlib.metadata import version

import segyio

words = [0x41000000, 0x42010000, 0x43001000, 0x40080000, 0x41100000]
right = [(-1) ** (w >> 31) * 16.0 ** ((w >> 24 & 127) - 64) * (w & 0xFFFFFF) / 2**24 for w in words]
binary = bytearray(400)
for byte, value in ((3217, 4000), (3221, len(words)), (3225, 1)):
    struct.pack_into(">H", binary, byte - 3201, value)
trace = bytearray(240)
struct.pack_into(">HH", trace, 114, len(words), 4000)
with open("a.sgy", "wb") as file:
    file.write(b"\x40" * 3200 + binary + trace + struct.pack(f">{len(words)}I", *words))
with segyio.open("a.sgy", ignore_geometry=True) as file:
    seen = file.trace.raw[0].tolist()
print("by the standard:", right)
print("segyio", version("segyio"), seen)
sys.exit(seen != [0.5, 8.5, 128.5, 0.046875, 1.0])
PY
