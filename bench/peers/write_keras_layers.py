"""Writes to fixtures/files/keras the models whose layers and activations Keras has and TensorFlow.js lacks.

    python bench/peers/write_keras_layers.py FOLDER            # Keras 3 on JAX
    python bench/peers/write_keras_layers.py FOLDER --keras2   # Keras 2 (tf_keras): what it has of them

The files are those of write_keras_files.py, which says what is in them; NAME.json has all entries of the
gradients besides.
"""
from keras_models import KERAS2, L, keras
from write_keras_files import write_all

Input, Model, Sequential = keras.Input, keras.Model, keras.Sequential


def group_norms():
    return Sequential([
        Input((4, 4, 6)), L.Conv2D(6, 3, padding="same"), L.GroupNormalization(3), L.ReLU(),
        L.Conv2D(4, 3), L.GroupNormalization(-1, scale=False), L.GroupNormalization(2, axis=1, center=False, epsilon=0.1),
        L.Flatten(), L.Dense(2),
    ])


def rms_norms():
    return Sequential([
        Input((5, 6)), L.RMSNormalization(), L.Dense(8, "gelu"), L.RMSNormalization(axis=(1, 2), epsilon=0.01),
        L.Dense(4), L.LayerNormalization(rms_scaling=True), L.Flatten(), L.Dense(2),
    ])


def unit_norms():
    return Sequential([
        Input((5, 6)), L.UnitNormalization(), L.Dense(3), L.UnitNormalization(axis=(1, 2)), L.Flatten(), L.Dense(2),
    ])


def spectral_norms():
    return Sequential([
        Input((6, 6, 2)), L.SpectralNormalization(L.Conv2D(3, 3, activation="relu")), L.Flatten(),
        L.SpectralNormalization(L.Dense(4), power_iterations=2), L.Dense(1),
    ])


def sequences():
    return Sequential([
        Input((9, 3)), L.SeparableConv1D(4, 3, depth_multiplier=2, padding="same", activation="relu"),
        L.DepthwiseConv1D(2, depth_multiplier=2, use_bias=False), L.ZeroPadding1D((1, 2)), L.Cropping1D((2, 1)),
        L.UpSampling1D(2), L.Conv1DTranspose(3, 4, strides=2, padding="same", activation="tanh"),
        L.Conv1DTranspose(2, 2, strides=3), L.SpatialDropout1D(0.2), L.DepthwiseConv1D(3, strides=2, padding="same"),
        L.SeparableConv1D(2, 2, strides=2, use_bias=False), L.Conv1DTranspose(2, 3, dilation_rate=2),
        L.Flatten(), L.Dense(2),
    ])


def volumes():
    x = Input((3, 4, 3, 2))
    h = L.ZeroPadding3D(((1, 0), (0, 0), (0, 1)))(x)
    h = L.SpatialDropout3D(0.3)(L.Conv3D(3, 2, activation="tanh")(h))
    h = L.Cropping3D(((0, 0), (1, 0), (0, 1)))(L.UpSampling3D((1, 2, 1))(h))
    h = L.Conv3DTranspose(2, 2, strides=2)(h)
    y = L.Concatenate()([L.GlobalAveragePooling3D()(h), L.GlobalMaxPooling3D()(h)])
    z = L.Flatten()(L.Add()([L.GlobalAveragePooling3D(keepdims=True)(h), L.GlobalMaxPooling3D(keepdims=True)(h)]))
    return Model(x, L.Dense(2)(L.Concatenate()([y, z])))


def adaptive():
    x, y, z = Input((5, 7, 2)), Input((5, 2)), Input((4, 3, 3, 2))
    h = L.Conv2D(3, 2, activation="tanh")(x)
    parts = [L.AdaptiveAveragePooling2D((3, 4))(h), L.AdaptiveMaxPooling2D(3)(h), L.AdaptiveAveragePooling1D(2)(y),
             L.AdaptiveMaxPooling1D(3)(y), L.AdaptiveAveragePooling3D((2, 3, 1))(z), L.AdaptiveMaxPooling3D(2)(z)]
    return Model([x, y, z], L.Dense(2)(L.Concatenate()([L.Flatten()(part) for part in parts])))


