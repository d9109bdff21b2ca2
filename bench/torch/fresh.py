"""Programs from which no operation was built: complex numbers, fast paths, losses in modules."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from registry import bits, classes, floats, ids, images, program


class ComplexRotary(nn.Module):
    """Attention of LLaMA's first release: queries and keys are turned as complex numbers."""

    def __init__(self, width=16, heads=2, length=12):
        super().__init__()
        self.heads = heads
        self.embed, self.head = nn.Embedding(40, width), nn.Linear(width, 40, bias=False)
        self.wq, self.wk, self.wv, self.wo = (nn.Linear(width, width, bias=False) for _ in range(4))
        half = width // heads // 2
        angles = torch.outer(torch.arange(length), 1 / 10000 ** (torch.arange(half) / half))
        self.register_buffer("turns", torch.polar(torch.ones_like(angles), angles))

    def turned(self, x):
        pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
        return torch.view_as_real(pairs * self.turns[: x.shape[1], None]).flatten(3).type_as(x)

    def forward(self, tokens):
        h = self.embed(tokens)
        q, k, v = (w(h).unflatten(-1, (self.heads, -1)) for w in (self.wq, self.wk, self.wv))
        q, k = self.turned(q), self.turned(k)
        out = F.scaled_dot_product_attention(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), is_causal=True)
        return self.head(h + self.wo(out.transpose(1, 2).flatten(2)))


@program("cross_entropy", ids(3, 12, 40), ids(3, 12, 40))
def complex_rotary():
    return ComplexRotary()


class ComputedRotary(ComplexRotary):
    """The turns are computed in the forward pass."""

    def turned(self, x):
        half = x.shape[-1] // 2
        angles = torch.arange(x.shape[1])[:, None] / 10000 ** (torch.arange(half) / half)
        turns = torch.polar(torch.ones_like(angles), angles)
        pairs = torch.view_as_complex(x.unflatten(-1, (half, 2)))
        return torch.view_as_real(pairs * turns[:, None]).flatten(3)


@program("cross_entropy", ids(3, 12, 40), ids(3, 12, 40))
def computed_rotary():
    return ComputedRotary()


