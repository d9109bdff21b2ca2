import { type LayersModel, startEngine } from "../../../src/engine/mod.ts";
import { pairKerasWeights } from "../../../src/keras/files/keras_weights.ts";
import { type Hdf5Group, openHdf5 } from "../../../src/keras/hdf5/open_hdf5.ts";
import type { Hdf5Array } from "../../../src/keras/hdf5/read_array.ts";
import { loadModel, ModelError } from "../../../src/entry/model.ts";
import { bytesOf, withFile } from "./fixtures.ts";
import { unpackKeras } from "./pack_keras.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { parts, partsOf } from "../../assert_refused.ts";

const { tf } = await startEngine();

type Node = Hdf5Group | Hdf5Array;

/** A copy of a group with another child in place of one, or without it. */
function withChild(group: Hdf5Group, path: string[], child: Node | null): Hdf5Group {
  const [name, ...rest] = path;
  const children = new Map(group.children);
  const own = rest.length === 0 ? child : withChild(children.get(name) as Hdf5Group, rest, child);
  if (own === null) children.delete(name);
  else children.set(name, own);
  return { ...group, children };
}

const at = (root: Hdf5Group, path: string): Node =>
  path.split("/").reduce((node, name) => (node as Hdf5Group).children.get(name)!, root as Node);

function swapped(root: Hdf5Group, one: string, other: string): Hdf5Group {
  const first = withChild(root, one.split("/"), at(root, other));
  return withChild(first, other.split("/"), at(root, one));
}

const renamed = (group: Hdf5Group, name: string): Hdf5Group => ({ ...group, texts: () => [name] });

const archive = (name: string) => unpackKeras(bytesOf(`${name}.keras`));
const open = (name: string) =>
  withFile("a.keras", bytesOf(`${name}.keras`), (path) => loadModel(path));

const many = await open("many_dense");
const dense = many.model.layers.filter((layer) => layer.weights.length > 0);
const { config, weights } = archive("many_dense");
const root = openHdf5(weights);
const own = (changed: Hdf5Group) => pairKerasWeights(many.model, changed, config as never);
const beside = (changed: Hdf5Group) => pairKerasWeights(many.model, changed, null);
const refusal = (run: () => unknown) => partsOf(assertThrows(run, ModelError));

Deno.test("pairKerasWeights() pairs dense_10 after dense_9, wherever it sorts", () => {
  const pairs = own(root);
  assertEquals(
    pairs.map(({ layer }) => layer.name).filter((_, i) => i % 2 === 0),
    dense.map(({ name }) => name),
  );
  assertEquals(pairs[20].array.path, "layers/dense_10/vars/0");
});

Deno.test("pairKerasWeights() refuses weights that the file says are another layer's", () => {
  const changed = swapped(root, "layers/dense_2", "layers/dense_10");
  assertEquals(
    refusal(() => own(changed)),
    parts(
      '"layers/dense_2/vars"',
      'the weights of layer "dense_10"',
      'those of "dense_2", which comes there in the order of the layers',
    ),
  );
  assertEquals(
    refusal(() => beside(changed)),
    parts(
      '"layers/dense_2/vars"',
      'the weights of layer "dense_10"',
      'those of "dense_2", which comes there in the order of the layers',
    ),
  );
});

Deno.test("pairKerasWeights() takes other numbers in a model from elsewhere, and no other names", () => {
  const vars = (name: string) =>
    dense.reduce(
      (changed, _, i) => {
        const path = `layers/dense${i === 0 ? "" : `_${i}`}/vars`;
        return withChild(changed, path.split("/"), renamed(at(root, path) as Hdf5Group, name + i));
      },
      root,
    );
  assertEquals(beside(vars("dense_5")).length, 26);
  assertEquals(
    refusal(() => beside(vars("encoder_"))),
    parts(
      '"layers/dense/vars"',
      'the weights of layer "encoder_0"',
      'those of "dense", which comes there in the order of the layers',
    ),
  );
  assertEquals(
    refusal(() => own(vars("dense_5"))),
    parts(
      '"layers/dense/vars"',
      'the weights of layer "dense_50"',
      'those of "dense", which comes there in the order of the layers',
    ),
  );
});

