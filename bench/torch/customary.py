"""Programs as users of PyTorch write them, from which no operation was built."""

import copy
import math

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations

from registry import bits, classes, floats, ids, images, program


class Discriminator(nn.Module):
    """Returns the hinge loss of real and made images."""

    def __init__(self):
        super().__init__()
        sn = parametrizations.spectral_norm
        self.body = nn.Sequential(
            sn(nn.Conv2d(3, 16, 4, 2, 1)), nn.LeakyReLU(0.2), sn(nn.Conv2d(16, 32, 4, 2, 1)), nn.LeakyReLU(0.2),
        )
        self.head = sn(nn.Linear(32 * 16, 1))
        self.labels = sn(nn.Embedding(5, 32 * 16))

    def score(self, x, label):
        h = self.body(x).flatten(1)
        return self.head(h) + (self.labels(label) * h).sum(1, keepdim=True)

    def forward(self, real, made, label):
        return (F.relu(1 - self.score(real, label)) + F.relu(1 + self.score(made.detach(), label))).mean()


@program(
    None,
    lambda: {"real": torch.randn(6, 3, 16, 16), "made": torch.randn(6, 3, 16, 16), "label": torch.randint(0, 5, (6,))},
    None,
)
def projected_discriminator():
    return Discriminator()


class Quantizer(nn.Module):
    """Codes of a VQ-VAE, which follow averages of what is given to them."""

    def __init__(self, count, width, decay=0.9):
        super().__init__()
        self.decay = decay
        codes = torch.randn(count, width)
        self.register_buffer("codes", codes)
        self.register_buffer("sizes", torch.ones(count))
        self.register_buffer("sums", codes.clone())

    def forward(self, z):
        flat = z.flatten(0, -2)
        distance = flat.pow(2).sum(1, keepdim=True) - 2 * flat @ self.codes.t() + self.codes.pow(2).sum(1)
        index = distance.argmin(1)
        chosen = F.one_hot(index, self.codes.size(0)).type_as(flat)
        quantised = F.embedding(index, self.codes).view_as(z)
        if self.training:
            with torch.no_grad():
                self.sizes.mul_(self.decay).add_(chosen.sum(0), alpha=1 - self.decay)
                self.sums.mul_(self.decay).add_(chosen.t() @ flat, alpha=1 - self.decay)
                self.codes.copy_(self.sums / (self.sizes + 1e-5).unsqueeze(1))
        commitment = F.mse_loss(z, quantised.detach())
        return z + (quantised - z).detach(), commitment


class CodedAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 16, 4, 2, 1), nn.ReLU(), nn.Conv2d(16, 8, 3, 1, 1))
        self.codes = Quantizer(12, 8)
        self.decoder = nn.Sequential(nn.Conv2d(8, 16, 3, 1, 1), nn.ReLU(), nn.ConvTranspose2d(16, 3, 4, 2, 1))

    def forward(self, x):
        z, commitment = self.codes(self.encoder(x).permute(0, 2, 3, 1))
        return F.mse_loss(self.decoder(z.permute(0, 3, 1, 2).contiguous()), x) + 0.25 * commitment


@program(None, images(6, 3, 12), None)
def averaged_codes():
    return CodedAutoencoder()


class Translator(nn.Module):
    """Encoder and decoder of GRUs with additive attention and teacher forcing."""

    def __init__(self, words=20, width=24):
        super().__init__()
        self.source, self.target = nn.Embedding(words, width, padding_idx=0), nn.Embedding(words, width)
        self.encoder = nn.GRU(width, width, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * width, width)
        self.query, self.key = nn.Linear(width, width, bias=False), nn.Linear(2 * width, width, bias=False)
        self.energy = nn.Linear(width, 1, bias=False)
        self.decoder = nn.GRUCell(3 * width, width)
        self.out = nn.Linear(4 * width, words)

    def forward(self, source, target):
        states, last = self.encoder(self.source(source))
        h = torch.tanh(self.bridge(torch.cat((last[-2], last[-1]), dim=1)))
        closed = source.eq(0)
        logits = []
        for t in range(target.size(1)):
            scores = self.energy(torch.tanh(self.query(h).unsqueeze(1) + self.key(states))).squeeze(-1)
            weights = F.softmax(scores.masked_fill(closed, float("-inf")), dim=-1)
            context = torch.bmm(weights.unsqueeze(1), states).squeeze(1)
            token = self.target(target[:, t])
            h = self.decoder(torch.cat([token, context], -1), h)
            logits.append(self.out(torch.cat([h, context, token], -1)))
        return torch.stack(logits, 1)


@program(
    "cross_entropy",
    lambda: {"source": torch.randint(1, 20, (4, 7)), "target": torch.randint(0, 20, (4, 5))},
    lambda: torch.randint(0, 20, (4, 5)),
)
def teacher_forced():
    return Translator()


