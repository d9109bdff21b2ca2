"""Programs written by hand, from which no operation was built: odd operations, dtypes and inputs."""

import math
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize

from registry import bits, classes, floats, ids, images, program


class Scattering(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.table = nn.Linear(6, 12), nn.Parameter(torch.randn(9, 12))
        self.head = nn.Linear(12, 3)

    def forward(self, x, index):
        h = torch.tanh(self.inner(x))
        bins = torch.zeros(x.size(0), 9, 12).scatter_add(1, index[..., None].expand_as(h), h)
        bins = bins.scatter(1, index[:, :1, None].expand(-1, 1, 12), 0.5)
        amax = torch.zeros(9, 12).scatter_reduce(0, index[0][:, None].expand(-1, 12), h[0], "amax", include_self=False)
        added = (bins * self.table).index_add(1, torch.tensor([0, 3, 3]), h[:, :3], alpha=0.5)
        filled = added.masked_scatter(added > 1.5, torch.ones(added.numel()) * 1.5)
        taken = torch.take_along_dim(filled, index[..., None] % 9, dim=1)
        put = filled.index_put((torch.tensor([0, 1]), torch.tensor([2, 5])), h[:2, 0], accumulate=True)
        return self.head(taken.mean(1) + put.amax(1) + amax.sum(0))


@program(
    "cross_entropy", lambda: {"x": torch.randn(5, 7, 6), "index": torch.randint(0, 9, (5, 7))}, classes(5, 3),
)
def scatter_and_put():
    return Scattering()


class Folding(nn.Module):
    def __init__(self):
        super().__init__()
        self.mix, self.head = nn.Linear(27, 27), nn.Conv2d(3, 4, 1)
        self.kernel = nn.Parameter(torch.randn(4, 3, 3, 3) * 0.2)

    def forward(self, x):
        patches = F.unfold(x, 3, dilation=2, padding=2, stride=1)
        mixed = self.mix(patches.transpose(1, 2)).transpose(1, 2)
        folded = F.fold(mixed, x.shape[-2:], 3, dilation=2, padding=2)
        windows = folded.unfold(2, 3, 2).unfold(3, 3, 2)
        return torch.einsum("bchwij,ocij->bohw", windows, self.kernel) + self.head(x)[..., 1:-1:2, 1:-1:2]


@program("cross_entropy", images(3, 3, 9), lambda: torch.randint(0, 4, (3, 4, 4)))
def fold_and_unfold():
    return Folding()


class Cumulative(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.Linear(4, 8), nn.Linear(40, 3)

    def forward(self, x):
        h = self.inner(x)
        total = h.cumsum(1)
        product = torch.sigmoid(h).cumprod(1)
        lse = torch.logcumsumexp(h, 1)
        top, _ = torch.cummax(h, 1)
        low, _ = torch.cummin(h, 1)
        return self.head(torch.cat([total, product, lse, top, low], -1).logsumexp(1))


@program("cross_entropy", floats(5, 6, 4), classes(5, 3))
def cumulative_sums():
    return Cumulative()


class Bilinear(nn.Module):
    """Two towers, compared in several ways."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Linear(5, 8), nn.Sequential(nn.Linear(6, 8), nn.Hardshrink(0.1), nn.Softshrink(0.05))
        self.bilinear, self.cosine, self.distance = nn.Bilinear(8, 8, 6), nn.CosineSimilarity(dim=-1), nn.PairwiseDistance(p=3)
        self.head = nn.Linear(9, 2)

    def forward(self, a, b):
        u, v = F.threshold(self.left(a), -0.2, 0.1), self.right(b)
        w = F.normalize(torch.cdist(u[None], v[None])[0], dim=1).mean(1)
        parts = [self.bilinear(u, v), self.cosine(u, v)[:, None], self.distance(u, v)[:, None], w[:, None]]
        return self.head(torch.cat(parts, 1))


@program("cross_entropy", lambda: {"a": torch.randn(6, 5), "b": torch.randn(6, 6)}, classes(6, 2), keywords=True)
def bilinear_towers():
    return Bilinear()


@program("mse_loss", floats(3, 4, 6, 6), floats(3, 2, 23, 26))
def transposed_with_output_padding():
    return nn.Sequential(
        nn.ConvTranspose2d(4, 8, 3, stride=2, padding=1, output_padding=1, groups=2), nn.Mish(),
        nn.ConvTranspose2d(8, 4, (2, 3), stride=(2, 2), padding=(1, 0), output_padding=(1, 1), groups=4, dilation=(1, 1), bias=False),
        nn.CELU(0.5), nn.Conv2d(4, 2, 3, padding=1, padding_mode="reflect"),
    )


class Pools(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv3d(2, 4, 3, padding="same", padding_mode="replicate")
        self.norm = nn.GroupNorm(2, 4)
        self.depth = nn.Conv3d(4, 8, (1, 3, 3), groups=4, dilation=(1, 2, 1), padding=(0, 2, 1))
        self.head = nn.LazyLinear(3)

    def forward(self, x):
        h = F.silu(self.norm(self.conv(x)))
        h = self.depth(F.avg_pool3d(h, 2, ceil_mode=True, count_include_pad=False))
        h = F.lp_pool2d(h.flatten(1, 2), 2.0, 2)
        a = F.adaptive_avg_pool2d(h, (2, None))
        b = F.adaptive_max_pool1d(h.flatten(2), 3)
        return self.head(torch.cat([a.flatten(1), b.flatten(1)], 1))


def pools():
    model = Pools()
    model(torch.zeros(1, 2, 5, 8, 8))
    return model


@program("cross_entropy", floats(3, 2, 5, 8, 8), classes(3, 3))
def pools_of_volumes():
    return pools()


class Parametrized(nn.Module):
    """Orthogonal, weight norm and a symmetric matrix that two layers share."""

    def __init__(self):
        super().__init__()

        class Symmetric(nn.Module):
            def forward(self, w):
                return w.triu() + w.triu(1).transpose(-1, -2)

        self.turn = parametrizations.orthogonal(nn.Linear(8, 8, bias=False), orthogonal_map="cayley")
        self.first = parametrizations.weight_norm(nn.Conv1d(4, 8, 3, padding=1), dim=0)
        self.one = nn.Linear(8, 8)
        parametrize.register_parametrization(self.one, "weight", Symmetric())
        self.head = nn.Linear(8, 3)

    def forward(self, x):
        h = torch.tanh(self.first(x).mean(-1))
        h = self.turn(h)
        with parametrize.cached():
            h = torch.tanh(self.one(h)) + F.linear(h, self.one.weight)
        return self.head(h)


@program("cross_entropy", floats(6, 4, 9), classes(6, 3))
def parametrized_layers():
    return Parametrized()


class Rectified(nn.Module):
    """Activations that few use; RReLU with equal bounds draws nothing."""

    def __init__(self):
        super().__init__()
        kinds = [
            nn.RReLU(0.2, 0.2), nn.Threshold(0.1, 0.0), nn.Hardshrink(0.2), nn.GLU(-1), nn.Softmin(-1), nn.Tanhshrink(),
            nn.LogSigmoid(), nn.Softsign(), nn.Hardsigmoid(), nn.ReLU6(inplace=True), nn.PReLU(16), nn.SELU(), nn.Hardswish(),
        ]
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(16, 32 if isinstance(kind, nn.GLU) else 16), kind, nn.LayerNorm(16)) for kind in kinds
        )
        self.head = nn.Linear(16, 4)

    def forward(self, x):
        for layer in self.layers:
            x = x + layer(x)
        return F.log_softmax(self.head(x), -1)


@program("nll_loss", floats(8, 16), classes(8, 4))
def rare_activations():
    return Rectified()


class Experts(nn.Module):
    """Routing by topk with a loss that balances the experts, in a model that returns its loss."""

    def __init__(self, width=12, count=4):
        super().__init__()
        self.gate = nn.Linear(width, count, bias=False)
        self.up = nn.Parameter(torch.randn(count, width, 24) * 0.2)
        self.down = nn.Parameter(torch.randn(count, 24, width) * 0.2)
        self.head = nn.Linear(width, 5)

    def forward(self, x, y):
        shares = self.gate(x).softmax(-1)
        weights, chosen = shares.topk(2, dim=-1, sorted=False)
        weights = weights / weights.sum(-1, keepdim=True)
        mask = F.one_hot(chosen, 4).to(x.dtype)
        h = F.gelu(torch.einsum("nw,ewh->neh", x, self.up), approximate="tanh")
        each = torch.einsum("neh,ehw->new", h, self.down)
        out = torch.einsum("nke,nk,new->nw", mask, weights, each)
        balance = 4 * (mask.sum(1).mean(0) * shares.mean(0)).sum()
        return F.cross_entropy(self.head(out + x), y, label_smoothing=0.1) + 0.01 * balance


@program(None, lambda: {"x": torch.randn(9, 12), "y": torch.randint(0, 5, (9,))}, None)
def experts_with_balance():
    return Experts()


class Alibi(nn.Module):
    """Grouped queries, linear biases, causal and padding masks in one additive mask."""

    def __init__(self, width=24, heads=6, shared=2):
        super().__init__()
        self.heads, self.shared = heads, shared
        self.embed = nn.Embedding(30, width, padding_idx=0)
        self.q, self.kv = nn.Linear(width, width), nn.Linear(width, 2 * shared * width // heads)
        self.out, self.norm = nn.Linear(width, width), nn.RMSNorm(width)
        self.register_buffer("slopes", 2.0 ** -torch.arange(1, heads + 1), persistent=False)

    def forward(self, tokens):
        b, t = tokens.shape
        h = self.embed(tokens)
        x = self.norm(h)
        q = self.q(x).view(b, t, self.heads, -1).transpose(1, 2)
        k, v = self.kv(x).view(b, t, 2, self.shared, -1).permute(2, 0, 3, 1, 4).unbind(0)
        place = torch.arange(t)
        bias = (place[None] - place[:, None]).clamp(max=0) * self.slopes[:, None, None].to(x.dtype)
        hidden = (place[None] > place[:, None])[None, None] | (tokens == 0)[:, None, None, :]
        mask = bias.expand(b, -1, -1, -1).masked_fill(hidden, torch.finfo(x.dtype).min)
        a = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
        h = h + self.out(a.transpose(1, 2).reshape(b, t, -1))
        return h @ self.embed.weight.T


@program("cross_entropy", lambda: torch.randint(1, 30, (3, 8)), ids(3, 8, 30))
def alibi_grouped():
    return Alibi()


class Scan(nn.Module):
    """A selective state space, scanned in a Python loop."""

    def __init__(self, width=8, state=4):
        super().__init__()
        self.inner = nn.Linear(5, 2 * width)
        self.conv = nn.Conv1d(width, width, 3, groups=width, padding=2)
        self.log = nn.Parameter(torch.log(torch.arange(1, state + 1).float()).repeat(width, 1))
        self.skip, self.select = nn.Parameter(torch.ones(width)), nn.Linear(width, 2 * state + 1, bias=False)
        self.step = nn.Linear(1, width)
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        u, z = self.inner(x).chunk(2, -1)
        u = F.silu(self.conv(u.mT)[..., : x.size(1)].mT)
        dt, b, c = self.select(u).split([1, 4, 4], -1)
        dt = F.softplus(self.step(dt))
        a = -torch.exp(self.log)
        state, out = u.new_zeros(x.size(0), u.size(-1), 4), []
        for t in range(x.size(1)):
            state = state * torch.exp(dt[:, t, :, None] * a) + dt[:, t, :, None] * b[:, t, None] * u[:, t, :, None]
            out.append(torch.einsum("bws,bs->bw", state, c[:, t]))
        y = (torch.stack(out, 1) + self.skip * u) * F.silu(z)
        return self.head(y[:, -1])


@program("cross_entropy", floats(4, 7, 5), classes(4, 3))
def selective_scan():
    return Scan()


class Field(nn.Module):
    """A radiance field: positions are encoded as sines, and samples are composed along each ray."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(39, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.density, self.color = nn.Linear(32, 1), nn.Sequential(nn.Linear(32, 3), nn.Sigmoid())
        self.register_buffer("bands", 2.0 ** torch.arange(6))

    def forward(self, origins, directions):
        depths = torch.linspace(0.5, 2.0, 8).to(origins)
        points = origins[:, None] + directions[:, None] * depths[:, None]
        turned = (points[..., None] * self.bands.to(points)).flatten(-2)
        h = self.body(torch.cat([points, turned.sin(), turned.cos()], -1))
        sigma = F.softplus(self.density(h).squeeze(-1))
        step = torch.diff(depths, append=depths[-1:] + 0.2)
        alpha = 1 - torch.exp(-sigma * step)
        light = torch.cumprod(torch.cat([torch.ones_like(alpha[:, :1]), 1 - alpha + 1e-10], 1), 1)[:, :-1]
        return ((alpha * light)[..., None] * self.color(h)).sum(1)


@program(
    "mse_loss", lambda: {"origins": torch.randn(12, 3), "directions": torch.randn(12, 3)},
    lambda: torch.rand(12, 3),
)
def radiance_field():
    return Field()


class Convolved(nn.Module):
    """A graph convolution with a normalised dense adjacency, jumping knowledge and a readout."""

    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(5, 12), nn.Linear(12, 12), nn.Linear(12, 12)])
        self.norm, self.head = nn.BatchNorm1d(12, affine=False), nn.Linear(12, 3)

    def forward(self, nodes, edges):
        adjacency = ((edges + edges.mT) > 0).to(nodes) + torch.eye(edges.size(-1)).to(nodes)
        degree = adjacency.sum(-1).clamp(min=1).rsqrt()
        adjacency = degree[..., None] * adjacency * degree[..., None, :]
        h, kept = nodes, []
        for layer in self.layers:
            h = F.leaky_relu(adjacency @ layer(h), 0.1)
            kept.append(h)
        h = torch.stack(kept).max(0).values
        return self.head(self.norm(h.mean(1)))