Deno.test("pairKerasWeights() takes the layers from either group that Keras has had, and needs one", () => {
  const layers = root.children.get("layers")!;
  const named = (name: string, group: Node = layers) =>
    own({ ...root, children: new Map([[name, group]]) });
  const names = ["layers", "_layer_checkpoint_dependencies"];
  assertEquals(names.map((name) => named(name).length), [26, 26]);
  const none = parts(
    "The file",
    'neither "layer_names" nor a group "layers"',
    "weights that Keras saved",
  );
  assertEquals(refusal(() => named("dense")), none);
  assertEquals(refusal(() => named("layers", at(root, "layers/dense/vars/0"))), none);
});

Deno.test("pairKerasWeights() refuses a weight that is missing, left over, or of another shape", () => {
  const short = (path: string) => withChild(root, path.split("/"), null);
  assertEquals(
    refusal(() => own(short("layers/dense_3/vars/1"))),
    parts('"layers/dense_3/vars"', "1 array", 'the 2 weights of layer "dense_3"'),
  );
  assertEquals(
    refusal(() => own(short("layers/dense_3"))),
    parts('"layers/dense_3/vars"', "missing", 'the 2 weights of layer "dense_3"'),
  );
  const kernel = at(root, "layers/dense_3/vars/0");
  const more = withChild(root, ["layers", "dense_3", "vars", "2"], kernel);
  assertEquals(
    refusal(() => own(more)),
    parts('"layers/dense_3/vars"', "3 arrays", 'the 2 weights of layer "dense_3"'),
  );
  const part = at(root, "layers/dense_3") as Hdf5Group;
  const vars: Hdf5Group = { ...part, children: new Map() };
  const composed: Hdf5Group = {
    ...part,
    children: new Map([["vars", vars], ["up", part], ["down", part]]),
  };
  assertEquals(
    refusal(() => own(withChild(root, ["layers", "dense_3"], composed))),
    parts('"layers/dense_3/vars"', "0 arrays", 'the 2 weights of layer "dense_3"'),
  );
  const other = withChild(root, ["layers", "dense_13"], at(openHdf5(weights), "layers/dense_3"));
  assertEquals(
    refusal(() => own(other)),
    parts(
      '"layers/dense_3/vars/0" of shape [3, 3]',
      "in the file, but no layer of the model takes it",
      "only the weights of this model",
    ),
  );
  const turned = swapped(root, "layers/dense_3/vars/0", "layers/dense_3/vars/1");
  assertEquals(
    refusal(() => own(turned)),
    parts(
      '"layers/dense_3/vars/1"',
      "shape [3]",
      '[3, 3] as weight "dense_3/kernel" of layer "dense_3" has',
    ),
  );
});

/** A model of two branches whose layers could be exchanged. */
function branches(names: (string | undefined)[]): LayersModel {
  const x = tf.input({ shape: [4] });
  const dense = (i: number, units: number) => tf.layers.dense({ units, name: names[i] });
  const [a, b] = [dense(0, 3).apply(x), dense(1, 3).apply(x)] as never[];
  const parts = [
    tf.layers.add().apply([a, b]),
    tf.layers.multiply().apply([a, b]),
    tf.layers.average().apply([a, b]),
    tf.layers.maximum().apply([a, b]),
    tf.layers.minimum().apply([a, b]),
    tf.layers.dot({ axes: -1 }).apply([a, b]),
  ] as never[];
  const y = tf.layers.concatenate().apply(parts);
  return tf.model({ inputs: x, outputs: dense(2, 2).apply(y as never) as never });
}