class Isomorphism(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.enter = nn.Embedding(7, width)
        self.bonds = nn.ModuleList(nn.Embedding(4, width) for _ in range(3))
        self.eps = nn.ParameterList(nn.Parameter(torch.zeros(1)) for _ in range(3))
        self.steps = nn.ModuleList(
            nn.Sequential(nn.Linear(width, 2 * width), nn.BatchNorm1d(2 * width), nn.ReLU(), nn.Linear(2 * width, width))
            for _ in range(3)
        )
        self.head = nn.Linear(width, 2)

    def forward(self, atoms, edges, kinds, graph):
        h = self.enter(atoms)
        source, target = edges
        for bond, eps, step in zip(self.bonds, self.eps, self.steps):
            messages = F.relu(h[source] + bond(kinds))
            gathered = torch.zeros_like(h).index_add_(0, target, messages)
            h = F.relu(step((1 + eps) * h + gathered))
        pooled = h.new_zeros(4, h.size(1)).index_add(0, graph, h)
        counts = torch.bincount(graph, minlength=4).clamp(min=1).unsqueeze(1)
        return self.head(pooled / counts)


def molecules():
    graph = torch.arange(4).repeat_interleave(6)
    source = torch.randint(0, 6, (40,)) + 6 * torch.arange(4).repeat_interleave(10)
    target = torch.randint(0, 6, (40,)) + 6 * torch.arange(4).repeat_interleave(10)
    return {
        "atoms": torch.randint(0, 7, (24,)), "edges": torch.stack([source, target]),
        "kinds": torch.randint(0, 4, (40,)), "graph": graph,
    }


@program("cross_entropy", molecules, classes(4, 2))
def isomorphism_network():
    return Isomorphism()


class Coupling(nn.Module):
    def __init__(self, width, mask):
        super().__init__()
        self.register_buffer("mask", mask)
        self.scale = nn.Sequential(nn.Linear(width, 32), nn.Tanh(), nn.Linear(32, width), nn.Tanh())
        self.shift = nn.Sequential(nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, width))

    def forward(self, x):
        held = x * self.mask
        s, t = self.scale(held) * (1 - self.mask), self.shift(held) * (1 - self.mask)
        return held + (1 - self.mask) * (x * torch.exp(s) + t), s.sum(-1)


class Flow(nn.Module):
    """Returns the negative log likelihood under a standard normal distribution."""

    def __init__(self, width=6):
        super().__init__()
        mask = torch.arange(width).remainder(2).float()
        self.steps = nn.ModuleList(Coupling(width, mask if i % 2 else 1 - mask) for i in range(4))
        self.log_scale, self.offset = nn.Parameter(torch.zeros(width)), nn.Parameter(torch.zeros(width))
        self.register_buffer("order", torch.randperm(width))
        self.prior = torch.distributions.Normal(0.0, 1.0, validate_args=False)

    def forward(self, x):
        x = (x + self.offset) * self.log_scale.exp()
        total = self.log_scale.sum().expand(x.size(0))
        for step in self.steps:
            x, logdet = step(x[:, self.order])
            total = total + logdet
        log_p = -0.5 * (x**2 + math.log(2 * math.pi)).sum(-1)
        return -(log_p + total).mean() / x.size(1)


@program(None, floats(16, 6), None)
def coupled_flow():
    return Flow()


