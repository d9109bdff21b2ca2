"""Writes networks of torchvision, timm and transformers with random weights, and some of them after
8 steps of training, as .safetensors: python make_models.py FOLDER. It takes 10 minutes and 2 GB."""
import torch, torchvision, timm, transformers, sys
from safetensors.torch import save_file
torch.manual_seed(0)
out=sys.argv[1]+"/"
def save(name,m):
    sd={k:v.detach().clone().contiguous() for k,v in m.state_dict().items()}
    save_file(sd,out+name+".safetensors")
def steps(m, inp, n=8, lr=1e-3):
    opt=torch.optim.AdamW(m.parameters(),lr=lr)
    for i in range(n):
        opt.zero_grad(); o=m(**inp) if isinstance(inp,dict) else m(inp)
        o = o.logits if hasattr(o,'logits') else (o.last_hidden_state if hasattr(o,'last_hidden_state') else o)
        if isinstance(o,(tuple,list)): o=o[0]
        t=torch.randn_like(o); ((o-t)**2).mean().backward(); opt.step()
for n in ["resnet18","mobilenet_v3_small","vgg11_bn","densenet121","vit_b_16","convnext_tiny","efficientnet_b0","swin_t","squeezenet1_0","shufflenet_v2_x0_5","regnet_y_400mf","mnasnet0_5","googlenet","alexnet"]:
    m=getattr(torchvision.models,n)(weights=None,num_classes=10); save("tv_"+n,m)
    if n in("resnet18","mobilenet_v3_small","shufflenet_v2_x0_5","squeezenet1_0"):
        m.train(); steps(m,torch.randn(8,3,64,64)); save("tv_"+n+"_trained",m)
for n in ["resnet26","vit_tiny_patch16_224","mixer_s32_224","deit_tiny_patch16_224","convnextv2_atto","mobilenetv4_conv_small","poolformer_s12","xcit_nano_12_p16_224","gmlp_ti16_224","cait_xxs24_224","levit_128s","regnetx_002"]:
    try:
        m=timm.create_model(n,pretrained=False,num_classes=10); save("timm_"+n,m)
    except Exception as e: print(n,e)
T=transformers
kw=dict(hidden_size=64,num_hidden_layers=6,num_attention_heads=4,intermediate_size=128,vocab_size=500)
cfgs={"bert":T.BertConfig(**kw),"llama":T.LlamaConfig(**kw,num_key_value_heads=2),"gpt2":T.GPT2Config(n_embd=64,n_layer=6,n_head=4,vocab_size=500),"roberta":T.RobertaConfig(**kw),"t5":T.T5Config(d_model=64,d_kv=16,d_ff=128,num_layers=6,num_heads=4,vocab_size=500),"opt":T.OPTConfig(hidden_size=64,num_hidden_layers=6,ffn_dim=128,num_attention_heads=4,vocab_size=500,word_embed_proj_dim=64),"mistral":T.MistralConfig(**kw,num_key_value_heads=2),"qwen2":T.Qwen2Config(**kw,num_key_value_heads=2),"gpt_neox":T.GPTNeoXConfig(**kw),"bloom":T.BloomConfig(hidden_size=64,n_layer=6,n_head=4,vocab_size=500),"mamba":T.MambaConfig(hidden_size=64,num_hidden_layers=6,vocab_size=500),"vit":T.ViTConfig(hidden_size=64,num_hidden_layers=6,num_attention_heads=4,intermediate_size=128,image_size=32,patch_size=8),"whisper":T.WhisperConfig(d_model=64,encoder_layers=6,decoder_layers=6,encoder_attention_heads=4,decoder_attention_heads=4,encoder_ffn_dim=128,decoder_ffn_dim=128,vocab_size=600,pad_token_id=1,bos_token_id=2,eos_token_id=3,decoder_start_token_id=2),"distilbert":T.DistilBertConfig(dim=64,n_layers=6,n_heads=4,hidden_dim=128,vocab_size=500),"gemma2":T.Gemma2Config(**kw,num_key_value_heads=2,head_dim=16)}
for n,c in cfgs.items():
    try:
        cls={"vit":T.AutoModelForImageClassification,"t5":T.AutoModelForSeq2SeqLM,"whisper":T.AutoModel,"bert":T.AutoModelForMaskedLM,"roberta":T.AutoModelForMaskedLM,"distilbert":T.AutoModelForMaskedLM}.get(n,T.AutoModelForCausalLM)
        m=cls.from_config(c); save("hf_"+n,m)
        if n in("bert","llama","gpt2","opt","qwen2","gpt_neox","roberta","mistral"):
            ids=torch.randint(3,500,(4,16)); steps(m,dict(input_ids=ids),8); save("hf_"+n+"_trained",m)
    except Exception as e: print(n,repr(e)[:100])
