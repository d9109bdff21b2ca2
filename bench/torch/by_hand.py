"""Programs written by hand."""

import torch
from torch import nn
from torch.nn import functional as F

from registry import bits, classes, floats, ids, images, program

@program("cross_entropy", floats(16, 20), classes(16, 5))
def mlp():
    return nn.Sequential(nn.Linear(20, 32), nn.ReLU(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 5))


@program("cross_entropy", images(8, 1, 28), classes(8, 10))
def lenet():
    return nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(), nn.AvgPool2d(2),
        nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10),
    )


class Last(nn.Module):
    """A recurrent network whose last state is classified."""

    def __init__(self, cell, width, head):
        super().__init__()
        self.cell, self.head = cell, nn.Linear(width, head)

    def forward(self, x):
        return self.head(self.cell(x)[0][:, -1])


@program("cross_entropy", floats(8, 12, 6), classes(8, 3))
def lstm_two_layers():
    return Last(nn.LSTM(6, 16, num_layers=2, batch_first=True), 16, 3)


@program("cross_entropy", floats(8, 12, 6), classes(8, 3))
def gru_bidirectional():
    return Last(nn.GRU(6, 16, bidirectional=True, batch_first=True), 32, 3)


@program("mse_loss", floats(8, 12, 6), floats(8, 1))
def rnn_tanh():
    return Last(nn.RNN(6, 16, batch_first=True), 16, 1)


class TextLSTM(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.lstm, self.head = nn.Embedding(50, 12), nn.LSTM(12, 20), nn.Linear(20, 50)

    def forward(self, tokens):
        return self.head(self.lstm(self.embed(tokens.t()))[0]).permute(1, 2, 0)


@program("cross_entropy", ids(4, 9, 50), ids(4, 9, 50))
def language_lstm():
    return TextLSTM()


class Block(nn.Module):
    def __init__(self, width, norm):
        super().__init__()
        self.one, self.two = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        self.n1, self.n2 = norm(width), norm(width)

    def forward(self, x):
        return F.relu(x + self.n2(self.two(F.relu(self.n1(self.one(x))))))


class Residual(nn.Module):
    def __init__(self, norm):
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.blocks = nn.Sequential(*[Block(16, norm) for _ in range(3)])
        self.head = nn.Linear(16, 10)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


@program("cross_entropy", images(8, 3, 16), classes(8, 10))
def residual_group_norm():
    return Residual(lambda c: nn.GroupNorm(4, c))


@program("cross_entropy", images(8, 3, 16), classes(8, 10))
def residual_instance_norm():
    return Residual(lambda c: nn.InstanceNorm2d(c, affine=True))


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 16, 3, padding=1)
        self.up, self.c = nn.ConvTranspose2d(16, 8, 2, stride=2), nn.Conv2d(16, 8, 3, padding=1)
        self.norm, self.out = nn.BatchNorm2d(16), nn.Conv2d(8, 1, 1)

    def forward(self, x):
        a = F.relu(self.a(x))
        b = F.leaky_relu(self.norm(self.b(F.max_pool2d(a, 2))), 0.1)
        return self.out(F.relu(self.c(torch.cat([a, self.up(b)], 1))))


@program("bce_with_logits", images(4, 3, 16), bits(4, 1, 16, 16))
def unet():
    return UNet()


class Upsampler(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 12, 3, padding=1), nn.Conv2d(3, 3, 1)
        self.act = nn.PReLU(8)

    def forward(self, x):
        x = F.interpolate(self.act(self.a(x)), scale_factor=2, mode="bilinear", align_corners=False)
        return self.c(F.pixel_shuffle(self.b(x), 2))


@program("l1_loss", images(2, 3, 8), images(2, 3, 32))
def upsampler():
    return Upsampler()


@program("mse_loss", images(4, 1, 16), images(4, 1, 16))
def autoencoder():
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.ELU(), nn.Conv2d(8, 4, 3, stride=2, padding=1), nn.SELU(),
        nn.ConvTranspose2d(4, 8, 3, stride=2, padding=1, output_padding=1), nn.SiLU(),
        nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),
    )


@program("bce_loss", floats(6, 16), bits(6, 1))
def gan_discriminator():
    return nn.Sequential(nn.Linear(16, 32), nn.LeakyReLU(0.2), nn.BatchNorm1d(32), nn.Linear(32, 1), nn.Sigmoid())


@program("smooth_l1_loss", floats(4, 3, 40), floats(4, 5))
def wavenet():
    return nn.Sequential(
        nn.Conv1d(3, 8, 3, padding=2, dilation=2), nn.GELU(), nn.Conv1d(8, 8, 3, groups=4, padding="same"), nn.Mish(),
        nn.MaxPool1d(2), nn.Conv1d(8, 8, 3, padding=1, padding_mode="circular"), nn.Hardswish(), nn.AdaptiveAvgPool1d(2),
        nn.Flatten(), nn.Linear(16, 5),
    )