Deno.test("pairKerasWeights() refuses to guess which branch of a model a weight is for", () => {
  const saved = openHdf5(archive("merges").weights);
  const guess = branches([undefined, undefined, undefined]);
  const error = refusal(() => pairKerasWeights(guess, saved, null));
  assertEquals(
    parts(error.place, error.found.replaceAll(/dense_Dense\d+/g, "*"), error.expected),
    parts(
      '"layers/dense/vars/0" and "layers/dense_1/vars/0"',
      'layers "*" and "*"',
      "layers of the names that the file has, or a chain",
    ),
  );
  const named = branches(["dense", "dense_1", "dense_2"]);
  const pairs = pairKerasWeights(named, saved, null);
  assertEquals(pairs.map(({ array }) => array.path.split("/")[1]), [
    "dense",
    "dense",
    "dense_1",
    "dense_1",
    "dense_2",
    "dense_2",
  ]);
  guess.dispose();
  named.dispose();
});

Deno.test("pairKerasWeights() tells layers of one weight apart by its shape, or refuses to guess", () => {
  const saved = openHdf5(archive("merges").weights);
  const paths = ["dense", "dense_1", "dense_2"].map((name) => `layers/${name}/vars/0`);
  /** The kernels of two branches of these units and of what joins them, for a model without names. */
  let names: string[] = [];
  const pair = (units: number[]) => {
    const x = tf.input({ shape: [4] });
    const dense = (units: number) => tf.layers.dense({ units, useBias: false });
    const both = units.map((units) => dense(units).apply(x));
    const sum = tf.layers.concatenate().apply(both as never[]);
    const model = tf.model({ inputs: x, outputs: dense(2).apply(sum as never) as never });
    // TensorFlow.js counts them, in the whole process.
    names = model.layers.map(({ name }) => name).filter((name) => name.startsWith("dense"));
    const shapes = [...units.map((units) => [4, units]), [units[0] + units[1], 2]];
    const root = paths.reduce((root, path, i) => {
      const array = { ...at(root, path), shape: shapes[i] } as Hdf5Array;
      const bare = withChild(root, path.replace(/0$/, "1").split("/"), null);
      return withChild(bare, path.split("/"), array);
    }, saved);
    try {
      return pairKerasWeights(model, root, null).map(({ array }) => array.path);
    } finally {
      model.dispose();
    }
  };
  assertEquals(pair([3, 5]), paths);
  const error = assertThrows(() => pair([3, 3]), ModelError);
  assertEquals([error.place, error.found, error.expected], [
    '"layers/dense/vars/0" and "layers/dense_1/vars/0"',
    `layers "${names[0]}" and "${names[1]}"`,
    "layers of the names that the file has, or a chain",
  ]);
});

Deno.test("pairKerasWeights() tells the two directions of a layer apart", () => {
  const saved = openHdf5(unpackKeras(bytesOf("bidirectional.keras")).weights);
  const bidirectional = (layer: unknown, more: object) =>
    tf.layers.bidirectional({ layer, ...more } as never);
  const model = tf.sequential({
    layers: [
      bidirectional(tf.layers.lstm({ units: 2, returnSequences: true }), {
        mergeMode: "concat",
        inputShape: [5, 3],
      }),
      bidirectional(tf.layers.simpleRNN({ units: 3 }), { mergeMode: "sum" }),
      tf.layers.dense({ units: 1 }),
    ],
  });
  const pairs = pairKerasWeights(model, saved, null);
  assertEquals(pairs.length, 14);
  assertEquals(
    pairs.filter(({ variable }) => /backward/.test(variable.originalName)).map(({ array }) =>
      array.path.split("/")[2]
    ),
    Array(6).fill("backward_layer"),
  );
  model.dispose();
});

