import { assert, assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import type { Tensor } from "../../src/engine/tensorflow.ts";
import { type AtenValue, axisOf, WholeFloat } from "../../src/torch/aten/aten_op.ts";
import { ATEN_OPS } from "../../src/torch/aten/aten_ops.ts";
import { bindArguments, callAten, parametersOf } from "../../src/torch/aten/schema.ts";
import { InputError } from "../../src/ground/words/input_error.ts";
import { assertRefused } from "../assert_refused.ts";
import { type AtenCase, readCases } from "./aten_cases.ts";
import { contextOf, differencesOf } from "./compare_case.ts";

const files = readCases();

Deno.test("each operation of ATen computes what PyTorch does, and its gradients", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const given of files.flatMap(({ cases }) => cases)) {
    await t.step(`${given.op} ${JSON.stringify(given.args).slice(0, 100)}`, () => {
      const before = tf.memory().numTensors;
      const faults = tf.tidy(() => differencesOf(tf, given) as never) as unknown as string[];
      assertEquals(faults, []);
      assertEquals(tf.memory().numTensors, before);
    });
  }
});

const cased = new Set(files.flatMap(({ cases }) => cases.map(({ op }) => op)));

Deno.test("each operation of ATen has a case, and there are at least 180", () => {
  const missing = Object.keys(ATEN_OPS).filter((name) => !cased.has(name));
  assertEquals(missing, []);
  assert(Object.keys(ATEN_OPS).length >= 180);
});

/** Names of operations whose functional form PyTorch lacks, or has with other arguments. */
const OWN_SCHEMAS = ["aten.bernoulli.float", "aten.normal.default", "aten.where.default"];

Deno.test("each schema is PyTorch's", () => {
  const plain = (schema: string) => {
    const parameters = parametersOf(schema.replaceAll(/\((?:a|a!|a -> \*|b\|a)\)/g, ""));
    const returns = schema.slice(schema.indexOf(") -> ")).replaceAll("(a)", "");
    return JSON.stringify([parameters, returns]);
  };
  for (const [name, schema] of files.flatMap(({ schemas }) => Object.entries(schemas))) {
    if (schema === null) assert(OWN_SCHEMAS.includes(name), `${name} is not PyTorch's`);
    else assertEquals(plain(ATEN_OPS[name].schema), plain(schema.replace("aten::", "")), name);
  }
});

Deno.test("each operation refuses unknown, superfluous, missing and mistyped arguments", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [name, { schema }] of Object.entries(ATEN_OPS)) {
    const bind = (positional: AtenValue[], named: Record<string, AtenValue> = {}) => () =>
      bindArguments(schema, { positional, named }, tf);
    assertThrows(bind([], { unheard_of: 1 }), InputError, `${name} has the argument "unheard_of"`);
    const parameters = parametersOf(schema);
    const positional = parameters.filter(({ isKeywordOnly }) => !isKeywordOnly);
    assertThrows(
      bind(new Array<AtenValue>(positional.length + 1).fill(null)),
      InputError,
      `${name} has ${positional.length + 1} positional arguments, expected at most`,
    );
    const required = parameters.find(({ otherwise, outer }) =>
      otherwise === undefined && outer[0] !== "?"
    );
    if (required === undefined || !CHECKED.includes(required.type)) continue;
    assertThrows(bind([]), InputError, `${name}: ${required.name} is missing, expected`);
    const wrong = bind([], { [required.name]: required.type === "str" ? 1 : "wrong" });
    if (required.type === "ScalarType") continue;
    assertThrows(
      wrong,
      InputError,
      `${name}: ${required.name} is ${required.type === "str" ? 1 : '"wrong"'}, expected`,
    );
  }
});

/** Types whose values are checked; what a device or a generator is does not matter. */
const CHECKED = ["Tensor", "Scalar", "float", "int", "SymInt", "bool", "str", "ScalarType"];

