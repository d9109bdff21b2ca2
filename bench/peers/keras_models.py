"""The models that write_keras_files.py writes: between them every layer class that Keras and TensorFlow.js share."""
import os
import sys

KERAS2 = "--keras2" in sys.argv
os.environ["KERAS_BACKEND"] = "jax"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

if KERAS2:
    import tf_keras as keras
else:
    import keras
L = keras.layers


def dense() -> keras.Model:
    return keras.Sequential([
        keras.Input((4,)), L.Dense(5, "relu"), L.Dropout(0.2), L.Dense(3, "tanh"), L.Dense(2, "softmax"),
    ], name="dense_chain")


def many_dense() -> keras.Model:
    """More than ten layers of a class: dense_10 sorts before dense_2."""
    return keras.Sequential([keras.Input((3,))] + [L.Dense(3, "tanh") for _ in range(13)])


def renumbered() -> keras.Model:
    """The names in the configuration begin where the process stands, those in the file at 0."""
    for _ in range(3):
        L.Dense(1)
    return keras.Sequential([keras.Input((3,)), L.Dense(3, "elu"), L.Dense(3, "selu"), L.Dense(1)])


def conv1d() -> keras.Model:
    return keras.Sequential([
        keras.Input((8, 2)), L.Conv1D(3, 3, padding="causal", activation="relu"),
        L.Conv1D(2, 2, dilation_rate=2), L.MaxPooling1D(2), L.GlobalAveragePooling1D(), L.Dense(1),
    ])


def conv2d() -> keras.Model:
    return keras.Sequential([
        keras.Input((6, 6, 2)), L.ZeroPadding2D(1), L.Conv2D(3, 3, strides=2, padding="same"),
        L.BatchNormalization(), L.ReLU(), L.Conv2D(2, 2, use_bias=False),
        L.BatchNormalization(scale=False), L.Activation("swish"), L.AveragePooling2D(2, padding="same"),
        L.Flatten(), L.Dense(2),
    ])


def conv3d() -> keras.Model:
    return keras.Sequential([
        keras.Input((4, 4, 4, 1)), L.Conv3D(2, 2), L.AveragePooling3D(2, padding="same"),
        L.MaxPooling3D(2), L.Flatten(), L.Dense(1),
    ])


def separable() -> keras.Model:
    return keras.Sequential([
        keras.Input((6, 6, 2)), L.DepthwiseConv2D(3, depth_multiplier=2, padding="same"),
        L.SeparableConv2D(3, 2, activation="relu"), L.UpSampling2D(2), L.Cropping2D(((1, 0), (0, 2))),
        L.GlobalMaxPooling2D(), L.Dense(2),
    ])


def transposed() -> keras.Model:
    return keras.Sequential([
        keras.Input((3, 3, 2)), L.Conv2DTranspose(3, 2, strides=2, activation="softplus"),
        L.Conv2DTranspose(1, 3, padding="same"), L.GlobalAveragePooling2D(),
    ])


def normalizations() -> keras.Model:
    return keras.Sequential([
        keras.Input((5, 4)), L.LayerNormalization(), L.Dense(3, "softsign"),
        L.BatchNormalization(center=False), L.LayerNormalization(scale=False), L.Flatten(), L.Dense(1),
    ])


def embedding() -> keras.Model:
    return keras.Sequential([
        keras.Input((6,), dtype="int32"), L.Embedding(9, 4), L.GlobalAveragePooling1D(), L.Dense(2, "sigmoid"),
    ])


def lstm() -> keras.Model:
    return keras.Sequential([
        keras.Input((5, 3)), L.LSTM(4, return_sequences=True), L.LSTM(3), L.Dense(2),
    ])


def masked_lstm() -> keras.Model:
    x = keras.Input((6,), dtype="int32")
    y = L.LSTM(3)(L.Embedding(9, 4, mask_zero=True)(x))
    return keras.Model(x, L.Dense(1)(y))


def gru() -> keras.Model:
    return keras.Sequential([
        keras.Input((5, 3)), L.GRU(4, reset_after=False, return_sequences=True),
        L.GRU(2, reset_after=False, use_bias=False), L.Dense(1),
    ])


def gru_reset_after() -> keras.Model:
    return keras.Sequential([keras.Input((5, 3)), L.GRU(4), L.Dense(1)])


def simple_rnn() -> keras.Model:
    return keras.Sequential([
        keras.Input((5, 3)), L.Masking(), L.SimpleRNN(4, return_sequences=True),
        L.SimpleRNN(3, go_backwards=True), L.Dense(1),
    ])


def bidirectional() -> keras.Model:
    return keras.Sequential([
        keras.Input((5, 3)), L.Bidirectional(L.LSTM(2, return_sequences=True)),
        L.Bidirectional(L.SimpleRNN(3), merge_mode="sum"), L.Dense(1),
    ])