Deno.test("pairKerasWeights() pairs the groups of a .h5 by name, else in the order of a chain", () => {
  const saved = openHdf5(bytesOf("dense_keras2.h5.gz"));
  const make = (names: string[]) =>
    tf.sequential({
      layers: [5, 3, 2].map((units, i) =>
        tf.layers.dense({ units, name: names[i], ...i === 0 ? { inputShape: [4] } : {} })
      ),
    });
  for (const names of [["dense", "dense_1", "dense_2"], ["a", "b", "c"]]) {
    const model = make(names);
    const paths = pairKerasWeights(model, saved, null).map(({ array }) => array.path);
    assertEquals(paths.filter((_, i) => i % 2 === 0), [
      "model_weights/dense/dense/kernel:0",
      "model_weights/dense_1/dense_1/kernel:0",
      "model_weights/dense_2/dense_2/kernel:0",
    ]);
    model.dispose();
  }
  const crossed = make(["dense_1", "dense", "x"]);
  assertEquals(
    refusal(() => pairKerasWeights(crossed, saved, null)),
    parts(
      "The file",
      'layer "dense" where the model has "dense_1", and has that name elsewhere',
      "the same names or the same order",
    ),
  );
  const short = tf.sequential({ layers: [tf.layers.dense({ units: 5, inputShape: [4] })] });
  assertEquals(
    refusal(() => pairKerasWeights(short, saved, null)),
    parts("The file", "weights of 3 layers", "1 as the model has"),
  );
  for (const model of [crossed, short]) model.dispose();
});

Deno.test("pairKerasWeights() gives an inner model the group of a class that only Python knows", async () => {
  const { model } = await open("nested");
  const plain = openHdf5(archive("nested").weights);
  const moved = (group: Hdf5Group, from: string, to: string) =>
    withChild(
      withChild(group, ["layers", from], null),
      ["layers", to],
      at(group, `layers/${from}`),
    );
  const pairs = (group: Hdf5Group) =>
    pairKerasWeights(model, group, null).map(({ variable, array }) => [
      variable.originalName,
      array.path.replace(/^layers\/\w+\//, ""),
    ]);
  const known = pairs(plain);
  assertEquals(known.length > 4, true);
  // Keras names the group of `class Encoder(keras.Model)` after it.
  assertEquals(pairs(moved(plain, "functional", "encoder")), known);
  // Two such models cannot be told apart.
  const both = moved(moved(plain, "functional", "encoder"), "sequential", "other");
  assertEquals(refusal(() => pairs(both)).found, "missing");
  model.dispose();
});

/** A copy of a group in which another list of the weights of its layers stands. */
function relisted(group: Hdf5Group, list: (names: string[]) => string[]): Hdf5Group {
  const children = new Map(
    [...group.children].map(([name, child]) => [
      name,
      child.kind === "group" ? relisted(child, list) : child,
    ]),
  );
  const texts = (name: string) => {
    const found = group.texts(name);
    return name === "weight_names" && found !== null ? list(found) : found;
  };
  return { ...group, children, texts };
}

/** The names with the layers of the last first, those of each in their order. */
function otherWayRound(names: string[]): string[] {
  const scopes = Map.groupBy(names, (name) => name.slice(0, name.lastIndexOf("/")));
  return [...scopes.values()].reverse().flat();
}

for (const name of ["bidirectional_keras2", "bidirectional_gru_keras2"]) {
  Deno.test(`pairKerasWeights() finds the directions in ${name}.h5 by their names, in any order`, async () => {
    const bytes = bytesOf(`${name}.h5.gz`);
    const { model } = await withFile("a.h5", bytes, (path) => loadModel(path));
    const root = openHdf5(bytes);
    const pairs = (root: Hdf5Group) =>
      Object.fromEntries(
        pairKerasWeights(model, root, null).map(({ variable, array }) => [
          variable.originalName,
          array.path,
        ]),
      );
    const expected = pairs(root);
    assertEquals(Object.keys(expected).some((name) => /backward/.test(name)), true);
    for (const [name, path] of Object.entries(expected)) {
      const [direction] = /forward|backward/.exec(name) ?? [""];
      assertEquals(path.includes(direction), true, `${name}: ${path}`);
    }
    assertEquals(pairs(relisted(root, otherWayRound)), expected);
    model.dispose();
  });
}
