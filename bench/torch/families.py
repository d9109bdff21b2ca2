"""Further families of timm, torchvision and transformers, from which no operation was built."""

import torch
import torchvision.models as tv
from torch import nn

from published import SMALL, VISION, Encoded, Pictured, hf, texts
from registry import PROGRAMS, classes, floats, ids, images

# ---- torchvision ------------------------------------------------------------------------------

for name, size in {"resnet34": 64, "squeezenet1_0": 64, "vgg11": 32, "densenet161": 64, "mnasnet1_0": 64}.items():
    def make(name=name):
        return getattr(tv, name)(weights=None, num_classes=10)

    PROGRAMS["torchvision_" + name] = (make, "cross_entropy", images(2, 3, size), classes(2, 10), {})


def deeplab():
    return tv.segmentation.deeplabv3_resnet50(weights=None, weights_backbone=None, num_classes=5)


PROGRAMS["segmentation_deeplabv3_resnet50"] = (
    deeplab, "cross_entropy", images(2, 3, 64), lambda: torch.randint(0, 5, (2, 64, 64)), {},
)


class Pyramid(nn.Module):
    """The feature pyramid and heads of RetinaNet, without its anchors and boxes."""

    def __init__(self):
        super().__init__()
        body = tv.detection.retinanet_resnet50_fpn(weights=None, weights_backbone=None, num_classes=4)
        self.backbone, self.head = body.backbone, body.head

    def forward(self, x):
        out = self.head(list(self.backbone(x).values()))
        return out["cls_logits"] + out["bbox_regression"].mean(-1, keepdim=True)


def retinanet():
    return Pyramid()


PROGRAMS["detection_retinanet"] = (retinanet, "mse_loss", images(1, 3, 64), lambda: torch.randn(1, 774, 4), {})


# ---- timm -------------------------------------------------------------------------------------

for name in ["test_vit", "test_byobnet", "test_mambaout"]:
    def make(name=name):
        import timm

        return timm.create_model(name, pretrained=False, num_classes=10)

    PROGRAMS["timm_" + name] = (make, "cross_entropy", images(2, 3, 224), classes(2, 10), {})

# ---- transformers -----------------------------------------------------------------------------

GROUPED = dict(SMALL, num_key_value_heads=2)
EXPERTS = dict(GROUPED, num_local_experts=4, num_experts=4, num_experts_per_tok=2, moe_intermediate_size=32)

