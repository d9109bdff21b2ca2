"""The six networks as a user of Keras 3 writes them."""
import keras
from keras import layers as L

from networks import CLASSES, Dimensions


def exercise(d: Dimensions) -> keras.Model:
    hidden = [L.Dense(d.width, "relu" if i == 1 else "tanh", name=f"dense_{i}") for i in range(1, d.depth + 1)]
    return keras.Sequential([keras.Input((d.width,)), *hidden, L.Dense(1, name=f"dense_{d.depth + 1}")])


def dense(d: Dimensions) -> keras.Model:
    layers = [L.Dense(d.width, "tanh", name=f"dense_{i}") for i in range(1, d.depth + 1)]
    return keras.Sequential([keras.Input((d.width,)), *layers])


def convnet(d: Dimensions) -> keras.Model:
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        L.Conv2D(d.width, 3, padding="same", activation="relu", name="conv_1"),
        L.MaxPooling2D(2, name="pool_1"),
        L.Conv2D(2 * d.width, 3, padding="same", activation="relu", name="conv_2"),
        L.MaxPooling2D(2, name="pool_2"),
        L.Flatten(name="flatten"),
        L.Dense(CLASSES, "softmax", name="head"),
    ])


def lstm(d: Dimensions) -> keras.Model:
    return keras.Sequential([
        keras.Input((d.steps,), dtype="int32"),
        L.Embedding(d.words, d.width, name="embedding"),
        L.LSTM(d.width, name="lstm"),
        L.Dense(CLASSES, "softmax", name="head"),
    ])


def resnet(d: Dimensions) -> keras.Model:
    """ResNet-20: three stages of three blocks, as in He et al. 2015, with projections where the size changes."""

    def conv(x: keras.KerasTensor, name: str, filters: int, window: int = 3, stride: int = 1) -> keras.KerasTensor:
        if stride > 1 and window > 1:  # PyTorch pads alike on all sides
            x = L.ZeroPadding2D(1, name=f"{name}_pad")(x)
        padding = "valid" if stride > 1 else "same"
        x = L.Conv2D(filters, window, stride, padding, use_bias=False, name=name)(x)
        return L.BatchNormalization(epsilon=1e-5, name=f"{name}_bn")(x)

    inputs = keras.Input((d.steps, d.steps, 3))
    x = L.ReLU(name="stem_relu")(conv(inputs, "stem", d.width))
    for stage in range(3):
        filters = d.width * 2**stage
        for block in range(3):
            name, stride = f"s{stage}b{block}", 2 if stage > 0 and block == 0 else 1
            y = L.ReLU(name=f"{name}_relu_1")(conv(x, f"{name}_conv_1", filters, stride=stride))
            y = conv(y, f"{name}_conv_2", filters)
            skip = conv(x, f"{name}_skip", filters, 1, stride) if stride > 1 else x
            x = L.ReLU(name=f"{name}_relu_2")(L.Add(name=f"{name}_add")([y, skip]))
    x = L.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(inputs, L.Dense(CLASSES, "softmax", name="head")(x))


def transformer(d: Dimensions) -> keras.Model:
    """Causal and pre-norm: x + attention(norm(x)), then x + mlp(norm(x))."""
    inputs = keras.Input((d.steps,), dtype="int32")
    x = L.Embedding(d.words, d.width, name="embedding")(inputs)
    for i in range(1, d.depth + 1):
        y = L.LayerNormalization(epsilon=1e-5, name=f"norm_{i}a")(x)
        y = L.MultiHeadAttention(d.heads, d.width // d.heads, name=f"attention_{i}")(y, y, use_causal_mask=True)
        x = L.Add(name=f"add_{i}a")([x, y])
        y = L.LayerNormalization(epsilon=1e-5, name=f"norm_{i}b")(x)
        y = L.Dense(4 * d.width, "gelu", name=f"up_{i}")(y)
        x = L.Add(name=f"add_{i}b")([x, L.Dense(d.width, name=f"down_{i}")(y)])
    x = L.LayerNormalization(epsilon=1e-5, name="norm")(x)
    x = L.GlobalAveragePooling1D(name="pool")(x)
    return keras.Model(inputs, L.Dense(CLASSES, "softmax", name="head")(x))


BUILD = {f.__name__: f for f in (exercise, dense, convnet, lstm, resnet, transformer)}
