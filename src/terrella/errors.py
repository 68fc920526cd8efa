"""The errors a user meets: one line that says what arrived, what was expected and what to do."""


class TerrellaError(Exception):
    """Something that the command line reports in one line, without a traceback."""

    exit_code = 1


class InputError(TerrellaError):
    """The user's input is at fault: a file, a row, a setting."""

    exit_code = 2


class DoesNotFitError(TerrellaError):
    """The work does not fit this machine's memory or the time allowed."""

    exit_code = 3


class Interrupted(TerrellaError):
    """A training was stopped by a signal after its state was saved."""

    exit_code = 130


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether memory ran out; torch has a class of its own for CUDA alone, and is not imported here."""
    words = ("out of memory", "can't allocate memory")
    return isinstance(error, MemoryError) or any(word in str(error) for word in words)
