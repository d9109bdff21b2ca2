"""Programs of torchvision, timm and transformers."""

import torch
import torchvision.models as tv
from torch import nn

from registry import PROGRAMS, classes, floats, ids, images

# ---- torchvision ------------------------------------------------------------------------------

for name, size in {
    "resnet18": 64, "resnet50": 96, "vgg11_bn": 32, "alexnet": 64, "squeezenet1_1": 64, "densenet121": 64,
    "mobilenet_v2": 64, "mobilenet_v3_small": 64, "shufflenet_v2_x0_5": 64, "mnasnet0_5": 64, "efficientnet_b0": 64,
    "regnet_y_400mf": 64, "convnext_tiny": 64, "swin_t": 64, "efficientnet_v2_s": 64, "regnet_x_400mf": 64,
    "resnext50_32x4d": 64, "mobilenet_v3_large": 64, "swin_v2_t": 64, "googlenet": 64, "wide_resnet50_2": 64,
    "shufflenet_v2_x1_5": 64, "densenet169": 64, "maxvit_t": 224, "inception_v3": 96,
}.items():
    def make(name=name):
        options = {"init_weights": True} if name in ("googlenet", "inception_v3") else {}
        return getattr(tv, name)(weights=None, num_classes=10, **options)

    PROGRAMS["torchvision_" + name] = (make, "cross_entropy", images(2, 3, size), classes(2, 10), {})


def small_vit():
    return tv.VisionTransformer(image_size=32, patch_size=8, num_layers=3, num_heads=4, hidden_dim=32, mlp_dim=64, num_classes=10)


PROGRAMS["torchvision_vit"] = (small_vit, "cross_entropy", images(2, 3, 32), classes(2, 10), {})


def dense(name):
    return lambda: getattr(tv.segmentation, name)(weights=None, weights_backbone=None, num_classes=5)


for name in ["lraspp_mobilenet_v3_large", "fcn_resnet50", "deeplabv3_mobilenet_v3_large"]:
    PROGRAMS["segmentation_" + name] = (
        dense(name), "cross_entropy", images(2, 3, 64), lambda: torch.randint(0, 5, (2, 64, 64)), {},
    )


def video():
    return tv.video.r3d_18(weights=None, num_classes=4)


PROGRAMS["video_r3d_18"] = (video, "cross_entropy", floats(2, 3, 4, 32, 32), classes(2, 4), {})

# ---- timm -------------------------------------------------------------------------------------

SIZES = {"crossvit_tiny_240": 240, "botnet26t_256": 256, "eca_botnext26ts_256": 256}