for name, (kind, config, options) in {
    "arcee": ("lm", "ArceeConfig", GROUPED), "apertus": ("lm", "ApertusConfig", GROUPED),
    "bamba": ("lm", "BambaConfig", dict(GROUPED, mamba_n_heads=4, mamba_d_head=16, mamba_d_state=8, attn_layer_indices=[1])),
    "big_bird": ("sc", "BigBirdConfig", dict(SMALL, attention_type="original_full")),
    "biogpt": ("lm", "BioGptConfig", SMALL), "bitnet": ("lm", "BitNetConfig", GROUPED),
    "camembert": ("mlm", "CamembertConfig", dict(SMALL, pad_token_id=1)),
    "canine": ("sc", "CanineConfig", dict(SMALL, num_hash_functions=2, num_hash_buckets=64, local_transformer_stride=8)),
    "codegen": ("lm", "CodeGenConfig", dict(n_embd=32, n_layer=2, n_head=4, vocab_size=100, rotary_dim=4)),
    "cohere2": ("lm", "Cohere2Config", dict(GROUPED, sliding_window=8)),
    "ctrl": ("lm", "CTRLConfig", dict(n_embd=32, n_layer=2, n_head=4, vocab_size=100, dff=64)),
    "data2vec": ("mlm", "Data2VecTextConfig", dict(SMALL, pad_token_id=1)),
    "deberta": ("sc", "DebertaConfig", dict(SMALL, relative_attention=True, pos_att_type=["p2c", "c2p"])),
    "deepseek_v3": ("lm", "DeepseekV3Config", dict(
        SMALL, num_key_value_heads=4, q_lora_rank=16, kv_lora_rank=16, qk_rope_head_dim=8, qk_nope_head_dim=8, v_head_dim=8,
        n_routed_experts=4, num_experts_per_tok=2, n_group=2, topk_group=1, moe_intermediate_size=32, first_k_dense_replace=1)),
    "deepseek_v2": ("lm", "DeepseekV2Config", dict(
        SMALL, num_key_value_heads=4, q_lora_rank=16, kv_lora_rank=16, qk_rope_head_dim=8, qk_nope_head_dim=8, v_head_dim=8,
        n_routed_experts=4, num_experts_per_tok=2, moe_intermediate_size=32, first_k_dense_replace=1)),
    "diffllama": ("lm", "DiffLlamaConfig", GROUPED), "doge": ("lm", "DogeConfig", GROUPED),
    "ernie": ("mlm", "ErnieConfig", SMALL), "ernie4_5": ("lm", "Ernie4_5Config", GROUPED),
    "esm": ("mlm", "EsmConfig", dict(SMALL, pad_token_id=1, mask_token_id=2, position_embedding_type="rotary")),
    "exaone4": ("lm", "Exaone4Config", dict(GROUPED, sliding_window=8)),
    "falcon_h1": ("lm", "FalconH1Config", dict(GROUPED, mamba_d_ssm=32, mamba_n_heads=4, mamba_d_head=8, mamba_d_state=8)),
    "falcon_mamba": ("lm", "FalconMambaConfig", dict(hidden_size=32, num_hidden_layers=2, vocab_size=100, state_size=4)),
    "flaubert": ("sc", "FlaubertConfig", dict(emb_dim=32, n_layers=2, n_heads=4, vocab_size=100)),
    "funnel": ("sc", "FunnelConfig", dict(vocab_size=100, block_sizes=[1, 1], d_model=32, n_head=4, d_head=8, d_inner=64)),
    "glm4": ("lm", "Glm4Config", dict(GROUPED, head_dim=8, pad_token_id=0)), "glm": ("lm", "GlmConfig", dict(GROUPED, head_dim=8, pad_token_id=0)),
    "gpt_oss": ("lm", "GptOssConfig", dict(EXPERTS, head_dim=8, sliding_window=8)),
    "granitemoe": ("lm", "GraniteMoeConfig", EXPERTS), "helium": ("lm", "HeliumConfig", dict(GROUPED, head_dim=8)),
    "hunyuan": ("lm", "HunYuanDenseV1Config", dict(GROUPED, head_dim=8)),
    "ibert": ("sc", "IBertConfig", dict(SMALL, pad_token_id=1)),
    "jamba": ("lm", "JambaConfig", dict(GROUPED, num_experts=2, mamba_d_state=4, use_mamba_kernels=False, attn_layer_period=2, attn_layer_offset=1)),
    "jetmoe": ("lm", "JetMoeConfig", dict(hidden_size=32, num_hidden_layers=2, num_key_value_heads=4, kv_channels=8, intermediate_size=64, vocab_size=100, num_local_experts=4)),
    "layoutlm": ("sc", "LayoutLMConfig", SMALL), "lfm2": ("lm", "Lfm2Config", dict(GROUPED, layer_types=["conv", "full_attention"])),
    "longformer": ("sc", "LongformerConfig", dict(SMALL, attention_window=4, pad_token_id=1)),
    "mamba2": ("lm", "Mamba2Config", dict(hidden_size=32, num_hidden_layers=2, vocab_size=100, state_size=8, num_heads=8, head_dim=8, n_groups=2, chunk_size=8)),
    "megatron_bert": ("mlm", "MegatronBertConfig", SMALL), "minimax": ("lm", "MiniMaxConfig", dict(EXPERTS, head_dim=8, block_size=8)),
    "ministral": ("lm", "MinistralConfig", dict(GROUPED, sliding_window=8)),
    "mpt": ("lm", "MptConfig", dict(d_model=32, n_heads=4, n_layers=2, vocab_size=100, max_seq_len=64)),
    "mra": ("sc", "MraConfig", SMALL), "nemotron": ("lm", "NemotronConfig", GROUPED),
    "nanochat": ("lm", "NanoChatConfig", GROUPED), "olmo": ("lm", "OlmoConfig", GROUPED),
    "olmo3": ("lm", "Olmo3Config", dict(GROUPED, sliding_window=8)), "olmoe": ("lm", "OlmoeConfig", EXPERTS),
    "openai_gpt": ("lm", "OpenAIGPTConfig", dict(n_embd=32, n_layer=2, n_head=4, vocab_size=100)),
    "persimmon": ("lm", "PersimmonConfig", SMALL), "phimoe": ("lm", "PhimoeConfig", EXPERTS),
    "qwen2_moe": ("lm", "Qwen2MoeConfig", dict(EXPERTS, shared_expert_intermediate_size=32)),
    "qwen3_moe": ("lm", "Qwen3MoeConfig", dict(EXPERTS, head_dim=8)),
    "qwen3_next": ("lm", "Qwen3NextConfig", dict(
        EXPERTS, head_dim=8, shared_expert_intermediate_size=32, linear_num_key_heads=2, linear_num_value_heads=4,
        linear_key_head_dim=8, linear_value_head_dim=8, layer_types=["linear_attention", "full_attention"])),
    "recurrent_gemma": ("lm", "RecurrentGemmaConfig", dict(SMALL, num_key_value_heads=2, lru_width=32, attention_window_size=8, block_types=["recurrent", "attention"])),
    "reformer": ("sc", "ReformerConfig", dict(
        hidden_size=32, num_attention_heads=2, attention_head_size=16, feed_forward_size=64, vocab_size=100, attn_layers=["local", "local"],
        axial_pos_embds=False, max_position_embeddings=64, local_attn_chunk_length=8, is_decoder=False)),
    "rembert": ("sc", "RemBertConfig", dict(SMALL, input_embedding_size=16, output_embedding_size=16)),
    "roberta_prelayernorm": ("sc", "RobertaPreLayerNormConfig", dict(SMALL, pad_token_id=1)),
    "seed_oss": ("lm", "SeedOssConfig", dict(GROUPED, head_dim=8)), "smollm3": ("lm", "SmolLM3Config", dict(GROUPED, pad_token_id=0, no_rope_layers=[1, 0])),
    "xglm": ("lm", "XGLMConfig", dict(d_model=32, num_layers=2, attention_heads=4, ffn_dim=64, vocab_size=100, max_position_embeddings=64)),
    "xlm": ("sc", "XLMConfig", dict(emb_dim=32, n_layers=2, n_heads=4, vocab_size=100)),
    "xlstm": ("lm", "xLSTMConfig", dict(hidden_size=32, num_blocks=2, num_heads=4, vocab_size=100, chunkwise_kernel="chunkwise--native_autograd", sequence_kernel="native_sequence__native", step_kernel="native", chunk_size=8)),
    "xmod": ("sc", "XmodConfig", dict(SMALL, pad_token_id=1, default_language="en_XX")), "yoso": ("sc", "YosoConfig", SMALL),
    "zamba2": ("lm", "Zamba2Config", dict(GROUPED, mamba_d_state=8, mamba_headdim=16, mamba_ngroups=1, layers_block_type=["mamba", "hybrid"], chunk_size=8)),
    "vaultgemma": ("lm", "VaultGemmaConfig", dict(GROUPED, head_dim=8)), "dbrx": ("lm", "DbrxConfig", dict(d_model=32, n_heads=4, n_layers=2, max_seq_len=64, vocab_size=100)),
    "llama4": ("lm", "Llama4TextConfig", dict(EXPERTS, head_dim=8, intermediate_size_mlp=64, pad_token_id=0)),
    "gemma3n": ("lm", "Gemma3nTextConfig", dict(
        GROUPED, head_dim=8, vocab_size_per_layer_input=100, hidden_size_per_layer_input=8, laurel_rank=8, num_kv_shared_layers=0,
        layer_types=["sliding_attention", "full_attention"], sliding_window=8, activation_sparsity_pattern=[0.0, 0.0], altup_num_inputs=2)),
    "cwm": ("lm", "CwmConfig", dict(GROUPED, sliding_window=8)), "blenderbot_lm": ("lm", "BlenderbotConfig", dict(d_model=32, encoder_layers=1, decoder_layers=2, decoder_attention_heads=4, decoder_ffn_dim=64, vocab_size=100)),
    "lilt": ("sc", "LiltConfig", dict(SMALL, pad_token_id=1, channel_shrink_ratio=2)), "luke": ("sc", "LukeConfig", dict(SMALL, entity_vocab_size=50, entity_emb_size=16, pad_token_id=1)),
    "modernbert_decoder": ("lm", "ModernBertDecoderConfig", dict(SMALL, pad_token_id=0)), "nomic_bert": ("mlm", "NomicBertConfig", SMALL),
    "jina": ("mlm", "JinaEmbeddingsV3Config", dict(SMALL, pad_token_id=1)), "eurobert": ("mlm", "EuroBertConfig", dict(SMALL, pad_token_id=0)),
}.items():
    def make(kind=kind, config=config, options=options):
        return hf(kind, config, **options)

    y = classes(2, 2) if kind == "sc" else ids(2, 16, 100)
    PROGRAMS["transformers_" + name] = (make, "cross_entropy", ids(2, 16, 100), y, {})

