"""Attentions and einsum layers, which Keras 3 has and TensorFlow.js lacks: written by write_keras_files.py, too."""
from keras_models import KERAS2, L, keras


def einsum_dense():
    x = keras.Input((5, 6), name="x")
    heads = L.EinsumDense("abc,cde->abde", (5, 3, 4), bias_axes="de", activation="tanh", name="heads")(x)
    per_head = L.EinsumDense("abde,def->abdf", (5, 3, 2), bias_axes="df", name="per_head")(heads)
    joined = L.EinsumDense("abdf,dfg->abg", (5, 6), bias_axes="g", activation="gelu", name="joined")(per_head)
    left = L.EinsumDense("...x,xy->...y", 4, activation="relu", name="left")(joined)
    right = L.EinsumDense("ab...,bc->ac...", 7, bias_axes="c", name="right")(left)
    return keras.Model(x, right)


def mha_self():
    """Values of another size than keys need a dropout: without, JAX's own attention refuses them."""
    x = keras.Input((6, 8), name="x")
    first = L.MultiHeadAttention(2, 4, name="first")(x, x)
    second = L.MultiHeadAttention(3, 5, value_dim=2, dropout=0.1, use_bias=False, output_shape=7, name="second")(first, first)
    return keras.Model(x, second)


def mha_cross():
    query, value, key = (keras.Input(shape) for shape in ((4, 6), (5, 3), (5, 7)))
    attended, scores = L.MultiHeadAttention(2, 3, output_shape=(2, 3), name="cross")(
        query, value, key=key, return_attention_scores=True)
    return keras.Model([query, value, key], [attended, scores])


def mha_masked():
    tokens = keras.Input((6,), dtype="int32", name="tokens")
    x = L.Embedding(9, 8, mask_zero=True, name="embedding")(tokens)
    x = L.MultiHeadAttention(2, 4, name="causal")(x, x, use_causal_mask=True)
    x = L.MultiHeadAttention(2, 4, dropout=0.1, name="dropped")(x, x)
    return keras.Model(tokens, L.Dense(3, name="head")(x))


def mha_two_masks():
    source = keras.Input((5,), dtype="int32", name="source")
    target = keras.Input((4,), dtype="int32", name="target")
    value = L.Embedding(9, 6, mask_zero=True, name="source_embedding")(source)
    query = L.Embedding(9, 6, mask_zero=True, name="target_embedding")(target)
    x = L.MultiHeadAttention(2, 3, name="cross")(query, value, value)
    return keras.Model([source, target], L.Dense(2, name="head")(x))


def mha_attention_mask():
    x = keras.Input((4, 6), name="x")
    mask = keras.Input((4, 4), dtype="bool", name="mask")
    steps = keras.Input((4,), dtype="bool", name="steps")
    y = L.MultiHeadAttention(2, 3, name="given")(x, x, attention_mask=mask, query_mask=steps)
    return keras.Model([x, mask, steps], L.MultiHeadAttention(2, 3, name="plain")(y, y))


def mha_axes():
    x = keras.Input((3, 4, 6), name="x")
    both = L.MultiHeadAttention(2, 3, name="both")(x, x)
    one = L.MultiHeadAttention(2, 3, attention_axes=2, use_gate=True, name="one")(both, both)
    return keras.Model(x, one)


def mha_gated():
    x = keras.Input((7, 6), name="x")
    y = L.MultiHeadAttention(2, 3, use_gate=True, sliding_window=3, name="near")(x, x, use_causal_mask=True)
    return keras.Model(x, L.MultiHeadAttention(2, 3, sliding_window=2, dropout=0.2, name="band")(y, y))


def grouped_query():
    tokens = keras.Input((6,), dtype="int32", name="tokens")
    x = L.Embedding(9, 8, mask_zero=True, name="embedding")(tokens)
    x = L.GroupQueryAttention(3, 4, 2, name="grouped")(x, x, use_causal_mask=True)
    x = L.GroupQueryAttention(2, 4, 1, use_bias=False, use_gate=True, sliding_window=3, name="multi_query")(x, x)
    return keras.Model(tokens, L.Dense(2, name="head")(x))


def attention():
    query, value, key = (keras.Input(shape) for shape in ((4, 6), (5, 3), (5, 6)))
    dot = L.Attention(use_scale=True, name="dot")([query, value, key])
    concat = L.Attention(use_scale=True, score_mode="concat", name="concat")([query, key], use_causal_mask=True)
    additive = L.AdditiveAttention(name="additive")([query, value, key])
    plain = L.AdditiveAttention(use_scale=False, dropout=0.3, name="plain")([concat, key])
    return keras.Model([query, value, key], [L.Concatenate(name="all")([dot, additive]), plain])


def attention_masked():
    source = keras.Input((5,), dtype="int32", name="source")
    target = keras.Input((4,), dtype="int32", name="target")
    value = L.Embedding(9, 6, mask_zero=True, name="source_embedding")(source)
    query = L.Embedding(9, 6, mask_zero=True, name="target_embedding")(target)
    return keras.Model([source, target], L.Attention(name="dot")([query, value]))


def transformer():
    tokens = keras.Input((8,), dtype="int32", name="tokens")
    positions = keras.Input((8,), dtype="int32", name="positions")
    x = L.Add(name="embedded")([
        L.Embedding(12, 8, name="token_embedding")(tokens), L.Embedding(12, 8, name="position_embedding")(positions)])
    for i in range(2):
        y = L.LayerNormalization(epsilon=1e-6, name=f"norm_{i}_attention")(x)
        x = L.Add(name=f"sum_{i}_attention")([
            x, L.MultiHeadAttention(2, 4, name=f"attention_{i}")(y, y, use_causal_mask=True)])
        y = L.LayerNormalization(epsilon=1e-6, name=f"norm_{i}_dense")(x)
        y = L.Dense(8, name=f"down_{i}")(L.Dense(16, "gelu", name=f"up_{i}")(y))
        x = L.Add(name=f"sum_{i}_dense")([x, y])
    return keras.Model([tokens, positions], L.Dense(12, name="head")(L.LayerNormalization(name="norm")(x)))


def masked_transformer():
    """A mask on its way through what lies between an embedding and an attention."""
    tokens = keras.Input((6,), dtype="int32", name="tokens")
    positions = keras.Input((6,), dtype="int32", name="positions")
    x = L.Add(name="embedded")([
        L.Embedding(9, 8, mask_zero=True, name="token_embedding")(tokens),
        L.Embedding(9, 8, mask_zero=True, name="position_embedding")(positions)])
    x = L.Dropout(0.1, name="dropout")(L.Dense(8, name="dense")(x))
    for i in range(2):
        y = L.LayerNormalization(name=f"norm_{i}")(x)
        x = L.Add(name=f"sum_{i}")([x, L.MultiHeadAttention(2, 4, name=f"attention_{i}")(y, y)])
    x = L.Activation("tanh", name="tanh")(x)
    x = L.Add(name="half_masked")([x, L.EinsumDense("abc,cd->abd", (None, 8), name="unmasking")(x)])
    return keras.Model([tokens, positions], L.MultiHeadAttention(2, 4, name="unmasked")(x, x))


ATTENTION_MODELS = [] if KERAS2 else [
    einsum_dense, mha_self, mha_cross, mha_masked, mha_two_masks, mha_attention_mask, mha_axes, mha_gated,
    grouped_query, attention, attention_masked, transformer, masked_transformer,
]