class FourierMixer(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.inner, self.norm, self.head = nn.Linear(8, width), nn.LayerNorm(width), nn.Linear(width, 5)
        self.feed = nn.Sequential(nn.Linear(width, 24), nn.GELU(), nn.Linear(24, width))

    def forward(self, x):
        h = self.inner(x)
        h = self.norm(h + torch.fft.fft(torch.fft.fft(h, dim=-1), dim=-2).real)
        return self.head((h + self.feed(h)).mean(1))


@program("cross_entropy", floats(4, 10, 8), classes(4, 5))
def fourier_mixer():
    return FourierMixer()


class SpectralFilter(nn.Module):
    """A global filter network: pictures are weighted in the frequency domain."""

    def __init__(self, width=8, size=8):
        super().__init__()
        self.patch, self.head = nn.Conv2d(3, width, 4, stride=4), nn.Linear(width, 6)
        self.filter = nn.Parameter(torch.randn(size, size // 2 + 1, width, 2) * 0.5)
        self.norm = nn.LayerNorm(width)

    def forward(self, x):
        h = self.patch(x).permute(0, 2, 3, 1)
        spectrum = torch.fft.rfft2(self.norm(h), dim=(1, 2), norm="ortho")
        spectrum = spectrum * torch.view_as_complex(self.filter)
        h = h + torch.fft.irfft2(spectrum, s=h.shape[1:3], dim=(1, 2), norm="ortho")
        return self.head(F.gelu(h).mean((1, 2)))


@program("cross_entropy", images(4, 3, 32), classes(4, 6))
def spectral_filter():
    return SpectralFilter()


class FourierOperator(nn.Module):
    """A Fourier neural operator in one dimension, with its weights as two real tensors."""

    def __init__(self, width=6, modes=5):
        super().__init__()
        self.modes = modes
        self.lift, self.local, self.project = nn.Linear(2, width), nn.Conv1d(width, width, 1), nn.Linear(width, 1)
        self.real = nn.Parameter(torch.randn(width, width, modes) / width)
        self.imag = nn.Parameter(torch.randn(width, width, modes) / width)

    def forward(self, x):
        h = self.lift(x).transpose(1, 2)
        spectrum = torch.fft.rfft(h)
        low = torch.einsum("bim,iom->bom", spectrum[:, :, : self.modes], torch.complex(self.real, self.imag))
        whole = F.pad(low, (0, spectrum.shape[-1] - self.modes))
        h = F.gelu(torch.fft.irfft(whole, n=h.shape[-1]) + self.local(h))
        return self.project(h.transpose(1, 2))


@program("mse_loss", floats(4, 16, 2), floats(4, 16, 1))
def fourier_operator():
    return FourierOperator()


class LongConvolution(nn.Module):
    """A diagonal state space model, whose kernel is convolved by fast Fourier transforms."""

    def __init__(self, width=6, states=4, length=20):
        super().__init__()
        self.length = length
        self.rate = nn.Parameter(torch.rand(width, states))
        self.frequency = nn.Parameter(math.pi * torch.arange(states).repeat(width, 1).float())
        self.c = nn.Parameter(torch.randn(width, states, 2) * 0.5)
        self.d, self.inner, self.head = nn.Parameter(torch.randn(width)), nn.Linear(3, width), nn.Linear(width, 4)

    def forward(self, x):
        u = self.inner(x).transpose(1, 2)
        poles = torch.complex(-torch.exp(self.rate), self.frequency) * 0.1
        powers = torch.exp(poles[..., None] * torch.arange(self.length))
        kernel = 2 * torch.einsum("hn,hnl->hl", torch.view_as_complex(self.c), powers).real
        n = 2 * self.length
        y = torch.fft.irfft(torch.fft.rfft(u, n=n) * torch.fft.rfft(kernel, n=n), n=n)[..., : self.length]
        y = F.silu(y + u * self.d[:, None])
        return self.head(y.mean(-1))


@program("cross_entropy", floats(4, 20, 3), classes(4, 4))
def long_convolution():
    return LongConvolution()


class Spectrogram(nn.Module):
    """Sound as the size of its short Fourier transforms."""

    def __init__(self):
        super().__init__()
        self.register_buffer("window", torch.hann_window(32))
        self.conv, self.head = nn.Conv2d(1, 6, 3, padding=1), nn.Linear(6, 5)

    def forward(self, x):
        frames = x.unfold(-1, 32, 16) * self.window
        power = torch.fft.rfft(frames).abs() ** 2
        h = F.relu(self.conv(torch.log1p(power)[:, None]))
        return self.head(h.mean((2, 3)))


@program("cross_entropy", floats(4, 400), classes(4, 5))
def spectrogram():
    return Spectrogram()


class ShortTimeFourier(Spectrogram):
    def forward(self, x):
        spectrum = torch.stft(x, 32, hop_length=16, window=self.window, return_complex=True)
        h = F.relu(self.conv(torch.log1p(spectrum.abs())[:, None]))
        return self.head(h.mean((2, 3)))


@program("cross_entropy", floats(4, 400), classes(4, 5))
def short_time_fourier():
    return ShortTimeFourier()


class Lengths(nn.Module):
    """Texts of several lengths: the state of a recurrent network at each text's end."""

    def __init__(self):
        super().__init__()
        self.embed, self.cell, self.head = nn.Embedding(30, 6), nn.GRU(6, 8, batch_first=True), nn.Linear(8, 4)

    def forward(self, tokens, lengths):
        h = self.cell(self.embed(tokens))[0]
        last = (lengths - 1)[:, None, None].expand(-1, 1, h.shape[-1])
        mask = torch.arange(tokens.shape[1])[None] < lengths[:, None]
        mean = (h * mask[..., None]).sum(1) / lengths[:, None]
        return self.head(h.gather(1, last).squeeze(1) + mean)


def padded():
    return {"tokens": torch.randint(0, 30, (4, 7)), "lengths": torch.tensor([7, 3, 5, 1])}


@program("cross_entropy", padded, classes(4, 4))
def text_lengths():
    return Lengths()


class Recognizer(nn.Module):
    """Connectionist temporal classification by its recursion: torch.export cannot export F.ctc_loss."""

    def __init__(self):
        super().__init__()
        self.cell, self.head = nn.LSTM(5, 8, bidirectional=True, batch_first=True), nn.Linear(16, 6)

    def forward(self, x, labels):
        logs = F.log_softmax(self.head(self.cell(x)[0]), -1)
        path = torch.zeros(len(labels), 2 * labels.shape[1] + 1, dtype=torch.long)
        path[:, 1::2] = labels
        each = logs.gather(2, path[:, None].expand(-1, x.shape[1], -1))
        skips = torch.zeros_like(path, dtype=torch.bool)
        skips[:, 3::2] = labels[:, 1:] != labels[:, :-1]
        start = torch.arange(path.shape[1]) < 2
        alpha = torch.where(start, each[:, 0], -1e4)
        for t in range(1, x.shape[1]):
            one = F.pad(alpha[:, :-1], (1, 0), value=-1e4)
            two = torch.where(skips, F.pad(alpha[:, :-2], (2, 0), value=-1e4), -1e4)
            alpha = torch.logsumexp(torch.stack([alpha, one, two]), 0) + each[:, t]
        return -torch.logaddexp(alpha[:, -1], alpha[:, -2]).mean()


def spoken():
    return {"x": torch.randn(3, 10, 5), "labels": torch.tensor([[1, 2, 2], [4, 1, 3], [5, 5, 5]])}


@program(None, spoken, None)
def speech_recognizer():
    return Recognizer()


class Evaluated(nn.Module):
    """A part in eval(), which takes PyTorch's fast path; the head is trained."""

    def __init__(self, part, head):
        super().__init__()
        self.part, self.head = part, head

    def train(self, mode=True):
        super().train(mode)
        self.part.eval()
        return self

    def forward(self, x):
        return self.head(self.part(x)).mean(1)


@program("cross_entropy", floats(3, 6, 16), classes(3, 4))
def encoder_in_eval():
    layer = nn.TransformerEncoderLayer(16, 2, 24, batch_first=True, activation="gelu")
    return Evaluated(nn.TransformerEncoder(layer, 2), nn.Linear(16, 4))


@program("cross_entropy", floats(3, 6, 16), classes(3, 4))
def encoder_in_eval_norm_first():
    layer = nn.TransformerEncoderLayer(16, 4, 24, batch_first=True, norm_first=True)
    return Evaluated(nn.TransformerEncoder(layer, 1), nn.Linear(16, 4))


class Diffusion(nn.Module):
    """A small U-Net of a diffusion model, with times and attention."""

    def __init__(self, width=8):
        super().__init__()
        self.time = nn.Sequential(nn.Linear(16, 32), nn.SiLU(), nn.Linear(32, 2 * width))
        self.inner, self.down = nn.Conv2d(2, width, 3, padding=1), nn.Conv2d(width, 2 * width, 4, 2, 1)
        self.norm, self.qkv = nn.GroupNorm(4, 2 * width), nn.Conv2d(2 * width, 6 * width, 1)
        self.mix, self.up = nn.Conv2d(2 * width, 2 * width, 1), nn.ConvTranspose2d(2 * width, width, 4, 2, 1)
        self.out = nn.Sequential(nn.GroupNorm(2, 2 * width), nn.SiLU(), nn.Conv2d(2 * width, 2, 3, padding=1))

    def forward(self, x, t):
        angles = t[:, None] * torch.exp(-math.log(1000) * torch.arange(8) / 8)
        time = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        h = self.inner(x)
        d = self.down(F.silu(h)) + time[:, :, None, None]
        q, k, v = self.qkv(self.norm(d)).flatten(2).transpose(1, 2).chunk(3, -1)
        d = d + self.mix(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).view_as(d))
        return self.out(torch.cat([self.up(F.silu(d)), h], 1))


@program("mse_loss", lambda: {"x": torch.randn(2, 2, 8, 8), "t": torch.rand(2) * 100}, floats(2, 2, 8, 8))
def diffusion_unet():
    return Diffusion()


class GraphAttention(nn.Module):
    """Attention over the edges of a graph, without a library of graphs."""

    def __init__(self):
        super().__init__()
        self.inner, self.source, self.target = nn.Linear(5, 8), nn.Linear(8, 1), nn.Linear(8, 1)
        self.head = nn.Linear(8, 3)

    def forward(self, x, edges):
        h = self.inner(x)
        a, b = edges
        scores = F.leaky_relu(self.source(h)[a] + self.target(h)[b], 0.2).squeeze(-1)
        most = torch.full((len(x),), -1e9).scatter_reduce(0, b, scores, "amax")
        shares = torch.exp(scores - most[b])
        total = torch.zeros(len(x)).index_add(0, b, shares)
        messages = h[a] * (shares / total[b])[:, None]
        return self.head(F.elu(torch.zeros_like(h).index_add(0, b, messages)))


def graph():
    edges = torch.cat([torch.randint(0, 9, (2, 20)), torch.arange(9).repeat(2, 1)], 1)
    return {"x": torch.randn(9, 5), "edges": edges}


@program("cross_entropy", graph, classes(9, 3))
def graph_attention():
    return GraphAttention()


class Conformer(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.inner = nn.Linear(6, width)
        self.feed = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 32), nn.SiLU(), nn.Linear(32, width))
        self.norm, self.attend = nn.LayerNorm(width), nn.MultiheadAttention(width, 4, batch_first=True)
        self.wide, self.deep = nn.Conv1d(width, 2 * width, 1), nn.Conv1d(width, width, 5, padding=2, groups=width)
        self.batch, self.narrow = nn.BatchNorm1d(width), nn.Conv1d(width, width, 1)
        self.head = nn.Linear(width, 5)

    def forward(self, x):
        h = self.inner(x)
        h = h + 0.5 * self.feed(h)
        n = self.norm(h)
        h = h + self.attend(n, n, n, need_weights=False)[0]
        c = self.deep(F.glu(self.wide(h.transpose(1, 2)), 1))
        h = h + self.narrow(F.silu(self.batch(c))).transpose(1, 2)
        return self.head(h)


@program("cross_entropy", floats(3, 8, 6), ids(3, 8, 5))
def conformer():
    return Conformer()


class Perceiver(nn.Module):
    def __init__(self):
        super().__init__()
        self.latents = nn.Parameter(torch.randn(4, 12))
        self.cross, self.own = (nn.MultiheadAttention(12, 2, batch_first=True) for _ in range(2))
        self.inner, self.head = nn.Linear(5, 12), nn.Linear(12, 3)

    def forward(self, x):
        h = self.latents.expand(len(x), -1, -1)
        x = self.inner(x)
        for _ in range(2):
            h = h + self.cross(h, x, x)[0]
            h = h + self.own(h, h, h)[0]
        return self.head(h.mean(1))


@program("cross_entropy", floats(3, 9, 5), classes(3, 3))
def perceiver():
    return Perceiver()


class PointNet(nn.Module):
    """Points that are turned by a matrix of their own."""

    def __init__(self):
        super().__init__()
        self.turn = nn.Sequential(nn.Conv1d(3, 8, 1), nn.BatchNorm1d(8), nn.ReLU(), nn.AdaptiveMaxPool1d(1))
        self.matrix = nn.Linear(8, 9)
        self.each, self.head = nn.Sequential(nn.Conv1d(3, 16, 1), nn.ReLU()), nn.Linear(16, 4)

    def forward(self, x):
        matrix = self.matrix(self.turn(x).flatten(1)).view(-1, 3, 3) + torch.eye(3)
        return self.head(self.each(torch.bmm(matrix, x)).amax(-1))


@program("cross_entropy", floats(4, 3, 20), classes(4, 4))
def point_net():
    return PointNet()


class Flow(nn.Module):
    """An ordinary differential equation by four steps of Runge and Kutta."""

    def __init__(self):
        super().__init__()
        self.field, self.head = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 4)), nn.Linear(4, 2)

    def forward(self, x):
        for _ in range(4):
            a = self.field(x)
            b = self.field(x + 0.125 * a)
            c = self.field(x + 0.125 * b)
            x = x + 0.25 / 6 * (a + 2 * b + 2 * c + self.field(x + 0.25 * c))
        return self.head(x)


