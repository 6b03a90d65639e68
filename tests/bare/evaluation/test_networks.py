"""LPIPS and FVD with random networks in the published layouts."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
import torch
import torchvision
from kinema.motion.evaluation import (
    EvaluationError,
    backbone_of,
    check_large_enough,
    frechet_distance,
    load_network,
    read_perceptual,
    starts,
    video_distance,
)
from torch import Tensor
from torchmetrics.functional.image import lpips

from .clips import blurred, noisy, panning

SIZES = {"alex": (64, 192, 384, 256, 256), "vgg": (64, 128, 256, 512, 512)}
MAKERS: dict[str, Callable[..., torch.nn.Module]] = {
    "alex": torchvision.models.alexnet,
    "vgg": torchvision.models.vgg16,
}
TAPS = {"alex": (1, 4, 7, 9, 11), "vgg": (3, 8, 15, 22, 29)}
"""Where torchvision's networks are listened to: behind these parts."""
NAMES = ("alex", "vgg")


@pytest.fixture(scope="module")
def networks() -> dict[str, torch.nn.Module]:
    torch.manual_seed(3)
    return {name: MAKERS[name](weights=None).eval() for name in NAMES}


def heads(name: str) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(5)
    sizes = enumerate(SIZES[name])
    return {f"lin{number}.model.1.weight": torch.rand(1, size, 1, 1, generator=generator) for number, size in sizes}


def plain(network: torch.nn.Module, name: str, first: Tensor, second: Tensor) -> Tensor:
    """The paper, with torchvision's own network."""
    total = torch.zeros(len(first))
    shift, scale = torch.tensor([-0.030, -0.088, -0.188]), torch.tensor([0.458, 0.448, 0.450])
    one, two = ((2 * each - 1 - shift[:, None, None]) / scale[:, None, None] for each in (first, second))
    weights = iter(heads(name).values())
    for number, part in enumerate(network.features):  # type: ignore[arg-type]
        one, two = part(one.clone()), part(two.clone())
        if number in TAPS[name]:
            lengths = [each.square().sum(1, keepdim=True).add(1e-8).sqrt() for each in (one, two)]
            apart = (one / lengths[0] - two / lengths[1]).square()
            total += (apart * next(weights)).sum(1).mean((1, 2))
    return total


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_lpips_is_the_papers(networks: dict[str, torch.nn.Module], name: str) -> None:
    state = networks[name].state_dict()
    assert backbone_of(state, "x") == name
    measured = read_perceptual(state, "x.pth", heads(name), "heads.pth")
    first = panning(2)
    second = noisy(first, 0.1)
    wanted = plain(networks[name], name, first, second)
    torch.testing.assert_close(measured.distances(first, second), wanted, atol=1e-6, rtol=1e-5)
    assert measured.score(first, second).curve == pytest.approx(wanted.tolist(), abs=1e-5)
    assert measured.score(first, first).value == 0.0


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_lpips_is_that_of_torchmetrics(name: Literal["alex", "vgg"]) -> None:
    other = lpips._LPIPS(pretrained=True, net=name, use_dropout=True, pnet_rand=True).eval()
    copied = {}
    for part in other.net.children():
        for number, layer in part.named_children():
            if hasattr(layer, "weight"):
                copied |= {f"features.{number}.weight": layer.weight, f"features.{number}.bias": layer.bias}
    measured = read_perceptual(copied, "x.pth", other.state_dict(), "heads.pth")
    first = panning(2)
    second = blurred(first, 2)
    wanted = other(first, second, normalize=True).flatten()
    torch.testing.assert_close(measured.distances(first, second), wanted, atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_lpips_orders_noise(networks: dict[str, torch.nn.Module]) -> None:
    measured = read_perceptual(networks["alex"].state_dict(), "x.pth", heads("alex"), "heads.pth")
    clip = panning(2)
    values = [measured.score(noisy(clip, each), clip).value for each in (0.0, 0.02, 0.1, 0.3)]
    assert values == sorted(values)


def test_files_that_do_not_belong_together(networks: dict[str, torch.nn.Module]) -> None:
    with pytest.raises(EvaluationError, match="other.pth is neither AlexNet nor VGG16.*alexnet-owt"):
        backbone_of({"conv.weight": torch.ones(1)}, "other.pth")
    with pytest.raises(EvaluationError, match="heads.pth does not hold the LPIPS heads of x.pth. Choose alex.pth"):
        read_perceptual(networks["alex"].state_dict(), "x.pth", heads("vgg"), "heads.pth")
    with pytest.raises(EvaluationError, match="LPIPS needs pictures of 32 pixels a side; these are 40 x 20"):
        check_large_enough(torch.zeros(2, 3, 20, 40))


class Means(torch.nn.Module):
    """A network that tells the mean of each colour in each frame."""

    def forward(self, video: Tensor) -> Tensor:
        return video.mean((3, 4)).flatten(1)


class Published(torch.nn.Module):
    """The same, called as the published I3D is."""

    def forward(
        self, video: Tensor, rescale: bool = True, resize: bool = True, return_features: bool = False
    ) -> Tensor:
        assert return_features
        assert not rescale
        assert not resize
        return video.mean((3, 4)).flatten(1)


@pytest.mark.parametrize("network", [Means(), Published()], ids=["plain", "published"])
def test_fvd_is_the_distance_of_the_features_of_pieces(tmp_path: Path, network: torch.nn.Module) -> None:
    path = tmp_path / "i3d.pt"
    torch.jit.script(network).save(str(path))
    loaded = load_network(str(path), torch.device("cpu"))
    clip, truth = torch.rand(2, 7, 3, 224, 224)
    done: list[int] = []
    score = video_distance(clip, truth, 4, loaded, lambda: done.append(1))
    means = [
        torch.stack([(each[start : start + 4] * 2 - 1).mean((2, 3)).T.flatten() for start in range(4)])
        for each in (clip, truth)
    ]
    assert score.value == pytest.approx(frechet_distance(*means), rel=1e-3, abs=1e-6)
    assert len(done) == 8
    assert "of 4 overlapping pieces" in score.note
    assert video_distance(clip, clip, 4, loaded, lambda: None).value == pytest.approx(0.0, abs=1e-9)


def test_a_clip_too_short_for_pieces() -> None:
    assert starts(18, 16) == [0, 1, 2]
    assert len(starts(1000, 16)) == 64
    assert starts(1000, 16)[-1] == 984
    with pytest.raises(EvaluationError, match="pieces of 16 frames, two at least, and the clip has 16"):
        starts(16, 16)


class Sentence(torch.nn.Module):
    """A network for something else."""

    def forward(self, text: list[str]) -> int:
        return len(text)


def test_files_that_are_no_video_network(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    torch.save({"weight": torch.ones(1)}, path)
    with pytest.raises(EvaluationError, match=r"weights.pt is no TorchScript network .*i3d_torchscript.pt"):
        load_network(str(path), torch.device("cpu"))
    torch.jit.script(torch.nn.Linear(3, 3)).save(str(path))
    with pytest.raises(EvaluationError, match=r"weights.pt takes no video of shape \(1, 3, 4, 224, 224\)"):
        load_network(str(path), torch.device("cpu"))(torch.zeros(1, 3, 4, 224, 224))
    torch.jit.script(Sentence()).save(str(path))
    with pytest.raises(EvaluationError, match=r"weights.pt takes no video"):
        load_network(str(path), torch.device("cpu"))(torch.zeros(1, 3, 4, 224, 224))
