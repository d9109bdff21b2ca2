import { assert, assertEquals, assertThrows } from "@std/assert";
import * as fc from "fast-check";
import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { backPropagate } from "../../../src/core/measure/back_propagate.ts";
import { dropTape, recordTape } from "../../../src/core/measure/keep_state.ts";
import { WatchedGradients } from "../../../src/core/measure/tap.ts";

const { tf } = await startEngine();

type Leaves = [Tensor, Tensor, Tensor];

function leaves(): Leaves {
  const [a, b, c] = [[3, 4], [4], [3, 1]].map((shape, i) =>
    tf.randomUniform(shape, -1, 1, "float32", i + 1)
  );
  return [a, b, c];
}

/** The gradients of what `f` computes, each `null` where it is not on the way. */
function gradients(f: (xs: Leaves) => Tensor, xs: Leaves): (number[] | null)[] {
  const watched = new WatchedGradients();
  const seen: (number[] | null)[] = xs.map(() => null);
  xs.forEach((x, i) => watched.watch(x, (dx) => seen[i] = Array.from(dx.dataSync())));
  let value: Tensor | null = null;
  try {
    const tape = recordTape(tf, () => {
      value = f(xs);
    });
    backPropagate(tf, tape, value!, watched);
  } finally {
    dropTape(tf);
  }
  return seen;
}

/** The same by TensorFlow.js. */
function expectedGradients(f: (xs: Leaves) => Tensor, xs: Leaves): (number[] | null)[] {
  let seen: (number[] | null)[] = [];
  tf.tidy(() => {
    const { grads } = tf.engine().gradients(() => f(xs), xs, undefined, true);
    seen = grads.map((dx) => dx == null ? null : Array.from(dx.dataSync()));
  });
  return seen;
}

function leavesNoTensors(work: () => void): void {
  const before = tf.memory().numTensors;
  work();
  assertEquals(tf.memory().numTensors, before);
}

/** Joins two tensors of an expression, or changes one. */
const OPERATIONS: ((x: Tensor, y: Tensor) => Tensor)[] = [
  (x, y) => x.add(y),
  (x, y) => x.mul(y),
  (x) => x.mul(x),
  (x) => x.tanh(),
  (x) => x.relu(),
  (x, y) => tf.concat([x.add(y), y.mul(x)], 0).slice([1, 0], [3, 4]),
  (x) => tf.split(x, 2, 1)[1].concat(x, 1).slice([0, 0], [3, 4]),
  (x) => x.mean(),
  (x) => x.reshape(x.shape),
];

Deno.test("backPropagate() gives the bits of TensorFlow.js's gradients, for any expression", () => {
  const xs = leaves();
  const step = fc.tuple(fc.nat(OPERATIONS.length - 1), fc.nat(), fc.nat());
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
    const f = (xs: Leaves) => {
      const known: Tensor[] = [...xs];
      for (const [operation, i, j] of steps) {
        const wide = (k: number) => known[k % known.length].add(tf.zeros([3, 4]));
        known.push(OPERATIONS[operation](wide(i), wide(j)));
      }
      return known.at(-1)!.sum();
    };
    const expected = expectedGradients(f, xs);
    leavesNoTensors(() => assertEquals(gradients(f, xs), expected));
  }));
  tf.dispose(xs);
});

Deno.test("backPropagate() shows a tensor in the middle, whatever it depends on", () => {
  leavesNoTensors(() => {
    const watched = new WatchedGradients();
    const seen: number[] = [];
    let value: Tensor | null = null;
    const tape = recordTape(tf, () => {
      const middle = tf.tensor1d([1, 2]).mul(3);
      watched.watch(middle, (dy) => seen.push(...dy.dataSync()));
      value = middle.square().sum();
    });
    backPropagate(tf, tape, value!, watched);
    dropTape(tf);
    assertEquals(seen, [6, 12]);
  });
});

Deno.test("backPropagate() shows 1 for the value itself, and nothing for what is beside the way", () => {
  leavesNoTensors(() => {
    const watched = new WatchedGradients();
    const seen: string[] = [];
    let value: Tensor | null = null;
    const tape = recordTape(tf, () => {
      const x = tf.scalar(2);
      value = x.square();
      const beside = x.mul(5);
      watched.watch(beside, () => seen.push("beside"));
      watched.watch(value, (dy) => seen.push(`value ${dy.dataSync()}`));
    });
    backPropagate(tf, tape, value!, watched);
    dropTape(tf);
    assertEquals(seen, ["value 1"]);
  });
});

