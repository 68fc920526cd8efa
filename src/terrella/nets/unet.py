"""A U-Net over volumes (Ronneberger et al. 2015; Çiçek et al. 2016), for any number of depth layers."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class UNet3d(nn.Module):
    """Volumes (batch, channel, depth, latitude, longitude) in, volumes of `out_channels` out.

    Only latitude and longitude are halved from level to level: catalogues have few depth layers. With a
    single layer the kernels are flat. The last layer starts at zero, so a new network answers zero.
    """

    def __init__(
        self, in_channels: int, out_channels: int, width: int, levels: int, depth_layers: int
    ) -> None:
        super().__init__()
        kernel = (1 if depth_layers == 1 else 3, 3, 3)
        widths = [width * 2**level for level in range(levels)]
        self.stem = nn.Conv3d(in_channels, width, 1)
        self.down = nn.ModuleList(
            _convolutions(wide if level == 0 else wide // 2, wide, kernel)
            for level, wide in enumerate(widths)
        )
        self.up = nn.ModuleList(_convolutions(3 * wide, wide, kernel) for wide in reversed(widths[:-1]))
        self.head = nn.Conv3d(width, out_channels, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def forward(self, volume: Tensor) -> Tensor:
        """Return one value per cell and output channel; any size of grid is padded and cut back."""
        n_lat, n_lon = volume.shape[-2:]
        multiple = 2 ** (len(self.down) - 1)
        x = functional.pad(volume, (0, -n_lon % multiple, 0, -n_lat % multiple))
        x = functional.gelu(self.stem(x))
        skips: list[Tensor] = []
        for level, convolutions in enumerate(self.down):
            if level:
                skips.append(x)
                x = functional.avg_pool3d(x, (1, 2, 2))
            x = convolutions(x)
        for convolutions in self.up:
            x = functional.interpolate(x, scale_factor=(1.0, 2.0, 2.0), mode="nearest")
            x = convolutions(torch.cat([x, skips.pop()], dim=1))
        return self.head(x)[..., :n_lat, :n_lon]


def _convolutions(in_channels: int, out_channels: int, kernel: tuple[int, int, int]) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv3d(in_channels, out_channels, kernel, padding="same"),
        nn.GELU(),
        nn.Conv3d(out_channels, out_channels, kernel, padding="same"),
        nn.GELU(),
    )
