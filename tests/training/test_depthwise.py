"""The quick depthwise convolutions compute what PyTorch's compute."""

import pytest

torch = pytest.importorskip("torch")
timm = pytest.importorskip("timm")

from unmask.training.depthwise import quicken  # noqa: E402


@pytest.mark.parametrize("side", [7, 8])
@pytest.mark.parametrize("kernel", [3, 5])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("same", [False, True])
def test_gradients_are_those_of_pytorch(side, kernel, stride, same):
    torch.manual_seed(0)
    if same:
        from timm.layers import Conv2dSame

        conv = Conv2dSame(6, 6, kernel, stride, groups=6, bias=False)
    else:
        conv = torch.nn.Conv2d(6, 6, kernel, stride, kernel // 2, groups=6, bias=False)
    conv = conv.double()
    x = torch.randn(2, 6, side, side, dtype=torch.float64, requires_grad=True)
    wanted = conv(x)
    pull = torch.randn_like(wanted)
    wanted_grads = torch.autograd.grad((wanted * pull).sum(), (x, conv.weight))
    assert quicken(torch.nn.Sequential(conv)) == 1
    got = conv(x)
    grads = torch.autograd.grad((got * pull).sum(), (x, conv.weight))
    torch.testing.assert_close(got, wanted)
    torch.testing.assert_close(grads, wanted_grads)


def test_only_plain_depthwise_convolutions_are_changed():
    model = torch.nn.Sequential(
        torch.nn.Conv2d(4, 8, 3),
        torch.nn.Conv2d(8, 8, 3, groups=8, bias=True),
        torch.nn.Conv2d(8, 8, 3, groups=8, bias=False, dilation=2),
        torch.nn.Conv2d(8, 8, (3, 1), groups=8, bias=False),
    )
    assert quicken(model) == 0


def test_every_depthwise_convolution_of_the_default_backbone_is_changed_once():
    model = timm.create_model("tf_efficientnet_lite0", num_classes=0)
    assert quicken(model) == 16
    assert quicken(model) == 0
