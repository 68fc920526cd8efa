"""Settings of models of entities and of classes: data, network, training and judging, nested by step."""

from pydantic import Field, NonNegativeFloat, PositiveFloat, PositiveInt

from terrella.engine import fit_settings as engine
from terrella.engine.fit_settings import Frozen, moves


class DataSettings(Frozen):
    """Which labelled sentences are learned from, and which are judged."""

    train: tuple[str, ...] = Field(
        ("simulated",),
        description="files of labelled tokens to learn from; simulated for a corpus with a known truth",
        json_schema_extra=moves(()),
    )
    dev: tuple[str, ...] = Field(
        (),
        description="files labelled as the texts to come should be: a third of their blocks is chosen by, the rest "
        "learned from too; without any, a tenth of the training is chosen by",
        json_schema_extra=moves(()),
    )
    test: tuple[str, ...] = Field(
        (),
        description="files to judge on; without any, a tenth of the training is held out",
        json_schema_extra=moves(()),
    )
    encoding: str | None = Field(None, description="of the files, where it is not UTF-8, such as cp1252")
    seed: int = Field(0, description="seed of simulated sentences, and of splits of documents")
    sentences: PositiveInt = Field(1500, description="simulated: number of sentences to learn from")
    label: str | None = Field(
        None,
        description="column of the class of each document (CSV, JSON lines, BibTeX, RIS): classes are learned in "
        "place of entities; kind, of labelled tokens: each sentence's commonest kind of entity",
        json_schema_extra={"added": True},
    )
    column: str | None = Field(
        None,
        description="column of the documents' text, where its name is another than abstract, text or title",
        json_schema_extra={"added": True},
    )


class NetworkSettings(Frozen):
    """The network, beside what its classical models see."""

    width: PositiveInt = Field(48, description="numbers that stand for a word, and for its letters")
    hidden: PositiveInt = Field(64, description="units of the LSTM in each direction")
    dropout: float = Field(0.5, ge=0, lt=1, description="share of numbers that are hidden in training")
    encoder: str | None = Field(
        None,
        description="folder of a transformer encoder (config.json, safetensors, tokenizer.json), which stays as it "
        "is: its features are read beside words and letters",
        json_schema_extra={**moves(), "added": True},
    )


class FitSettings(engine.FitSettings):
    """How the network is trained, and its fields' penalties."""

    epochs: PositiveInt = Field(12, description="number of epochs")
    batch: PositiveInt = Field(16, description="windows of 64 tokens in a batch")
    learning_rate: PositiveFloat = Field(6e-3, description="peak learning rate of AdamW")
    weight_decay: NonNegativeFloat = Field(0.01, description="weight decay of AdamW")
    l2: tuple[NonNegativeFloat, ...] = Field(
        (0.1, 0.3, 1.0),
        description="penalties of squared weights of the wider field; the best on dev is taken",
    )


class JudgeSettings(Frozen):
    """How scores are resampled."""

    resamples: PositiveInt = Field(1000, description="resamples of whole sentences for 95 % intervals")


class LiteratureSettings(Frozen):
    """All settings of `terrella literature train`."""

    data: DataSettings = DataSettings()
    network: NetworkSettings = NetworkSettings()
    fit: FitSettings = FitSettings()
    judge: JudgeSettings = JudgeSettings()
