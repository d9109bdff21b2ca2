import { assert, assertEquals } from "@std/assert";
import { withGateFolder } from "../cli/gate_folder.ts";
import { wideLayers } from "../cli/wide_layers.ts";
import { modulesIn } from "../read_imports.ts";

const ROOT = new URL("../../", import.meta.url);

async function run(args: string[], cwd: string | URL = ROOT) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Runs a script in a process of its own, where no test has imported TensorFlow.js, and reads what it prints. */
async function evaluate(script: string): Promise<unknown> {
  const path = new URL("src/engine/start/import_tensorflow.ts", ROOT).href;
  const { stdout, stderr } = await run([
    "eval",
    `import { importTensorFlow, showTensorFlow } from "${path}";\n${script}`,
  ]);
  return JSON.parse(stdout || stderr);
}

Deno.test("importTensorFlow() imports the same modules, whether others see them or not", async () => {
  const script = `
    showTensorFlow(false);
    const parts = await importTensorFlow();
    const methods = () => Object.getOwnPropertyNames(parts.Tensor.prototype).sort();
    const before = methods();
    showTensorFlow(true);
    const whole = await importTensorFlow();
    const own = ["default", "module.exports", "version"];
    const names = Object.keys(parts).filter((name) => !own.includes(name));
    const others = names.filter((name) => parts[name] !== whole[name]);
    const missing = Object.keys(whole).filter((name) => !(name in parts));
    const versions = [parts.version.tfjs, whole.version.tfjs];
    console.log(JSON.stringify({
      enough: names.length > 400, others, versions,
      methods: JSON.stringify(before) === JSON.stringify(methods()), chained: before.includes("reshape"),
      data: missing.includes("data"), engine: parts.engine() === whole.engine(),
    }));
    Deno.exit();`;
  assertEquals(await evaluate(script), {
    enough: true,
    others: [],
    methods: true,
    chained: true,
    versions: ["4.22.0", "4.22.0"],
    data: true,
    engine: true,
  });
});

Deno.test("chainMethods() gives methods that compute what those of the whole package do", async () => {
  const script = `
    showTensorFlow(false);
    const tf = await importTensorFlow();
    await tf.setBackend("cpu");
    const x = tf.tensor2d([[1, -2, 3, 4], [5, 6, -7, 8]]);
    const calls = {
      add: [1], argMax: [1], as1D: [], as2D: [4, 2], as3D: [2, 2, 2], as4D: [1, 2, 2, 2],
      as5D: [1, 2, 2, 2, 1], asType: ["int32"], clipByValue: [-1, 4], concat: [x, 1], flatten: [],
      greater: [2], matMul: [x, false, true], max: [0], mean: [1], neg: [], norm: [], pad: [[[1, 0], [0, 1]]],
      reshape: [[4, 2]], reshapeAs: [tf.zeros([4, 2])], sign: [], slice: [[0, 1]], softmax: [], split: [2],
      square: [], stack: [[x, x]], stridedSlice: [[0, 0], [2, 4], [1, 3]], sub: [x], sum: [], tile: [[1, 2]],
      toBool: [], toFloat: [], toInt: [], topk: [2], transpose: [], unstack: [], where: [x.greater(0), tf.neg(x)],
    };
    const results = () => JSON.stringify(Object.entries(calls).map(([name, args]) => {
      const made = [x[name](...args)].flat();
      return [name, made.flatMap((one) => Object.values(one.values ? one : { one }))
        .map((one) => [one.dtype, one.shape, ...one.dataSync()])];
    }));
    const picture = tf.ones([1, 2, 2, 1]);
    const resized = () => [picture.resizeBilinear([3, 4]), picture.resizeNearestNeighbor([4, 3]),
      tf.scalar(3).reshape([1]).asScalar()].map(({ shape }) => shape);
    const before = [results(), resized()];
    showTensorFlow(true);
    await importTensorFlow();
    const after = [results(), resized()];
    console.log(JSON.stringify([JSON.stringify(before) === JSON.stringify(after), before[0].length > 1000]));
    Deno.exit();`;
  assertEquals(await evaluate(script), [true, true]);
});

Deno.test("importTensorFlow() imports the whole where nobody has said otherwise", async () => {
  const script = `
    const { data, Tensor } = await importTensorFlow();
    console.log(JSON.stringify([data !== undefined, "reshape" in Tensor.prototype]));
    Deno.exit();`;
  assertEquals(await evaluate(script), [true, true]);
});

/** The rooms that compute with TensorFlow.js when the command line measures a file. */
const ROOMS = ["cli", "core", "engine", "files", "keras", "load", "torch"];

Deno.test("the program uses nothing of TensorFlow.js that its parts lack", async () => {
  const script = `
    showTensorFlow(false);
    const parts = Object.keys(await importTensorFlow());
    showTensorFlow(true);
    const whole = Object.keys(await importTensorFlow());
    console.log(JSON.stringify({ whole, lacking: whole.filter((name) => !parts.includes(name)) }));
    Deno.exit();`;
  const { whole, lacking } = await evaluate(script) as { whole: string[]; lacking: string[] };
  assert(lacking.includes("data") && lacking.includes("loadGraphModel"), `${lacking}`);
  const used = new Set<string>();
  for (const room of ROOMS) {
    for await (const module of modulesIn(new URL(`src/${room}/`, ROOT))) {
      const code = (await Deno.readTextFile(module)).replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
      for (const [, name] of code.matchAll(/\btf\.(\w+)/g)) used.add(name);
      for (const [, names] of code.matchAll(/\{([^{}]*)\} = (?:\w+\.)*tf\b/g)) {
        for (const name of names.split(",")) used.add(name.split(":")[0].trim());
      }
    }
  }
  const known = [...used].filter((name) => whole.includes(name));
  assert(known.length > 100, `${known}`);
  assertEquals(lacking.filter((name) => used.has(name)), []);
});

/** It is handed the engine's TensorFlow.js. */
const REGISTER = `export function register({ tf }) {
  if (tf.data === undefined) throw new Error("tf is not whole");
}`;

Deno.test("a check imports the parts for data, and the whole for code", async () => {
  const files = { "register.ts": REGISTER, "wide_layers.ts": await wideLayers() };
  await withGateFolder(["relu_he"], files, async (cwd) => {
    const program = new URL("mod.ts", ROOT).href;
    const isWhole = async (...args: string[]) => {
      const flags = ["-A", "--no-check", "--log-level=debug"];
      const model = "relu_he/model.json";
      const { code, stderr } = await run(["run", ...flags, program, "check", model, ...args], cwd);
      assert(code < 2, stderr.slice(-2000));
      return stderr.includes("tfjs-backend-webgl");
    };
    assertEquals(await isWhole(), false);
    assertEquals(await isWhole("--register", "register.ts"), true);
    assertEquals(await isWhole("--plugin", "wide_layers.ts"), true);
  });
});
