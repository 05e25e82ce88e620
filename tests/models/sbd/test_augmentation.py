"""Are images moved and flipped as EBD's authors do it?"""

import torch

from solv.models.sbd.augmentation import augmented, views

X = torch.arange(2 * 3 * 1 * 5 * 5.0).view(2, 3, 1, 5, 5)
PLACES = torch.tensor([[0, 1, 2], [3, 4, 5]])


def test_every_image_is_flipped_in_every_other_epoch():
    first, second = (augmented(X, PLACES, epoch, torch.Generator(), translation=0) for epoch in (0, 1))
    even = (PLACES % 2 == 0)[..., None, None, None]
    assert torch.equal(first, torch.where(even, X.flip(-1), X))
    assert torch.equal(second, torch.where(even, X, X.flip(-1)))


def test_a_translation_moves_an_image_by_two_pixels_at_most_and_reflects_its_border():
    odd = PLACES * 2 + 1  # not flipped in epoch 0
    moved = augmented(X, odd, 0, torch.Generator().manual_seed(0), translation=2)
    padded = torch.nn.functional.pad(X.flatten(0, 1), [2] * 4, mode="reflect")
    for image, found in zip(padded, moved.flatten(0, 1), strict=True):
        cuts = [image[:, row : row + 5, column : column + 5] for row in range(5) for column in range(5)]
        assert any(torch.equal(found, cut) for cut in cuts)
    assert not torch.equal(moved, X)


def test_a_test_has_six_views_half_of_them_mirrored():
    found = views(X)
    assert len(found) == 6
    assert torch.equal(found[0], X)
    assert torch.equal(found[1][..., 1:, 1:], X[..., :-1, :-1])
    assert torch.equal(found[2][..., :-1, :-1], X[..., 1:, 1:])
    for view, mirrored in zip(found[:3], found[3:], strict=True):
        assert torch.equal(view.flip(-1), mirrored)
