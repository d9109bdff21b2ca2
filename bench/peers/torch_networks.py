"""The six networks as a user of PyTorch writes them; the softmax of a classifier is in the loss."""
from collections import OrderedDict

import torch
from torch import Tensor, nn

from networks import CLASSES, Dimensions


def exercise(d: Dimensions) -> nn.Module:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i in range(1, d.depth + 1):
        layers[f"dense_{i}"] = nn.Linear(d.width, d.width)
        layers[f"dense_{i}_act"] = nn.ReLU() if i == 1 else nn.Tanh()
    layers[f"dense_{d.depth + 1}"] = nn.Linear(d.width, 1)
    return nn.Sequential(layers)


def dense(d: Dimensions) -> nn.Module:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i in range(1, d.depth + 1):
        layers[f"dense_{i}"] = nn.Linear(d.width, d.width)
        layers[f"dense_{i}_act"] = nn.Tanh()
    return nn.Sequential(layers)


def convnet(d: Dimensions) -> nn.Module:
    return nn.Sequential(OrderedDict([
        ("conv_1", nn.Conv2d(1, d.width, 3, padding=1)), ("conv_1_act", nn.ReLU()), ("pool_1", nn.MaxPool2d(2)),
        ("conv_2", nn.Conv2d(d.width, 2 * d.width, 3, padding=1)), ("conv_2_act", nn.ReLU()),
        ("pool_2", nn.MaxPool2d(2)), ("flatten", nn.Flatten()),
        ("head", nn.Linear(2 * d.width * 49, CLASSES)),
    ]))


class Lstm(nn.Module):
    def __init__(self, d: Dimensions):
        super().__init__()
        self.embedding = nn.Embedding(d.words, d.width)
        self.lstm = nn.LSTM(d.width, d.width, batch_first=True)
        self.head = nn.Linear(d.width, CLASSES)

    def forward(self, tokens: Tensor) -> Tensor:
        _, (last, _) = self.lstm(self.embedding(tokens))
        return self.head(last[-1])


class Block(nn.Module):
    """Two convolutions and what skips them; the names of its parts are those of the Keras layers."""

    def __init__(self, inputs: int, outputs: int, stride: int):
        super().__init__()
        self.conv_1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.conv_1_bn = nn.BatchNorm2d(outputs)
        self.relu_1 = nn.ReLU()
        self.conv_2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.conv_2_bn = nn.BatchNorm2d(outputs)
        self.relu_2 = nn.ReLU()
        self.has_skip = stride > 1
        if self.has_skip:
            self.skip = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.skip_bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu_1(self.conv_1_bn(self.conv_1(x)))
        y = self.conv_2_bn(self.conv_2(y))
        return self.relu_2(y + (self.skip_bn(self.skip(x)) if self.has_skip else x))


def resnet(d: Dimensions) -> nn.Module:
    layers: OrderedDict[str, nn.Module] = OrderedDict([
        ("stem", nn.Conv2d(3, d.width, 3, 1, 1, bias=False)), ("stem_bn", nn.BatchNorm2d(d.width)),
        ("stem_relu", nn.ReLU()),
    ])
    inputs = d.width
    for stage in range(3):
        for block in range(3):
            outputs = d.width * 2**stage
            layers[f"s{stage}b{block}"] = Block(inputs, outputs, 2 if stage > 0 and block == 0 else 1)
            inputs = outputs
    return nn.Sequential(OrderedDict([
        *layers.items(), ("pool", nn.AdaptiveAvgPool2d(1)), ("flatten", nn.Flatten()),
        ("head", nn.Linear(inputs, CLASSES)),
    ]))


class Transformer(nn.Module):
    def __init__(self, d: Dimensions):
        super().__init__()
        self.depth = d.depth
        self.embedding = nn.Embedding(d.words, d.width)
        for i in range(1, d.depth + 1):
            self.add_module(f"norm_{i}a", nn.LayerNorm(d.width))
            self.add_module(f"attention_{i}", nn.MultiheadAttention(d.width, d.heads, batch_first=True))
            self.add_module(f"norm_{i}b", nn.LayerNorm(d.width))
            self.add_module(f"up_{i}", nn.Linear(d.width, 4 * d.width))
            self.add_module(f"up_{i}_act", nn.GELU())
            self.add_module(f"down_{i}", nn.Linear(4 * d.width, d.width))
        self.norm = nn.LayerNorm(d.width)
        self.head = nn.Linear(d.width, CLASSES)
        self.register_buffer("mask", torch.ones(d.steps, d.steps, dtype=torch.bool).triu(1), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        part = self.get_submodule
        x = self.embedding(tokens)
        for i in range(1, self.depth + 1):
            y = part(f"norm_{i}a")(x)
            y, _ = part(f"attention_{i}")(y, y, y, attn_mask=self.mask, need_weights=False)
            x = x + y
            y = part(f"down_{i}")(part(f"up_{i}_act")(part(f"up_{i}")(part(f"norm_{i}b")(x))))
            x = x + y
        return self.head(self.norm(x).mean(1))


BUILD = {
    "exercise": exercise, "dense": dense, "convnet": convnet, "lstm": Lstm, "resnet": resnet,
    "transformer": Transformer,
}
