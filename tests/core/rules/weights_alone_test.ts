import { readWeights } from "../../../src/load/read_weights.ts";
import { measureWeights } from "../../../src/checkpoint/measure_checkpoint.ts";
import type { Measurements } from "../../../src/core/measure/measurements.ts";
import type { FileTensor } from "../../../src/files/weights_file.ts";
import { allRules } from "../../../src/core/rules/register_rule.ts";
import { runRules } from "../../../src/core/rules/judge_rule.ts";
import { drawnBy } from "../../../src/core/rules/weights/weights_alone.ts";
import { fixture } from "../../torch/fixture.ts";
import { assert, assertEquals } from "@std/assert";

const measured = async (name: string) => measureWeights(await readWeights(fixture(name)));

const found = (measurements: Measurements) =>
  runRules(measurements, { trained: false })
    .map(({ rule, kind, layer, severity }) => `${severity} ${rule} ${kind} ${layer}`);

/** Weights of given entries, as a file has them. */
const weights = (tensors: Record<string, [shape: number[], values: Float32Array]>) =>
  measureWeights({
    path: "made.safetensors",
    format: "safetensors",
    notes: [],
    tensors: Object.entries(tensors).map(([name, [shape, values]]): FileTensor => ({
      name,
      shape,
      type: "float32",
      read: () => Float32Array.from(values),
    })),
  });

/** Numbers of exactly that standard deviation, with the tails of a normal distribution. */
function normal(count: number, std: number): Float32Array {
  let state = 7;
  const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
  const drawn = Array.from(
    { length: count },
    () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
  );
  const mean = drawn.reduce((sum, x) => sum + x, 0) / count;
  const is = Math.sqrt(drawn.reduce((sum, x) => sum + (x - mean) ** 2, 0) / count);
  return Float32Array.from(drawn, (x) => std * (x - mean) / is);
}

Deno.test("six rules judge weights alone, and the others are silent", async () => {
  const judging = allRules().filter(({ weightsAlone }) => weightsAlone).map(({ name }) => name);
  assertEquals(judging.sort(), [
    "bias-init",
    "blocks-alike",
    "half-precision",
    "init-scale",
    "non-finite",
    "symmetry",
  ]);
  assertEquals(found(await measured("mlp.safetensors")), []);
  assertEquals(found(await measured("words.pt")), []);
});

Deno.test("runRules() finds in weights alone what they alone show", async () => {
  assertEquals(found(await measured("drawn.safetensors")), [
    "error non-finite spread broken",
    "error init-scale too-large huge",
    "warning symmetry constant flat",
    "warning symmetry zero-units idle",
  ]);
});

Deno.test("drawnBy() names the initialisers that PyTorch drew with", async () => {
  const { layers } = await measured("drawn.safetensors");
  const named = layers.map((layer) => [layer.name, drawnBy(layer, layer.weights[0])]);
  assertEquals(Object.fromEntries(named), {
    he: "He normal",
    glorot: "Glorot uniform",
    orthogonal: "orthogonal",
    small: "N(0, 0.02)",
    default: "PyTorch's default",
    // No draw has rows of zeros.
    idle: null,
    huge: null,
    flat: null,
    broken: null,
  });
});

Deno.test("init-scale judges a kernel alone by twice He and a tenth of the smallest draw", () => {
  const he = Math.sqrt(2 / 50);
  const kinds = (std: number) =>
    found(
      weights({
        "fc.weight": [[40, 50], normal(2000, std)],
        "b.weight": [[40, 50], normal(2000, he)],
      }),
    )
      .map((line) => line.split(" ").slice(0, 3).join(" "));
  assertEquals(kinds(1.85 * he), []);
  assertEquals(kinds(2.15 * he), ["warning init-scale too-large"]);
  assertEquals(kinds(95 * he), ["warning init-scale too-large"]);
  assertEquals(kinds(215 * he), ["error init-scale too-large"]);
  const least = 1 / Math.sqrt(3 * 50);
  assertEquals(kinds(0.11 * least), []);
  assertEquals(kinds(0.09 * least), ["warning init-scale too-small"]);
});

Deno.test("init-scale allows a small kernel alone what it is off by chance, and draws of a fixed spread", () => {
  const kinds = (shape: number[], values: Float32Array) =>
    found(weights({ "fc.weight": [shape, values] }))
      .filter((line) => line.includes("init-scale"))
      .map((line) => line.split(" ")[2]);
  const signs = (rows: number, width: number, std: number) =>
    kinds(
      [rows, width],
      Float32Array.from({ length: rows * width }, (_, i) => i % 2 ? std : -std),
    );
  // A tenth of PyTorch's default for 8 inputs is 0.0204; 64 entries are off by up to 35 %.
  const least = 0.1 / Math.sqrt(3 * 8);
  assertEquals(signs(8, 8, 0.76 * least), []);
  assertEquals(signs(8, 8, 0.72 * least), ["too-small"]);
  const orthogonal = 0.1 / Math.sqrt(8000);
  assertEquals(signs(8000, 8, orthogonal), []);
  assertEquals(signs(8000, 8, 0.97 * orthogonal), ["too-small"]);
  // Of 50 outputs, it is 0.014; no other distribution may have 0.01.
  assertEquals([kinds([50, 4], normal(200, 0.01)), signs(50, 4, 0.01)], [[], ["too-small"]]);
});

