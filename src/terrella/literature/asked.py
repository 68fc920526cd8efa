"""What `terrella literature explain` can be asked."""

from pydantic import Field, NonNegativeInt

from terrella.engine.fit_settings import Frozen


class Asked(Frozen):
    """Which entity is explained."""

    document: str | None = Field(None, description="its name, as in entities.csv; by default the first")
    sentence: NonNegativeInt | None = Field(
        None, description="its number, as in entities.csv; by default the first that has such an entity"
    )
    words: str | None = Field(
        None,
        description="that are the entity, as they are written; by default the first entity that is found",
    )
    kind: str | None = Field(None, description="of the entity; by default the likeliest")
    encoding: str | None = Field(None, description="of the file, where it is not UTF-8, such as cp1252")
    column: str | None = Field(None, description="of the text, where it is not known")