@program("cross_entropy", floats(2, 1, 6, 8, 8), classes(2, 4))
def conv3d():
    return nn.Sequential(
        nn.Conv3d(1, 4, 3, padding=1), nn.BatchNorm3d(4), nn.ReLU(inplace=True), nn.MaxPool3d(2), nn.Flatten(),
        nn.Linear(4 * 3 * 4 * 4, 4),
    )


class Encoder(nn.Module):
    def __init__(self, **options):
        super().__init__()
        self.embed = nn.Embedding(40, 16)
        self.position = nn.Parameter(torch.randn(10, 16) * 0.02)
        layer = nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True, **options)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.head = nn.Linear(16, 3)

    def forward(self, tokens):
        return self.head(self.encoder(self.embed(tokens) + self.position).mean(1))


@program("cross_entropy", ids(4, 10, 40), classes(4, 3))
def transformer_post_norm():
    return Encoder()


@program("cross_entropy", ids(4, 10, 40), classes(4, 3))
def transformer_pre_norm():
    return Encoder(norm_first=True, activation="gelu")


class Seq2seq(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(30, 16)
        self.transformer = nn.Transformer(16, 2, 1, 1, 32, dropout=0.0, batch_first=True)
        self.head = nn.Linear(16, 30)
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(7))

    def forward(self, tokens):
        e = self.embed(tokens)
        return self.head(self.transformer(e, e, tgt_mask=self.mask, tgt_is_causal=True))


@program("cross_entropy", ids(3, 7, 30), ids(3, 7, 30))
def seq2seq_transformer():
    return Seq2seq()


class RMSBlock(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.qkv, self.out = nn.RMSNorm(16), nn.Linear(16, 48, bias=False), nn.Linear(16, 16)
        self.gate, self.up, self.down = nn.Linear(16, 32), nn.Linear(16, 32), nn.Linear(32, 16)

    def forward(self, x):
        q, k, v = (t.unflatten(-1, (4, 4)).transpose(1, 2) for t in self.qkv(self.norm(x)).chunk(3, -1))
        x = x + self.out(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).flatten(2))
        return x + self.down(F.silu(self.gate(x)) * self.up(x))


class TinyGPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(40, 16)
        self.blocks = nn.ModuleList([RMSBlock() for _ in range(2)])
        self.head = nn.Linear(16, 40, bias=False)
        self.head.weight = self.tokens.weight

    def forward(self, tokens):
        x = self.tokens(tokens)
        for block in self.blocks:
            x = block(x)
        return self.head(x)


@program("cross_entropy", ids(3, 8, 40), ids(3, 8, 40))
def tied_gpt():
    return TinyGPT()


class Einsum(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(3, 8, 5) * 0.3)
        self.gate = nn.Linear(8, 3)

    def forward(self, x):
        experts = torch.einsum("bi,eio->beo", x, self.w)
        return (F.softmax(self.gate(x), -1).unsqueeze(-1) * experts).sum(1)


@program("mse_loss", floats(10, 8), floats(10, 5))
def mixture_of_experts():
    return Einsum()


@program("cross_entropy", floats(8, 12), classes(8, 4))
def weight_norm():
    from torch.nn.utils.parametrizations import weight_norm as wn

    return nn.Sequential(wn(nn.Linear(12, 16)), nn.ReLU(), wn(nn.Linear(16, 4)))


class TwoOutputs(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.one, self.two = nn.Linear(6, 12), nn.Linear(12, 3), nn.Linear(12, 1)

    def forward(self, x):
        h = F.softplus(self.body(x))
        return {"logits": self.one(h), "value": self.two(h)}


@program("cross_entropy", floats(9, 6), classes(9, 3))
def dictionary_of_outputs():
    return TwoOutputs()


class OwnLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.encode, self.mean, self.spread, self.decode = nn.Linear(10, 8), nn.Linear(8, 3), nn.Linear(8, 3), nn.Linear(3, 10)

    def forward(self, x):
        h = torch.tanh(self.encode(x))
        mean, spread = self.mean(h), self.spread(h)
        kl = -0.5 * (1 + spread - mean.pow(2) - spread.exp()).sum(1).mean()
        return F.mse_loss(self.decode(mean), x) + 0.01 * kl


@program(None, floats(12, 10), None)
def returns_its_loss():
    return OwnLoss()


class Indexing(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(20, 6, padding_idx=0)
        self.head = nn.Linear(12, 2)

    def forward(self, tokens):
        e = self.table(tokens).masked_fill((tokens == 0).unsqueeze(-1), 0.0)
        return self.head(torch.cat([e.max(1).values, e.mean(1)], -1))


@program("nll_loss", ids(6, 5, 20), classes(6, 2))
def embedding_bag():
    return nn.Sequential(Indexing(), nn.LogSoftmax(-1))


@program("huber_loss", floats(20, 4), floats(20, 1))
def regression_hardtanh():
    return nn.Sequential(nn.Linear(4, 16), nn.Hardtanh(), nn.LayerNorm(16), nn.Linear(16, 8), nn.Softsign(), nn.Linear(8, 1))
