#!/bin/sh
# DASCore 0.1.24 keeps or spreads a hole in a PRODML record, as a division comes out even or not, and says nothing.
#
# Two records of 500 Hz, of 1,000 and of 1,001 samples, whose RawDataTime lacks 100 samples after the 500th, as a
# recorder that stalls leaves it; PartStartTime and PartEndTime agree with the times. A good guess is that the patch has
# the times of the file. It has for 1,000 samples. For 1,001 it has an even axis of 2.2 ms: sample 500 is 0.1 s late,
# sample 501 0.1 s early, and every frequency 9 % too low. The times of the file are looked at only where
# (PartEndTime - PartStartTime) / (n - 1) is no whole number of nanoseconds, so that the axis misses the last of them.
# Exits 0 as long as that is so.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q dascore==0.1.24 h5py==3.16.0 numpy==2.4.6
"$folder/venv/bin/python" - "$folder/record.h5" <<'PYTHON'
import sys
import warnings

import dascore
import h5py
import numpy as np


def write(path: str, n: int) -> np.ndarray:
    """Write a record of n samples and return their times."""
    start = np.datetime64("2024-01-01T00:00:00", "us")
    times = start + (np.arange(n) + 100 * (np.arange(n) >= 500)) * np.timedelta64(2000, "us")
    with h5py.File(path, "w") as file:
        acquisition = file.create_group("Acquisition")
        acquisition.attrs.update(
            {
                "schemaVersion": "2.1", "uuid": "0", "PulseRate": 1000.0, "PulseWidth": 10.0, "NumberOfLoci": 4,
                "StartLocusIndex": 0, "SpatialSamplingInterval": 1.0, "SpatialSamplingInterval.uom": "m",
                "GaugeLength": 10.0, "GaugeLength.uom": "m", "MeasurementStartTime": f"{times[0]}Z",
            }
        )
        raw = acquisition.create_group("Raw[0]")
        raw.attrs.update(OutputDataRate=500.0, NumberOfLoci=4, StartLocusIndex=0, RawDataUnit="rad", uuid="0")
        raw.create_dataset("RawData", data=np.zeros((n, 4), "f4")).attrs["Dimensions"] = [b"time", b"locus"]
        stamps = raw.create_dataset("RawDataTime", data=times.astype(np.int64))
        stamps.attrs.update(PartStartTime=f"{times[0]}Z", PartEndTime=f"{times[-1]}Z", StartIndex=0, Count=n)
    return times


off_s, said = {}, []
for n in (1000, 1001):
    times = write(sys.argv[1], n)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        (patch,) = dascore.spool(sys.argv[1])
    said += [str(each.message) for each in heard if "time" in str(each.message).lower()]
    off_s[n] = (patch.get_array("time") - times) / np.timedelta64(1, "s")
    print(f"dascore {dascore.__version__}, {n} samples: step {patch.get_coord('time').step}, ", end="")
    print(f"sample 500 is {off_s[n][499]:+.3f} s off, sample 501 {off_s[n][500]:+.3f} s")
print(f"warnings of time: {said or 'none'}")
spread = off_s[1001][499] > 0.09 and off_s[1001][500] < -0.09
sys.exit(not (np.abs(off_s[1000]).max() < 1e-6 and spread and not said))
PYTHON
