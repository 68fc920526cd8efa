"""Settings of `terrella pick compare`: what is trained on what, and judged on what."""

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveFloat, PositiveInt


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClassicalSettings(_Frozen):
    """The methods that a comparison is not without."""

    baselines: bool = Field(True, description="judge STA/LTA with AIC, and Baer and Kradolfer's picker")
    initial_points: PositiveInt = Field(
        25, description="first points of the search for Baer and Kradolfer's parameters"
    )
    evaluations: NonNegativeInt = Field(500, description="further points of that search")
    picks: PositiveInt = Field(2500, description="most P picks that the search scores on")


class CompareSettings(_Frozen):
    """All settings of `terrella pick compare`.

    A data set is the folder of one in SeisBench's format, one of the published sets by name, or a synthetic one,
    such as synthetic:local; name=place gives it a name of its own in tables.
    """

    networks: tuple[str, ...] = Field(("phasenet", "gpd"), description="networks to train")
    train_sets: tuple[str, ...] = Field(
        ("synthetic:local", "synthetic:teleseismic"), description="data sets, each to train all networks on"
    )
    test_sets: tuple[str, ...] = Field((), description="data sets to judge on; by default the training sets")
    target: tuple[str, ...] = Field(
        (),
        description="names of the test sets that are yours: the recommendation is for them; by default all",
    )
    weights: dict[str, str] = Field(
        {},
        description="ready weights to judge as well: name = bundle, file of SeisBench's weights, or "
        "seisbench:NETWORK/NAME",
    )
    fine_tune: tuple[str, ...] = Field(
        (),
        description="START,SET: networks trained on START, or ready weights of that name, trained on with SET",
    )
    learning_rates: tuple[PositiveFloat, ...] = Field(
        (1e-3,), description="learning rates to try; the study tried 1e-2, 1e-3 and 1e-4"
    )
    epochs: PositiveInt = Field(100, description="largest number of epochs; training stops early")
    batch: PositiveInt = Field(256, description="windows in a batch")
    patience: PositiveInt = Field(10, description="epochs without a better validation loss before stopping")
    windows_per_trace: PositiveInt = Field(1, description="windows of each trace in an epoch")
    fine_tune_rate: PositiveFloat = Field(1e-4, description="learning rate of fine-tuning")
    resampling: tuple[str, ...] = Field((), description="names of test sets to judge at other rates too")
    rates_hz: tuple[PositiveFloat, ...] = Field(
        (100.0, 50.0, 25.0, 20.0, 10.0),
        description="rates at which those are read, then fed as if they were 100 Hz",
    )
    classical: ClassicalSettings = ClassicalSettings()
    resamples: PositiveInt = Field(1000, description="bootstrap resamples")
    seed: int = Field(0, description="seed of weights, order and resamples")
    device: str = Field("auto", description="auto, cpu or cuda")
