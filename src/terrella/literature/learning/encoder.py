"""A transformer encoder from a local folder: what it says of each token, which the networks read beside the words.

It stays as it is: features, not fine-tuning (Devlin et al. 2019, section 5.3).
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from terrella.errors import InputError
from terrella.files import must_exist

_LAYERS = 4  # the last ones, whose mean is taken
_AT_ONCE = 32
_LONGEST = 512
_WEIGHTS, _PICKLED = "*.safetensors", ("pytorch_model*.bin", "*.pt", "*.pth", "*.ckpt")
Halves = npt.NDArray[np.float16]


@dataclass(frozen=True, eq=False)
class Encoder:
    """An encoder ready to read; `mark` is the fingerprint of its files."""

    size: int  # numbers that it gives for a token
    mark: str
    model: Any
    tokenizer: Any
    longest: int  # subwords at once

    @torch.no_grad()
    def read(self, pieces: Sequence[Sequence[str]]) -> list[Halves]:
        """Return (token, size) for each piece: what the first subword of each token is in the last four layers.

        A token without a subword is zero.
        """
        found: list[Halves] = [np.zeros((len(piece), self.size), np.float16) for piece in pieces]
        order = sorted(range(len(pieces)), key=lambda at: len(pieces[at]))
        for begin in range(0, len(order), _AT_ONCE):
            self._read_some(order[begin : begin + _AT_ONCE], pieces, found)
        return found

    def _read_some(self, some: Sequence[int], pieces: Sequence[Sequence[str]], found: list[Halves]) -> None:
        given = self.tokenizer(
            [list(pieces[at]) for at in some], is_split_into_words=True, truncation=True,
            max_length=self.longest, padding=True, return_tensors="pt",
        )  # fmt: skip
        layers = self.model(**given.to(self.model.device), output_hidden_states=True).hidden_states
        values = torch.stack(layers[-_LAYERS:]).mean(0).to(torch.float16).cpu().numpy()
        for row, at in enumerate(some):
            words = given.word_ids(row)
            if len(pieces[at]) > 1 and int(given["attention_mask"][row].sum()) == self.longest:
                half = len(pieces[at]) // 2
                found[at] = np.concatenate(self.read([pieces[at][:half], pieces[at][half:]]))
                continue
            for place in range(len(words) - 1, -1, -1):
                if words[place] is not None:
                    found[at][words[place]] = values[row, place]


def context_size(folder: str | None) -> int:
    """Return how many numbers the encoder in a folder gives for a token; zero without one.

    Raises:
        InputError: where there is no encoder, or none that can be opened safely.
    """
    if folder is None:
        return 0
    where = Path(folder)
    must_exist(where, "the folder of an encoder (config.json, model.safetensors, tokenizer.json)")
    if not any(where.glob(_WEIGHTS)):
        pickled = [each.name for pattern in _PICKLED for each in sorted(where.glob(pattern))]
        more = f"; {pickled[0]} is a pickle, which is never opened: convert it" if pickled else ""
        raise InputError(f"{where} holds no weights in safetensors{more}")
    try:
        said = json.loads((where / "config.json").read_text(encoding="utf-8"))
        size = said.get("hidden_size", said.get("dim", said.get("d_model")))
    except (OSError, ValueError, AttributeError) as error:
        raise InputError(f"{where}/config.json cannot be read ({error}); copy the encoder again") from None
    if not isinstance(size, int) or size < 1 or said.get("is_encoder_decoder"):
        raise InputError(f"{where}/config.json is not that of an encoder with a hidden_size, such as BERT's")
    return size


def open_encoder(folder: str | None, device: torch.device) -> Encoder | None:
    """Return the encoder in a folder; None without one.

    Raises:
        InputError: where transformers is not installed, or the folder is at fault.
    """
    size = context_size(folder)
    if folder is None:
        return None
    try:
        import transformers
    except ImportError:
        raise InputError("--network.encoder needs transformers: pip install 'terrella[encoder]'") from None
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    local = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, add_prefix_space=True, **local)
        model, told = transformers.AutoModel.from_pretrained(
            folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **local
        )
    except Exception as error:  # of many kinds, by the part that is at fault
        reason = (str(error).splitlines() or [type(error).__name__])[0][:160]
        raise InputError(f"{folder}: this encoder cannot be opened ({reason}); copy it again") from None
    # What a file lacks would be drawn at random, and nothing would say so.
    if missing := sorted(name for name in told["missing_keys"] if not name.startswith("pooler")):
        raise InputError(
            f"{folder}: the weights lack {missing[0]} and {len(missing) - 1} more; copy them again"
        )
    if not tokenizer.is_fast or len(tokenizer) > model.get_input_embeddings().num_embeddings:
        raise InputError(f"{folder}: its tokenizer is not that of its weights; a tokenizer.json is expected")
    longest = min(_LONGEST, tokenizer.model_max_length, _positions(model.config))
    return Encoder(size, _mark(Path(folder)), model.to(device).eval(), tokenizer, longest)


def _positions(config: Any) -> int:
    """Return how many subwords fit: some models keep two positions for themselves."""
    return int(getattr(config, "max_position_embeddings", None) or _LONGEST + 2) - 2


def _mark(where: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(where.iterdir()):
        if path.suffix in (".safetensors", ".json", ".txt"):
            with path.open("rb") as file:
                digest.update(path.name.encode() + hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()[:16]


def same_encoder(folder: str | None, mark: str, where: str) -> Encoder | None:
    """Return the encoder that a bundle was trained with, from where it lay; None without one.

    Raises:
        InputError: where it is not there any more, or another.
    """
    found = open_encoder(folder, torch.device("cpu"))
    if found is not None and found.mark != mark:
        raise InputError(f"{folder} is not the encoder that {where} was trained with; give back that one")
    return found
