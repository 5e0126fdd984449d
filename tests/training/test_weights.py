"""Backbones start from weights that are known, and never silently from none."""

import cv2
import huggingface_hub.constants
import pytest
import timm
import torch
from safetensors.torch import save_file

from portraits import REAL
from tiny_recipes import tiny
from unmask.errors import SettingError
from unmask.training.detectors.backbone import CAPSTONE, Backbone, timm_name
from unmask.training.weights import PACKAGED, run_weights, start_from

pytestmark = pytest.mark.train


@pytest.fixture
def backbone():
    torch.manual_seed(0)
    return timm.create_model("test_efficientnet", num_classes=0)


@pytest.mark.parametrize("ending", [".safetensors", ".pth"])
def test_a_given_file_is_loaded_whatever_else_it_holds(tmp_path, backbone, ending):
    torch.manual_seed(1)
    whole = timm.create_model("test_efficientnet").state_dict()  # with its classifier
    path = tmp_path / f"net{ending}"
    save_file(whole, path) if ending == ".safetensors" else torch.save(whole, path)
    origin = start_from(backbone, "test_efficientnet", "imagenet", path)
    assert origin.startswith(f"file net{ending}, sha256 ")
    for name, value in backbone.state_dict().items():
        assert torch.equal(value, whole[name]), name


class Unsafe:
    def __reduce__(self) -> tuple:
        return print, ("run",)


def test_a_file_that_does_not_fit_is_refused(tmp_path, backbone, capsys):
    path = tmp_path / "net.pth"

    def refused(content, message):
        torch.save(content, path)
        with pytest.raises(SettingError, match=message) as error:
            start_from(backbone, "test_efficientnet", "imagenet", path)
        assert "\n" not in str(error.value)

    state = backbone.state_dict()
    first = next(iter(state))
    refused({k: v for k, v in state.items() if k != first}, f"holds no {first}")
    refused({**state, first: torch.zeros(1)}, f"{first} must be ")
    refused([1], "must hold a state dict")
    refused(Unsafe(), "may be loaded safely")
    assert "run" not in capsys.readouterr().out
    path.write_bytes(b"no")
    with pytest.raises(SettingError, match="state dict"):
        start_from(backbone, "test_efficientnet", "imagenet", path)
    with pytest.raises(SettingError, match="not a readable state dict"):
        start_from(backbone, "test_efficientnet", "imagenet", tmp_path / "missing.safetensors")


def test_a_checkpoint_without_a_detector_is_refused(tmp_path, backbone):
    path = tmp_path / "net.ckpt"
    torch.save(backbone.state_dict(), path)
    assert run_weights(path) is None
    torch.save({"state_dict": backbone.state_dict()}, path)
    with pytest.raises(SettingError, match="of no detector of unmask"):
        run_weights(path)


def test_without_weights_there_is_no_training(backbone, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    with pytest.raises(SettingError, match=r"no ImageNet weights .*--weights.*weights = none"):
        start_from(backbone, "test_resnet", "imagenet", None)
    assert start_from(backbone, "test_efficientnet", "none", None).startswith("none: random")
    assert all(torch.equal(value, before[name]) for name, value in backbone.state_dict().items())


def test_a_file_is_not_ignored(tmp_path, backbone):
    with pytest.raises(SettingError, match="not used where the recipe says weights = none"):
        start_from(backbone, "test_efficientnet", "none", tmp_path / "net.pth")
    recipe = tiny("capstone-cnn")
    with pytest.raises(SettingError, match="no backbone"):
        recipe.load_weights(recipe.build(), tmp_path / "net.pth")


@pytest.mark.parametrize("name", PACKAGED)
def test_the_packaged_weights_know_what_they_see(name):
    """ImageNet's weights are sure of something in a photograph, as random ones are not."""
    picture = cv2.cvtColor(cv2.imread(str(REAL / "astronaut.jpg")), cv2.COLOR_BGR2RGB)
    crop = cv2.resize(picture, (224, 224), interpolation=cv2.INTER_AREA)
    backbone = timm.create_model(name)
    origin = start_from(backbone, name, "imagenet", None)
    assert origin.startswith(PACKAGED[name][0].replace("_", "-"))
    with torch.no_grad():
        pixels = torch.from_numpy(crop).permute(2, 0, 1)[None].float() / 127.5 - 1
        chances = backbone.eval()(pixels).softmax(1)[0]
    assert chances.shape == (1000,)
    assert chances.max() > 0.1


@pytest.mark.parametrize(("name", "width"), [("VGG16", 512), ("ResNet50V2", 2048)])
def test_the_capstones_names_are_timms(name, width):
    assert Backbone(name, 64, frozen=True).width == width


def test_all_names_exist():
    assert all(timm.is_model(timm_name(name)) for name in CAPSTONE)
    with pytest.raises(SettingError, match="backbone must be a timm model or one of VGG16"):
        timm_name("VGG-16")


def test_a_backbone_that_cannot_run_on_the_crops_says_so():
    with pytest.raises(SettingError, match=r"vit_tiny_patch16_224 does not run on.*crop\.size"):
        Backbone("vit_tiny_patch16_224", 64, frozen=True)


def test_a_frozen_backbone_stays_in_evaluation():
    backbone = Backbone("test_efficientnet", 64, frozen=True).train()
    assert not any(module.training for module in backbone.modules())
    assert not any(parameter.requires_grad for parameter in backbone.parameters())
    assert Backbone("test_efficientnet", 64, frozen=False).net.training