SIDES = dict(
    d_model=32, encoder_layers=2, decoder_layers=2, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64,
    decoder_ffn_dim=64, vocab_size=100, max_position_embeddings=64,
)
for name, (config, options) in {
    "marian": ("MarianConfig", dict(SIDES, pad_token_id=0, decoder_start_token_id=0)), "mbart": ("MBartConfig", SIDES),
    "m2m_100": ("M2M100Config", SIDES), "blenderbot": ("BlenderbotConfig", SIDES), "mvp": ("MvpConfig", SIDES), "plbart": ("PLBartConfig", SIDES),
    "umt5": ("UMT5Config", dict(d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, vocab_size=100)),
    "prophetnet": ("ProphetNetConfig", dict(
        hidden_size=32, vocab_size=100, num_encoder_layers=2, num_decoder_layers=2, num_encoder_attention_heads=4,
        num_decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, max_position_embeddings=64)),
    "switch_transformers": ("SwitchTransformersConfig", dict(
        d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, vocab_size=100, num_experts=2, num_sparse_encoder_layers=1,
        num_sparse_decoder_layers=1, router_jitter_noise=0.0)),
    "led": ("LEDConfig", dict(d_model=32, encoder_layers=1, decoder_layers=1, encoder_attention_heads=4, decoder_attention_heads=4, encoder_ffn_dim=64, decoder_ffn_dim=64, vocab_size=100, attention_window=4)),
}.items():
    def make(config=config, options=options):
        import transformers as t

        return Encoded(t.AutoModelForSeq2SeqLM.from_config(getattr(t, config)(**options)))

    PROGRAMS["transformers_" + name] = (make, "cross_entropy", texts, ids(2, 7, 100), {})

