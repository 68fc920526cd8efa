#!/bin/bash
# ObsPy 1.5.1 leaves an event out of the catalogue that read_events returns when its <type> is a word QuakeML 1.2
# does not have ("induced earthquake" and "duplicate" are SeisComP's own). One would expect event_type None and the
# event kept, as with any other attribute it cannot convert; only a UserWarning tells. Exits 1 when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q obspy==1.5.1 setuptools==80.9.0
"$folder/env/bin/python" -W ignore - <<'EOF'
import io
import sys
import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import obspy

HEAD = (
    '<q:quakeml xmlns:q="http://quakeml.org/xmlns/quakeml/1.2" xmlns="http://quakeml.org/xmlns/bed/1.2">'
    '<eventParameters publicID="smi:local/all">'
)
EVENT = (
    '<event publicID="smi:local/event/{0}"><type>{1}</type><origin publicID="smi:local/origin/{0}"><time><value>'
    "2021-03-05T01:28:33Z</value></time><latitude><value>1</value></latitude><longitude><value>2</value></longitude>"
    "</origin></event>"
)
types = ["earthquake", "induced earthquake", "duplicate"]
text = HEAD + "".join(EVENT.format(i, kind) for i, kind in enumerate(types)) + "</eventParameters></q:quakeml>"
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always", UserWarning)
    events = obspy.read_events(io.BytesIO(text.encode()), format="QUAKEML")
print(f"obspy {obspy.__version__}: {len(types)} events written, {len(events)} read:", [e.event_type for e in events])
print(*{str(each.message) for each in caught if each.category is UserWarning}, sep="\n")
sys.exit(0 if [e.event_type for e in events] == ["earthquake"] else 1)
EOF
