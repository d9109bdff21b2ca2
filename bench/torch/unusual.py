"""Programs written by hand of operations and habits that are less usual."""

import math

import torch
from torch import nn
from torch.nn import functional as F

from registry import bits, classes, floats, ids, images, program


class Unfolded(nn.Module):
    """A convolution by hand: patches, a product, and pixels shuffled."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(12, 27) / 5)
        self.out = nn.Conv2d(3, 1, 3, padding=1, padding_mode="reflect")

    def forward(self, x):
        b, c, h, w = x.shape
        y = torch.einsum("of,bfl->bol", self.w, F.unfold(x, 3, padding=1)).view(b, 12, h, w)
        return self.out(F.pixel_shuffle(F.gelu(y, approximate="tanh"), 2))


@program("mse_loss", images(2, 3, 8), images(2, 1, 16))
def unfold_einsum_shuffle():
    return Unfolded()


class DeepRecurrent(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.embed = nn.Embedding(30, 8, padding_idx=0)
        self.cell = cell
        self.attend = nn.Linear(24, 1, bias=False)
        self.head = nn.Linear(24, 4)

    def forward(self, tokens):
        h, _ = self.cell(self.embed(tokens))
        scores = self.attend(torch.tanh(h)).squeeze(-1).masked_fill(tokens.eq(0), float("-inf"))
        return self.head((scores.softmax(1).unsqueeze(-1) * h).sum(1))


@program("cross_entropy", ids(5, 11, 30), classes(5, 4))
def gru_deep_bidirectional_attention():
    return DeepRecurrent(nn.GRU(8, 12, num_layers=3, bidirectional=True, batch_first=True, dropout=0.0))


@program("cross_entropy", ids(5, 11, 30), classes(5, 4))
def lstm_projected_bidirectional():
    return DeepRecurrent(nn.LSTM(8, 20, num_layers=2, bidirectional=True, batch_first=True, proj_size=12))


class Cells(nn.Module):
    """Recurrence by cells in a Python loop, with a learnt first state."""

    def __init__(self):
        super().__init__()
        self.lstm, self.gru, self.rnn = nn.LSTMCell(5, 8), nn.GRUCell(8, 6), nn.RNNCell(6, 4, nonlinearity="relu")
        self.h0 = nn.Parameter(torch.zeros(1, 8))
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        h, c = self.h0.expand(x.size(0), -1), x.new_zeros(x.size(0), 8)
        g, r = x.new_zeros(x.size(0), 6), torch.zeros(x.size(0), 4)
        for t in range(x.size(1)):
            h, c = self.lstm(x[:, t], (h, c))
            g = self.gru(h, g)
            r = self.rnn(g, r)
        return self.head(r)


@program("cross_entropy", floats(6, 7, 5), classes(6, 2))
def cells_in_a_loop():
    return Cells()


class Translator(nn.Module):
    def __init__(self):
        super().__init__()
        self.source, self.target = nn.Embedding(20, 16), nn.Embedding(25, 16)
        self.transformer = nn.Transformer(16, 4, 2, 2, 24, dropout=0.0, batch_first=True, norm_first=True, activation="gelu")
        self.head = nn.Linear(16, 25)

    def forward(self, source, target):
        mask = nn.Transformer.generate_square_subsequent_mask(target.size(1))
        padded = source == 0
        y = self.transformer(
            self.source(source) * math.sqrt(16), self.target(target), tgt_mask=mask, tgt_is_causal=True,
            src_key_padding_mask=padded, memory_key_padding_mask=padded,
        )
        return self.head(y)


@program(
    "cross_entropy", lambda: {"source": torch.randint(0, 20, (3, 9)), "target": torch.randint(0, 25, (3, 6))},
    ids(3, 6, 25), keywords=True,
)
def transformer_masks_keywords():
    return Translator()


class Attending(nn.Module):
    """Attentions whose keys and values have other widths, with added biases and given masks."""

    def __init__(self):
        super().__init__()
        self.attend = nn.MultiheadAttention(12, 3, kdim=6, vdim=10, add_bias_kv=True, batch_first=True)
        self.self_attend = nn.MultiheadAttention(12, 2, add_zero_attn=True, bias=False)
        self.head = nn.Linear(12, 3)

    def forward(self, q, k, v):
        a, weights = self.attend(q, k, v, average_attn_weights=False)
        a = (a + q).transpose(0, 1)
        mask = torch.ones(a.size(0), a.size(0)).triu(1).bool()
        b, _ = self.self_attend(a, a, a, attn_mask=mask, need_weights=False)
        return self.head(b.mean(0)) + weights.std()


@program(
    "cross_entropy",
    lambda: {"q": torch.randn(4, 5, 12), "k": torch.randn(4, 7, 6), "v": torch.randn(4, 7, 10)},
    classes(4, 3),
)
def attention_widths_and_masks():
    return Attending()


@program("cross_entropy", images(4, 3, 12), classes(4, 5))
def spectral_norm_discriminator():
    from torch.nn.utils.parametrizations import spectral_norm as sn

    return nn.Sequential(
        sn(nn.Conv2d(3, 8, 4, 2, 1)), nn.LeakyReLU(0.2, inplace=True), sn(nn.Conv2d(8, 12, 3)), nn.LeakyReLU(0.2),
        nn.AdaptiveMaxPool2d((2, 3)), nn.Flatten(), sn(nn.Linear(72, 5)),
    )


@program("mse_loss", floats(6, 4, 20), floats(6, 2, 20))
def weight_norm_old_tcn():
    from torch.nn.utils import weight_norm

    class Causal(nn.Module):
        def __init__(self, a, b, d):
            super().__init__()
            self.conv, self.down = weight_norm(nn.Conv1d(a, b, 3, padding=2 * d, dilation=d)), nn.Conv1d(a, b, 1)
            self.d = d

        def forward(self, x):
            return torch.relu(self.conv(x)[..., : -2 * self.d].contiguous().relu_() + self.down(x))

    return nn.Sequential(Causal(4, 8, 1), Causal(8, 8, 2), nn.Conv1d(8, 2, 1))


class Bags(nn.Module):
    def __init__(self):
        super().__init__()
        self.sums = nn.EmbeddingBag(40, 6, mode="sum")
        self.means = nn.EmbeddingBag(40, 6, mode="mean", padding_idx=3)
        self.most = nn.EmbeddingBag(40, 4, mode="max")
        self.ranges = nn.EmbeddingBag(40, 5, mode="sum", include_last_offset=True)
        self.head = nn.Linear(21, 3)

    def forward(self, tokens, weights, offsets):
        flat = tokens.flatten()
        parts = [
            self.sums(tokens, per_sample_weights=weights), self.means(tokens), self.most(tokens),
            self.ranges(flat, offsets),
        ]
        return self.head(torch.cat(parts, 1))


@program(
    "cross_entropy",
    lambda: {
        "tokens": torch.randint(0, 40, (4, 6)), "weights": torch.rand(4, 6), "offsets": torch.tensor([0, 5, 9, 20, 24]),
    },
    classes(4, 3),
)
def embedding_bags():
    return Bags()


class Tied(nn.Module):
    """An autoencoder whose decoder is its encoder transposed, and shared positions."""

    def __init__(self):
        super().__init__()
        self.encode = nn.Linear(14, 6)
        self.bias = nn.Parameter(torch.zeros(14))

    def forward(self, x):
        return F.linear(torch.sigmoid(self.encode(x)), self.encode.weight.t(), self.bias)


@program("mse_loss", floats(9, 14), floats(9, 14))
def tied_autoencoder():
    return Tied()


class Graph(nn.Module):
    """Messages on a graph: gather, scatter_add, degrees, an attention by edges."""

    def __init__(self):
        super().__init__()
        self.message, self.update, self.score = nn.Linear(12, 8), nn.Linear(14, 8), nn.Linear(8, 1)
        self.head = nn.Linear(8, 3)

    def forward(self, x, edges):
        source, target = edges[0], edges[1]
        m = F.elu(self.message(torch.cat([x[source], x.index_select(0, target)], -1)))
        weight = torch.exp(self.score(m))
        total = torch.zeros(x.size(0), 1).scatter_add(0, target[:, None], weight)
        m = m * weight / total.gather(0, target[:, None])
        summed = torch.zeros(x.size(0), 8).index_add(0, target, m)
        return self.head(F.relu(self.update(torch.cat([x, summed], 1))))


@program(
    "cross_entropy",
    lambda: {
        "x": torch.randn(10, 6),
        "edges": torch.stack([torch.randint(0, 10, (30,)), torch.cat([torch.arange(10), torch.randint(0, 10, (20,))])]),
    },
    classes(10, 3),
)
def graph_messages():
    return Graph()


class TopK(nn.Module):
    """A sparse mixture of experts: topk, one_hot, index_put."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(8, 4, bias=False)
        self.experts = nn.ModuleList([nn.Sequential(nn.Linear(8, 12), nn.SiLU(), nn.Linear(12, 8)) for _ in range(4)])
        self.head = nn.Linear(8, 5)

    def forward(self, x):
        p, chosen = torch.topk(F.softmax(self.gate(x), -1), 2, -1)
        p = p / p.sum(-1, keepdim=True)
        gates = torch.zeros(x.size(0), 4).scatter(1, chosen, p)
        y = torch.stack([expert(x) for expert in self.experts], 1)
        used = F.one_hot(chosen, 4).sum(1).float().mean(0)
        return self.head(torch.bmm(gates.unsqueeze(1), y).squeeze(1)) + used.std()