@program(
    "cross_entropy", lambda: {"nodes": torch.randn(6, 7, 5), "edges": torch.randint(-2, 2, (6, 7, 7))}, classes(6, 3),
)
def graph_convolution():
    return Convolved()


class Counted(nn.Module):
    """Buffers that the forward pass changes, in place, and operations in place on slices."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.Linear(6, 8), nn.Linear(8, 3)
        self.register_buffer("calls", torch.tensor(0))
        self.register_buffer("mean", torch.zeros(8))
        self.bn = nn.BatchNorm1d(8)

    def forward(self, x):
        self.calls += 1
        h = self.inner(x)
        with torch.no_grad():
            self.mean.mul_(0.9).add_(h.mean(0), alpha=0.1)
        h = self.bn(h - self.mean)
        h = h.clone()
        h[:, 2:5] *= 2
        h[0].add_(1)
        h[:, 0] = h[:, 1].detach() * 0.5
        h.clamp_(-2, 2).tanh_()
        return self.head(h) * (1 + 0 * self.calls)


@program("cross_entropy", floats(7, 6), classes(7, 3))
def buffers_in_place():
    return Counted()


class Narrow(nn.Module):
    """Weights of bf16, a head of fp16, embeddings of 8 bits."""

    def __init__(self, dtype):
        super().__init__()
        self.inner, self.norm = nn.Linear(8, 16).to(dtype), nn.LayerNorm(16).to(dtype)
        self.head = nn.Linear(16, 4).to(dtype)

    def forward(self, x):
        h = self.norm(F.gelu(self.inner(x.to(self.inner.weight.dtype))))
        return self.head(h).to(x.dtype)


@program("cross_entropy", floats(6, 8), classes(6, 4))
def weights_in_bfloat16():
    return Narrow(torch.bfloat16)


@program("cross_entropy", floats(6, 8), classes(6, 4))
def weights_in_half():
    return Narrow(torch.float16)


@program("cross_entropy", lambda: torch.randn(6, 8, dtype=torch.float64), classes(6, 4))
def weights_in_double():
    return Narrow(torch.float64)


class Quantized(nn.Module):
    """A table of 8-bit integers with a scale, beside a trained correction."""

    def __init__(self):
        super().__init__()
        self.register_buffer("table", torch.randint(-127, 128, (40, 12), dtype=torch.int8))
        self.scale = nn.Parameter(torch.full((40, 1), 0.01))
        self.low, self.high = nn.Parameter(torch.randn(40, 2) * 0.1), nn.Parameter(torch.randn(2, 12) * 0.1)
        self.head = nn.Linear(12, 3)

    def forward(self, tokens):
        h = self.table[tokens] * self.scale[tokens] + F.embedding(tokens, self.low) @ self.high
        return self.head(h.mean(1))


@program("cross_entropy", ids(5, 6, 40), classes(5, 3))
def embedding_of_8_bits():
    return Quantized()


class Strided(nn.Module):
    """Weights that are views: transposed, sliced, and tied to one storage."""

    def __init__(self):
        super().__init__()
        whole = torch.randn(12, 20) * 0.3
        self.up = nn.Parameter(whole[:, 4:14].t())
        self.down = nn.Linear(10, 12)
        self.down.weight = nn.Parameter(torch.randn(20, 24)[::2, ::2].t())
        self.tied = nn.Linear(10, 12, bias=False)
        self.tied.weight = self.down.weight
        self.head = nn.Linear(12, 3)

    def forward(self, x):
        h = torch.tanh(x @ self.up)
        return self.head(h) + self.head(self.down(h[:, :10])) + self.head(self.tied(h[:, 2:]))


@program("cross_entropy", floats(6, 10), classes(6, 3))
def strided_and_tied():
    return Strided()


@dataclass
class Outputs:
    logits: torch.Tensor
    hidden: torch.Tensor


torch.export.register_dataclass(Outputs, serialized_type_name="bench.untried.Outputs")


class Nested(nn.Module):
    """Inputs in tuples and dictionaries; a dataclass is put out."""

    def __init__(self):
        super().__init__()
        self.one, self.two, self.head = nn.Linear(4, 8), nn.Linear(3, 8), nn.Linear(8, 3)

    def forward(self, pair, named):
        a, b = pair
        h = F.relu(self.one(a) + self.two(b)) * named["gain"][:, None]
        return Outputs(logits=self.head(h), hidden=h)


def hinge(n):
    return lambda: torch.randint(0, 2, (n, 3)).float() * 2 - 1


class Flat(nn.Module):
    """Passes flat inputs on to a module of nested ones."""

    def __init__(self):
        super().__init__()
        self.inner = Nested()

    def forward(self, a, b, gain):
        return dict(logits=self.inner((a, b), {"gain": gain}).logits, hidden=a)


@program(
    "soft_margin_loss", lambda: {"a": torch.randn(5, 4), "b": torch.randn(5, 3), "gain": torch.rand(5)}, hinge(5),
)
def nested_inputs():
    return Flat()


class Ranked(nn.Module):
    """Sorted and selected values, quantiles, and norms of several kinds."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.Linear(6, 12), nn.Linear(9, 2)

    def forward(self, x):
        h = self.inner(x)
        ordered = h.sort(-1, descending=True).values[:, :3]
        parts = [
            ordered, h.quantile(0.3, dim=-1, keepdim=True), h.median(-1, keepdim=True).values, h.std(-1, keepdim=True, correction=0),
            torch.linalg.vector_norm(h, 3, dim=-1, keepdim=True), h.kthvalue(4, dim=-1, keepdim=True).values,
            torch.var_mean(h, -1, keepdim=True)[0],
        ]
        return self.head(torch.cat(parts, -1))