@program("smooth_l1_loss", floats(6, 4), floats(6, 2))
def neural_ode():
    return Flow()


class Variational(nn.Module):
    """An autoencoder that returns its own loss; the noise is an input."""

    def __init__(self):
        super().__init__()
        self.encode, self.mean, self.log = nn.Linear(12, 16), nn.Linear(16, 3), nn.Linear(16, 3)
        self.decode = nn.Sequential(nn.Linear(3, 16), nn.Softplus(), nn.Linear(16, 12))

    def forward(self, x, noise):
        h = torch.relu(self.encode(x))
        mean, log = self.mean(h), self.log(h)
        y = self.decode(mean + torch.exp(0.5 * log) * noise)
        divergence = -0.5 * (1 + log - mean**2 - log.exp()).sum(1).mean()
        return F.gaussian_nll_loss(y, x, 0.5) + 0.1 * divergence


@program(None, lambda: {"x": torch.randn(5, 12), "noise": torch.randn(5, 3)}, None)
def variational():
    return Variational()


class Siren(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in ((2, 24), (24, 24), (24, 3)))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.sin(3 * layer(x))
        return torch.sigmoid(self.layers[-1](x))


@program("bce_loss", floats(10, 2), bits(10, 3))
def siren():
    return Siren()


class Ranking(nn.Module):
    """A ranking of pairs, with a margin, which returns its loss."""

    def __init__(self):
        super().__init__()
        self.score = nn.Sequential(nn.Linear(6, 12), nn.PReLU(), nn.Linear(12, 1))

    def forward(self, first, second, order):
        return F.margin_ranking_loss(self.score(first)[:, 0], self.score(second)[:, 0], order, margin=0.3)