@program("cross_entropy", floats(12, 8), classes(12, 5))
def mixture_topk():
    return TopK()


class Sampler(nn.Module):
    """A spatial transformer."""

    def __init__(self):
        super().__init__()
        self.locate = nn.Sequential(nn.Conv2d(1, 4, 5), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64, 6))
        self.locate[-1].bias.data = torch.tensor([1, 0, 0.1, 0, 1, -0.1])
        nn.init.normal_(self.locate[-1].weight, std=0.01)
        self.body = nn.Conv2d(1, 4, 3)
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        grid = F.affine_grid(self.locate(x).view(-1, 2, 3), list(x.shape), align_corners=False)
        x = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
        return self.head(F.adaptive_avg_pool2d(torch.relu(self.body(x)), 1).flatten(1))


@program("cross_entropy", images(5, 1, 12), classes(5, 3))
def spatial_transformer():
    return Sampler()


@program("l1_loss", floats(3, 6, 5), floats(3, 4, 22))
def transposed_groups():
    return nn.Sequential(
        nn.ConvTranspose1d(6, 12, 4, stride=2, padding=1, groups=3), nn.CELU(0.7), nn.GroupNorm(3, 12),
        nn.ConvTranspose1d(12, 4, 3, stride=2, output_padding=1, dilation=1, groups=2, bias=False),
    )


