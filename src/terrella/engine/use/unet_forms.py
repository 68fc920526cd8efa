"""A U-Net evaluated by ONNX Runtime or in bfloat16, in the place of the network itself."""

from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from terrella.nets.unet import UNet, crop


class OtherUNet(nn.Module):
    """What another form answers, with the padding, reach and shapes of the U-Net that it is `like`.

    ONNX models of U-Nets take multiples of their size alone.
    """

    def __init__(self, evaluate: Callable[[Tensor], Tensor], like: UNet) -> None:
        super().__init__()
        self.evaluate, self.like = evaluate, like
        self.radius, self.multiple = like.radius, like.multiple
        with torch.no_grad():
            for weight in like.parameters():  # which are drawn by chance, and never used
                weight.zero_()

    def forward(self, inputs: Tensor) -> Tensor:
        """Return logits as the U-Net does; of inputs without values, their shape."""
        if inputs.is_meta:
            return cast(Tensor, self.like(inputs))
        return crop(self.evaluate(self.like.pad(inputs)), self.like.size_of(inputs))