def time_distributed() -> keras.Model:
    return keras.Sequential([
        keras.Input((4, 3)), L.TimeDistributed(L.Dense(3, "relu")), L.Reshape((2, 6)), L.Permute((2, 1)), L.TimeDistributed(L.Dense(2)), L.Flatten(), L.Dense(1),
    ])


def stacked_cells() -> keras.Model:
    cells = [L.LSTMCell(3), L.SimpleRNNCell(2), L.LSTMCell(2)]
    return keras.Sequential([keras.Input((4, 3)), L.RNN(cells), L.Dense(1)])


def conv_lstm() -> keras.Model:
    return keras.Sequential([
        keras.Input((3, 5, 5, 1)), L.ConvLSTM2D(2, 3), L.Flatten(), L.Dense(1),
    ])


def activations() -> keras.Model:
    return keras.Sequential([
        keras.Input((4, 3)), L.Dense(4), L.PReLU(), L.Dense(4), L.LeakyReLU(0.2), L.Dense(4, "gelu"),
        L.ELU(), L.Dense(4), L.ReLU(max_value=6.0), L.Dense(3), L.PReLU(shared_axes=[1]), L.Softmax(),
        L.Flatten(), L.Dense(1),
    ])


def merges() -> keras.Model:
    x = keras.Input((4,))
    a, b = L.Dense(3, "tanh")(x), L.Dense(3, "relu")(x)
    y = L.Concatenate()([
        L.Add()([a, b]), L.Multiply()([a, b]), L.Average()([a, b]), L.Maximum()([a, b]), L.Minimum()([a, b]),
        L.Dot(axes=-1)([a, b]),
    ])
    return keras.Model(x, L.Dense(2)(y), name="merges")


def shared() -> keras.Model:
    a, b = keras.Input((3,), name="left"), keras.Input((3,), name="right")
    tower = L.Dense(4, "tanh", name="tower")
    y = L.Concatenate()([tower(a), tower(b)])
    return keras.Model([a, b], L.Dense(1, name="head")(y))


def nested() -> keras.Model:
    x = keras.Input((4,))
    inner = keras.Model(x, L.Dense(3, "tanh")(L.Dense(4, "relu")(x)), name="encoder")
    block = keras.Sequential([keras.Input((3,)), L.Dense(3, "relu"), L.Dropout(0.5), L.Dense(3)], name="block")
    z = keras.Input((4,))
    y = inner(z)
    y = L.Add()([y, block(y)])
    return keras.Model(z, L.Dense(2)(block(y)), name="outer")


def two_outputs() -> keras.Model:
    x = keras.Input((4,))
    h = L.Dense(4, "relu", name="trunk")(x)
    return keras.Model(x, [L.Dense(1, name="value")(h), L.Dense(3, "softmax", name="policy")(h)])


def residual() -> keras.Model:
    x = keras.Input((6, 6, 2))
    y = L.Rescaling(1 / 255)(x)
    y = L.Conv2D(4, 3, padding="same", use_bias=False)(y)
    for _ in range(2):
        z = L.Activation("relu")(L.BatchNormalization()(y))
        y = L.Add()([y, L.Conv2D(4, 3, padding="same", use_bias=False)(z)])
    return keras.Model(x, L.Dense(2)(L.GlobalAveragePooling2D()(y)))


def frozen() -> keras.Model:
    base = keras.Sequential([keras.Input((4,)), L.Dense(3, "tanh"), L.BatchNormalization()], name="base")
    base.trainable = False
    return keras.Sequential([keras.Input((4,)), base, L.Dense(3, "relu"), L.Dense(1)])


def unet() -> keras.Model:
    x = keras.Input((4, 4, 1))
    a = L.Conv2D(2, 3, padding="same", activation="relu")(x)
    b = L.Conv2D(2, 3, padding="same", activation="relu")(L.MaxPooling2D(2)(a))
    c = L.Concatenate()([a, L.UpSampling2D(2)(b)])
    return keras.Model(x, L.Conv2D(1, 1)(c))


def arithmetic() -> keras.Model:
    """Operations on tensors that Keras 3 lists among the layers."""
    x = keras.Input((4,))
    h = L.Dense(4, "tanh")(x / 2.0)
    return keras.Model(x, L.Dense(1)(h + x * 3.0 - 1.0))


def regularized() -> keras.Model:
    k = keras
    return keras.Sequential([
        keras.Input((4,)),
        L.Dense(3, "relu", kernel_initializer=k.initializers.LecunNormal(seed=3), kernel_constraint="max_norm"),
        L.Dense(3, "mish" if not KERAS2 else "relu", kernel_initializer="orthogonal"),
        L.Dense(1, kernel_initializer=k.initializers.VarianceScaling(seed=1)),
    ])


MODELS = [
    dense, many_dense, renumbered, conv1d, conv2d, conv3d, separable, transposed, normalizations, embedding, lstm,
    masked_lstm, gru, gru_reset_after, simple_rnn, bidirectional, time_distributed, stacked_cells, conv_lstm,
    activations, merges, shared, nested, two_outputs, residual, frozen, unet, regularized,
] + ([] if KERAS2 else [arithmetic])