STAGES = dict(num_labels=4)
for name, (config, options) in {
    "bit": ("BitConfig", dict(embedding_size=16, hidden_sizes=[16, 32], depths=[1, 1], num_groups=4, num_labels=4)),
    "convnextv2": ("ConvNextV2Config", dict(hidden_sizes=[8, 16], depths=[1, 2], num_stages=2, num_labels=4)),
    "data2vec_vision": ("Data2VecVisionConfig", VISION), "dinov2_with_registers": ("Dinov2WithRegistersConfig", VISION),
    "efficientnet": ("EfficientNetConfig", dict(image_size=32, width_coefficient=0.25, depth_coefficient=0.3, hidden_dim=80, num_labels=4)),
    "focalnet": ("FocalNetConfig", dict(image_size=32, patch_size=2, embed_dim=16, depths=[1, 1], focal_levels=[2, 2], focal_windows=[3, 3], num_labels=4)),
    "hgnet_v2": ("HGNetV2Config", dict(num_labels=4)),
    "hiera": ("HieraConfig", dict(image_size=[32, 32], patch_kernel=[3, 3], patch_stride=[2, 2], patch_padding=[1, 1], embed_dim=8, depths=[1, 1], num_heads=[1, 2], query_stride=[2, 2], masked_unit_size=[4, 4], masked_unit_attention=[True, False], num_query_pool=1, num_labels=4)),
    "ijepa": ("IJepaConfig", VISION), "mobilenet_v1": ("MobileNetV1Config", dict(image_size=32, depth_multiplier=0.25, num_labels=4)),
    "mobilenet_v2": ("MobileNetV2Config", dict(image_size=32, depth_multiplier=0.25, num_labels=4)),
    "mobilevit": ("MobileViTConfig", dict(image_size=64, hidden_sizes=[16, 24, 32], neck_hidden_sizes=[8, 8, 16, 16, 24, 32, 64], num_labels=4)),
    "mobilevitv2": ("MobileViTV2Config", dict(image_size=64, width_multiplier=0.25, num_labels=4)),
    "pvt": ("PvtConfig", dict(image_size=32, num_encoder_blocks=2, depths=[1, 1], sequence_reduction_ratios=[4, 2], hidden_sizes=[16, 32], patch_sizes=[4, 2], strides=[4, 2], num_attention_heads=[1, 2], mlp_ratios=[2, 2], num_labels=4)),
    "pvt_v2": ("PvtV2Config", dict(image_size=32, num_encoder_blocks=2, depths=[1, 1], sr_ratios=[4, 2], hidden_sizes=[16, 32], patch_sizes=[7, 3], strides=[4, 2], num_attention_heads=[1, 2], mlp_ratios=[2, 2], num_labels=4)),
    "regnet": ("RegNetConfig", dict(embedding_size=8, hidden_sizes=[16, 32], depths=[1, 1], groups_width=8, num_labels=4)),
    "swiftformer": ("SwiftFormerConfig", dict(image_size=64, depths=[1, 1, 1, 1], embed_dims=[8, 16, 24, 32], num_labels=4)),
    "swinv2": ("Swinv2Config", dict(image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4, num_labels=4)),
    "vit_msn": ("ViTMSNConfig", VISION), "donut_swin": ("DonutSwinConfig", dict(image_size=32, patch_size=2, embed_dim=16, depths=[2, 2], num_heads=[2, 4], window_size=4, num_labels=4)),
    "siglip": ("SiglipConfig", dict(vision_config=dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=8), num_labels=4)),
    "textnet": ("TextNetConfig", dict(num_labels=4)), "levit": ("LevitConfig", dict(image_size=64, hidden_sizes=[16, 24, 32], num_attention_heads=[2, 3, 4], depths=[1, 1, 1], key_dim=[8, 8, 8], num_labels=4)),
    "dinat": ("DinatConfig", STAGES),
}.items():
    def make(config=config, options=options):
        import transformers as t

        return Pictured(t.AutoModelForImageClassification.from_config(getattr(t, config)(**options)))

    size = 64 if "mobilevit" in name or name in ("swiftformer", "levit", "textnet", "hgnet_v2", "efficientnet") else 32
    PROGRAMS["transformers_" + name] = (make, "cross_entropy", images(2, 3, size), classes(2, 4), {})