@program(
    None,
    lambda: {"first": torch.randn(7, 6), "second": torch.randn(7, 6), "order": 2 * torch.randint(0, 2, (7,)) - 1.0},
    None,
)
def ranking():
    return Ranking()


class HighwayCharacters(nn.Module):
    """Words from their characters by convolutions and a highway."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(20, 6, padding_idx=0)
        self.convs = nn.ModuleList(nn.Conv1d(6, 5, k) for k in (2, 3))
        self.gate, self.change, self.head = nn.Linear(10, 10), nn.Linear(10, 10), nn.Linear(10, 4)

    def forward(self, x):
        h = self.embed(x).transpose(1, 2)
        h = torch.cat([torch.tanh(conv(h)).max(-1).values for conv in self.convs], 1)
        gate = torch.sigmoid(self.gate(h))
        return self.head(torch.lerp(h, F.relu(self.change(h)), gate))


@program("cross_entropy", ids(5, 9, 20), classes(5, 4))
def highway_characters():
    return HighwayCharacters()




class Translating(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, features, tokens):
        return self.model(features, decoder_input_ids=tokens, use_cache=False).logits


@program(
    "cross_entropy", lambda: {"features": torch.randn(2, 8, 40), "tokens": torch.randint(0, 50, (2, 6))}, ids(2, 6, 50)
)
def whisper():
    import transformers

    config = transformers.WhisperConfig(
        vocab_size=50, num_mel_bins=8, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
        decoder_attention_heads=2, encoder_ffn_dim=32, decoder_ffn_dim=32, d_model=16, max_source_positions=20,
        max_target_positions=16, pad_token_id=0, bos_token_id=1, eos_token_id=2, decoder_start_token_id=1,
    )
    return Translating(transformers.WhisperForConditionalGeneration(config))


class Boxes(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        return self.model(x).logits


@program("cross_entropy", images(1, 3, 64), ids(1, 5, 4))
def detr():
    import transformers

    backbone = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 16], depths=[1, 1], layer_type="basic", out_features=["stage2"]
    )
    config = transformers.DetrConfig(
        use_timm_backbone=False, use_pretrained_backbone=False, backbone=None, backbone_config=backbone, num_queries=5,
        d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2, decoder_attention_heads=2,
        encoder_ffn_dim=24, decoder_ffn_dim=24, num_labels=3,
    )
    return Boxes(transformers.DetrForObjectDetection(config))