@program("cross_entropy", floats(7, 6), classes(7, 2))
def order_statistics():
    return Ranked()


class Solver(nn.Module):
    """Linear algebra: a ridge regression, a Cholesky factor, a determinant and an inverse."""

    def __init__(self):
        super().__init__()
        self.inner, self.log = nn.Linear(4, 5), nn.Parameter(torch.zeros(()))

    def forward(self, x, y):
        h = torch.tanh(self.inner(x))
        gram = h.mT @ h + self.log.exp() * torch.eye(5).to(h)
        solved = torch.linalg.solve(gram, h.mT @ y[..., None])
        factor = torch.linalg.cholesky(gram)
        whitened = torch.linalg.solve_triangular(factor, h.mT, upper=False)
        logdet = 2 * factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)
        error = ((h @ solved).squeeze(-1) - y).square().mean()
        return error + 0.1 * logdet.mean() + 0.01 * whitened.square().mean() + torch.linalg.inv(gram).diagonal(dim1=-2, dim2=-1).mean()


@program(None, lambda: {"x": torch.randn(3, 8, 4), "y": torch.randn(3, 8)}, None)
def ridge_regression():
    return Solver()


class Warped(nn.Module):
    """Sampling on grids: borders, reflection, nearest, bicubic; and resizing of several kinds."""

    def __init__(self):
        super().__init__()
        self.flow, self.head = nn.Conv2d(3, 2, 3, padding=1), nn.Conv2d(12, 2, 1)

    def forward(self, x):
        b, _, h, w = x.shape
        grid = F.affine_grid(torch.eye(2, 3).to(x).expand(b, 2, 3), [b, 3, h, w], align_corners=True)
        grid = grid + 0.2 * torch.tanh(self.flow(x)).permute(0, 2, 3, 1)
        parts = [
            F.grid_sample(x, grid, padding_mode="border", align_corners=True),
            F.grid_sample(x, grid, padding_mode="reflection", align_corners=False),
            F.grid_sample(x, grid, mode="bicubic", align_corners=True),
            F.interpolate(F.interpolate(x, scale_factor=0.5, mode="area"), size=(h, w), mode="bicubic", align_corners=False),
        ]
        return self.head(torch.cat(parts, 1))


