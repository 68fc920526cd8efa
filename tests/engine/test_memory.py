"""Large arrays come from memory that the process keeps, not from mappings that are given back."""

import ctypes
import subprocess
import sys

import pytest

_CODE = """
import ctypes, sys
import torch
if sys.argv[1] == "kept":
    from terrella.engine.memory import keep_freed_memory
    keep_freed_memory()
held = torch.ones(12_000_000)  # 48 MB: by default glibc maps all above 32
library = ctypes.CDLL(None)
fields = [(name, ctypes.c_size_t) for name in "abcdefghij"]
library.mallinfo2.restype = type("Info", (ctypes.Structure,), {"_fields_": fields})
print(library.mallinfo2().e)  # bytes in mapped arrays
"""


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="needs glibc 2.33 or newer"
)
def test_a_large_array_is_mapped_by_default_and_not_where_freed_memory_is_kept():
    mapped = {
        how: int(subprocess.run([sys.executable, "-c", _CODE, how], capture_output=True, check=True).stdout)
        for how in ("kept", "default")
    }
    assert mapped["default"] >= 48_000_000
    assert mapped["default"] - mapped["kept"] >= 48_000_000
