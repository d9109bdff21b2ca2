import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { runRules } from "../../../src/core/rules/mod.ts";
import { describeFix, diagnose, fixCode } from "../../../src/core/diagnosis/mod.ts";
import { measureWeights } from "../../../src/entry/measure.ts";
import { readWeights } from "../../../src/entry/model.ts";
import { fixture, safetensors } from "../../torch/fixture.ts";

/** Numbers of a standard deviation of 1, always the same. */
const numbers = (count: number) =>
  Float32Array.from({ length: count }, (_, i) => Math.SQRT2 * Math.sin(i * i + i));

/** Returns the findings on a state dict of such tensors. */
async function diagnosisOf(tensors: Record<string, [shape: number[], scale: number]>) {
  let at = 0;
  const values: Float32Array[] = [];
  const header = Object.fromEntries(
    Object.entries(tensors).map(([name, [shape, scale]]) => {
      const own = numbers(shape.reduce((a, b) => a * b, 1)).map((value) => scale * value);
      values.push(own);
      return [name, { dtype: "F32", shape, data_offsets: [at, at += own.byteLength] }];
    }),
  );
  const bytes = safetensors(header, at);
  let end = bytes.length - at;
  for (const own of values) {
    bytes.set(new Uint8Array(own.buffer), end);
    end += own.byteLength;
  }
  const path = await Deno.makeTempFile({ suffix: ".safetensors" });
  await Deno.writeFile(path, bytes);
  const measurements = measureWeights(await readWeights(path));
  await Deno.remove(path);
  const { causes } = diagnose(measurements, runRules(measurements, { trained: false }));
  return causes.map(({ kind, message, fixes: [fix] }) => ({
    kind,
    message,
    text: describeFix(fix, measurements.layers),
    code: fixCode(fix),
  }));
}

const FINE: [number[], number] = [[32, 32], 1 / Math.sqrt(32)];

Deno.test("describeFix() says in PyTorch's words how weights alone are drawn", async () => {
  const measurements = measureWeights(await readWeights(fixture("drawn.safetensors")));
  const { causes } = diagnose(measurements, runRules(measurements, { trained: false }));
  const said = causes.flatMap(({ fixes }) => fixes).map((fix) =>
    `${describeFix(fix, measurements.layers)} ${fixCode(fix)}`
  );
  assert(said.every((text) => !/Initializer|heNormal|leCunNormal|tf\./.test(text)), said.join());
  assertStringIncludes(
    said.join("\n"),
    "Draw the kernels of flat, idle with nn.init.kaiming_normal_(m.weight, " +
      'nonlinearity="relu"). nn.init.kaiming_normal_(m.weight, nonlinearity="relu")  ' +
      "# where m is flat, idle",
  );
});

Deno.test("a kernel that PyTorch has the other way round is drawn by fan_out", async () => {
  for (
    const [name, shape, bias, mode] of [
      ["up", [32, 16, 3, 3], 16, 'mode="fan_out", '],
      ["attn.c_attn", [32, 96], 96, 'mode="fan_out", '],
      ["conv", [16, 32, 3, 3], 16, ""],
    ] as const
  ) {
    const [cause] = await diagnosisOf({
      [`${name}.weight`]: [[...shape], 100],
      [`${name}.bias`]: [[bias], 0],
      "fine.weight": FINE,
      "head.weight": FINE,
    });
    assertEquals(cause.kind, "kernel-scale");
    assertEquals(
      cause.code,
      `nn.init.kaiming_normal_(m.weight, ${mode}nonlinearity="linear")  # where m is ${name}`,
    );
  }
});

Deno.test("weights of a recurrent layer have their own names in a module without the layer's number", async () => {
  const [cause] = await diagnosisOf({
    "rnn.weight_ih_l0": [[128, 32], 100],
    "rnn.weight_hh_l0": [[128, 32], 101],
    "head.weight": FINE,
  });
  assertStringIncludes(cause.text, "Multiply the kernels of rnn.l0 by 1/");
  assertEquals(cause.code!.replaceAll(/\d+(?=\))/g, "N").split("\n"), [
    "m.weight_ih_l0.data.mul_(1 / N)  # where m is rnn",
    "m.weight_hh_l0.data.mul_(1 / N)  # where m is rnn",
  ]);
});

Deno.test("biases of weights alone are compared with z for inputs of rms 1, and start at 0 by nn.init", async () => {
  const [cause] = await diagnosisOf({
    "one.weight": FINE,
    "one.bias": [[32], 2],
    "head.weight": FINE,
  });
  assertEquals(cause.kind, "bias");
  const [, size, z] = /size (\S+), while z is only of size (\S+) for inputs of rms 1/.exec(
    cause.message,
  )!;
  assert(Math.abs(Number(size) - 2) < 0.4 && Math.abs(Number(z) - 1) < 0.1, cause.message);
  assertEquals(cause.code, "nn.init.zeros_(m.bias)  # where m is one");
});