Deno.test("an integer that does not fit 32 bits is refused", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const run = (name: string, ...positional: AtenValue[]) => () =>
    tf.tidy(() => {
      const result = callAten(ATEN_OPS[name], { positional, named: {} }, contextOf(tf, EMPTY, {}));
      return (result as Tensor).dataSync()[0] as never;
    });
  const ints = (...values: number[]) => tf.tensor1d(values, "int32");
  const message = "An integer is 2147483648, expected one of 32 bits";
  assertThrows(run("aten.mul.Tensor", ints(2 ** 30), ints(2)), InputError, message);
  assertThrows(run("aten.full.default", [1], 2 ** 31), InputError, message);
  assertThrows(run("aten.pow.Tensor_Scalar", ints(2), 31), InputError, message);
  assertThrows(run("aten.masked_fill.Scalar", ints(1), tf.tensor1d([true]), 2 ** 31), InputError);
  assertThrows(run("aten.arange.start", 2 ** 31 - 1, 2 ** 31 + 1), InputError, message);
  assertEquals<unknown>(run("aten.mul.Tensor", ints(2 ** 30), ints(-2))(), -(2 ** 31));
  assertEquals<unknown>(run("aten.full.default", [1], 2 ** 31 - 1)(), 2 ** 31 - 1);
});

Deno.test("a power of 0 with the exponent 0 has the gradient 0", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const slopesOf = (name: string, ...rest: AtenValue[]) =>
    tf.tidy(() => {
      const powers = (x: Tensor) => {
        const positional = [x, ...rest];
        return callAten(ATEN_OPS[name], { positional, named: {} }, contextOf(tf, EMPTY, {}));
      };
      // An input that nothing depends on has no gradient.
      const sum = (x: Tensor) => tf.add(tf.sum(powers(x) as Tensor), tf.sum(tf.step(x)));
      return [...tf.grad(sum as never)(tf.tensor1d([0, 2])).dataSync()] as never;
    }) as unknown as number[];
  assertEquals(slopesOf("aten.pow.Tensor_Scalar", 0), [0, 0]);
  assertEquals(slopesOf("aten.float_power.Tensor_Scalar", 0), [0, 0]);
  // 1 + x + x ** 2, as torch.vander gives it.
  assertEquals(slopesOf("aten.vander.default", 3), [1, 5]);
});

Deno.test("axisOf() counts axes from either end, and refuses those beyond", () => {
  assertEquals([-3, 0, 2].map((dim) => axisOf(dim, 3)), [0, 0, 2]);
  for (const dim of [-4, 3]) {
    const parts = { place: "dim", found: `${dim}`, expected: "-3 to 2" };
    assertRefused(() => axisOf(dim, 3), parts);
  }
});

Deno.test("argmax keeps the axes of a tensor that it searches whole, and randperm swaps by its draws", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const run = (name: string, positional: AtenValue[], uniform: AtenCase["uniform"] = []) =>
    callAten(ATEN_OPS[name], { positional, named: {} }, contextOf(tf, { ...EMPTY, uniform }, {}));
  const x = tf.tensor2d([[1, 3], [2, 0]]);
  assertEquals((run("aten.argmax.default", [x, null, true]) as Tensor).arraySync(), [[1]]);
  for (const [draw, order] of [[0.4, [1, 0]], [0.6, [0, 1]]] as const) {
    const uniform = [{ shape: [2], data: [draw, draw] }];
    const drawn = run("aten.randperm.default", [2], uniform) as Tensor;
    assertEquals([...drawn.dataSync()], [...order]);
  }
});

Deno.test("a whole float makes an integer a float, and a whole number does not", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const ints = tf.tensor1d([1, 2], "int32");
  const two = new WholeFloat(2);
  const rows: [name: string, given: (two: AtenValue) => AtenValue[]][] = [
    ["aten.add.Scalar", (two) => [ints, two]],
    ["aten.mul.Tensor", (two) => [ints, two]],
    ["aten.pow.Tensor_Scalar", (two) => [ints, two]],
    ["aten.remainder.Scalar", (two) => [ints, two]],
    ["aten.clamp.default", (two) => [ints, two]],
    ["aten.where.ScalarOther", (two) => [tf.tensor1d([true, false]), ints, two]],
    ["aten.full.default", (two) => [[3], two]],
    ["aten.arange.default", (two) => [two]],
  ];
  for (const [name, given] of rows) {
    const dtypeOf = (positional: AtenValue[]) => {
      const call = { positional, named: {} };
      return (callAten(ATEN_OPS[name], call, contextOf(tf, EMPTY, {})) as Tensor).dtype;
    };
    assertEquals([dtypeOf(given(2)), dtypeOf(given(two))], ["int32", "float32"], name);
  }
  const fill = { positional: [ints, two], named: {} };
  const filled = callAten(ATEN_OPS["aten.fill.Scalar"], fill, contextOf(tf, EMPTY, {})) as Tensor;
  assertEquals(filled.dtype, "int32");
});

const EMPTY: AtenCase = { op: "", args: [], out: [] };