@program("mse_loss", floats(2, 2, 3, 4, 4), floats(2, 1, 6, 8, 8))
def transposed_volume():
    return nn.Sequential(nn.ConvTranspose3d(2, 4, 2, stride=2), nn.InstanceNorm3d(4), nn.Softplus(beta=2), nn.Conv3d(4, 1, 1))


class Rotary(nn.Module):
    """Rotary positions, complex-free, queries grouped, an RMS norm by hand and cumulative sums."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(30, 16)
        self.q, self.kv, self.o = nn.Linear(16, 16, bias=False), nn.Linear(16, 16, bias=False), nn.Linear(16, 16, bias=False)
        self.scale = nn.Parameter(torch.ones(16))
        self.register_buffer("rate", 1.0 / (10000 ** (torch.arange(0, 4, 2).float() / 4)), persistent=False)
        self.head = nn.Linear(16, 30)

    def rotate(self, x):
        t = torch.arange(x.size(-2), device=x.device).type_as(self.rate)
        angle = torch.outer(t, self.rate).repeat(1, 2)
        one, two = x.chunk(2, dim=-1)
        return x * angle.cos() + torch.cat((-two, one), dim=-1) * angle.sin()

    def forward(self, tokens):
        x = self.embed(tokens)
        y = self.scale * x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6)
        b, t, _ = y.shape
        q = self.rotate(self.q(y).view(b, t, 4, 4).transpose(1, 2))
        k, v = self.kv(y).view(b, t, 2, 8).transpose(1, 2).split(4, dim=-1)
        k, v = self.rotate(k).repeat_interleave(2, dim=1), v.repeat_interleave(2, dim=1)
        mask = torch.tril(torch.ones(t, t, dtype=torch.bool))
        scores = (q @ k.transpose(-2, -1)) / math.sqrt(4)
        a = torch.where(mask, scores, torch.finfo(scores.dtype).min).softmax(-1)
        x = x + self.o((a @ v).transpose(1, 2).reshape(b, t, 16))
        return self.head(x.cumsum(1) / torch.arange(1, t + 1).view(1, -1, 1))


@program("cross_entropy", ids(3, 9, 30), ids(3, 9, 30))
def rotary_grouped_queries():
    return Rotary()


class Indexed(nn.Module):
    """Indices of many kinds, and pieces assigned in place."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(5, 6, 4) * 0.4)
        self.head = nn.Linear(4, 2)
        self.register_buffer("rows", torch.tensor([4, 0, 2]))

    def forward(self, x):
        y = torch.zeros(x.size(0), 6, 4)
        y[:, ::2] = torch.einsum("bi,rio->bro", x, self.w[self.rows])
        y[:, 1, :2] = x[:, :2] * 2
        y[:, [3, 5]] += torch.flip(y[:, [0, 2]], dims=(1,))
        z = torch.roll(y, 1, dims=1).movedim(1, -1)[..., 1:-1].amax(-1)
        z = z + y[torch.arange(x.size(0)), torch.arange(x.size(0)) % 6] + y.select(1, -1) + y.narrow(1, 2, 2).sum(1)
        return self.head(z)


