"""What was found while a catalogue was checked."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One kind of oddity: what it is and what was done, how many events (0: the file), and the first by name."""

    what: str
    count: int
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Findings:
    """How many rows a file had, how many events were kept, and what was found on the way."""

    n_rows: int
    n_events: int
    found: tuple[Finding, ...] = ()

    def lines(self) -> list[str]:
        """Return one line in all and one per finding, for the terminal."""
        first = f"{self.n_rows:,} rows, {self.n_events:,} events kept"
        return [first, *(self._line(finding) for finding in self.found)]

    @staticmethod
    def _line(finding: Finding) -> str:
        more = ", ..." if finding.examples and finding.count > len(finding.examples) else ""
        named = f": {'; '.join(finding.examples)}{more}" if finding.examples else ""
        return f"{finding.count:,} {finding.what}{named}" if finding.count else finding.what
