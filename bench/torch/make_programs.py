"""Exports PyTorch programs and writes what PyTorch itself makes of them.

    python bench/torch/make_programs.py FOLDER [NAME...]

For each program of this file: NAME.pt2 (torch.export, training mode), NAME.npz (x, y) and
NAME.json (objective, its value, mean |dJ/dw| of every parameter). The figures are computed in
float64, and again in float32, since a batch normalisation over few values is ill conditioned.
Dropout and stochastic depth are set to 0, since two generators draw differently.
bench/torch/compare_programs.ts reads the folder.

Needs torch, torchvision, timm and transformers.
"""

import copy
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
import torchvision.models as tv
from torch import nn
from torch.nn import functional as F

warnings.filterwarnings("ignore")

PROGRAMS = {}


def program(objective, x, y):
    """Registers a function that makes a model, with its objective and its batch."""

    def register(make):
        PROGRAMS[make.__name__] = (make, objective, x, y)
        return make

    return register


def images(n, c, size):
    return lambda: torch.randn(n, c, size, size)


def floats(*shape):
    return lambda: torch.randn(*shape)


def ids(n, length, size):
    return lambda: torch.randint(0, size, (n, length))


def classes(n, count):
    return lambda: torch.randint(0, count, (n,))


def bits(*shape):
    return lambda: torch.randint(0, 2, shape).float()


# ---- by hand ----------------------------------------------------------------------------------


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


# ---- torchvision ------------------------------------------------------------------------------

for name, size in {
    "resnet18": 64, "resnet50": 96, "vgg11_bn": 32, "alexnet": 64, "squeezenet1_1": 64, "densenet121": 64,
    "mobilenet_v2": 64, "mobilenet_v3_small": 64, "shufflenet_v2_x0_5": 64, "mnasnet0_5": 64, "efficientnet_b0": 64,
    "regnet_y_400mf": 64, "convnext_tiny": 64, "swin_t": 64,
}.items():
    def make(name=name):
        return getattr(tv, name)(weights=None, num_classes=10)

    PROGRAMS["torchvision_" + name] = (make, "cross_entropy", images(2, 3, size), classes(2, 10))


def small_vit():
    return tv.VisionTransformer(image_size=32, patch_size=8, num_layers=3, num_heads=4, hidden_dim=32, mlp_dim=64, num_classes=10)


PROGRAMS["torchvision_vit"] = (small_vit, "cross_entropy", images(2, 3, 32), classes(2, 10))

# ---- timm -------------------------------------------------------------------------------------

for name in [
    "resnet10t", "vit_tiny_patch16_224", "mixer_s32_224", "levit_128s", "gmlp_ti16_224",
    "resmlp_12_224", "poolformer_s12", "ghostnet_050", "edgenext_xx_small", "mobilevit_xxs", "rexnet_100",
]:
    def make(name=name):
        import timm

        return timm.create_model(name, pretrained=False, num_classes=10)

    PROGRAMS["timm_" + name] = (make, "cross_entropy", images(2, 3, 224), classes(2, 10))

# ---- transformers -----------------------------------------------------------------------------

SMALL = dict(
    hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, vocab_size=100,
    max_position_embeddings=64,
)


class Logits(nn.Module):
    """Puts out the logits alone, without a cache."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        if hasattr(model.config, "use_cache"):
            model.config.use_cache = False

    def forward(self, input_ids):
        return self.model(input_ids).logits


def hf(kind, config, **options):
    import transformers as t

    auto = {"lm": t.AutoModelForCausalLM, "sc": t.AutoModelForSequenceClassification, "mlm": t.AutoModelForMaskedLM}
    return Logits(auto[kind].from_config(getattr(t, config)(**options)))


for name, (kind, config, options) in {
    "bert": ("sc", "BertConfig", SMALL), "roberta": ("mlm", "RobertaConfig", SMALL),
    "distilbert": ("sc", "DistilBertConfig", dict(dim=32, n_layers=2, n_heads=4, hidden_dim=64, vocab_size=100)),
    "gpt2": ("lm", "GPT2Config", dict(n_embd=32, n_layer=2, n_head=4, vocab_size=100)),
    "llama": ("lm", "LlamaConfig", dict(SMALL, num_key_value_heads=2)),
    "qwen2": ("lm", "Qwen2Config", dict(SMALL, num_key_value_heads=2)),
    "gemma": ("lm", "GemmaConfig", dict(SMALL, num_key_value_heads=2, head_dim=8)),
    "neox": ("lm", "GPTNeoXConfig", SMALL), "electra": ("sc", "ElectraConfig", SMALL),
    "albert": ("sc", "AlbertConfig", dict(SMALL, embedding_size=16)),
}.items():
    def make(kind=kind, config=config, options=options):
        return hf(kind, config, **options)

    y = classes(2, 2) if kind == "sc" else ids(2, 16, 100)
    PROGRAMS["transformers_" + name] = (make, "cross_entropy", ids(2, 16, 100), y)


# ---- what PyTorch makes of them ---------------------------------------------------------------


def no_dropout(model):
    for module in model.modules():
        if "Drop" in type(module).__name__ or type(module).__name__ == "StochasticDepth":
            for key in ("p", "drop_prob"):
                if isinstance(getattr(module, key, None), float):
                    setattr(module, key, 0.0)
        for key, value in vars(module).items():
            if isinstance(value, float) and "drop" in key:
                setattr(module, key, 0.0)


def objective_of(name, output, y):
    if isinstance(output, dict):
        output = next(iter(output.values()))
    if isinstance(output, (tuple, list)):
        output = output[0]
    if name is None:
        return output
    if name == "bce_with_logits":
        return F.binary_cross_entropy_with_logits(output, y)
    if name == "bce_loss":
        return F.binary_cross_entropy(output, y)
    if name == "cross_entropy" and y.dim() > 1 and output.shape[1:-1] == y.shape[1:]:
        output = output.movedim(-1, 1)
    return getattr(F, name)(output, y)


def figures(model, objective, x, y):
    """The objective, and mean |dJ/dw| of every parameter."""
    loss = objective_of(objective, model(x), y)
    loss.backward()
    gradients = {
        key: float(p.grad.double().abs().mean()) if p.grad is not None else None for key, p in model.named_parameters()
    }
    return dict(value=float(loss), gradients=gradients)


def write(folder, name):
    make, objective, draw_x, draw_y = PROGRAMS[name]
    torch.manual_seed(sum(map(ord, name)))
    model = make().train()
    no_dropout(model)
    x = draw_x()
    y = draw_y() if draw_y is not None else None
    exported = torch.export.export(copy.deepcopy(model), (x,))
    torch.export.save(exported, str(folder / f"{name}.pt2"))
    arrays = {"x": x.numpy()}
    if y is not None:
        arrays["y"] = y.numpy()
    np.savez(folder / f"{name}.npz", **arrays)
    float32 = figures(copy.deepcopy(model), objective, x, y)
    exact = lambda t: t.double() if t is not None and t.is_floating_point() else t
    result = dict(name=name, objective=objective, **figures(model.double(), objective, exact(x), exact(y)))
    result["float32"] = float32
    (folder / f"{name}.json").write_text(json.dumps(result))


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name in sys.argv[2:] or PROGRAMS:
        start = time.time()
        try:
            write(folder, name)
            print(f"{name}: {time.time() - start:.1f} s", flush=True)
        except Exception as error:
            failed += 1
            print(f"{name}: {type(error).__name__}: {str(error)[:200]}", flush=True)
    sys.exit(1 if failed else 0)


main()