Deno.test("backPropagate() frees no tensor of a gradient function that is not its own", () => {
  const xs = leaves();
  const constant = tf.ones([3, 4]);
  let held: Tensor | null = null;
  const before = tf.memory().numTensors;
  // What it was given, one tensor twice, and one that somebody else goes on with.
  const passOn = tf.customGrad((x) => ({ value: (x as Tensor).clone(), gradFunc: (dy) => dy }));
  const twice = tf.customGrad((x, y) => ({
    value: (x as Tensor).add(y as Tensor),
    gradFunc: (dy: Tensor) => {
      const both = dy.mul(2);
      return [both, both];
    },
  }));
  const fixed = tf.customGrad((x) => ({
    value: (x as Tensor).clone(),
    gradFunc: (dy: Tensor) => {
      held ??= tf.keep(dy.clone());
      return constant;
    },
  }));
  const f = ([a]: Leaves) => {
    const b = passOn(a), c = fixed(passOn(a).mul(2));
    return twice(b, c.tanh()).mul(a).sum();
  };
  assertEquals(gradients(f, xs), expectedGradients(f, xs));
  assertEquals(constant.isDisposed, false);
  assertEquals(held!.isDisposed, false);
  assertEquals(tf.memory().numTensors, before + 1);
  tf.dispose([...xs, constant, held!]);
});

Deno.test("backPropagate() takes an operation that returns its input, and shows a gradient once", () => {
  const xs = leaves();
  const inPlace = tf.customGrad((x) => ({
    value: x as Tensor,
    gradFunc: (dy: Tensor) => dy.mul(2),
  }));
  const expressions: ((xs: Leaves) => Tensor)[] = [
    ([a]) => inPlace(a.mul(3)).square().sum(),
    ([a]) => inPlace(a).mul(a).sum(),
    ([a]) => inPlace(a.sum()),
    ([, , c]) => inPlace(inPlace(c)).sum(),
  ];
  for (const f of expressions) {
    const expected = expectedGradients(f, xs);
    leavesNoTensors(() => assertEquals(gradients(f, xs), expected));
  }
  leavesNoTensors(() => {
    const watched = new WatchedGradients();
    const seen: number[] = [];
    let value: Tensor | null = null;
    const tape = recordTape(tf, () => {
      const middle = tf.tensor1d([1, 2]).mul(3);
      watched.watch(middle, (dy) => seen.push(...dy.dataSync()));
      value = inPlace(middle).sum();
    });
    backPropagate(tf, tape, value!, watched);
    dropTape(tf);
    assertEquals(seen, [3, 3]);
  });
  tf.dispose(xs);
});

Deno.test("backPropagate() frees a gradient once nobody needs it", () => {
  const weights = Array.from({ length: 30 }, () => tf.ones([8, 8]));
  const watched = new WatchedGradients();
  const alive: number[] = [];
  for (const weight of weights) watched.watch(weight, () => alive.push(tf.memory().numTensors));
  const before = tf.memory().numTensors;
  let value: Tensor | null = null;
  const tape = recordTape(tf, () => {
    value = weights.reduce((x, weight) => tf.matMul(x, weight), tf.ones([2, 8])).sum();
  });
  backPropagate(tf, tape, value!, watched);
  assertEquals(alive.length, weights.length);
  // The tape shrinks all the way, and the gradients that were shown do not pile up.
  assertEquals(alive, alive.toSorted((a, b) => b - a));
  assert(alive[0] - alive.at(-1)! >= weights.length - 1, alive.join());
  assertEquals(tf.memory().numTensors, before);
  dropTape(tf);
  tf.dispose(weights);
});

Deno.test("backPropagate() names an operation that has no gradient, and frees everything", () => {
  const xs = leaves();
  leavesNoTensors(() => {
    assertThrows(
      () => gradients(([a]) => tf.topk(a.mul(2), 2).values.sum(), xs),
      Error,
      "TensorFlow.js has no gradient for the op TopK",
    );
  });
  tf.dispose(xs);
});

Deno.test("backPropagate() refuses a gradient of another shape", () => {
  const xs = leaves();
  const bad = tf.customGrad((x) => ({
    value: (x as Tensor).clone(),
    gradFunc: (dy: Tensor) => dy.sum(),
  }));
  leavesNoTensors(() => {
    assertThrows(
      () => gradients(([a]) => bad(a.mul(2)).sum(), xs),
      Error,
      "has no gradient of dtype float32 and shape [3, 4] for its input 0",
    );
  });
  tf.dispose(xs);
});

Deno.test("a pass inside of somebody else's gradient leaves their tape alone", () => {
  const xs = leaves();
  const inner = ([a]: Leaves) => a.square().sum();
  let seen: (number[] | null)[] = [];
  const outer = tf.tidy(() =>
    tf.grad((a) => {
      const squares = a.mul(a);
      seen = gradients(inner, xs);
      return squares.mul(a).sum();
    })(xs[0]).dataSync()
  );
  const a = xs[0].dataSync();
  assertEquals(seen[0], Array.from(a, (x) => Math.fround(2 * x)));
  outer.forEach((x, i) => assertEquals(Math.abs(x - 3 * a[i] ** 2) < 1e-6, true));
  tf.dispose(xs);
});