@program("cross_entropy", floats(7, 6), classes(7, 2))
def indices_of_many_kinds():
    return Indexed()


@program("cross_entropy", images(3, 3, 20), classes(3, 4))
def instance_and_response_norm():
    return nn.Sequential(
        nn.Conv2d(3, 10, 5, stride=2), nn.ReLU(), nn.LocalResponseNorm(5, alpha=1e-2, k=2.0), nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(10, 12, 3, padding="same", groups=2), nn.InstanceNorm2d(12, affine=True, track_running_stats=True), nn.Hardsigmoid(),
        nn.LPPool2d(2, 2), nn.Flatten(), nn.Linear(48, 4),
    )


class Loss(nn.Module):
    """Several inputs; the output is a tuple that begins with the loss."""

    def __init__(self):
        super().__init__()
        self.body, self.head = nn.Linear(6, 10), nn.Linear(10, 4)

    def forward(self, x, y):
        logits = self.head(F.dropout(F.leaky_relu_(self.body(x), 0.05), 0.0, self.training))
        return F.cross_entropy(logits, y, label_smoothing=0.1), logits


@program(None, lambda: {"x": torch.randn(8, 6), "y": torch.randint(0, 4, (8,))}, None)
def loss_and_logits():
    return Loss()


class Contrastive(nn.Module):
    """A siamese network with a temperature: normalised products, in both directions."""

    def __init__(self):
        super().__init__()
        self.image, self.text = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 8)), nn.Linear(6, 8)
        self.temperature = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    def forward(self, a, b):
        one, two = F.normalize(self.image(a), dim=-1), F.normalize(self.text(b), dim=-1)
        logits = self.temperature.exp() * one @ two.t()
        goal = torch.arange(len(a), device=a.device)
        return (F.cross_entropy(logits, goal) + F.cross_entropy(logits.t(), goal)) / 2


@program(None, lambda: {"a": torch.randn(6, 10), "b": torch.randn(6, 6)}, None)
def contrastive_pairs():
    return Contrastive()


@program(
    "cross_entropy", floats(6, 3, 16), classes(6, 4),
    dynamic_shapes={"input": {0: torch.export.Dim("batch", min=2, max=64)}},
)
def dynamic_batch():
    return nn.Sequential(nn.Conv1d(3, 8, 3), nn.BatchNorm1d(8), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(8, 4))