class Radiance(nn.Module):
    """NeRF: positional encoding, a skip, and rendering along rays."""

    def __init__(self, bands=4, width=32):
        super().__init__()
        self.register_buffer("bands", 2.0 ** torch.arange(bands))
        size = 3 + 6 * bands
        self.first = nn.ModuleList([nn.Linear(size, width), nn.Linear(width, width)])
        self.second = nn.Linear(width + size, width)
        self.density, self.feature = nn.Linear(width, 1), nn.Linear(width, width)
        self.colour = nn.Sequential(nn.Linear(width + size, width // 2), nn.ReLU(), nn.Linear(width // 2, 3), nn.Sigmoid())

    def encode(self, x):
        angles = (x.unsqueeze(-1) * self.bands * math.pi).flatten(-2)
        return torch.cat([x, torch.sin(angles), torch.cos(angles)], -1)

    def forward(self, origins, directions):
        z = torch.linspace(0.5, 2.0, 8)
        points = origins[:, None] + directions[:, None] * z[:, None]
        coded = self.encode(points)
        h = coded
        for layer in self.first:
            h = F.relu(layer(h))
        h = F.relu(self.second(torch.cat([coded, h], -1)))
        sigma = F.softplus(self.density(h).squeeze(-1) - 1)
        view = self.encode(F.normalize(directions, dim=-1))[:, None].expand(-1, 8, -1)
        rgb = self.colour(torch.cat([self.feature(h), view], -1))
        step = torch.cat([z[1:] - z[:-1], torch.tensor([1e10])])
        alpha = 1 - torch.exp(-sigma * step)
        seen = torch.cumprod(torch.cat([torch.ones(alpha.shape[0], 1), 1 - alpha + 1e-10], -1), -1)[:, :-1]
        return ((alpha * seen).unsqueeze(-1) * rgb).sum(1)


@program(
    "mse_loss",
    lambda: {"origins": torch.randn(12, 3) * 0.1, "directions": torch.randn(12, 3)},
    lambda: torch.rand(12, 3),
)
def rendered_rays():
    return Radiance()


class Policy(nn.Module):
    """Actor and critic on one body; returns the loss of PPO."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh())
        self.actor, self.critic = nn.Linear(64, 4), nn.Linear(64, 1)
        for layer, gain in ((self.body[0], 2**0.5), (self.body[2], 2**0.5), (self.actor, 0.01), (self.critic, 1.0)):
            nn.init.orthogonal_(layer.weight, gain)
            nn.init.zeros_(layer.bias)

    def forward(self, state, action, old, advantage, value):
        h = self.body(state)
        choice = torch.distributions.Categorical(logits=self.actor(h), validate_args=False)
        ratio = (choice.log_prob(action) - old).exp()
        advantage = (advantage - advantage.mean()) / (advantage.std() + 1e-8)
        gain = torch.min(ratio * advantage, torch.clamp(ratio, 0.8, 1.2) * advantage).mean()
        error = F.smooth_l1_loss(self.critic(h).squeeze(-1), value)
        return -gain + 0.5 * error - 0.01 * choice.entropy().mean()


@program(
    None,
    lambda: {
        "state": torch.randn(32, 8), "action": torch.randint(0, 4, (32,)), "old": -torch.rand(32) - 1,
        "advantage": torch.randn(32), "value": torch.randn(32),
    },
    None,
)
def clipped_policy():
    return Policy()


class Dueling(nn.Module):
    """Q network with a target network; returns the Huber loss of one step."""

    def __init__(self):
        super().__init__()
        self.online = DuelingHeads()
        self.target = copy.deepcopy(self.online).requires_grad_(False)

    def forward(self, state, action, reward, following, done):
        q = self.online(state).gather(1, action.unsqueeze(1)).squeeze(1)
        with torch.no_grad():
            best = self.online(following).argmax(1, keepdim=True)
            goal = reward + 0.99 * (1 - done) * self.target(following).gather(1, best).squeeze(1)
        return F.huber_loss(q, goal)


class DuelingHeads(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU())
        self.value, self.advantage = nn.Linear(32, 1), nn.Linear(32, 3)

    def forward(self, x):
        h = self.body(x)
        advantage = self.advantage(h)
        return self.value(h) + advantage - advantage.mean(dim=1, keepdim=True)


@program(
    None,
    lambda: {
        "state": torch.randn(16, 6), "action": torch.randint(0, 3, (16,)), "reward": torch.randn(16),
        "following": torch.randn(16, 6), "done": torch.randint(0, 2, (16,)).float(),
    },
    None,
)
def dueling_values():
    return Dueling()


class Hypernetwork(nn.Module):
    """The kernel of a convolution is made from a code of each example."""

    def __init__(self):
        super().__init__()
        self.code = nn.Sequential(nn.Linear(5, 16), nn.SiLU())
        self.kernel, self.bias = nn.Linear(16, 8 * 3 * 9), nn.Linear(16, 8)
        nn.init.normal_(self.kernel.weight, std=0.05)
        self.head = nn.Linear(8, 4)

    def forward(self, x, style):
        n = x.size(0)
        code = self.code(style)
        kernel = self.kernel(code).view(n * 8, 3, 3, 3)
        h = F.conv2d(x.reshape(1, n * 3, *x.shape[2:]), kernel, self.bias(code).flatten(), padding=1, groups=n)
        h = F.relu(h.view(n, 8, *h.shape[2:]))
        return self.head(F.adaptive_avg_pool2d(h, 1).flatten(1))


@program(
    "cross_entropy", lambda: {"x": torch.randn(5, 3, 8, 8), "style": torch.randn(5, 5)}, classes(5, 4),
)
def hypernetwork():
    return Hypernetwork()


class MixtureOfNormals(nn.Module):
    """Mixture density network with the distributions of PyTorch."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(3, 32), nn.ELU(), nn.Linear(32, 32), nn.ELU())
        self.share, self.mean, self.scale = nn.Linear(32, 4), nn.Linear(32, 8), nn.Linear(32, 8)

    def forward(self, x, target):
        h = self.body(x)
        d = torch.distributions
        mix = d.Categorical(logits=self.share(h), validate_args=False)
        normals = d.Normal(self.mean(h).view(-1, 4, 2), F.softplus(self.scale(h).view(-1, 4, 2)) + 1e-3, validate_args=False)
        parts = d.Independent(normals, 1, validate_args=False)
        return -d.MixtureSameFamily(mix, parts, validate_args=False).log_prob(target).mean()


@program(None, lambda: {"x": torch.randn(20, 3), "target": torch.randn(20, 2)}, None)
def mixture_of_normals():
    return MixtureOfNormals()


class Chomp(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.size = size

    def forward(self, x):
        return x[:, :, : -self.size].contiguous()


class TemporalBlock(nn.Module):
    def __init__(self, inputs, outputs, dilation):
        super().__init__()
        wn = parametrizations.weight_norm
        pad = 2 * dilation
        self.net = nn.Sequential(
            wn(nn.Conv1d(inputs, outputs, 3, padding=pad, dilation=dilation)), Chomp(pad), nn.ReLU(), nn.Dropout(0.2),
            wn(nn.Conv1d(outputs, outputs, 3, padding=pad, dilation=dilation)), Chomp(pad), nn.ReLU(), nn.Dropout(0.2),
        )
        self.skip = nn.Conv1d(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x):
        return F.relu(self.net(x) + (x if self.skip is None else self.skip(x)))


class Temporal(nn.Module):
    def __init__(self):
        super().__init__()
        self.blocks = nn.Sequential(TemporalBlock(2, 16, 1), TemporalBlock(16, 16, 2), TemporalBlock(16, 16, 4))
        self.head = nn.Linear(16, 1)

    def forward(self, x):
        return self.head(self.blocks(x.transpose(1, 2))[:, :, -1])


@program("mse_loss", floats(8, 20, 2), lambda: torch.randn(8, 1))
def temporal_convolutions():
    return Temporal()


class RMSNorm(nn.Module):
    def __init__(self, width, eps=1e-6):
        super().__init__()
        self.eps, self.weight = eps, nn.Parameter(torch.ones(width))

    def forward(self, x):
        return (x.float() * torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + self.eps)).type_as(x) * self.weight


def rotate(x, cos, sin):
    a, b = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-b, a), dim=-1) * sin


class LlamaBlock(nn.Module):
    def __init__(self, width, heads, groups):
        super().__init__()
        self.heads, self.groups, self.size = heads, groups, width // heads
        self.norm1, self.norm2 = RMSNorm(width), RMSNorm(width)
        self.wq = nn.Linear(width, width, bias=False)
        self.wk, self.wv = (nn.Linear(width, groups * self.size, bias=False) for _ in range(2))
        self.wo = nn.Linear(width, width, bias=False)
        self.w1, self.w3 = (nn.Linear(width, 3 * width, bias=False) for _ in range(2))
        self.w2 = nn.Linear(3 * width, width, bias=False)

    def forward(self, x, cos, sin):
        b, t, d = x.shape
        h = self.norm1(x)
        q = self.wq(h).view(b, t, self.heads, self.size).transpose(1, 2)
        k = self.wk(h).view(b, t, self.groups, self.size).transpose(1, 2)
        v = self.wv(h).view(b, t, self.groups, self.size).transpose(1, 2)
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        x = x + self.wo(y.transpose(1, 2).reshape(b, t, d))
        h = self.norm2(x)
        return x + self.w2(F.silu(self.w1(h)) * self.w3(h))


