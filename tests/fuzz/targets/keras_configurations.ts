import { InputError } from "../../../src/ground/words/input_error.ts";
import { assertAlmostEquals } from "@std/assert";
import { startEngine } from "../../../src/engine/mod.ts";
import { measure, MeasureError } from "../../../src/entry/measure.ts";
import { loadModel, ModelError, randomBatch } from "../../../src/entry/model.ts";
import { bytesOf, FILES } from "../../keras/files/fixtures.ts";
import { packKeras, unpackKeras } from "../../keras/files/pack_keras.ts";
import type { Chance } from "../chance.ts";
import { requireClearError } from "../clear_error.ts";
import type { FuzzTarget } from "../fuzz_target.ts";
import { disposeModel, guardCase } from "../guard_case.ts";
import { mutateJson } from "../mutate.ts";

interface Layer {
  class_name: string;
  name?: string;
  config: Record<string, unknown>;
  inbound_nodes?: { args: unknown[]; kwargs: Record<string, unknown> }[];
}

interface Configuration {
  config: { layers: Layer[] };
}

/** Settings of layers and operations, with values that Keras itself may write. */
const SETTINGS: Record<string, unknown[]> = {
  activation: ["relu", "softmax", null, { class_name: "ReLU", config: { negative_slope: 0.1 } }],
  activity_regularizer: [
    { class_name: "L1", config: { l1: 0.1 } },
    { class_name: "L1L2", config: { l1: 0, l2: 1e3 } },
    { class_name: "OrthogonalRegularizer", config: { factor: 0.01, mode: "rows" } },
    { class_name: "L2", config: { l2: -1 } },
    { class_name: "L2", config: {} },
    "l2",
  ],
  axis: [-1, 0, 1, 2, 9, -9, [1, 2], [1, -1], [1, 1], [], null],
  data_format: ["channels_first", "channels_last"],
  dtype: [
    { class_name: "DTypePolicy", config: { name: "mixed_float16" } },
    { class_name: "DTypePolicy", config: { name: "int8" } },
    "float64",
  ],
  keepdims: [true, false, null],
  kernel_regularizer: [{ class_name: "L2", config: { l2: 0.1 } }],
  mask: [null, { a: null }, [null]],
  name: ["constructor", "toString", "a/b", ""],
  newshape: [[-1, 2], [-1, -1], [null, 4], [0], []],
  return_sequences: [true, false],
  return_state: [true, false],
  trainable: [true, false],
  training: [true, false],
  units: [1, 3, 0],
};

/** Indices and operands that Keras writes into calls. */
const ARGUMENTS: unknown[] = [
  null,
  -1,
  0,
  1e30,
  [1, 2],
  [{ class_name: "__ellipsis__", config: {} }, 0],
  [{ class_name: "slice", config: { start: 5, stop: 1, step: -3 } }, 0],
  [{ class_name: "slice", config: { start: null, stop: null, step: 0 } }],
  { class_name: "__tuple__", items: [2, 0, 1] },
  { class_name: "__numpy__", config: { value: [[1], [2]], dtype: "float32" } },
];

export const target: FuzzTarget = {
  name: "keras_configurations",
  about:
    "Layers and operations of Keras 3 with odd settings and calls are refused in a clear sentence, or a pass " +
    "goes through them, whole and in parts alike.",
  shortRun: 50,
  async open() {
    const engine = await startEngine({ threads: 1 });
    const { tf } = engine;
    const path = await Deno.makeTempFile({ suffix: ".keras" });
    const archives = FILES.filter((name) => name.endsWith(".keras") && !name.includes("keras2"))
      .map((name) => unpackKeras(bytesOf(name)));
    return {
      async tryOne(chance) {
        const { config, weights } = chance.one(archives);
        const odd = oddConfiguration(config as Configuration, chance);
        await Deno.writeFile(path, packKeras({ config: odd, weights }));
        await guardCase(tf, async () => {
          try {
            const { model } = await loadModel(path);
            const batch = randomBatch(model, { examples: 3 });
            try {
              const options = { penalties: chance.happens(0.5) };
              const whole = await measure(model, batch, options);
              const parts = await measure(model, batch, { ...options, microBatch: 2 });
              const { value } = whole.objective;
              if (!Number.isFinite(value) || parts.batch.sawParts !== undefined) return;
              const scale = Math.max(1, Math.abs(value));
              assertAlmostEquals(parts.objective.value, value, 1e-3 * scale, "J in parts");
            } finally {
              tf.dispose(batch as never);
              disposeModel(tf, model);
            }
          } catch (error) {
            // Sizes that no heap holds are an InputError of the pass.
            requireClearError(error, [ModelError, MeasureError, InputError]);
          }
        });
      },
      async [Symbol.asyncDispose]() {
        await Deno.remove(path);
        await engine.stop();
      },
    };
  },
};

const isObject = (value: unknown) => typeof value === "object" && value !== null;

/** Returns a copy of a configuration with one to three odd settings or calls. */
function oddConfiguration(configuration: Configuration, chance: Chance): unknown {
  const copy = structuredClone(configuration);
  for (let changes = chance.integer(1, 3); changes > 0; changes--) {
    const layer = chance.one(copy.config.layers);
    // An earlier change may have put something else there.
    const [node] = Array.isArray(layer.inbound_nodes) ? layer.inbound_nodes : [];
    const isSound = isObject(node) && Array.isArray(node.args) && isObject(node.kwargs);
    const own = Object.keys(layer.config);
    const isCalled = isSound && chance.happens(0.5);
    if (isCalled && chance.happens(0.5)) {
      const at = chance.integer(0, node.args.length);
      node.args[at] = structuredClone(chance.one(ARGUMENTS));
    } else if (isCalled) layer.inbound_nodes = mutateJson([node], chance) as [typeof node];
    else if (chance.happens(0.2)) layer.config[chance.one(own)] = mutateJson(layer.config, chance);
    else {
      const settings = chance.happens(0.7) ? own.filter((key) => key in SETTINGS) : [];
      const key = chance.one(settings.length > 0 ? settings : Object.keys(SETTINGS));
      const target = isCalled ? node.kwargs : layer.config;
      target[key] = structuredClone(chance.one(SETTINGS[key]));
    }
  }
  return copy;
}
