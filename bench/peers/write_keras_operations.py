"""Writes to fixtures/files/keras models with the operations that people write between layers (`x[:, 0]`, `ops.mean`), and
with the layers that pass a mask on or heed one.

    python bench/peers/write_keras_operations.py FOLDER       # Keras 3 on JAX

The files are those of write_keras_files.py, which says what is in them; NAME.json has all entries of the gradients
besides.
"""
import numpy as np
from keras.src.applications.convnext import LayerScale
from keras.src.applications.inception_resnet_v2 import CustomScaleLayer

from keras_models import L, keras
from write_keras_files import write_all

Input, Model, ops = keras.Input, keras.Model, keras.ops


def model_of(x, parts):
    """A head on parts of any shape."""
    flat = [part if len(part.shape) == 2 else L.Flatten()(part) for part in parts]
    return Model(x, L.Dense(2, name="head")(L.Concatenate()(flat)))


def trunk(steps=6, units=4):
    x = Input((steps, units))
    return x, L.Dense(units, "tanh", name="trunk")(x)


def ops_indices():
    x, h = trunk()
    return model_of(x, [
        h[:, 0], h[:, -1], h[..., 1:3], h[:, ::2, None], h[:, ::-1], h[:, 4:1:-2, :2], h[:, 1:, 3],
        ops.take(h, [0, 2, -1], axis=1), ops.take(h, 3, axis=1), L.Conv1D(2, 2)(h[:, None, :, 1:2][:, 0]),
    ])


def ops_reductions():
    x, h = trunk()
    parts = [
        ops.mean(h, axis=1), ops.sum(h, axis=-1), ops.max(h, axis=1), ops.min(h, axis=(1, 2), keepdims=True),
        ops.prod(h, axis=-1), ops.var(h, axis=1), ops.std(h, axis=-1, keepdims=True), ops.logsumexp(h, axis=-1),
        ops.average(h, axis=1), ops.mean(ops.square(h), axis=[1, 2], keepdims=True),
        # Equal entries share a gradient.
        ops.max(ops.tile(h, [1, 2, 1]), axis=1), ops.cumsum(h, axis=1), ops.sum(h, axis=1, keepdims=True),
        ops.cast(ops.any(h > 0.5, axis=1), "float32"), ops.cast(ops.all(h > -0.5, axis=-1), "float32"),
    ]
    return model_of(x, parts)


def ops_shapes():
    x, h = trunk()
    a, b, c = ops.split(h, [1, 3], axis=-1)
    parts = [
        ops.reshape(h, (-1, 24)), ops.reshape(h, (-1, 3, 8)), ops.transpose(h, (0, 2, 1)), ops.expand_dims(h, -1),
        ops.squeeze(ops.expand_dims(h, (1, 3)), axis=1), ops.swapaxes(h, 1, 2), ops.moveaxis(ops.expand_dims(h, 1), 1, -1),
        ops.flip(h, axis=1), ops.roll(h, 2, axis=1), ops.tile(h, [1, 2, 1]), ops.repeat(h, 2, axis=1),
        ops.pad(h, [[0, 0], [1, 0], [0, 2]]), ops.pad(h, [[0, 0], [2, 1], [0, 0]], mode="reflect"), ops.split(h, 2, axis=-1)[0],
        ops.concatenate([c, a, b], axis=-1), ops.stack([h, ops.relu(h)], axis=1), ops.concatenate(ops.unstack(h, axis=1), axis=-1),
        L.GlobalAveragePooling1D()(ops.concatenate([h, h], axis=1)),
    ]
    return model_of(x, parts)


def ops_functions():
    x, h = trunk()
    p = ops.abs(h) + 0.5
    parts = [
        ops.sqrt(p), ops.rsqrt(p), ops.square(h), ops.exp(h), ops.expm1(h), ops.log(p), ops.log1p(p), ops.sin(h),
        ops.cos(h), ops.arctan(h), ops.erf(h), ops.clip(h, -0.5, 0.5), ops.reciprocal(p), ops.sign(h) * h,
        ops.floor(h * 3.0) * h, ops.ceil(h) * h, ops.ones_like(h) * h, ops.zeros_like(h) + h, ops.where(h > 0, h, 0.1 * h),
        ops.where(ops.logical_and(h > -0.5, ops.logical_not(h >= 0.5)), h, 0.0), ops.cast(h < 0.1, "float32") * h,
        ops.stop_gradient(h) * h, ops.maximum(h, 0.25), ops.minimum(p, h + 1.0), ops.normalize(h), ops.normalize(h, axis=1, order=1),
        ops.cast(h * 4.0, "int32") * h, ops.logical_or(h > 0.9, h <= -0.9) * h, ops.equal(ops.sign(h), 1.0) * h, ops.not_equal(h, 0) * h,
    ]
    return model_of(x, parts)