class Llama(nn.Module):
    def __init__(self, words=30, width=32, depth=3):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.blocks = nn.ModuleList(LlamaBlock(width, 4, 2) for _ in range(depth))
        self.norm, self.head = RMSNorm(width), nn.Linear(width, words, bias=False)
        self.head.weight = self.embed.weight
        angles = torch.outer(torch.arange(64).float(), 1e4 ** (-torch.arange(0, 8, 2) / 8))
        angles = torch.cat((angles, angles), -1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        for name, p in self.named_parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02 / math.sqrt(2 * depth) if name.endswith(("wo.weight", "w2.weight")) else 0.02)

    def forward(self, tokens):
        x = self.embed(tokens)
        cos, sin = self.cos[: tokens.size(1)], self.sin[: tokens.size(1)]
        for block in self.blocks:
            x = block(x, cos, sin)
        return self.head(self.norm(x))


@program("cross_entropy", ids(3, 12, 30), lambda: torch.randint(0, 30, (3, 12)))
def tied_llama():
    return Llama()


class MambaBlock(nn.Module):
    def __init__(self, width, states=4, rank=2):
        super().__init__()
        inner = 2 * width
        self.states, self.rank = states, rank
        self.norm = nn.RMSNorm(width)
        self.enter = nn.Linear(width, 2 * inner, bias=False)
        self.conv = nn.Conv1d(inner, inner, 4, groups=inner, padding=3)
        self.select = nn.Linear(inner, rank + 2 * states, bias=False)
        self.step = nn.Linear(rank, inner)
        self.A_log = nn.Parameter(torch.log(torch.arange(1, states + 1).float().repeat(inner, 1)))
        self.D = nn.Parameter(torch.ones(inner))
        self.leave = nn.Linear(inner, width, bias=False)

    def forward(self, x):
        length = x.size(1)
        h, gate = self.enter(self.norm(x)).chunk(2, dim=-1)
        h = F.silu(self.conv(h.transpose(1, 2))[..., :length].transpose(1, 2))
        delta, b, c = self.select(h).split([self.rank, self.states, self.states], dim=-1)
        delta = F.softplus(self.step(delta))
        a = torch.exp(torch.einsum("bld,dn->bldn", delta, -torch.exp(self.A_log)))
        u = torch.einsum("bld,bln,bld->bldn", delta, b, h)
        state = torch.zeros_like(u[:, 0])
        out = []
        for t in range(length):
            state = a[:, t] * state + u[:, t]
            out.append(torch.einsum("bdn,bn->bd", state, c[:, t]))
        y = (torch.stack(out, 1) + h * self.D) * F.silu(gate)
        return x + self.leave(y)


