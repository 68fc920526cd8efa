"""What published models cost to train, with the source of each number."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Published:
    """A published training: its grid in degrees, and what it took."""

    name: str
    resolution: str
    device_days: float
    device: str
    source: str


# In days of one A100, as the comparisons of training budgets have them.
COSTS = (
    Published("ArchesWeather S", "1.5°", 2.5, "A100", "Couairon et al. 2024, arXiv:2405.14527"),
    Published("Otter (less than)", "1.5°", 3.5, "A100", "its authors, 2026"),
    Published("Keisler", "1°", 5.5, "A100", "Keisler 2022, arXiv:2202.07575"),
    Published("Stormer", "1.4°", 128.0, "A100", "Nguyen et al. 2024, arXiv:2312.03876"),
    Published("GraphCast", "0.25°", 1344.0, "A100", "Lam et al. 2023, doi:10.1126/science.adi2336"),
    Published("Pangu-Weather", "0.25°", 1440.0, "A100", "Bi et al. 2023, doi:10.1038/s41586-023-06185-3"),
)  # fmt: skip
