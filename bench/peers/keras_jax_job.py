"""The job as a user of Keras 3 on JAX does it: zeros are added where a gradient is wanted."""
import os

os.environ["KERAS_BACKEND"] = "jax"
import jax
import jax.numpy as jnp
import keras

from job import Figures, finish, read_job
from keras_taps import load, loss_of, tap, weight_names

job = read_job()
model = load(job)
x, y = job.batch()
own = [variable.value for variable in model.trainable_variables]
fixed = [variable.value for variable in model.non_trainable_variables]
Key = tuple[str, str]
zeros: dict[Key, jax.Array] = {}
seen: dict[Key, jax.Array] = {}


def see(layer: str, what: str, tensor: jax.Array) -> jax.Array:
    key = (layer, what)
    if key in zeros:
        tensor = tensor + zeros[key]
    seen[key] = tensor
    return tensor


def plain_loss(weights: list[jax.Array]) -> jax.Array:
    return loss_of(job, model.stateless_call(weights, fixed, x, training=job.network.training)[0], y)


def tapped_loss(weights: list[jax.Array], added: dict[Key, jax.Array]) -> tuple[jax.Array, dict[Key, jax.Array]]:
    zeros.update(added)
    seen.clear()
    loss = plain_loss(weights)
    zeros.clear()
    return loss, dict(seen)


def mean(tensor: jax.Array) -> jax.Array:
    return jnp.mean(jnp.abs(tensor))


@jax.jit
def pass_with_figures(weights: list[jax.Array], added: dict[Key, jax.Array]) -> tuple:
    derive = jax.value_and_grad(tapped_loss, argnums=(0, 1), has_aux=True)
    (loss, forward), (inner, backward) = derive(weights, added)
    return loss, jax.tree.map(mean, forward), jax.tree.map(mean, backward), [mean(g) for g in inner]


tap(model, see)
shapes = jax.eval_shape(lambda weights: tapped_loss(weights, {})[1], own)
added = {key: jnp.zeros(shape.shape) for key, shape in shapes.items()}
bare_gradients = jax.jit(jax.grad(plain_loss))


def figures() -> tuple[float, Figures]:
    loss, forward, backward, weights = jax.device_get(pass_with_figures(own, added))
    found: Figures = {name: {"gradient": float(g)} for name, g in zip(weight_names(model), weights)}
    for (layer, what), value in forward.items():
        found.setdefault(layer, {})[what] = float(value)
        found[layer]["delta" if what == "z" else "da"] = float(backward[layer, what])
    return float(loss), found


def bare() -> None:
    jax.block_until_ready(bare_gradients(own))


finish(job, {"keras": keras.__version__, "jax": jax.__version__}, figures, bare)