SOUND = dict(
    hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64, conv_dim=[16, 16], conv_stride=[5, 4],
    conv_kernel=[10, 8], num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4, classifier_proj_size=16, num_labels=4,
    apply_spec_augment=False, layerdrop=0.0, num_feat_extract_layers=2,
)
for name, (kind, config, options, shape) in {
    "hubert": ("HubertForSequenceClassification", "HubertConfig", SOUND, (2, 1600)),
    "wavlm": ("WavLMForSequenceClassification", "WavLMConfig", SOUND, (2, 1600)),
    "sew": ("SEWForSequenceClassification", "SEWConfig", dict(SOUND, squeeze_factor=2), (2, 1600)),
    "unispeech_sat": ("UniSpeechSatForSequenceClassification", "UniSpeechSatConfig", SOUND, (2, 1600)),
    "ast": ("ASTForAudioClassification", "ASTConfig", dict(VISION, num_mel_bins=32, max_length=64, frequency_stride=8, time_stride=8), (2, 64, 32)),
    "videomae": ("VideoMAEForVideoClassification", "VideoMAEConfig", dict(VISION, num_frames=4), (2, 4, 3, 32, 32)),
    "timesformer": ("TimesformerForVideoClassification", "TimesformerConfig", dict(VISION, num_frames=4), (2, 4, 3, 32, 32)),
    "vivit": ("VivitForVideoClassification", "VivitConfig", dict(VISION, num_frames=4, tubelet_size=[2, 8, 8]), (2, 4, 3, 32, 32)),
}.items():
    def make(kind=kind, config=config, options=options):
        import transformers as t

        return Pictured(getattr(t, kind)(getattr(t, config)(**options)))

    PROGRAMS["transformers_" + name] = (make, "cross_entropy", floats(*shape), classes(2, 4), {})