@program("mse_loss", images(2, 3, 8), images(2, 2, 8))
def warped_pictures():
    return Warped()


class Projected(nn.Module):
    """A bidirectional LSTM with projections, of given states, and a GRU over its reversed outputs."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(5, 8, num_layers=2, proj_size=4, bidirectional=True)
        self.gru = nn.GRU(8, 6, bias=False)
        self.h0, self.c0 = nn.Parameter(torch.randn(4, 1, 4) * 0.1), nn.Parameter(torch.randn(4, 1, 8) * 0.1)
        self.head = nn.Linear(6, 3)

    def forward(self, x):
        n = x.size(1)
        out, (h, c) = self.lstm(x, (self.h0.expand(-1, n, -1).contiguous(), self.c0.expand(-1, n, -1).contiguous()))
        _, last = self.gru(out.flip(0) + h.mean() + c.std())
        return self.head(last[-1])


@program("cross_entropy", floats(7, 4, 5), classes(4, 3))
def projected_states():
    return Projected()


class Sampled(nn.Module):
    """An encoder of distributions: rsample is given its noise, and the KL is computed by torch.distributions."""

    def __init__(self):
        super().__init__()
        self.encode, self.decode = nn.Linear(8, 6), nn.Linear(3, 8)

    def forward(self, x, noise):
        mean, log = self.encode(x).chunk(2, -1)
        z = mean + torch.exp(0.5 * log) * noise
        posterior = torch.distributions.Normal(mean, torch.exp(0.5 * log), validate_args=False)
        prior = torch.distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean), validate_args=False)
        kl = torch.distributions.kl_divergence(posterior, prior).sum(-1).mean()
        seen = torch.distributions.Bernoulli(logits=self.decode(z), validate_args=False)
        return kl - seen.log_prob((x > 0).to(x.dtype)).sum(-1).mean()


@program(None, lambda: {"x": torch.randn(6, 8), "noise": torch.randn(6, 3)}, None)
def evidence_bound():
    return Sampled()


class Siamese(nn.Module):
    """A triplet loss over one encoder that is called three times."""

    def __init__(self):
        super().__init__()
        self.encode = nn.Sequential(nn.Conv1d(2, 6, 3), nn.BatchNorm1d(6), nn.ELU(), nn.AdaptiveAvgPool1d(2), nn.Flatten(), nn.Linear(12, 5))

    def forward(self, a, p, n):
        a, p, n = (self.encode(x) for x in (a, p, n))
        return F.triplet_margin_loss(a, p, n, margin=2.0, swap=True) + F.cosine_embedding_loss(a, p, torch.ones(a.size(0)).to(a))


@program(None, lambda: {key: torch.randn(5, 2, 9) for key in "apn"}, None)
def siamese_triplets():
    return Siamese()


class Adversary(nn.Module):
    """A hinge loss of a discriminator with old spectral norms and a minibatch deviation."""

    def __init__(self):
        super().__init__()
        sn = nn.utils.spectral_norm
        self.body = nn.Sequential(sn(nn.Conv2d(3, 8, 4, 2, 1)), nn.LeakyReLU(0.2, True), sn(nn.Conv2d(8, 8, 3, 1, 1)), nn.LeakyReLU(0.2, True))
        self.head, self.label = sn(nn.Linear(9, 1)), sn(nn.Embedding(4, 8))

    def forward(self, x, y, real):
        h = self.body(x)
        h = torch.cat([h, h.std(0, keepdim=True).mean().expand(h.size(0), 1, *h.shape[2:])], 1)
        pooled = h.sum((2, 3))
        score = self.head(pooled).squeeze(1) + (self.label(y) * pooled[:, :8]).sum(1)
        return torch.where(real > 0, F.relu(1 - score), F.relu(1 + score)).mean()


@program(
    None, lambda: {"x": torch.randn(4, 3, 8, 8), "y": torch.randint(0, 4, (4,)), "real": torch.tensor([1, 0, 1, 0])}, None,
)
def adversary_of_labels():
    return Adversary()


class Dilated(nn.Module):
    """Nested skips: pixel unshuffle, circular padding, channel shuffle, and a depth-to-space head."""

    def __init__(self):
        super().__init__()
        self.down, self.shuffle = nn.PixelUnshuffle(2), nn.ChannelShuffle(4)
        self.conv = nn.Conv2d(12, 16, 3, padding=2, dilation=2, padding_mode="circular", groups=4)
        self.norm, self.scale = nn.InstanceNorm2d(16, affine=True, track_running_stats=True), nn.Parameter(torch.ones(16, 1, 1) * 0.5)
        self.pad, self.up = nn.ReflectionPad2d((1, 0, 2, 1)), nn.PixelShuffle(2)
        self.out = nn.Conv2d(16, 8, (4, 2))

    def forward(self, x):
        h = self.shuffle(self.conv(self.down(x)))
        h = h + self.scale * F.local_response_norm(self.norm(h), 3)
        return self.up(self.out(self.pad(h)))


@program("cross_entropy", images(2, 3, 12), lambda: torch.randint(0, 2, (2, 12, 12)))
def shuffled_channels():
    return Dilated()


class Focal(nn.Module):
    """Losses of its own: focal, dice and a smooth L1, each masked."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 6, 3, padding=1), nn.Hardtanh(-2, 2), nn.MaxPool2d(2, return_indices=False))
        self.up, self.head = nn.MaxUnpool2d(2), nn.Conv2d(6, 3, 1)

    def forward(self, x, y):
        h, where = F.max_pool2d(F.relu(self.body[0](x)), 2, return_indices=True)
        logits = self.head(self.up(F.hardtanh(h), where))
        log = F.log_softmax(logits, 1)
        picked = log.gather(1, y[:, None]).squeeze(1)
        focal = -((1 - picked.exp()) ** 2 * picked).masked_fill(y == 2, 0.0).sum() / (y != 2).sum()
        hot = F.one_hot(y, 3).movedim(-1, 1).to(log)
        dice = 1 - (2 * (log.exp() * hot).sum((2, 3)) / (log.exp() + hot).sum((2, 3))).mean()
        return focal + dice + F.smooth_l1_loss(logits, hot, beta=0.3)


