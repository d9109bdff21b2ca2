import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { withGateFolder } from "./gate_folder.ts";
import { runCommand } from "./run_command.ts";

const LAYERS = `const layers = (tf, seed) => [
  tf.layers.dense({
    units: 4, activation: "tanh", inputShape: [3],
    kernelInitializer: tf.initializers.glorotNormal({ seed: seed + 1 }),
  }),
  tf.layers.dense({ units: 1, kernelInitializer: tf.initializers.glorotNormal({ seed: seed + 2 }) }),
];
`;
const CREATE = `export async function createModel({ tf, seed }) {
  BEFORE
  const model = tf.sequential({ layers: layers(tf, seed) });
  AFTER
  return model;
}
`;
const BATCH = `export async function createBatch({ tf, examples }) {
  const inputs = tf.linspace(-1, 1, examples * 3).reshape([examples, 3]);
  DURING
  return { inputs };
}
`;

/** A module of the same small network, with statements at several places. */
const network = ({ first = "", before = "", after = "", batch = "" }): string =>
  `${first}\n${LAYERS}${CREATE.replace("BEFORE", before).replace("AFTER", after)}` +
  (batch === "" ? "" : BATCH.replace("DURING", batch));

/** The model.json of one layer after an input of a shape. */
function modelFile(shape: number[], className: string, config: object): object {
  const layers = [
    {
      class_name: className,
      config: { name: "layer", batch_input_shape: [null, ...shape], dtype: "float32", ...config },
    },
  ];
  return {
    format: "layers-model",
    modelTopology: { class_name: "Sequential", config: { name: "sequential", layers } },
    weightsManifest: [],
  };
}

const IMPORT = `import * as imported from "${import.meta.resolve("@tensorflow/tfjs")}";`;

const REMOVE = 'tf.removeBackend("wasm");';

/** Files whose pass cannot be made, and what is said of each. */
const FAILING: Record<string, { content: unknown; says: string }> = {
  "up.json": {
    content: modelFile([1, 1, 1], "UpSampling2D", { size: [30000, 30001], data_format: null }),
    says:
      "with which a pass of model sequential would take about 7.2 GiB, expected less than the 4 GiB",
  },
  "zeros.js": {
    content: network({ before: "tf.zeros([40000, 40000]);" }),
    says: "The WASM heap, which can have 4 GiB, has no room for another 5.96 GiB",
  },
  "trap.js": {
    content: network({ after: "tf.backend().wasm.HEAPU8.fill(255);" }),
    says: "the WASM backend of TensorFlow.js broke down (memory access out of bounds)",
  },
  "remove_first.js": {
    content: network({ first: `${IMPORT}\nimported.removeBackend("wasm");` }),
    says: "The WASM backend of TensorFlow.js was removed",
  },
  "remove_before.js": {
    content: network({ before: REMOVE }),
    says: "The WASM backend of TensorFlow.js was removed",
  },
  "remove_and_throw.js": {
    content: network({ before: REMOVE, after: "null.x;" }),
    says: "The WASM backend of TensorFlow.js was removed",
  },
  "remove_batch.js": {
    content: network({ batch: REMOVE }),
    says: "The WASM backend of TensorFlow.js was removed",
  },
  "reset.js": {
    content: network({ before: 'tf.engine().reset(); await tf.setBackend("wasm");' }),
    says: "The WASM backend of TensorFlow.js was removed",
  },
  "cpu_call.js": {
    content: network({
      after: `const { call } = model.layers[0];
        model.layers[0].call = function (...args) {
          tf.setBackend("cpu");
          return call.apply(this, args);
        };`,
    }),
    says: 'The code of the model made "cpu" the active backend of TensorFlow.js',
  },
};

/** Modules that make another backend active, which is made good. */
const SWITCHING: Record<string, string> = {
  "top level": network({ first: `${IMPORT}\nawait imported.setBackend("cpu");` }),
  createModel: network({ before: 'await tf.setBackend("cpu");' }),
  "end of createModel": network({ after: 'tf.setBackend("cpu");' }),
};

for (const jobs of ["1", "2"]) {
  Deno.test(`check --jobs ${jobs} measures the models after one that broke the engine`, async () => {
    const names = Object.keys(FAILING);
    // A good one follows each that fails, and each that fails is run twice.
    const good = names.map((_, i) => `good${i}.js`);
    const files = Object.fromEntries([
      ...names.map((name) => [name, FAILING[name].content]),
      ...good.map((name) => [name, network({})]),
    ]);
    await withGateFolder([], files, async (cwd) => {
      const { code, stdout, stderr } = await runCommand(
        [
          "check",
          ...names.flatMap((name, i) => [name, good[i]]),
          "--no-config",
          "--trial",
          "off",
          "--quiet",
          "--seeds",
          "2",
          "--jobs",
          jobs,
          "--reporter",
          "json",
        ],
        { cwd },
      );
      assertEquals(code, 2, stderr);
      const errors = stderr.split("\n").filter((line) => line.startsWith("error: "));
      for (const [name, { says }] of Object.entries(FAILING)) {
        const lines = errors.filter((line) => line.startsWith(`error: ${name}`));
        // Top-level code runs once in a process, or in a worker.
        const times = name === "remove_first.js" ? [1, 2] : [2];
        assert(times.includes(lines.length), `${name} in ${stderr}`);
        for (const line of lines) assertStringIncludes(line, says);
      }
      assert(errors.every((line) => !line.startsWith("error: good")), stderr);
      for (const name of good) assertStringIncludes(stdout, `"source": "${name}"`);
    });
  });
}

Deno.test("check measures a model that made another backend active as if it had not", async () => {
  const check = async (content: string) => {
    let stdout = "";
    await withGateFolder([], { "net.js": content }, async (cwd) => {
      const args = [
        "check",
        "net.js",
        "--no-config",
        "--trial",
        "off",
        "--quiet",
        "--reporter",
        "json",
      ];
      const outcome = await runCommand(args, { cwd });
      assertEquals(outcome.stderr, "");
      stdout = outcome.stdout;
    });
    return stdout;
  };
  const expected = await check(network({}));
  assertStringIncludes(expected, '"backend": "wasm"');
  for (const [place, content] of Object.entries(SWITCHING)) {
    assertEquals(await check(content), expected, place);
  }
  const batch = await check(network({ batch: "tf.add(1, 1);" }));
  assertEquals(await check(network({ batch: 'await tf.setBackend("cpu");' })), batch);
});

Deno.test("sweep says what a model did to the backend, and makes another active backend good", async () => {
  const sweep = async (content: string) => {
    let outcome = { code: 0, stdout: "", stderr: "" };
    await withGateFolder([], { "net.js": content }, async (cwd) => {
      const args = ["sweep", "net.js", "--scale", "0.5,1", "--seeds", "2", "--quiet"];
      outcome = await runCommand(args, { cwd });
    });
    return outcome;
  };
  const good = await sweep(network({}));
  assertEquals(good.code, 0, good.stderr);
  const batch = await sweep(network({ batch: "tf.add(1, 1);" }));
  assertEquals(await sweep(SWITCHING["createModel"]), good);
  assertEquals(await sweep(network({ batch: 'await tf.setBackend("cpu");' })), batch);
  for (const place of [{ before: REMOVE }, { batch: REMOVE }]) {
    const removed = await sweep(network(place));
    assertEquals(removed.code, 2);
    assertStringIncludes(removed.stderr, "The WASM backend of TensorFlow.js was removed");
  }
});
