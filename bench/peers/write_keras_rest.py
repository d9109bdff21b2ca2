"""Writes to fixtures/files/keras models over the layer classes that no other script of this folder has; and models of
Keras 2 in the two formats that it has beside whole .h5 files.

    python bench/peers/write_keras_rest.py FOLDER            # Keras 3 on JAX
    python bench/peers/write_keras_rest.py FOLDER --keras2   # Keras 2 (tf_keras), also as .keras and .weights.h5

The files are those of write_keras_files.py, which says what is in them.
"""
from keras_models import KERAS2, L, dense, keras, lstm, nested, residual
from write_keras_files import write_all


def noises() -> keras.Model:
    """Layers that only training has: a pass shows nothing of them."""
    return keras.Sequential([
        keras.Input((5, 4)), L.GaussianNoise(0.3), L.Dense(4, "selu"), L.AlphaDropout(0.2), L.SpatialDropout1D(0.3),
        L.GaussianDropout(0.1), L.Flatten(), L.Dropout(0.4), L.Dense(2),
    ])


def steps() -> keras.Model:
    return keras.Sequential([
        keras.Input((4,)), L.Dense(3, "tanh"), L.RepeatVector(6), L.Conv1D(4, 2, padding="same", strides=1),
        L.AveragePooling1D(2, padding="same"), L.Conv1D(5, 2, activation="relu"), L.GlobalMaxPooling1D(), L.Dense(1),
    ])


def pictures() -> keras.Model:
    return keras.Sequential([
        keras.Input((8, 6, 2)), L.CenterCrop(6, 4), L.Resizing(4, 4), L.Conv2D(3, (1, 2), strides=(2, 1)),
        L.GlobalAveragePooling2D(), L.Dense(2),
    ])


def small_pictures() -> keras.Model:
    """Larger and of other shapes than the pictures: the middle of a pixel counts."""
    return keras.Sequential([
        keras.Input((5, 4, 2)), L.CenterCrop(6, 3), L.UpSampling2D((2, 3), interpolation="bilinear"),
        L.Resizing(7, 5, interpolation="nearest"), L.Conv2D(3, 3), L.Flatten(), L.Dense(2),
    ])


def gru_cells() -> keras.Model:
    cells = [L.GRUCell(3, reset_after=False), L.LSTMCell(2), L.GRUCell(2)]
    return keras.Sequential([keras.Input((4, 3)), L.RNN(cells), L.Dense(1)])


def bidirectional_gru() -> keras.Model:
    return keras.Sequential([
        keras.Input((5, 3)), L.Bidirectional(L.GRU(2, return_sequences=True), merge_mode="mul"),
        L.TimeDistributed(L.Dense(2, "tanh")), L.Bidirectional(L.GRU(2, reset_after=False), merge_mode="ave"), L.Dense(1),
    ])


def dilated() -> keras.Model:
    """Windows with holes, strides that differ by axis, and kernels without a bias."""
    return keras.Sequential([
        keras.Input((9, 7, 2)), L.Conv2D(3, (3, 2), dilation_rate=(2, 1), padding="same", use_bias=False),
        L.DepthwiseConv2D((3, 2), strides=2, padding="same", activation="relu"),
        L.SeparableConv2D(4, 2, depth_multiplier=2, use_bias=False), L.GlobalMaxPooling2D(), L.Dense(1),
    ])


def twice() -> keras.Model:
    """One layer in three places, and a nested model in two."""
    x = keras.Input((4,))
    layer = L.Dense(4, "tanh", name="again")
    inner = keras.Sequential([keras.Input((4,)), L.Dense(4, "elu"), L.LayerNormalization()], name="inner")
    y = inner(layer(layer(layer(x))))
    return keras.Model(x, L.Dense(1)(L.Concatenate()([inner(y), y])))


def dictionaries() -> keras.Model:
    """Models that are called with dictionaries: Keras lists their values by key, and takes names of inputs for keys."""
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    made_of = keras.Model({"u": b, "t": a}, {"q": L.Dense(2, "tanh")(b), "p": L.Dense(2)(a)}, name="made_of")
    c, d = keras.Input((3,), name="c"), keras.Input((3,), name="d")
    listed = keras.Model([d, c], L.Concatenate()([L.Dense(2, "elu")(c), L.Dense(3)(d)]), name="listed")
    y, x = keras.Input((3,), name="y"), keras.Input((3,), name="x")
    z = made_of({"u": y, "t": x})
    joined = L.Concatenate()([z["q"], listed({"c": x, "d": y})])
    return keras.Model([y, x], [z["p"], L.Dense(2)(joined)])


def thresholds() -> keras.Model:
    return keras.Sequential([keras.Input((6,)), L.Dense(5), L.ThresholdedReLU(0.1), L.Dense(2)])


REST = [noises, steps, pictures, gru_cells, bidirectional_gru, dilated, twice, small_pictures]
REST += [thresholds] if KERAS2 else [dictionaries]

if __name__ == "__main__":
    write_all(REST, first=200)
    if KERAS2:
        write_all([dense, lstm, nested, residual], first=300, stem="v3_", ends=(".keras", ".weights.h5"))