class DynamicText(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed, self.position = nn.Embedding(30, 16), nn.Embedding(64, 16)
        layer = nn.TransformerEncoderLayer(16, 2, 32, 0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.head = nn.Linear(16, 30)

    def forward(self, tokens):
        place = torch.arange(tokens.size(1), device=tokens.device)
        mask = torch.full((tokens.size(1), tokens.size(1)), float("-inf")).triu(diagonal=1)
        return self.head(self.encoder(self.embed(tokens) + self.position(place), mask=mask, is_causal=True))


@program(
    "cross_entropy", ids(3, 8, 30), ids(3, 8, 30),
    dynamic_shapes={"tokens": {0: torch.export.Dim("batch", min=2), 1: torch.export.Dim("length", min=2, max=64)}},
)
def dynamic_text():
    return DynamicText()


class Squeeze(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.fc = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(c, c // 4, 1), nn.ReLU(True), nn.Conv2d(c // 4, c, 1), nn.Sigmoid())

    def forward(self, x):
        return x * self.fc(x).expand_as(x)


class Attentive(nn.Module):
    """A convolutional block attention: squeezed channels, then places by their mean and maximum."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, bias=False), nn.BatchNorm2d(16), nn.SiLU(True))
        self.squeeze, self.place = Squeeze(16), nn.Conv2d(2, 1, 7, padding=3, bias=False)
        self.deep = nn.Sequential(nn.Conv2d(16, 16, 3, 1, 2, dilation=2, groups=16), nn.Conv2d(16, 24, 1), nn.ReLU6())
        self.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(24, 6))

    def forward(self, x):
        x = self.squeeze(self.stem(x))
        s = torch.cat([x.mean(1, keepdim=True), x.max(1, keepdim=True)[0]], 1)
        x = self.deep(x * torch.sigmoid(self.place(s)))
        return self.head(x.flatten(2).mean(-1))


@program("cross_entropy", images(4, 3, 24), classes(4, 6))
def block_attention():
    return Attentive()


class Pyramid(nn.Module):
    """Features of several sizes, upsampled and added; an auxiliary output."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 6, 3, 2, 1), nn.Conv2d(6, 8, 3, 2, 1), nn.Conv2d(8, 10, 3, 2, 1)
        self.la, self.lb, self.lc = nn.Conv2d(6, 6, 1), nn.Conv2d(8, 6, 1), nn.Conv2d(10, 6, 1)
        self.head, self.aux = nn.Conv2d(6, 5, 1), nn.Conv2d(10, 5, 1)

    def forward(self, x):
        a = F.relu(self.a(x))
        b = F.relu(self.b(a))
        c = F.relu(self.c(b))
        p = self.lc(c)
        p = self.lb(b) + F.interpolate(p, size=b.shape[-2:], mode="nearest")
        p = self.la(a) + F.interpolate(p, size=a.shape[-2:], mode="bicubic", align_corners=False)
        out = F.interpolate(self.head(p), scale_factor=2, mode="bilinear", align_corners=True)
        return out, self.aux(c)


@program("cross_entropy", images(2, 3, 16), lambda: torch.randint(0, 5, (2, 16, 16)))
def feature_pyramid():
    return Pyramid()


class Kernels(nn.Module):
    """Functions of many kinds on one tensor."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 12), nn.Linear(12, 3)
        self.register_parameter("slope", nn.Parameter(torch.full((12,), 0.2)))

    def forward(self, x):
        y = self.a(x)
        y = torch.where(y > 0, torch.log1p(y.clamp(min=0)), self.slope * torch.expm1(y.clamp(max=0)))
        y = y + 0.1 * torch.lerp(torch.sin(y), torch.erf(y), 0.3) + torch.addcmul(y, y, y.abs().sqrt().clamp_min(1e-3), value=0.05)
        y = y * torch.sigmoid(torch.logsumexp(y, -1, keepdim=True)) - torch.var(y, -1, keepdim=True, unbiased=False)
        z = torch.baddbmm(y[:, None, :2], y.view(-1, 1, 12), self.b.weight.t()[None, :, :2].expand(y.size(0), 12, 2))
        return self.b(torch.atan2(y, 1 + y**2)) + F.pad(z.squeeze(1), (0, 1)) + torch.cdist(y, y).mean(1, keepdim=True)


@program("smooth_l1_loss", floats(6, 8), floats(6, 3))
def functions_of_many_kinds():
    return Kernels()


class Ordered(nn.Module):
    """Sorting, medians, quantiles and differences."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(5, 9), nn.Linear(9, 2)

    def forward(self, x):
        y = self.a(x)
        s, order = torch.sort(y, -1, descending=True)
        m = y.median(-1, keepdim=True).values + y.kthvalue(3, -1, keepdim=True)[0]
        d = torch.diff(s, dim=-1, prepend=s[:, :1])
        return self.b(s + d + m + y.gather(1, order.argsort(-1)) + y.argmax(-1, keepdim=True) * 0.01)


@program("mse_loss", floats(7, 5), floats(7, 2))
def ordered():
    return Ordered()


class State(nn.Module):
    """A diagonal state space: a scan of exponentials, convolved by FFT-free products."""

    def __init__(self):
        super().__init__()
        self.log_a = nn.Parameter(torch.log(torch.arange(1, 9).float()))
        self.b, self.c = nn.Linear(6, 8, bias=False), nn.Linear(8, 6, bias=False)
        self.d, self.step = nn.Parameter(torch.ones(6)), nn.Parameter(torch.tensor(-2.0))
        self.norm, self.gate, self.head = nn.LayerNorm(6), nn.Linear(6, 12), nn.Linear(6, 1)

    def forward(self, x):
        a = torch.exp(-torch.exp(self.log_a) * F.softplus(self.step))
        u, h, out = self.b(self.norm(x)), torch.zeros(x.size(0), 8), []
        for t in range(x.size(1)):
            h = a * h + u[:, t]
            out.append(self.c(h) + self.d * x[:, t])
        y = F.glu(self.gate(torch.stack(out, dim=1)), -1)
        return self.head((x + y)[:, -1])


@program("mse_loss", floats(5, 10, 6), floats(5, 1))
def state_space():
    return State()


class Windows(nn.Module):
    """Attention within windows that roll, with relative positions."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Conv2d(3, 12, 2, 2)
        self.norm, self.qkv, self.out = nn.LayerNorm(12, eps=1e-6), nn.Linear(12, 36), nn.Linear(12, 12)
        self.table = nn.Parameter(torch.zeros(9, 3))
        nn.init.trunc_normal_(self.table, std=0.02)
        y, x = torch.meshgrid(torch.arange(2), torch.arange(2), indexing="ij")
        c = torch.stack([y, x]).flatten(1)
        r = (c[:, :, None] - c[:, None, :] + 1).permute(1, 2, 0)
        self.register_buffer("index", r[..., 0] * 3 + r[..., 1])
        self.scale = nn.Parameter(1e-2 * torch.ones(12))
        self.head = nn.Linear(12, 4)

    def forward(self, x):
        x = self.embed(x).permute(0, 2, 3, 1)
        b, h, w, c = x.shape
        y = torch.roll(self.norm(x), shifts=(-1, -1), dims=(1, 2))
        y = y.view(b, h // 2, 2, w // 2, 2, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 4, c)
        q, k, v = self.qkv(y).reshape(-1, 4, 3, 3, 4).permute(2, 0, 3, 1, 4).unbind(0)
        bias = self.table[self.index.view(-1)].view(4, 4, 3).permute(2, 0, 1)
        y = F.scaled_dot_product_attention(q, k, v, attn_mask=bias.unsqueeze(0), scale=0.4)
        y = self.out(y.transpose(1, 2).reshape(-1, 4, c)).view(b, h // 2, w // 2, 2, 2, c)
        y = torch.roll(y.permute(0, 1, 3, 2, 4, 5).reshape(b, h, w, c), shifts=(1, 1), dims=(1, 2))
        return self.head((x + self.scale * y).mean((1, 2)))


@program("cross_entropy", images(3, 3, 8), classes(3, 4))
def shifted_windows():
    return Windows()


class Pooled(nn.Module):
    """Text by convolutions of three widths, the largest of each."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding.from_pretrained(torch.randn(50, 10), freeze=True)
        self.convs = nn.ModuleList([nn.Conv2d(1, 6, (k, 10)) for k in (2, 3, 4)])
        self.bi = nn.Bilinear(18, 18, 5)
        self.head = nn.Linear(5, 3)

    def forward(self, tokens):
        x = self.embed(tokens).unsqueeze(1)
        x = [F.relu(conv(x)).squeeze(3) for conv in self.convs]
        x = torch.cat([F.max_pool1d(one, one.size(2)).squeeze(2) for one in x], 1)
        return F.log_softmax(self.head(F.selu(self.bi(x, x))), dim=1)


@program("nll_loss", ids(6, 12, 50), classes(6, 3))
def text_convolutions():
    return Pooled()


class Variational(nn.Module):
    """Scores of mixtures: log densities, a product of experts, a Gumbel-free softmax."""

    def __init__(self):
        super().__init__()
        self.body, self.pi, self.mu, self.sigma = nn.Linear(4, 10), nn.Linear(10, 3), nn.Linear(10, 6), nn.Linear(10, 6)

    def forward(self, x, y):
        h = torch.tanh(self.body(x))
        pi, mu, sigma = self.pi(h).log_softmax(-1), self.mu(h).view(-1, 3, 2), F.softplus(self.sigma(h)).view(-1, 3, 2) + 1e-3
        density = -0.5 * ((y.unsqueeze(1) - mu) / sigma).square() - sigma.log() - 0.5 * math.log(2 * math.pi)
        return -torch.logsumexp(pi + density.sum(-1), -1).mean()


@program(None, lambda: {"x": torch.randn(9, 4), "y": torch.randn(9, 2)}, None)
def mixture_density():
    return Variational()


class Shared(nn.Module):
    """One block applied several times, stochastic depth and residual scaling by hand."""

    def __init__(self):
        super().__init__()
        self.enter = nn.Linear(5, 8)
        self.block = nn.Sequential(nn.LayerNorm(8), nn.Linear(8, 16), nn.GELU(), nn.Linear(16, 8))
        self.alpha = nn.ParameterList([nn.Parameter(torch.tensor(0.1 * (i + 1))) for i in range(3)])
        self.heads = nn.ModuleDict({"one": nn.Linear(8, 2), "two": nn.Linear(8, 2, bias=False)})

    def forward(self, x):
        x = self.enter(x)
        for alpha in self.alpha:
            x = x + alpha * self.block(x)
        return self.heads["one"](x) - self.heads["two"](x.detach())


@program("bce_with_logits", floats(8, 5), bits(8, 2))
def shared_block():
    return Shared()


class Detector(nn.Module):
    """Boxes, classes and confidences on a grid, as one tensor."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, 1), nn.BatchNorm2d(8, momentum=0.03, eps=1e-3), nn.SiLU(), nn.ZeroPad2d((0, 1, 0, 1)),
            nn.MaxPool2d(2, stride=1), nn.Conv2d(8, 21, 1),
        )
        self.register_buffer("anchors", torch.tensor([[1.0, 2.0], [2.0, 1.0], [1.5, 1.5]]))

    def forward(self, x):
        y = self.body(x)
        b, _, h, w = y.shape
        y = y.view(b, 3, 7, h, w).permute(0, 1, 3, 4, 2).contiguous()
        xy, wh, rest = y.sigmoid().split((2, 2, 3), 4)
        gy, gx = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
        grid = torch.stack((gx, gy), 2).float()
        xy = (xy * 2 + grid - 0.5) * 2
        wh = (wh * 2) ** 2 * self.anchors.view(1, 3, 1, 1, 2)
        return torch.cat((xy, wh, rest), 4).view(b, -1, 7)


@program("huber_loss", images(2, 3, 12), floats(2, 108, 7))
def grid_detector():
    return Detector()


class Subnormal(nn.Module):
    """Standardised weights, an own autograd-free clamp, and a hard sigmoid gate."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(8, 3, 3, 3) * 0.1)
        self.gain, self.norm = nn.Parameter(torch.ones(8, 1, 1, 1)), nn.GroupNorm(2, 8)
        self.act, self.rrelu = nn.Hardshrink(0.1), nn.Softshrink(0.05)
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        v, m = torch.var_mean(self.w, dim=(1, 2, 3), keepdim=True, unbiased=False)
        w = self.gain * (self.w - m) * torch.rsqrt(torch.maximum(v * 27, torch.tensor(1e-4)))
        y = self.norm(F.conv2d(x, w, stride=2, padding=1))
        y = self.act(y) + self.rrelu(y) + F.threshold(y, 0.2, 0.0) + F.logsigmoid(y) + F.tanhshrink(y)
        return self.head(F.max_pool2d(y, 3, 2).amax(dim=(-2, -1)))


@program("cross_entropy", images(4, 3, 14), classes(4, 3))
def standardised_weights():
    return Subnormal()


@program("cross_entropy", floats(6, 9), lambda: torch.softmax(torch.randn(6, 4), -1))
def shares_as_targets():
    return nn.Sequential(nn.Linear(9, 16), nn.Threshold(0.1, -0.1), nn.RReLU(0.2, 0.2), nn.Linear(16, 4), nn.LogSoftmax(1))


class Perceiver(nn.Module):
    """Learnt queries that attend to bytes, through nn.TransformerDecoder."""

    def __init__(self):
        super().__init__()
        self.latent = nn.Parameter(torch.randn(1, 5, 12) * 0.02)
        self.embed = nn.Linear(3, 12)
        layer = nn.TransformerDecoderLayer(12, 3, 20, 0.0, F.silu, batch_first=True)
        self.decoder = nn.TransformerDecoder(layer, 2, norm=nn.LayerNorm(12))
        self.head = nn.Linear(60, 4)

    def forward(self, x):
        q = self.latent.repeat(x.shape[0], 1, 1)
        return self.head(self.decoder(q, self.embed(x)).reshape(x.shape[0], -1))


@program("cross_entropy", floats(4, 9, 3), classes(4, 4))
def learnt_queries():
    return Perceiver()


class Masked(nn.Module):
    """A loss over the positions that count, with padded lengths."""

    def __init__(self):
        super().__init__()
        self.embed, self.lstm, self.head = nn.Embedding(20, 8), nn.LSTM(8, 10, batch_first=True), nn.Linear(10, 20)

    def forward(self, tokens, lengths):
        h, (last, _) = self.lstm(self.embed(tokens))
        logits = self.head(h[:, :-1] + last.squeeze(0).unsqueeze(1))
        count = torch.arange(tokens.size(1) - 1)[None, :] < (lengths - 1)[:, None]
        loss = F.cross_entropy(logits.reshape(-1, 20), tokens[:, 1:].reshape(-1), reduction="none")
        return (loss.view(count.shape) * count).sum() / count.sum()


@program(None, lambda: {"tokens": torch.randint(0, 20, (4, 8)), "lengths": torch.tensor([8, 5, 3, 6])}, None)
def masked_language_loss():
    return Masked()


class Kan(nn.Module):
    """Splines of radial bases, an einsum over three axes, Chebyshev polynomials."""

    def __init__(self):
        super().__init__()
        self.register_buffer("centres", torch.linspace(-2, 2, 6))
        self.c, self.t = nn.Parameter(torch.randn(7, 6, 4) * 0.2), nn.Parameter(torch.randn(7, 4, 4) * 0.2)
        self.norm = nn.BatchNorm1d(4, affine=False)
        self.head = nn.Linear(4, 1)

    def forward(self, x):
        radial = torch.exp(-((x.unsqueeze(-1) - self.centres) ** 2))
        cheb = torch.cos(torch.arange(4) * torch.acos(torch.tanh(x).clamp(-0.999, 0.999)).unsqueeze(-1))
        y = torch.einsum("bij,ijo->bo", radial, self.c) + torch.tensordot(cheb, self.t, dims=([1, 2], [0, 1]))
        return self.head(self.norm(y)).squeeze(-1)


@program("mse_loss", floats(12, 7), floats(12))
def splines():
    return Kan()