def kept_axes():
    x = Input((4, 4, 3))
    h = L.SpatialDropout2D(0.2)(L.Conv2D(4, 3, padding="same")(x))
    gates = L.Conv2D(4, 1, activation="sigmoid")(L.GlobalAveragePooling2D(keepdims=True)(h))
    h = L.Multiply()([h, gates])
    h = L.Subtract()([h, L.GlobalMaxPooling2D(keepdims=True)(h)])
    s = L.Reshape((16, 4))(h)
    s = L.Concatenate()([L.GlobalAveragePooling1D(keepdims=True)(s), L.GlobalMaxPooling1D(keepdims=True)(s)])
    return Model(x, L.Dense(2)(L.Flatten()(s)))


def rectifiers():
    x = Input((4,))
    h = L.Dense(5, name="trunk")(x)
    both = [L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2)(h), L.ReLU(threshold=0.3)(h),
            L.ReLU(negative_slope=0.2, threshold=0.1)(h), L.ELU(alpha=0.5)(h),
            L.Dense(3, activation=L.LeakyReLU(0.1))(x) if KERAS2 else L.Dense(3, activation=L.LeakyReLU(negative_slope=0.1))(x)]
    return Model(x, L.Dense(2, name="head")(L.Concatenate()(both)))


def groups():
    x = Input((5, 5, 4))
    h = L.Conv2D(6, 3, groups=2, activation="relu")(x)
    h = L.Conv2D(6, 2, groups=6, use_bias=False)(h)
    s = L.Conv1D(4, 2, groups=2, padding="causal")(L.Reshape((4, 6))(h))
    return Model(x, L.Dense(2)(L.Flatten()(s)))


def adapted():
    x, y = Input((3, 4)), Input((2,))
    h = L.Normalization()(x)
    h = L.Add()([h, L.Normalization(axis=(1, 2))(x), L.Normalization(axis=None)(x)])
    z = L.Normalization(mean=[1.0, -2.0], variance=[4.0, 0.5])(y)
    z = L.Concatenate()([z, L.Normalization(mean=0.5, variance=2.0, invert=True)(y)])
    return Model([x, y], L.Dense(2)(L.Concatenate()([L.Flatten()(h), z])))


def encoded():
    x, y = Input((3,), dtype="int32"), Input((2,))
    codes = [L.CategoryEncoding(9, output_mode="multi_hot")(x), L.CategoryEncoding(9, output_mode="count")(x),
             L.Flatten()(L.CategoryEncoding(9, output_mode="one_hot")(x))]
    bins = L.Discretization(bin_boundaries=[-0.5, 0.0, 0.7], output_mode="one_hot")(y)
    places = L.Discretization(bin_boundaries=[-1.0, 0.25])(y)
    codes += [L.Flatten()(bins), L.Rescaling(0.5)(places), L.Flatten()(L.Embedding(3, 2)(places))]
    return Model([x, y], L.Dense(2)(L.Concatenate()(codes)))


def augmented():
    """What changes nothing outside of training."""
    return Sequential([
        Input((6, 6, 3)), L.RandomFlip("horizontal"), L.RandomRotation(0.1), L.RandomZoom(0.2), L.RandomContrast(0.1),
        L.RandomBrightness(0.1), L.RandomTranslation(0.1, 0.1), L.Rescaling([0.5, 1, 2], offset=[0.1, 0, -0.1]),
        L.Identity(), L.ActivityRegularization(l2=0.0), L.Flatten(), L.Dense(2),
    ])


ACTIVATIONS = [
    "celu", "elu", "exponential", "gelu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh",
    "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
    "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus",
    "swish", "tanh", "tanh_shrink",
]
if KERAS2:
    ACTIVATIONS = ["elu", "exponential", "gelu", "hard_sigmoid", "linear", "mish", "relu", "selu", "sigmoid", "softmax",
                   "softplus", "softsign", "swish", "tanh"]


def every_activation():
    x = Input((4,))
    h = L.Dense(6, name="trunk")(x)
    both = [L.Activation(name)(h) for name in ACTIVATIONS] + [L.Dense(3, name)(x) for name in ACTIVATIONS[2:6]]
    return Model(x, L.Dense(2, name="head")(L.Concatenate()(both)))


def gated_units():
    return Sequential([Input((4,)), L.Dense(6), L.Activation("glu")])


LAYERS = [
    group_norms, rms_norms, unit_norms, spectral_norms, sequences, volumes, kept_axes, rectifiers, groups, adapted,
    encoded, augmented, every_activation, gated_units, adaptive,
]
if KERAS2:
    LAYERS = [group_norms, unit_norms, sequences, volumes, kept_axes, rectifiers, groups, adapted, augmented,
              every_activation]

if __name__ == "__main__":
    write_all(LAYERS, whole=True)
