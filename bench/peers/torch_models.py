"""The models that write_torch_files.py writes: the layer classes that PyTorch and Keras share, in containers, modules of
one's own and with parts that are used twice. A model that `TORCH_MODELS` of the tests can build too is compared with."""
from collections.abc import Callable

import torch
from torch import Tensor, nn


def linear() -> nn.Module:
    return nn.Sequential(nn.Linear(5, 4), nn.ReLU(), nn.Linear(4, 4, bias=False), nn.Tanh(), nn.Linear(4, 2))


def slopes() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 6), nn.PReLU(6), nn.Linear(6, 3))


def conv1d() -> nn.Module:
    return nn.Sequential(nn.Conv1d(3, 4, 3), nn.ReLU(), nn.Conv1d(4, 5, 2, stride=2))


def conv2d() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 4, (1, 2), bias=False))


def conv3d() -> nn.Module:
    return nn.Sequential(nn.Conv3d(1, 2, 2), nn.ReLU(), nn.Conv3d(2, 3, (1, 2, 1)))


def conv_transpose1d() -> nn.Module:
    return nn.Sequential(nn.ConvTranspose1d(3, 2, 3, stride=2))


def conv_transpose2d() -> nn.Module:
    return nn.Sequential(nn.ConvTranspose2d(2, 3, 3, stride=2), nn.ReLU(), nn.Conv2d(3, 2, 1))


def conv_transpose3d() -> nn.Module:
    return nn.Sequential(nn.ConvTranspose3d(1, 3, 2, stride=2))


def batch_norm1d() -> nn.Module:
    return nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2))


def batch_norm2d() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 3, 2, bias=False), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 2, 1))


def layer_norm() -> nn.Module:
    return nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 4), nn.GELU(), nn.LayerNorm(4))


def group_norm() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 4, 2), nn.GroupNorm(2, 4), nn.ReLU(), nn.Conv2d(4, 2, 1))


def embedding() -> nn.Module:
    return nn.Sequential(nn.Embedding(9, 5), nn.Linear(5, 3))


class Last(nn.Module):
    """A recurrent layer, of which the last step counts, and a head."""

    def __init__(self, cell: nn.Module, width: int):
        super().__init__()
        self.cell = cell
        self.head = nn.Linear(width, 2)

    def forward(self, x: Tensor) -> Tensor:
        steps, _ = self.cell(x)
        return self.head(steps[:, -1])


def lstm() -> nn.Module:
    return Last(nn.LSTM(3, 4, num_layers=2, batch_first=True), 4)


def gru() -> nn.Module:
    return Last(nn.GRU(3, 4, batch_first=True), 4)


def rnn() -> nn.Module:
    return Last(nn.RNN(3, 4, batch_first=True), 4)


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.head = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        y, _ = self.attention(x, x, x)
        return self.head(x + y)


def attention() -> nn.Module:
    return Attention()


class Residual(nn.Module):
    """Modules within modules, and a branch."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(4, 6)
        self.blocks = nn.ModuleList(nn.Sequential(nn.Linear(6, 6), nn.ReLU()) for _ in range(3))
        self.head = nn.ModuleDict({"value": nn.Linear(6, 1)})

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(self.stem(x))
        for block in self.blocks:
            x = x + block(x)
        return self.head["value"](x)


def residual() -> nn.Module:
    return Residual()


class Tied(nn.Module):
    """The head is the table of the embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(9, 5)
        self.middle = nn.Linear(5, 5)
        self.head = nn.Linear(5, 9, bias=False)
        self.head.weight = self.embedding.weight

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.tanh(self.middle(self.embedding(x))))


def tied() -> nn.Module:
    return Tied()


# Each with the shape of an example; whole numbers where a table is looked up.
MODELS: list[tuple[Callable[[], nn.Module], tuple[int, ...]]] = [
    (linear, (5,)), (slopes, (4,)), (conv1d, (3, 8)), (conv2d, (2, 5, 4)), (conv3d, (1, 4, 3, 3)),
    (conv_transpose1d, (3, 4)), (conv_transpose2d, (2, 3, 3)), (conv_transpose3d, (1, 2, 2, 2)), (batch_norm1d, (4,)),
    (batch_norm2d, (2, 4, 4)), (layer_norm, (3, 6)), (group_norm, (2, 4, 4)), (embedding, (6,)), (lstm, (5, 3)),
    (gru, (5, 3)), (rnn, (5, 3)), (attention, (4, 8)), (residual, (4,)), (tied, (6,)),
]
TOKENS = ("embedding", "tied")