for name in [
    "resnet10t", "vit_tiny_patch16_224", "mixer_s32_224", "levit_128s", "gmlp_ti16_224",
    "resmlp_12_224", "poolformer_s12", "ghostnet_050", "edgenext_xx_small", "mobilevit_xxs", "rexnet_100",
    "deit_tiny_patch16_224", "convnextv2_atto", "convit_tiny", "pvt_v2_b0", "xcit_nano_12_p16_224", "cait_xxs24_224",
    "coat_lite_tiny", "efficientformer_l1", "efficientvit_b0", "fastvit_t8", "mobileone_s0", "repvgg_a0", "tinynet_e",
    "mobilenetv4_conv_small", "lcnet_050", "nf_regnet_b0", "resnest14d", "skresnet18", "res2net50_26w_4s", "dla34",
    "ese_vovnet19b_dw", "hrnet_w18_small", "tnt_s_patch16_224", "visformer_tiny", "nest_tiny", "sequencer2d_s",
    "focalnet_tiny_srf", "davit_tiny", "mvitv2_tiny", "inception_next_atto", "starnet_s1", "repvit_m0_9",
    "tiny_vit_5m_224", "gcvit_xxtiny", "eva02_tiny_patch14_224", "hiera_tiny_224", "mambaout_femto", "seresnext26t_32x4d",
    "cspresnet50", "selecsls42b", "efficientnet_lite0", "mixnet_s", "fbnetc_100", "spnasnet_100", "resnetv2_50",
    "twins_svt_small", "crossvit_tiny_240", "beit_base_patch16_224", "volo_d1_224", "coatnet_nano_rw_224",
    "dm_nfnet_f0", "bat_resnext26ts", "halonet26t", "lambda_resnet26t", "botnet26t_256", "eca_botnext26ts_256",
]:
    def make(name=name):
        import timm

        return timm.create_model(name, pretrained=False, num_classes=10)

    PROGRAMS["timm_" + name] = (
        make, "cross_entropy", images(2, 3, SIZES.get(name, 224)), classes(2, 10), {},
    )

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
    "mistral": ("lm", "MistralConfig", dict(SMALL, num_key_value_heads=2, sliding_window=8)),
    "mixtral": ("lm", "MixtralConfig", dict(SMALL, num_key_value_heads=2, num_local_experts=4)),
    "opt": ("lm", "OPTConfig", dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, ffn_dim=64, vocab_size=100, word_embed_proj_dim=32, max_position_embeddings=64)),
    "phi": ("lm", "PhiConfig", SMALL), "phi3": ("lm", "Phi3Config", dict(SMALL, pad_token_id=0)),
    "falcon": ("lm", "FalconConfig", dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, vocab_size=100)),
    "bloom": ("lm", "BloomConfig", dict(hidden_size=32, n_layer=2, n_head=4, vocab_size=100)),
    "gpt_neo": ("lm", "GPTNeoConfig", dict(hidden_size=32, num_layers=2, num_heads=4, vocab_size=100, attention_types=[[["global", "local"], 1]], window_size=6, max_position_embeddings=64)),
    "gptj": ("lm", "GPTJConfig", dict(n_embd=32, n_layer=2, n_head=4, vocab_size=100, rotary_dim=4)),
    "qwen3": ("lm", "Qwen3Config", dict(SMALL, num_key_value_heads=2, head_dim=8)),
    "gemma2": ("lm", "Gemma2Config", dict(SMALL, num_key_value_heads=2, head_dim=8)),
    "gemma3": ("lm", "Gemma3TextConfig", dict(SMALL, num_key_value_heads=2, head_dim=8)),
    "olmo2": ("lm", "Olmo2Config", SMALL), "stablelm": ("lm", "StableLmConfig", SMALL),
    "starcoder2": ("lm", "Starcoder2Config", dict(SMALL, num_key_value_heads=2)),
    "cohere": ("lm", "CohereConfig", SMALL), "granite": ("lm", "GraniteConfig", SMALL),
    "deberta_v2": ("sc", "DebertaV2Config", dict(SMALL, relative_attention=True, pos_att_type=["p2c", "c2p"])),
    "mpnet": ("mlm", "MPNetConfig", SMALL), "xlm_roberta": ("sc", "XLMRobertaConfig", SMALL),
    "mobilebert": ("sc", "MobileBertConfig", dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, vocab_size=100, embedding_size=16, intra_bottleneck_size=16)),
    "modernbert": ("mlm", "ModernBertConfig", dict(SMALL, pad_token_id=0)), "nystromformer": ("sc", "NystromformerConfig", dict(SMALL, num_landmarks=4, segment_means_seq_len=16)),
    "fnet": ("mlm", "FNetConfig", dict(hidden_size=32, num_hidden_layers=2, intermediate_size=64, vocab_size=100, max_position_embeddings=64)),
    "mamba": ("lm", "MambaConfig", dict(hidden_size=32, num_hidden_layers=2, vocab_size=100, state_size=4)),
    "rwkv": ("lm", "RwkvConfig", dict(hidden_size=32, num_hidden_layers=2, vocab_size=100, context_length=32)),
    "xlnet": ("sc", "XLNetConfig", dict(d_model=32, n_layer=2, n_head=4, d_inner=64, vocab_size=100)),
    "squeezebert": ("sc", "SqueezeBertConfig", dict(SMALL, embedding_size=32)),
    "convbert": ("sc", "ConvBertConfig", dict(SMALL, embedding_size=32)),
    "roformer": ("sc", "RoFormerConfig", dict(SMALL, embedding_size=32)),
    "gpt_bigcode": ("lm", "GPTBigCodeConfig", dict(n_embd=32, n_layer=2, n_head=4, vocab_size=100)),
}.items():
    def make(kind=kind, config=config, options=options):
        return hf(kind, config, **options)

    y = classes(2, 2) if kind == "sc" else ids(2, 16, 100)
    PROGRAMS["transformers_" + name] = (make, "cross_entropy", ids(2, 16, 100), y, {})