class Mamba(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(16, 16)
        self.blocks = nn.Sequential(MambaBlock(16), MambaBlock(16))
        self.norm, self.head = nn.RMSNorm(16), nn.Linear(16, 16, bias=False)

    def forward(self, tokens):
        return self.head(self.norm(self.blocks(self.embed(tokens))))


@program("cross_entropy", ids(3, 9, 16), lambda: torch.randint(0, 16, (3, 9)))
def selective_states():
    return Mamba()


def squash(s, dim=-1):
    norm = (s**2).sum(dim, keepdim=True)
    return norm / (1 + norm) * s / torch.sqrt(norm + 1e-8)


class Capsules(nn.Module):
    """Returns the margin loss; coefficients are routed in three rounds."""

    def __init__(self):
        super().__init__()
        self.conv, self.primary = nn.Conv2d(1, 16, 5), nn.Conv2d(16, 32, 5, stride=2)
        self.W = nn.Parameter(0.05 * torch.randn(1, 5, 36, 8, 8))

    def forward(self, x, label):
        h = self.primary(F.relu(self.conv(x)))
        u = squash(h.view(x.size(0), 4, 8, -1).permute(0, 1, 3, 2).reshape(x.size(0), -1, 8))
        votes = torch.matmul(self.W, u[:, None, :, :, None]).squeeze(-1)
        b = torch.zeros(x.size(0), 5, 36, 1)
        for i in range(3):
            c = F.softmax(b, dim=1)
            v = squash((c * (votes if i == 2 else votes.detach())).sum(2))
            if i < 2:
                b = b + torch.matmul(votes.detach(), v.unsqueeze(-1))
        length = v.norm(dim=-1)
        target = F.one_hot(label, 5).float()
        loss = target * F.relu(0.9 - length) ** 2 + 0.5 * (1 - target) * F.relu(length - 0.1) ** 2
        return loss.sum(1).mean()


@program(None, lambda: {"x": torch.rand(4, 1, 14, 14), "label": torch.randint(0, 5, (4,))}, None)
def routed_capsules():
    return Capsules()


class MAB(nn.Module):
    def __init__(self, width, heads=2):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(width, width) for _ in range(4))
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)

    def forward(self, x, y):
        q, k, v = self.q(x), self.k(y), self.v(y)
        parts = [torch.cat(one.split(q.size(2) // self.heads, 2), 0) for one in (q, k, v)]
        scores = torch.softmax(parts[0].bmm(parts[1].transpose(1, 2)) / math.sqrt(q.size(2)), 2)
        o = self.norm1(torch.cat((parts[0] + scores.bmm(parts[2])).split(x.size(0), 0), 2))
        return self.norm2(o + F.relu(self.o(o)))


class SetTransformer(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.enter = nn.Linear(3, width)
        self.points, self.seed = nn.Parameter(torch.empty(1, 4, width)), nn.Parameter(torch.empty(1, 2, width))
        nn.init.xavier_uniform_(self.points)
        nn.init.xavier_uniform_(self.seed)
        self.down, self.up, self.pool, self.last = MAB(width), MAB(width), MAB(width), MAB(width)
        self.head = nn.Linear(2 * width, 4)

    def forward(self, x):
        h = self.enter(x)
        h = self.up(h, self.down(self.points.repeat(x.size(0), 1, 1), h))
        h = self.pool(self.seed.repeat(x.size(0), 1, 1), h)
        return self.head(self.last(h, h).flatten(1))


@program("cross_entropy", floats(6, 10, 3), classes(6, 4))
def set_transformer():
    return SetTransformer()


class TiedAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.weights = nn.ParameterList([nn.Parameter(torch.empty(32, 20)), nn.Parameter(torch.empty(8, 32))])
        for weight in self.weights:
            nn.init.kaiming_uniform_(weight, nonlinearity="relu")
        self.down = nn.ParameterList([nn.Parameter(torch.zeros(32)), nn.Parameter(torch.zeros(8))])
        self.up = nn.ParameterList([nn.Parameter(torch.zeros(20)), nn.Parameter(torch.zeros(32))])

    def forward(self, x):
        for weight, bias in zip(self.weights, self.down):
            x = F.selu(F.linear(x, weight, bias))
        for i in reversed(range(2)):
            x = F.linear(x, self.weights[i].t(), self.up[i])
            x = F.selu(x) if i > 0 else torch.sigmoid(x)
        return x


@program("bce_loss", lambda: torch.rand(8, 20), bits(8, 20))
def transposed_decoder():
    return TiedAutoencoder()


class ChainField(nn.Module):
    """Tags by an LSTM and a linear-chain CRF; returns its negative log likelihood."""

    def __init__(self, words=20, tags=4):
        super().__init__()
        self.embed = nn.Embedding(words, 16)
        self.lstm = nn.LSTM(16, 12, bidirectional=True, batch_first=True)
        self.emit = nn.Linear(24, tags)
        self.move = nn.Parameter(torch.randn(tags, tags) * 0.1)
        self.start, self.end = nn.Parameter(torch.zeros(tags)), nn.Parameter(torch.zeros(tags))

    def forward(self, words, tags, mask):
        scores = self.emit(self.lstm(self.embed(words))[0])
        rows = torch.arange(words.size(0))
        path = self.start[tags[:, 0]] + scores[rows, 0, tags[:, 0]]
        alpha = self.start + scores[:, 0]
        for t in range(1, words.size(1)):
            open_ = mask[:, t]
            path = path + (self.move[tags[:, t - 1], tags[:, t]] + scores[rows, t, tags[:, t]]) * open_
            following = torch.logsumexp(alpha.unsqueeze(2) + self.move + scores[:, t].unsqueeze(1), dim=1)
            alpha = torch.where(open_.unsqueeze(1), following, alpha)
        last = tags.gather(1, (mask.long().sum(1) - 1).unsqueeze(1)).squeeze(1)
        return (torch.logsumexp(alpha + self.end, 1) - path - self.end[last]).mean()


@program(
    None,
    lambda: {
        "words": torch.randint(0, 20, (5, 8)), "tags": torch.randint(0, 4, (5, 8)),
        "mask": torch.arange(8)[None] < torch.tensor([8, 5, 3, 7, 6])[:, None],
    },
    None,
)
def tagged_chain():
    return ChainField()


class Memory(nn.Module):
    """Controller with a memory that is addressed by content and by shifts."""

    def __init__(self, slots=8, width=6):
        super().__init__()
        self.cell, self.slots, self.width = nn.LSTMCell(4 + width, 24), slots, width
        self.key, self.control, self.erase, self.add = (nn.Linear(24, n) for n in (width, 6, width, width))
        self.out = nn.Linear(24 + width, 4)
        self.register_buffer("initial", torch.full((slots, width), 1e-2))

    def address(self, memory, h, before):
        beta, gate, gamma, *shifts = self.control(h).split([1, 1, 1, 3], dim=1)
        content = F.softmax(F.softplus(beta) * F.cosine_similarity(memory + 1e-8, self.key(h).unsqueeze(1), dim=-1), 1)
        mixed = torch.sigmoid(gate) * content + (1 - torch.sigmoid(gate)) * before
        shift = F.softmax(shifts[0], 1)
        moved = sum(shift[:, i : i + 1] * torch.roll(mixed, i - 1, dims=1) for i in range(3))
        sharp = moved ** (1 + F.softplus(gamma))
        return sharp / (sharp.sum(1, keepdim=True) + 1e-8)

    def forward(self, x):
        n = x.size(0)
        memory = self.initial.expand(n, -1, -1)
        weights = F.one_hot(torch.zeros(n, dtype=torch.long), self.slots).float()
        read = x.new_zeros(n, self.width)
        state, out = None, []
        for step in x.unbind(1):
            state = self.cell(torch.cat([step, read], 1), state)
            weights = self.address(memory, state[0], weights)
            erase, add = torch.sigmoid(self.erase(state[0])), torch.tanh(self.add(state[0]))
            memory = memory * (1 - torch.einsum("bs,bw->bsw", weights, erase)) + weights[..., None] * add[:, None]
            read = torch.bmm(weights.unsqueeze(1), memory).squeeze(1)
            out.append(self.out(torch.cat([state[0], read], 1)))
        return torch.stack(out, 1)


@program("bce_with_logits", floats(5, 6, 4), bits(5, 6, 4))
def addressed_memory():
    return Memory()


class Twins(nn.Module):
    """Barlow Twins."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(2), nn.Flatten())
        self.project = nn.Sequential(nn.Linear(32, 24, bias=False), nn.BatchNorm1d(24), nn.ReLU(), nn.Linear(24, 16, bias=False))
        self.norm = nn.BatchNorm1d(16, affine=False)

    def forward(self, a, b):
        c = self.norm(self.project(self.body(a))).T @ self.norm(self.project(self.body(b)))
        c = c / a.size(0)
        on = torch.diagonal(c).add(-1).pow(2).sum()
        off = c.flatten()[:-1].view(15, 17)[:, 1:].flatten().pow(2).sum()
        return on + 0.005 * off


@program(None, lambda: {"a": torch.randn(12, 3, 8, 8), "b": torch.randn(12, 3, 8, 8)}, None)
def redundant_twins():
    return Twins()


class Momentum(nn.Module):
    """Student and a teacher of averages of it, with a queue of keys (MoCo)."""

    def __init__(self):
        super().__init__()
        self.student = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 8))
        self.teacher = copy.deepcopy(self.student).requires_grad_(False)
        self.register_buffer("queue", F.normalize(torch.randn(8, 24), dim=0))
        self.register_buffer("place", torch.zeros(1, dtype=torch.long))

    def forward(self, x, augmented):
        q = F.normalize(self.student(x), dim=1)
        with torch.no_grad():
            k = F.normalize(self.teacher(augmented), dim=1)
        positive = torch.einsum("nc,nc->n", q, k).unsqueeze(-1)
        negative = torch.einsum("nc,ck->nk", q, self.queue.clone().detach())
        logits = torch.cat([positive, negative], 1) / 0.2
        with torch.no_grad():
            at = (self.place + torch.arange(x.size(0))) % 24
            self.queue[:, at] = k.T
            self.place.add_(x.size(0)).remainder_(24)
        return F.cross_entropy(logits, torch.zeros(x.size(0), dtype=torch.long))


@program(None, lambda: {"x": torch.randn(6, 10), "augmented": torch.randn(6, 10)}, None)
def queue_of_keys():
    return Momentum()


class Pointer(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.embed = nn.Linear(2, width)
        self.encoder, self.decoder = nn.LSTM(width, width, batch_first=True), nn.LSTMCell(width, width)
        self.w1, self.w2, self.v = nn.Linear(width, width, False), nn.Linear(width, width, False), nn.Linear(width, 1, False)
        self.start = nn.Parameter(torch.zeros(width))

    def forward(self, points, order):
        x = self.embed(points)
        memory, (h, c) = self.encoder(x)
        h, c = h[0], c[0]
        token = self.start.expand(x.size(0), -1)
        closed = torch.zeros(points.shape[:2], dtype=torch.bool)
        loss = 0.0
        for t in range(order.size(1)):
            h, c = self.decoder(token, (h, c))
            scores = self.v(torch.tanh(self.w1(memory) + self.w2(h)[:, None])).squeeze(-1)
            scores = scores.masked_fill(closed, -1e9)
            loss = loss + F.nll_loss(F.log_softmax(scores, -1), order[:, t])
            closed = closed.scatter(1, order[:, t : t + 1], True)
            token = torch.gather(x, 1, order[:, t, None, None].expand(-1, 1, x.size(2))).squeeze(1)
        return loss / order.size(1)


@program(
    None,
    lambda: {"points": torch.rand(6, 7, 2), "order": torch.stack([torch.randperm(7) for _ in range(6)])},
    None,
)
def pointer_network():
    return Pointer()


class RelativeAttention(nn.Module):
    """Attention of Transformer-XL, with its shifted positions."""

    def __init__(self, width=16, heads=2):
        super().__init__()
        self.heads, self.size = heads, width // heads
        self.qkv, self.position, self.out = nn.Linear(width, 3 * width, False), nn.Linear(width, width, False), nn.Linear(width, width, False)
        self.u, self.v = nn.Parameter(torch.zeros(heads, self.size)), nn.Parameter(torch.zeros(heads, self.size))

    def shift(self, x):
        b, h, i, j = x.shape
        return F.pad(x, (1, 0)).view(b, h, j + 1, i)[:, :, 1:].view_as(x)

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (one.view(b, t, self.heads, self.size) for one in self.qkv(x).chunk(3, -1))
        place = torch.arange(t - 1, -1, -1.0)
        angles = place[:, None] / 1e4 ** (torch.arange(0, d, 2.0) / d)
        r = self.position(torch.cat([angles.sin(), angles.cos()], -1)).view(t, self.heads, self.size)
        content = torch.einsum("bind,bjnd->bnij", q + self.u, k)
        relative = self.shift(torch.einsum("bind,jnd->bnij", q + self.v, r))
        scores = (content + relative) / self.size**0.5
        closed = torch.triu(torch.ones(t, t, dtype=torch.bool), diagonal=1)
        weights = scores.masked_fill(closed, float("-inf")).softmax(-1)
        return self.out(torch.einsum("bnij,bjnd->bind", weights, v).reshape(b, t, d))


class TransformerXL(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(15, 16)
        self.attention = nn.ModuleList(RelativeAttention() for _ in range(2))
        self.norms = nn.ModuleList(nn.LayerNorm(16) for _ in range(4))
        self.feed = nn.ModuleList(nn.Sequential(nn.Linear(16, 48), nn.ReLU(inplace=True), nn.Linear(48, 16)) for _ in range(2))
        self.head = nn.Linear(16, 15)

    def forward(self, tokens):
        x = self.embed(tokens) * 4
        for i in range(2):
            x = self.norms[2 * i](x + self.attention[i](x))
            x = self.norms[2 * i + 1](x + self.feed[i](x))
        return self.head(x)


@program("cross_entropy", ids(3, 10, 15), lambda: torch.randint(0, 15, (3, 10)))
def relative_shift():
    return TransformerXL()


class Margin(nn.Module):
    """ArcFace over a small residual network; the head needs the labels."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.conv2, self.bn2 = nn.Conv2d(16, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.prelu = nn.PReLU(16)
        self.se = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(16, 4, 1), nn.ReLU(), nn.Conv2d(4, 16, 1), nn.Sigmoid())
        self.code = nn.Sequential(nn.Flatten(), nn.Linear(16 * 16, 12), nn.BatchNorm1d(12))
        self.weight = nn.Parameter(torch.empty(6, 12))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x, label):
        h = self.prelu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(h))
        h = F.max_pool2d(h + y * self.se(y), 2)
        cosine = F.linear(F.normalize(self.code(h)), F.normalize(self.weight))
        sine = torch.sqrt((1.0 - cosine.pow(2)).clamp(0, 1))
        phi = cosine * math.cos(0.3) - sine * math.sin(0.3)
        phi = torch.where(cosine > math.cos(math.pi - 0.3), phi, cosine - math.sin(math.pi - 0.3) * 0.3)
        one_hot = torch.zeros_like(cosine).scatter_(1, label.view(-1, 1), 1)
        return F.cross_entropy((one_hot * phi + (1 - one_hot) * cosine) * 16, label)


@program(None, lambda: {"x": torch.randn(8, 3, 8, 8), "label": torch.randint(0, 6, (8,))}, None)
def angular_margin():
    return Margin()


class Warm(nn.Module):
    """Counts its calls, scales by the count, and keeps an average of the largest activation."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.Linear(6, 16), nn.Linear(16, 3)
        self.register_buffer("count", torch.tensor(0))
        self.register_buffer("largest", torch.tensor(1.0))

    def forward(self, x):
        h = torch.relu(self.inner(x))
        if self.training:
            self.count += 1
            self.largest.lerp_(h.detach().amax(), 0.1)
        share = torch.clamp(self.count.float() / 4, max=1.0)
        return self.head(h / self.largest * share)


@program("cross_entropy", floats(9, 6), classes(9, 3))
def counted_calls():
    return Warm()


class Rounded(nn.Module):
    """Kernels and activations of 4 bits, with straight-through gradients and learnt steps."""

    def __init__(self):
        super().__init__()
        self.inner, self.head = nn.Linear(10, 32), nn.Linear(32, 4)
        self.step1, self.step2 = nn.Parameter(torch.tensor(0.05)), nn.Parameter(torch.tensor(0.1))

    def round(self, x, step, low, high):
        scaled = torch.clamp(x / step, low, high)
        return (scaled + (scaled.round() - scaled).detach()) * step

    def forward(self, x):
        h = F.linear(x, self.round(self.inner.weight, self.step1, -8, 7), self.inner.bias)
        return self.head(self.round(F.relu(h), self.step2, 0, 15))


@program("cross_entropy", floats(12, 10), classes(12, 4))
def rounded_kernels():
    return Rounded()


class TimeMix(nn.Module):
    """RWKV: shifted tokens and decayed sums of keys."""

    def __init__(self, width):
        super().__init__()
        self.mix = nn.Parameter(torch.rand(3, width))
        self.decay, self.first = nn.Parameter(torch.linspace(-3, 1, width)), nn.Parameter(torch.full((width,), 0.3))
        self.shift = nn.ZeroPad2d((0, 0, 1, -1))
        self.key, self.value, self.receptance, self.out = (nn.Linear(width, width, bias=False) for _ in range(4))

    def forward(self, x):
        before = self.shift(x)
        k, v, r = (torch.lerp(before, x, m) for m in self.mix)
        k, v, r = self.key(k), self.value(v), torch.sigmoid(self.receptance(r))
        w = -torch.exp(self.decay)
        a = b = torch.zeros_like(k[:, 0])
        top = torch.full_like(a, -1e38)
        out = []
        for t in range(x.size(1)):
            high = torch.maximum(top, self.first + k[:, t])
            e1, e2 = torch.exp(top - high), torch.exp(self.first + k[:, t] - high)
            out.append((e1 * a + e2 * v[:, t]) / (e1 * b + e2))
            high = torch.maximum(top + w, k[:, t])
            e1, e2 = torch.exp(top + w - high), torch.exp(k[:, t] - high)
            a, b, top = e1 * a + e2 * v[:, t], e1 * b + e2, high
        return self.out(r * torch.stack(out, dim=1))


class Rwkv(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.embed = nn.Embedding(12, width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(5))
        self.mixes = nn.ModuleList(TimeMix(width) for _ in range(2))
        self.up, self.down = (nn.ModuleList(nn.Linear(*s, bias=False) for _ in range(2)) for s in ((width, 48), (48, width)))
        self.head = nn.Linear(width, 12, bias=False)

    def forward(self, tokens):
        x = self.norms[4](self.embed(tokens))
        for i in range(2):
            x = x + self.mixes[i](self.norms[2 * i](x))
            x = x + self.down[i](torch.square(torch.relu(self.up[i](self.norms[2 * i + 1](x)))))
        return self.head(x)


@program("cross_entropy", ids(3, 8, 12), lambda: torch.randint(0, 12, (3, 8)))
def decayed_keys():
    return Rwkv()


class Performer(nn.Module):
    def __init__(self, width=16, heads=2, features=12):
        super().__init__()
        self.heads, size = heads, width // heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        q, _ = torch.linalg.qr(torch.randn(features, size).t()) if features <= size else (torch.randn(size, features), None)
        self.register_buffer("projection", q)
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 3)

    def features(self, x, is_query):
        x = x * x.size(-1) ** -0.25
        dash = torch.einsum("bhtd,dm->bhtm", x, self.projection)
        half = x.square().sum(-1, keepdim=True) / 2
        top = dash.amax(-1, keepdim=True) if is_query else dash.amax((-1, -2), keepdim=True)
        return torch.exp(dash - half - top.detach()) + 1e-4

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.norm(x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        q, k = self.features(q, True), self.features(k, False)
        context = torch.einsum("bhtm,bhtd->bhmd", k, v)
        norm = torch.einsum("bhtm,bhm->bht", q, k.sum(2)).reciprocal()
        y = torch.einsum("bhtm,bhmd,bht->bhtd", q, context, norm)
        x = x + self.out(y.transpose(1, 2).flatten(2))
        return self.head(x.mean(1))


@program("cross_entropy", floats(5, 9, 16), classes(5, 3))
def random_features():
    return Performer()


class Factorisation(nn.Module):
    """DeepFM over fields of categories, with offsets into one table."""

    def __init__(self, fields=(10, 7, 5, 20), width=8):
        super().__init__()
        self.register_buffer("offsets", torch.tensor([0, *fields[:-1]]).cumsum(0))
        self.linear, self.table = nn.Embedding(sum(fields), 1), nn.Embedding(sum(fields), width)
        nn.init.xavier_uniform_(self.table.weight)
        self.bias = nn.Parameter(torch.zeros(1))
        self.deep = nn.Sequential(
            nn.Linear(width * 4, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.2),
            nn.Linear(32, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 1),
        )

    def forward(self, x):
        x = x + self.offsets
        e = self.table(x)
        pairs = 0.5 * (e.sum(1).square() - e.square().sum(1)).sum(1, keepdim=True)
        return (self.linear(x).sum(1) + self.bias + pairs + self.deep(e.flatten(1))).squeeze(1)


@program(
    "bce_with_logits", lambda: torch.stack([torch.randint(0, n, (16,)) for n in (10, 7, 5, 20)], 1), bits(16),
)
def crossed_fields():
    return Factorisation()


class Equilibrium(nn.Module):
    """Iterates to a fixed point without gradients, then once with them."""

    def __init__(self):
        super().__init__()
        self.enter, self.again = nn.Linear(5, 16), nn.Linear(16, 16, bias=False)
        nn.init.orthogonal_(self.again.weight, 0.5)
        self.norm, self.head = nn.GroupNorm(4, 16), nn.Linear(16, 3)

    def forward(self, x):
        u = self.enter(x)
        z = torch.zeros_like(u)
        with torch.no_grad():
            for _ in range(8):
                z = self.norm(torch.tanh(self.again(z) + u))
        return self.head(self.norm(torch.tanh(self.again(z.detach()) + u)))


@program("cross_entropy", floats(7, 5), classes(7, 3))
def fixed_point():
    return Equilibrium()


class Uncertain(nn.Module):
    """MC dropout by F.dropout, two heads with losses weighted by learnt uncertainties."""

    def __init__(self):
        super().__init__()
        self.drop = 0.2
        self.a, self.b = nn.Linear(8, 32), nn.Linear(32, 32)
        self.kind, self.mean, self.log_var = nn.Linear(32, 3), nn.Linear(32, 1), nn.Linear(32, 1)
        self.log_vars = nn.Parameter(torch.zeros(2))

    def forward(self, x, label, target):
        h = F.dropout(F.gelu(self.a(x)), self.drop, training=True)
        h = F.dropout(F.gelu(self.b(h)), self.drop, training=True)
        s = self.log_var(h).clamp(-6, 6)
        regression = (0.5 * torch.exp(-s) * (self.mean(h) - target) ** 2 + 0.5 * s).mean()
        losses = torch.stack([F.cross_entropy(self.kind(h), label, label_smoothing=0.1), regression])
        return (torch.exp(-self.log_vars) * losses + self.log_vars).sum()


@program(
    None,
    lambda: {"x": torch.randn(10, 8), "label": torch.randint(0, 3, (10,)), "target": torch.randn(10, 1)},
    None,
)
def uncertain_tasks():
    return Uncertain()


class Denoiser(nn.Module):
    """Diffusion: noises its images, and returns the error of the noise that it finds."""

    def __init__(self, width=16):
        super().__init__()
        betas = torch.linspace(1e-4, 0.02, 50)
        alphas = torch.cumprod(1 - betas, 0)
        self.register_buffer("signal", alphas.sqrt())
        self.register_buffer("noise", (1 - alphas).sqrt())
        self.width = width
        self.time = nn.Sequential(nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, 2 * width))
        self.enter = nn.Conv2d(3, width, 3, padding=1)
        self.norm1, self.norm2 = nn.GroupNorm(4, width), nn.GroupNorm(4, width)
        self.conv1, self.conv2 = nn.Conv2d(width, width, 3, padding=1), nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.conv2.weight)
        nn.init.zeros_(self.conv2.bias)
        self.down, self.up = nn.Conv2d(width, width, 3, 2, 1), nn.Conv2d(2 * width, width, 3, padding=1)
        self.attend = nn.MultiheadAttention(width, 2, batch_first=True)
        self.out = nn.Sequential(nn.GroupNorm(4, width), nn.SiLU(), nn.Conv2d(width, 3, 3, padding=1))

    def forward(self, x, t, noise):
        pick = lambda values: values.gather(0, t).view(-1, 1, 1, 1)
        noisy = pick(self.signal) * x + pick(self.noise) * noise
        half = self.width // 2
        rate = torch.exp(-math.log(10000) * torch.arange(half) / (half - 1))
        angles = t[:, None].float() * rate[None]
        scale, shift = self.time(torch.cat([angles.sin(), angles.cos()], -1))[:, :, None, None].chunk(2, 1)
        h = self.enter(noisy)
        y = self.conv1(F.silu(self.norm1(h)))
        y = self.norm2(y) * (1 + scale) + shift
        h = h + self.conv2(F.silu(y))
        low = self.down(h)
        tokens = low.flatten(2).transpose(1, 2)
        tokens = tokens + self.attend(tokens, tokens, tokens, need_weights=False)[0]
        low = tokens.transpose(1, 2).reshape(low.shape)
        high = F.interpolate(low, scale_factor=2, mode="nearest")
        return F.mse_loss(self.out(self.up(torch.cat([high, h], 1))), noise)


@program(
    None,
    lambda: {"x": torch.randn(4, 3, 8, 8), "t": torch.randint(0, 50, (4,)), "noise": torch.randn(4, 3, 8, 8)},
    None,
)
def noised_images():
    return Denoiser()
