"""How are images varied while a network learns them, and looked at when it is tested? As EBD's authors do.

arXiv:2504.11558, appendix I.4.1: in training, a translation by up to two pixels with reflected borders, and a flip that
alternates from epoch to epoch; in tests, the mean output over six views.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional


def augmented(
    x: Float[Tensor, "copies batch channels height width"],
    places: Int[Tensor, "copies batch"],
    epoch: int,
    generator: torch.Generator,
    *,
    translation: int = 2,
) -> Float[Tensor, "copies batch channels height width"]:
    """Return images that are translated at random, and flipped in every other epoch.

    Args:
        x: images.
        places: number of each image in its data set: images with even numbers are flipped in even epochs, those with
            odd ones in odd epochs.
        epoch: counted from 0.
        generator: source of the translations.
        translation: most pixels in either direction; less than the images' sides.
    """
    flipped = torch.where((places + epoch)[..., None, None, None] % 2 == 0, x.flip(-1), x)
    if not translation:
        return flipped
    shape, (height, width) = x.shape, x.shape[-2:]
    padded = functional.pad(flipped.flatten(0, 1), [translation] * 4, mode="reflect")
    shifts = torch.randint(2 * translation + 1, (2, len(padded)), generator=generator, device=generator.device)
    rows = shifts[0][:, None] + torch.arange(height, device=x.device)
    columns = shifts[1][:, None] + torch.arange(width, device=x.device)
    numbers = torch.arange(len(padded), device=x.device)
    cut = padded.movedim(1, -1)[numbers[:, None, None], rows[:, :, None], columns[:, None, :]]
    return cut.movedim(-1, 1).reshape(shape)


def views(x: Float[Tensor, "copies batch channels height width"]) -> list[Tensor]:
    """Return the six views of a test: the images, two translations of them by one pixel, and the mirror images."""
    padded = functional.pad(x.flatten(0, 1), [1] * 4, mode="reflect").view(*x.shape[:3], x.shape[3] + 2, -1)
    height, width = x.shape[-2:]
    there = [x, padded[..., :height, :width], padded[..., 2 : height + 2, 2 : width + 2]]
    return [*there, *(view.flip(-1) for view in there)]