Deno.test("init-scale lets the second factor of a LoRA be small, not the first, nor be large", () => {
  const kinds = (name: string, std: number) =>
    found(weights({ [name]: [[80, 50], normal(4000, std)] }))
      .filter((line) => line.includes("init-scale"))
      .map((line) => line.split(" ")[2]);
  for (const name of ["q_proj.lora_B", "q_proj.lora_B.default", "lora_up", "to_q_lora.up"]) {
    assertEquals(kinds(`${name}.weight`, 1e-3), [], name);
    assertEquals(kinds(`${name}.weight`, 9), ["too-large"], name);
  }
  assertEquals(kinds("q_proj.lora_A.weight", 1e-3), ["too-small"]);
  assertEquals(kinds("q_proj.colora_B.weight", 1e-3), ["too-small"]);
});

Deno.test("init-scale has no verdict on a kernel alone that has fewer than 32 entries, is constant or not finite", () => {
  const kinds = (shape: number[], values: Float32Array) =>
    found(weights({ "fc.weight": [shape, values] })).filter((line) => line.includes("init-scale"));
  assertEquals(kinds([4, 8], normal(32, 99)).length, 1);
  assertEquals(kinds([4, 7], normal(28, 99)), []);
  assertEquals(kinds([4, 8], new Float32Array(32).fill(99)), []);
  assertEquals(kinds([4, 8], normal(32, 99).fill(NaN, 0, 1)), []);
});

Deno.test("init-scale has no error where a layer of the file normalises", () => {
  const huge: [number[], Float32Array] = [[40, 50], normal(2000, 100)];
  const ones = Float32Array.from({ length: 40 }, () => 1);
  const norm: Parameters<typeof weights>[0] = {
    "n.weight": [[40], ones],
    "n.bias": [[40], new Float32Array(40)],
  };
  const severities = (all: Parameters<typeof weights>[0]) =>
    found(weights(all)).map((line) => line.split(" ")[0]);
  assertEquals(severities({ "a.weight": huge }), ["error"]);
  assertEquals(severities({ "a.weight": huge, ...norm }), ["warning"]);
});

Deno.test("bias-init judges biases alone against z of inputs of rms 1", () => {
  const std = 1 / Math.sqrt(64);
  const kinds = (bias: number) =>
    found(weights({
      "a.weight": [[64, 64], normal(4096, std)],
      "a.bias": [[64], Float32Array.from({ length: 64 }, (_, i) => i % 2 ? bias : -bias)],
      "fc.weight": [[10, 64], normal(640, std)],
    }));
  assertEquals(kinds(0.09), []);
  assertEquals(kinds(0.11), ["warning bias-init hidden a"]);
});

Deno.test("symmetry allows a table one row of zeros, for padding", () => {
  const table = (rows: number) => {
    const values = normal(800, 1);
    values.fill(0, 0, 8 * rows);
    return found(weights({ "embedding.weight": [[100, 8], values] }));
  };
  assertEquals(table(1), []);
  assertEquals(table(2), ["warning symmetry zero-units embedding"]);
});

Deno.test("symmetry allows kernels of zeros alone, as at the end of a branch, unless all are", () => {
  const zeros: [number[], Float32Array] = [[8, 8], new Float32Array(64)];
  const drawn: [number[], Float32Array] = [[8, 8], normal(64, 0.3)];
  const other: [number[], Float32Array] = [[8, 8], normal(64, 0.31)];
  assertEquals(found(weights({ "a.weight": drawn, "b.weight": zeros, "c.weight": other })), []);
  assertEquals(found(weights({ "a.weight": zeros, "b.weight": zeros })), [
    "error symmetry constant a",
  ]);
});

Deno.test("rules for untrained networks only note what they find in trained weights", async () => {
  const findings = runRules(await measured("drawn.safetensors"), { trained: true });
  assert(findings.length > 3);
  for (const { rule, severity } of findings) {
    assertEquals(severity, rule === "non-finite" ? "error" : "note");
  }
});

Deno.test("weights alone count as trained if no kernel has the shape of a draw", () => {
  const severity = (...kernels: Float32Array[]) =>
    runRules(weights(Object.fromEntries(
      kernels.map((values, i) => [`fc${i}.weight`, [[20, values.length / 20], values]]),
    ))).find(({ rule }) => rule === "init-scale")?.severity;
  // Far from normal and uniform: the mean size is half of the rms.
  const skewed = (count: number) =>
    Float32Array.from({ length: count }, (_, i) => 0.2 * (1 + Math.sin(i * i)) ** 5);
  assertEquals(severity(skewed(400)), "note");
  assertEquals(severity(skewed(400), normal(400, 2)), "warning");
  assertEquals(severity(skewed(240)), "warning");
  assertEquals(
    severity(Float32Array.from({ length: 400 }, (_, i) => (7 * i % 400) / 100)),
    "warning",
  );
});

Deno.test("half-precision finds weights that overflow in fp16, or that a scale of fp8 cannot hold", () => {
  const with16 = (largest: number) => {
    const values = normal(2000, 0.1);
    values[77] = largest;
    return found(
      weights({ "fc.weight": [[40, 50], values], "b.weight": [[40, 50], normal(2000, 0.1)] }),
    )
      .filter((line) => line.includes("half-precision"));
  };
  const fp8 = "note half-precision fp8-underflow fc";
  assertEquals(with16(-65535), [fp8]);
  assertEquals(with16(-65536), ["warning half-precision overflow fc", fp8]);
  assertEquals(with16(100), []);
  assertEquals(with16(Infinity), []);
});
