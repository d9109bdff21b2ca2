"""The job as a user of Keras 3 on TensorFlow does it: a gradient tape."""
import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import tensorflow as tf

from job import Figures, finish, read_job
from keras_taps import load, loss_of, tap, weight_names

job = read_job()
if job.threads is not None:
    tf.config.threading.set_intra_op_parallelism_threads(job.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
model = load(job)
x, y = (None if array is None else tf.constant(array) for array in job.batch())
seen: dict[tuple[str, str], tf.Tensor] = {}


def see(layer: str, what: str, tensor: tf.Tensor) -> tf.Tensor:
    seen[layer, what] = tensor
    return tensor


def mean(tensor: tf.Tensor) -> tf.Tensor:
    return tf.reduce_mean(tf.abs(tf.convert_to_tensor(tensor)))


def gradients(tape: tf.GradientTape, loss: tf.Tensor, of: list) -> list:
    return tape.gradient(loss, of, unconnected_gradients=tf.UnconnectedGradients.NONE)


def bare_pass() -> list:
    with tf.GradientTape() as tape:
        loss = loss_of(job, model(x, training=job.network.training), y)
    return [tf.convert_to_tensor(g) for g in gradients(tape, loss, model.trainable_variables)]


def pass_with_figures() -> tuple[tf.Tensor, dict, dict, list]:
    seen.clear()
    with tf.GradientTape(persistent=False) as tape:
        loss = loss_of(job, model(x, training=job.network.training), y)
    inner = gradients(tape, loss, list(seen.values()) + list(model.trainable_variables))
    backward = {key: mean(g) for key, g in zip(seen, inner) if g is not None}
    return loss, {key: mean(t) for key, t in seen.items()}, backward, [mean(g) for g in inner[len(seen):]]


tap(model, see)
# One pass does not pay for a graph; many do.
compiled = tf.function(pass_with_figures) if job.warm else pass_with_figures
compiled_bare = tf.function(bare_pass)


def figures() -> tuple[float, Figures]:
    loss, forward, backward, weights = compiled()
    found: Figures = {f"{name}": {"gradient": float(g)} for name, g in zip(weight_names(model), weights)}
    for (layer, what), value in forward.items():
        found.setdefault(layer, {})[what] = float(value)
    for (layer, what), value in backward.items():
        found[layer]["delta" if what == "z" else "da"] = float(value)
    return float(loss), found


def bare() -> None:
    for gradient in compiled_bare():
        gradient.numpy()


finish(job, {"keras": keras.__version__, "tensorflow": tf.__version__}, figures, bare)
