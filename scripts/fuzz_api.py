"""Fuzz the API of a small live record from its own OpenAPI description: `make fuzz`, now and then.

Usage: python scripts/fuzz_api.py SCHEMATHESIS [SEED]: the program, which has an environment of its own. Ends with a
code other than 0 where an answer is an error of the server, or another than is described.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

BEFORE = Path(__file__).parents[1] / "tests" / "data" / "before" / "forecast"
_TERRELLA = (sys.executable, "-m", "terrella", "live")
# A place may lie outside the region, and a cell outside the grid: no description in general can say which.
_NOT = "positive_data_acceptance"
_REFUSALS = [400, 401, 404, 405, 413, 414, 422]  # it does not count 414 by itself
_STREAMS = "stream$"  # which do not end


def main() -> int:
    """Serve a record of some weeks, and return the code of what fuzzes it."""
    fuzzer, *seed = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        span = [
            "--bundle",
            str(BEFORE / "finished"),
            "--from",
            "2008-06-01",
            "--to",
            "2008-06-20",
            "-o",
            folder,
        ]
        typed = [*_TERRELLA, "replay", str(BEFORE / "catalogue.csv.gz"), *span]
        subprocess.run(typed, check=True, stdout=subprocess.DEVNULL)
        serving = [*_TERRELLA, "serve", folder, "--port", "0"]
        with subprocess.Popen(serving, stdout=subprocess.PIPE, text=True) as server:
            try:
                address = re.search(r"http://\S+", server.stdout.readline())[0]
                asked = ["--exclude-path-regex", _STREAMS, "--phases", "examples,coverage,fuzzing"]
                # Fewer than the API answers to one address.
                asked += ["--exclude-checks", _NOT, "--max-examples", "60", "--rate-limit", "300/s"]
                rules = Path(folder) / "rules.toml"
                rules.write_text(f"[checks]\nnegative_data_rejection.expected-statuses = {_REFUSALS}\n")
                asked += ["--seed", *seed] if seed else []
                typed = [
                    str(Path(fuzzer).resolve()),
                    "--config-file",
                    str(rules),
                    "run",
                    f"{address}api/openapi.json",
                ]
                return subprocess.run([*typed, *asked], cwd=folder).returncode
            finally:
                server.terminate()


if __name__ == "__main__":
    sys.exit(main())