class Encoded(Logits):
    """A model of two texts."""

    def forward(self, input_ids, decoder_input_ids):
        return self.model(input_ids=input_ids, decoder_input_ids=decoder_input_ids).logits


def texts():
    return {"input_ids": torch.randint(3, 100, (2, 12)), "decoder_input_ids": torch.randint(3, 100, (2, 7))}


for name, (config, options) in {
    "t5": ("T5Config", dict(d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, vocab_size=100)),
    "bart": ("BartConfig", dict(d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, vocab_size=100, max_position_embeddings=64)),
    "pegasus": ("PegasusConfig", dict(d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, vocab_size=100, max_position_embeddings=64)),
}.items():
    def make(config=config, options=options):
        import transformers as t

        return Encoded(t.AutoModelForSeq2SeqLM.from_config(getattr(t, config)(**options)))

    PROGRAMS["transformers_" + name] = (make, "cross_entropy", texts, ids(2, 7, 100), {})


class Pictured(Logits):
    """A model of pictures, of sound or of numbers: one input of floats."""

    def forward(self, x):
        return self.model(x).logits


VISION = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, image_size=32, patch_size=8, num_labels=4)

for name, (kind, config, options) in {
    "vit": ("AutoModelForImageClassification", "ViTConfig", VISION),
    "deit": ("AutoModelForImageClassification", "DeiTConfig", VISION),
    "beit": ("AutoModelForImageClassification", "BeitConfig", VISION),
    "dinov2": ("AutoModelForImageClassification", "Dinov2Config", VISION),
    "swin": ("AutoModelForImageClassification", "SwinConfig", dict(image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4, num_labels=4)),
    "convnext": ("AutoModelForImageClassification", "ConvNextConfig", dict(hidden_sizes=[8, 16], depths=[1, 2], num_stages=2, num_labels=4)),
    "resnet": ("AutoModelForImageClassification", "ResNetConfig", dict(embedding_size=8, hidden_sizes=[16, 32], depths=[1, 1], num_labels=4)),
    "segformer": ("AutoModelForImageClassification", "SegformerConfig", dict(num_encoder_blocks=2, depths=[1, 1], sr_ratios=[4, 2], hidden_sizes=[16, 32], patch_sizes=[7, 3], strides=[4, 2], num_attention_heads=[1, 2], mlp_ratios=[2, 2], num_labels=4)),
    "poolformer": ("AutoModelForImageClassification", "PoolFormerConfig", dict(num_encoder_blocks=2, depths=[1, 1], hidden_sizes=[16, 32], patch_sizes=[7, 3], strides=[4, 2], padding=[2, 1], mlp_ratio=2.0, num_labels=4)),
    "cvt": ("AutoModelForImageClassification", "CvtConfig", dict(embed_dim=[8, 16], num_heads=[1, 2], depth=[1, 1], patch_sizes=[7, 3], patch_stride=[4, 2], patch_padding=[2, 1], mlp_ratio=[2.0, 2.0], attention_drop_rate=[0.0, 0.0], drop_rate=[0.0, 0.0], drop_path_rate=[0.0, 0.0], qkv_bias=[True, True], cls_token=[False, True], qkv_projection_method=["dw_bn", "dw_bn"], kernel_qkv=[3, 3], padding_kv=[1, 1], stride_kv=[2, 2], padding_q=[1, 1], stride_q=[1, 1], num_labels=4)),
}.items():
    def make(kind=kind, config=config, options=options):
        import transformers as t

        return Pictured(getattr(t, kind).from_config(getattr(t, config)(**options)))

    PROGRAMS["transformers_" + name] = (make, "cross_entropy", images(2, 3, 32), classes(2, 4), {})


def sound():
    import transformers as t

    config = t.Wav2Vec2Config(
        hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, conv_dim=[16, 16], conv_stride=[5, 4],
        conv_kernel=[10, 8], num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, classifier_proj_size=16, num_labels=4,
        apply_spec_augment=False, layerdrop=0.0,
    )
    return Pictured(t.Wav2Vec2ForSequenceClassification(config))


PROGRAMS["transformers_wav2vec2"] = (sound, "cross_entropy", floats(2, 1600), classes(2, 4), {})
