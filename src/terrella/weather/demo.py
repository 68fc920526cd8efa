"""What `terrella weather demo` shows: a small mesh network on a simulated planet, judged beside its baselines."""

from terrella.weather.learning.settings import NetworkSettings, StageSettings
from terrella.weather.settings import DataSettings, FitSettings, WeatherSettings


def demo_settings(seed: int) -> WeatherSettings:
    """Return settings under which the demo takes a few minutes on two cores."""
    return WeatherSettings(
        data=DataSettings(members=8, days=50),
        network=NetworkSettings(mesh=2, latent=64, steps=4),
        fit=FitSettings(
            stages=(
                StageSettings(name="single", steps=500, batch=4, learning_rate=2e-3, warmup=50),
                StageSettings(name="rollout", steps=80, batch=4, rollout=6, learning_rate=5e-4),
            ),
            seed=seed,
        ),
    )