def ops_activations():
    x, h = trunk()
    h = h * 2.0
    parts = [
        ops.relu(h), ops.relu6(h), ops.sigmoid(h), ops.tanh(h), ops.gelu(h), ops.gelu(h, approximate=False), ops.silu(h), ops.elu(h),
        ops.elu(h, 0.7), ops.selu(h), ops.leaky_relu(h, 0.1), ops.softplus(h), ops.softsign(h), ops.hard_sigmoid(h), ops.hard_silu(h),
        ops.hard_tanh(h), ops.log_sigmoid(h), ops.softmax(h), ops.softmax(h, axis=1), ops.log_softmax(h),
        ops.log_softmax(h, axis=1), ops.celu(h), ops.squareplus(h), ops.tanh_shrink(h), ops.soft_shrink(h),
    ]
    return model_of(x, parts)


def ops_arithmetic():
    x, h = trunk()
    g = L.Dense(4, "sigmoid", name="gate")(h)
    row = np.array([1, -2, 3, 0.5], "float32")
    parts = [
        1.0 - h, 2.0 / (h * h + 1.0), h / (g + 0.5), -h, h**2, ops.power(2.0, h), h + g, h * g, h - g, h + row, ops.multiply(row, h), ops.subtract(row, h),
        h / np.arange(1, 7, dtype="float32")[:, None], h * ops.mean(h, axis=1, keepdims=True), ops.power(g, h), h / 255.0, 3 + h,
        ops.add(h, g), ops.multiply(x1=h, x2=g), ops.subtract(0.5, h), ops.maximum(h, g), ops.minimum(h, g), h - ops.max(h, axis=-1, keepdims=True),
    ]
    return model_of(x, parts)


def ops_products():
    x, h = trunk()
    g = L.Dense(4, "sigmoid", name="gate")(h)
    scores = ops.matmul(h, ops.transpose(g, (0, 2, 1))) / 2.0
    parts = [
        scores, ops.matmul(ops.softmax(scores), h), h @ ops.swapaxes(h, 1, 2), ops.einsum("bij,bkj->bik", h, g), ops.einsum("bij,bij->bi", h, g),
        ops.einsum("bij->bj", h), ops.dot(h, np.arange(8, dtype="float32").reshape(4, 2) / 8), ops.matmul(h, np.ones((4, 3), "float32")),
    ]
    return model_of(x, parts)


def ops_gated_mlp():
    """The spatial gating unit of a gMLP, which splits its channels."""
    x = Input((5, 6))
    h = L.Dense(8, "gelu")(L.LayerNormalization()(x))
    u, v = ops.split(h, 2, axis=-1)
    v = L.Permute((2, 1))(L.Dense(5)(L.Permute((2, 1))(L.LayerNormalization()(v))))
    return Model(x, L.Dense(1)(ops.mean(x + L.Dense(6)(u * v), axis=1)))


def ops_manual_mask():
    """A mean over the words that are no padding, written by hand."""
    x = Input((5,), dtype="int32")
    keep = ops.expand_dims(ops.cast(ops.not_equal(x, 0), "float32"), -1)
    h = L.Embedding(9, 3)(x)
    return Model(x, L.Dense(2)(ops.sum(h * keep, axis=1) / ops.maximum(ops.sum(keep, axis=1), 1.0)))


def words(name="words", steps=8, units=4):
    x = Input((steps,), dtype="int32")
    return x, L.Embedding(9, units, mask_zero=True, name=name)(x)


def masks_pooling():
    """A global mean over the words that count; what passes a mask on, and what stops it."""
    x, h = words()
    d = L.LayerNormalization()(L.Dropout(0.1)(L.Dense(3, "tanh", name="trunk")(h)))
    parts = [
        L.GlobalAveragePooling1D()(h), L.Flatten()(L.GlobalAveragePooling1D(keepdims=True)(d)),
        L.GlobalAveragePooling1D()(d * 2.0), L.GlobalAveragePooling1D()(L.Conv1D(2, 1)(h)),
        L.GlobalAveragePooling1D()(L.Activation("relu")(L.BatchNormalization()(d))), L.GlobalMaxPooling1D()(d),
        L.GlobalAveragePooling1D()(L.TimeDistributed(L.Dense(2, name="each"))(h)), L.GlobalAveragePooling1D()(h + h),
        L.GlobalAveragePooling1D()(L.Concatenate()([h, d])), L.GlobalAveragePooling1D()(ops.relu(h)),
        L.GlobalAveragePooling1D()(L.Rescaling(2.0)(h)), L.GlobalAveragePooling1D()(L.Permute((2, 1))(h)),
    ]
    return model_of(x, parts)