@program(None, lambda: {"x": torch.randn(2, 1, 8, 8), "y": torch.randint(0, 3, (2, 8, 8))}, None)
def focal_and_dice():
    return Focal()


class Windowed(nn.Module):
    """Transformer-XL: relative positions by a shift, a memory of the past, adaptive input widths."""

    def __init__(self, width=12, heads=3):
        super().__init__()
        self.heads, self.embed = heads, nn.Embedding(30, width, max_norm=None, scale_grad_by_freq=False)
        self.q, self.kv, self.r, self.out = (nn.Linear(width, n, bias=False) for n in (width, 2 * width, width, width))
        self.u, self.v = nn.Parameter(torch.randn(heads, 4) * 0.1), nn.Parameter(torch.randn(heads, 4) * 0.1)
        self.register_buffer("memory", torch.randn(2, 4, width) * 0.1)
        self.norm, self.head = nn.LayerNorm(width, bias=False), nn.Linear(width, 30)

    def forward(self, tokens):
        b, t = tokens.shape
        h = self.embed(tokens)
        seen = torch.cat([self.memory, h], 1)
        n = seen.size(1)
        place = torch.arange(n - 1, -1, -1).to(h.dtype)[:, None] / 10 ** (torch.arange(6).to(h.dtype) / 6)
        r = self.r(torch.cat([place.sin(), place.cos()], -1)).view(n, self.heads, -1)
        q = self.q(h).view(b, t, self.heads, -1)
        k, v = self.kv(seen).view(b, n, 2, self.heads, -1).unbind(2)
        ac = torch.einsum("bihd,bjhd->bhij", q + self.u, k)
        bd = torch.einsum("bihd,jhd->bhij", q + self.v, r)
        bd = F.pad(bd, (1, 0)).view(b, self.heads, n + 1, t)[:, :, 1:].view_as(bd)
        mask = torch.ones(t, n, dtype=torch.bool).triu(n - t + 1)
        w = ((ac + bd) / 2).masked_fill(mask, float("-inf")).softmax(-1)
        return self.head(self.norm(h + self.out(torch.einsum("bhij,bjhd->bihd", w, v).reshape(b, t, -1))))