class Segmented(nn.Module):
    """The logits of each pixel."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, x):
        out = self.model(x)
        return out.predicted_depth if hasattr(out, "predicted_depth") else out.logits


def segmenter(kind, config, **options):
    import transformers as t

    return Segmented(getattr(t, kind)(getattr(t, config)(**options)))


PROGRAMS["transformers_segformer_pixels"] = (
    lambda: segmenter("SegformerForSemanticSegmentation", "SegformerConfig", num_encoder_blocks=2, depths=[1, 1], sr_ratios=[4, 2], hidden_sizes=[16, 32], num_attention_heads=[1, 2], patch_sizes=[7, 3], strides=[4, 2], mlp_ratios=[2, 2], decoder_hidden_size=32, num_labels=4),
    "cross_entropy", images(2, 3, 32), lambda: torch.randint(0, 4, (2, 8, 8)), {},
)
PROGRAMS["transformers_dpt"] = (
    lambda: segmenter("DPTForDepthEstimation", "DPTConfig", **dict(VISION, num_hidden_layers=4), backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[8, 16, 16, 16], fusion_hidden_size=16, is_hybrid=False),
    "l1_loss", images(2, 3, 32), floats(2, 64, 64), {},
)
PROGRAMS["transformers_mobilenet_v2_pixels"] = (
    lambda: segmenter("MobileNetV2ForSemanticSegmentation", "MobileNetV2Config", image_size=32, depth_multiplier=0.25, num_labels=4),
    "cross_entropy", images(2, 3, 64), lambda: torch.randint(0, 4, (2, 2, 2)), {},
)
PROGRAMS["transformers_yolos"] = (
    lambda: segmenter("YolosForObjectDetection", "YolosConfig", **dict(VISION, image_size=[32, 32], num_detection_tokens=5)),
    "cross_entropy", images(2, 3, 32), ids(2, 5, 5), {},
)


class Joined(nn.Module):
    """The similarity of two pictures and three texts."""

    def __init__(self, model):
        super().__init__()
        self.model = model

    def forward(self, input_ids, pixel_values):
        return self.model(input_ids=input_ids, pixel_values=pixel_values).logits_per_image


def joined(name):
    import transformers as t

    text = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, vocab_size=100, max_position_embeddings=16)
    vision = dict(hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4, image_size=32, patch_size=8)
    return Joined(getattr(t, name + "Model")(getattr(t, name + "Config")(text_config=text, vision_config=vision)))


for name in ["CLIP", "Siglip", "AltCLIP", "Blip", "CLIPSeg"]:
    PROGRAMS["transformers_" + name.lower() + "_pairs"] = (
        lambda name=name: joined(name), "cross_entropy",
        lambda: {"input_ids": torch.randint(3, 100, (3, 12)), "pixel_values": torch.randn(2, 3, 32, 32)}, classes(2, 3), dict(keywords=True),
    )


class Forecast(nn.Module):
    def __init__(self, model, key):
        super().__init__()
        self.model, self.key = model, key

    def forward(self, x):
        return getattr(self.model(past_values=x), self.key)


def forecast(kind, config, key, **options):
    import transformers as t

    return Forecast(getattr(t, kind)(getattr(t, config)(**options)), key)


PROGRAMS["transformers_patchtst"] = (
    lambda: forecast("PatchTSTForPrediction", "PatchTSTConfig", "prediction_outputs", num_input_channels=3, context_length=32, patch_length=8, patch_stride=8, d_model=32, num_hidden_layers=2, num_attention_heads=4, ffn_dim=64, prediction_length=8, loss="mse"),
    "mse_loss", floats(4, 32, 3), floats(4, 8, 3), {},
)
PROGRAMS["transformers_patchtsmixer"] = (
    lambda: forecast("PatchTSMixerForPrediction", "PatchTSMixerConfig", "prediction_outputs", num_input_channels=3, context_length=32, patch_length=8, patch_stride=8, d_model=16, num_layers=2, prediction_length=8, loss="mse"),
    "mse_loss", floats(4, 32, 3), floats(4, 8, 3), {},
)
