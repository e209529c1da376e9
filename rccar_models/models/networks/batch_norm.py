"""BatchNorm for small batches and short trainings, and the means to put it into a library's network."""

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn import functional


class SteadyBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation that survives a batch with one value per channel.

    Pooling branches and the last maps of an SSD are 1x1: a batch of one image has no variance there and
    torch raises. Such a batch is normalised by the running mean and variance instead.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise.

        Args:
            x: (B, C, H, W) float.

        Returns:
            Same shape.
        """
        if self.training and x.shape[0] * x.shape[2] * x.shape[3] == 1:
            return functional.batch_norm(
                x, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
            )
        return super().forward(x)


class FrozenBatchNorm2d(nn.BatchNorm2d):
    """Batch normalisation that always uses pretrained statistics and learns nothing.

    The state_dict is that of `nn.BatchNorm2d` (torchvision's frozen layer drops a key), so that a network
    trained with it can be rebuilt without knowing that it was frozen.
    """

    def train(self, mode: bool = True) -> "FrozenBatchNorm2d":
        """Stay in evaluation mode.

        Args:
            mode: ignored.

        Returns:
            Itself.
        """
        del mode
        super().train(False)
        return self


def steady(layer: nn.BatchNorm2d) -> nn.BatchNorm2d:
    """Copy a layer as one that survives single images and learns its statistics in some hundred steps.

    Args:
        layer: of a library's network.

    Returns:
        A trainable layer with momentum 0.1, torch's default. torchvision's mobilenet_v3 has 0.01 and
        ssdlite 0.03, made for hundreds of thousands of steps: in a short training, evaluation would
        use statistics of a network that is long gone, from scratch and pretrained alike. The epsilon
        stays: weights depend on it.
    """
    return _copied(layer, SteadyBatchNorm2d(layer.num_features, eps=layer.eps, momentum=0.1))


def frozen(layer: nn.BatchNorm2d) -> nn.BatchNorm2d:
    """Copy a layer as one that keeps its statistics, scale and shift.

    Args:
        layer: with pretrained values.

    Returns:
        A layer without trainable parameters.
    """
    copy = _copied(layer, FrozenBatchNorm2d(layer.num_features, eps=layer.eps, momentum=layer.momentum))
    copy.requires_grad_(False)
    copy.eval()
    return copy


def _copied(layer: nn.BatchNorm2d, copy: nn.BatchNorm2d) -> nn.BatchNorm2d:
    copy.load_state_dict(layer.state_dict())
    return copy


def replace_batch_norm(network: nn.Module, copy: Callable[[nn.BatchNorm2d], nn.BatchNorm2d]) -> None:
    """Replace every BatchNorm layer inside a network.

    Args:
        network: changed in place.
        copy: makes the new layer from the old one.
    """
    for name, child in network.named_children():
        if isinstance(child, nn.BatchNorm2d):
            setattr(network, name, copy(child))
        else:
            replace_batch_norm(child, copy)