@program("cross_entropy", ids(2, 6, 30), ids(2, 6, 30))
def relative_positions():
    return Windowed()


class Chunked(nn.Module):
    """Gated delta rule in chunks, with batched triangular solves by substitution."""

    def __init__(self, width=8):
        super().__init__()
        self.embed = nn.Linear(4, width)
        self.qkv, self.beta, self.decay = nn.Linear(width, 3 * width), nn.Linear(width, 1), nn.Linear(width, 1)
        self.head = nn.Linear(width, 3)

    def forward(self, x):
        h = self.embed(x)
        q, k, v = self.qkv(h).tensor_split(3, -1)
        q, k = F.normalize(q, dim=-1), F.normalize(k, dim=-1)
        beta, decay = torch.sigmoid(self.beta(h)), F.logsigmoid(self.decay(h)).squeeze(-1)
        state, outs = torch.zeros(x.size(0), 8, 8).to(h), []
        for c in range(0, x.size(1), 4):
            part = slice(c, c + 4)
            g = decay[:, part].cumsum(-1)
            ratio = (g[..., None] - g[..., None, :]).tril().exp().tril()
            a = -(beta[:, part] * (k[:, part] @ k[:, part].mT) * ratio).tril(-1)
            rows = torch.eye(4).to(h) + a
            rows = rows + a @ a + a @ a @ a
            u = rows @ (beta[:, part] * v[:, part])
            outs.append((q[:, part] * g.exp()[..., None]) @ state + ((q[:, part] @ k[:, part].mT) * ratio) @ u)
            state = state * g[:, -1, None, None].exp() + (k[:, part] * (g[:, -1:] - g).exp()[..., None]).mT @ u
        return self.head(torch.cat(outs, 1).mean(1))