def masks_merging():
    """No MultiHeadAttention: Keras 3 takes the masks off its inputs, and whatever it runs later sees none."""
    x, h = words()
    y, g = words("more_words")
    z = L.Masking(0.5, name="masking")(L.Dense(4, name="plain")(h * 1.0))
    g = L.Dense(4, "tanh", name="other")(g)
    pool = L.GlobalAveragePooling1D
    parts = [pool()(merge()([h, g])) for merge in (L.Add, L.Multiply, L.Average, L.Maximum, L.Minimum, L.Subtract)]
    parts += [pool()(L.Concatenate(axis=1)([h, g])), pool()(L.Concatenate()([h, g])), pool()(L.Add()([h, z])), pool()(z)]
    parts += [pool()(L.Add()([h, L.Conv1D(4, 1)(h)])), pool()(L.Attention()([h, g])), pool()(L.AdditiveAttention()([h, g]))]
    parts += [pool()(L.Concatenate()([h, L.Attention()([h, g])])), pool()(L.Multiply()([h, z, g])), pool()(L.Maximum()([z, h, g]))]
    parts += [pool()(L.Multiply()([g, L.Conv1D(4, 1)(h)])), pool()(L.Minimum()([L.Conv1D(4, 1)(h), g]))]
    return model_of([x, y], parts)


def masks_recurrent():
    """Sequences of each recurrent layer under a mask, forwards and backwards; two directions put out 0 where it masks."""
    x, h = words()
    pool = L.GlobalAveragePooling1D
    sequences = [
        L.LSTM(3, return_sequences=True), L.GRU(3, return_sequences=True), L.SimpleRNN(3, return_sequences=True),
        L.Bidirectional(L.LSTM(2, return_sequences=True)), L.Bidirectional(L.GRU(2, return_sequences=True), merge_mode="sum"),
        L.Bidirectional(L.SimpleRNN(2, return_sequences=True), merge_mode="mul"),
    ]
    lasts = [L.LSTM(2), L.GRU(2, go_backwards=True), L.Bidirectional(L.LSTM(2)), L.LSTM(2, zero_output_for_mask=True)]
    made = [layer(h) for layer in sequences]
    return model_of(x, [L.Flatten()(one) for one in made] + [pool()(one) for one in made] + [layer(h) for layer in lasts])


def masks_bidirectional():
    """What Keras 3 makes of a Masking and two directions: `zero_output_for_mask`."""
    x = Input((6, 3))
    h = L.Bidirectional(L.LSTM(2, return_sequences=True))(L.Masking(0.0)(L.ReLU()(x)))
    return Model(x, L.Dense(2)(L.LSTM(2)(h)))


def flat_inputs():
    """Flatten of what is flat, and a Concatenate behind each attention."""
    x, y = Input((5, 4)), Input((3,))
    parts = [L.Concatenate()([x, L.Attention()([x, x])]), L.Concatenate()([x, L.AdditiveAttention()([x, x])])]
    return model_of([x, y], parts + [L.Flatten()(L.Dense(2)(y)), L.Flatten()(L.Concatenate()([y, L.Flatten()(y)]))])


def layer_scales():
    """A block of ConvNeXt."""
    x = Input((5, 5, 4))
    h = L.LayerNormalization()(L.DepthwiseConv2D(3, padding="same")(x))
    h = L.Dense(4)(L.Dense(6, "gelu")(h))
    h = x + LayerScale(1e-6, 4, name="scale")(h)
    return Model(x, L.Dense(2)(L.GlobalAveragePooling2D()(h)))


def scaled_branches():
    """A block of InceptionResNetV2, and one whose mask no layer behind it has."""
    x, words = Input((5, 5, 4)), Input((5,), dtype="int32")
    h = L.Conv2D(4, 1, activation="relu")(x)
    branches = [L.Conv2D(3, 1, activation="relu")(h), L.Conv2D(2, 3, padding="same", activation="relu")(h)]
    up = L.Conv2D(4, 1)(L.Concatenate()(branches))
    h = L.Activation("relu")(CustomScaleLayer(0.17)([h, up]))
    # An input of the model as the first summand.
    h = CustomScaleLayer(-2.0)([x, h])
    e = L.Embedding(9, 4, mask_zero=True)(words)
    s = L.GlobalAveragePooling1D()(CustomScaleLayer(0.5)([e, L.Dense(4)(e)]))
    return Model([x, words], L.Dense(2)(L.Concatenate()([L.GlobalAveragePooling2D()(h), s])))


MODELS = [
    ops_indices, ops_reductions, ops_shapes, ops_functions, ops_activations, ops_arithmetic, ops_products, ops_gated_mlp,
    ops_manual_mask, masks_pooling, masks_recurrent, masks_bidirectional, flat_inputs, masks_merging, layer_scales,
    scaled_branches,
]

if __name__ == "__main__":
    write_all(MODELS, first=300, whole=True)