@program("cross_entropy", floats(3, 8, 4), classes(3, 3))
def chunked_delta_rule():
    return Chunked()


class Gumbel(nn.Module):
    """Vector quantisation with a straight-through estimator and a commitment loss; bucketized inputs."""

    def __init__(self):
        super().__init__()
        self.encode, self.codes, self.decode = nn.Linear(6, 4), nn.Embedding(10, 4), nn.Linear(4, 6)
        self.bins = nn.Embedding(6, 6)
        self.register_buffer("edges", torch.linspace(-2, 2, 5))

    def forward(self, x):
        binned = self.bins(torch.bucketize(x.mean(-1).detach(), self.edges.to(x)))
        z = self.encode(x + binned)
        distance = z.square().sum(-1, keepdim=True) - 2 * z @ self.codes.weight.T + self.codes.weight.square().sum(-1)
        code = self.codes(distance.argmin(-1))
        commit = F.mse_loss(z, code.detach()) * 0.25 + F.mse_loss(code, z.detach())
        z = z + (code - z).detach()
        return F.huber_loss(self.decode(z), x, delta=0.7) + commit


@program(None, floats(9, 6), None)
def quantised_codes():
    return Gumbel()


class Dynamic(nn.Module):
    """A batch and a length that are not fixed; positions and masks depend on them."""

    def __init__(self):
        super().__init__()
        self.embed, self.places = nn.Embedding(20, 8), nn.Embedding(32, 8)
        layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True, activation=F.silu)
        self.body, self.pool, self.head = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False), nn.AvgPool1d(2), nn.Linear(8, 3)

    def forward(self, tokens):
        b, t = tokens.shape
        mask = nn.Transformer.generate_square_subsequent_mask(t)
        h = self.embed(tokens) + self.places(torch.arange(t).flip(0))
        h = self.body(h, mask=mask.to(h.dtype), is_causal=True)
        return self.head(self.pool(h.mT).mT.reshape(b, -1, 8).mean(1))


@program(
    "cross_entropy", ids(4, 10, 20), classes(4, 3),
    dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=64), 1: 2 * torch.export.Dim("half", min=1, max=16)},),
)
def dynamic_lengths():
    return Dynamic()


class Hashed(nn.Module):
    """Feature crosses: hashes of integers, bags with offsets and weights, and a factorisation machine."""

    def __init__(self):
        super().__init__()
        self.bag = nn.EmbeddingBag(32, 6, mode="sum", include_last_offset=True)
        self.mean = nn.EmbeddingBag(32, 6, mode="mean", padding_idx=0)
        self.linear, self.head = nn.Embedding(64, 1), nn.Linear(12, 1)

    def forward(self, tokens, offsets, shares):
        hashed = (tokens * 40503 + 7) % 64
        crossed = torch.bitwise_xor(tokens, tokens.roll(1, 0)) & 31
        a = self.bag(crossed.flatten(), offsets, per_sample_weights=shares)
        b = self.mean(torch.remainder(tokens, 32))
        h = torch.stack([a, b], 1)
        pairs = 0.5 * (h.sum(1).square() - h.square().sum(1)).sum(-1, keepdim=True)
        return self.head(h.flatten(1)) + self.linear(hashed).sum(1) + pairs


@program(
    "bce_with_logits",
    lambda: {
        "tokens": torch.randint(0, 1000, (5, 4)), "offsets": torch.tensor([0, 3, 7, 7, 15, 20]), "shares": torch.rand(20),
    }, bits(5, 1),
)
def hashed_crosses():
    return Hashed()
