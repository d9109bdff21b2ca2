import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { makeCheckpoint } from "../checkpoint/made_checkpoints.ts";
import { writeCheckpoint } from "../checkpoint/write_checkpoint.ts";
import { assertRefuses } from "./refuses.ts";
import { runCommand } from "./run_command.ts";

async function withCheckpoint(use: (folder: string) => Promise<void>) {
  const folder = await Deno.makeTempDir();
  try {
    const { tensors } = makeCheckpoint({
      fault: "times-30",
      seed: 3,
      blocks: 7,
      width: 32,
      dtype: "BF16",
    });
    await writeCheckpoint(`${folder}/w.safetensors`, tensors);
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const run = async (cwd: string, ...args: string[]) => {
  const { code, stdout, stderr } = await runCommand(args, { cwd });
  assertEquals(code, 0, stderr);
  return { stdout, stderr };
};

const part = (index: number, count: number) => [
  "report",
  "w.safetensors",
  "--shard",
  `${index}/${count}`,
  "--out",
  `part${index}.json`,
];

Deno.test("merge joins the parts of a report to the bytes of the whole", () =>
  withCheckpoint(async (folder) => {
    for (let index = 1; index <= 3; index++) await run(folder, ...part(index, 3), "--quiet");
    const parts = ["part3.json", "part1.json", "part2.json"];
    for (const format of ["text", "json", "html"]) {
      const show = ["--format", format, "--quiet"];
      const { stdout } = await run(folder, "merge", ...parts, ...show);
      assertEquals(stdout, (await run(folder, "report", "w.safetensors", ...show)).stdout, format);
    }
    await run(folder, "merge", ...parts, "--out", "whole.json", "--quiet");
    const whole = await run(folder, "report", "w.safetensors", "--format", "json", "--quiet");
    assertEquals(await Deno.readTextFile(`${folder}/whole.json`), whole.stdout);
  }));

Deno.test("whole numbers are shown in each format, and merge joins those of the parts", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = new URL("../../fixtures/files/whole/whole.safetensors", import.meta.url);
    await Deno.copyFile(file, `${folder}/w.safetensors`);
    for (let index = 1; index <= 3; index++) await run(folder, ...part(index, 3), "--quiet");
    const shown: Record<string, string> = {};
    for (const format of ["text", "json", "html"]) {
      const show = ["--format", format, "--quiet"];
      const whole = await run(folder, "report", "w.safetensors", ...show);
      const parts = ["part2.json", "part1.json", "part3.json"];
      assertEquals((await run(folder, "merge", ...parts, ...show)).stdout, whole.stdout, format);
      shown[format] = whole.stdout.replace(/\s+/g, " ");
    }
    const { weightsOnly: { wholeNumbers } } = JSON.parse(shown.json);
    assertEquals(wholeNumbers.length, 18);
    assertStringIncludes(shown.text, "Whole numbers: 18 tensors");
    const range = "-9223372036854775808 to 9223372036854775807";
    assertStringIncludes(shown.text, `across.int64: int64 [17, 24], ${range}`);
    assertStringIncludes(
      shown.text,
      "table.int16: int16 [24, 17], -32,768 to 32,767, 4% zeros, 1 zero row, 1 constant row, 1 repeated row",
    );
    assertStringIncludes(shown.text, "and 6 more: --format json");
    assertStringIncludes(shown.html, `<td>int64 [17, 24]<td>${range}<td>`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a page of whole numbers and constants has no section without a drawing", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const header = new TextEncoder().encode(JSON.stringify({
      step: { dtype: "I64", shape: [1], data_offsets: [0, 8] },
      scale: { dtype: "F32", shape: [4], data_offsets: [8, 24] },
    }));
    const bytes = new Uint8Array(8 + header.length + 24);
    bytes[0] = header.length;
    bytes.set(header, 8);
    await Deno.writeFile(`${folder}/w.safetensors`, bytes);
    const { stdout } = await run(folder, "report", "w.safetensors", "--format", "html", "--quiet");
    assertStringIncludes(stdout, "Whole numbers</h2>");
    assert(!stdout.includes("Distributions"));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("parts of a report have each layer once, and about as many bytes", () =>
  withCheckpoint(async (folder) => {
    const seen: string[] = [];
    const sizes: number[] = [];
    for (let index = 1; index <= 3; index++) {
      await run(folder, ...part(index, 3), "--quiet");
      const { measurements } = JSON.parse(await Deno.readTextFile(`${folder}/part${index}.json`));
      seen.push(...measurements.layers.map(({ name }: { name: string }) => name));
      sizes.push(
        measurements.layers.flatMap((layer: { weights: { values: { count: number } }[] }) =>
          layer.weights.map(({ values }) => values.count)
        ).reduce((a: number, b: number) => a + b, 0),
      );
    }
    assertEquals(new Set(seen).size, seen.length);
    assert(Math.max(...sizes) < 1.2 * Math.min(...sizes), sizes.join());
  }));

Deno.test("report --shard keeps a part that is there, and writes a damaged or old one again", () =>
  withCheckpoint(async (folder) => {
    const path = `${folder}/part1.json`;
    // A part is newer than its weights.
    await Deno.utime(`${folder}/w.safetensors`, new Date(0), new Date(0));
    await run(folder, ...part(1, 2), "--quiet");
    const text = await Deno.readTextFile(path);
    assertStringIncludes(
      (await run(folder, ...part(1, 2))).stderr,
      "part1.json has this part already",
    );
    await Deno.writeTextFile(path, text.slice(0, 1000));
    await run(folder, ...part(1, 2), "--quiet");
    assertEquals(await Deno.readTextFile(path), text);
    const later = new Date(Date.now() + 60_000);
    await Deno.utime(`${folder}/w.safetensors`, later, later);
    assertEquals((await run(folder, ...part(1, 2))).stderr.includes("already"), false);
  }));

Deno.test("merge names a part that is missing, twice or of other weights", () =>
  withCheckpoint(async (folder) => {
    for (const index of [1, 2]) await run(folder, ...part(index, 3), "--quiet");
    const cwd = { cwd: folder };
    const refuses = async (args: string[], sentence: string) => {
      const { code, stderr } = await runCommand(["merge", ...args], cwd);
      assertEquals(code, 2);
      assertStringIncludes(stderr, sentence);
    };
    await refuses(["part1.json", "part2.json"], "Parts 3 of 3 are missing, expected all");
    await refuses(
      ["part1.json", "part1.json", "part2.json"],
      "part1.json is part 1 of 3, expected another than part1.json",
    );
    await run(folder, ...part(2, 2), "--quiet", "--force");
    await refuses(["part1.json", "part2.json"], "part2.json is one of 2 parts, expected 3");
    await writeCheckpoint(`${folder}/w.safetensors`, [
      { name: "a.weight", dtype: "F32", shape: [40, 30] },
    ]);
    await run(folder, ...part(2, 3), "--quiet", "--force");
    await refuses(["part1.json", "part2.json"], "is a part of the report on other weights");
  }));

Deno.test("report refuses --shard without weights or --out, and flags of a whole report", async () => {
  const file = "fixtures/files/mlp.safetensors";
  await assertRefuses(
    ["report", "examples/digits.ts", "--shard", "1/2"],
    "--shard is given without a file",
  );
  await assertRefuses(["report", file, "--shard", "1/2"], "--shard is given without --out FILE");
  await assertRefuses(
    ["report", file, "--shard", "1/2", "--out", "x.json", "--details"],
    "--details is given with --shard",
  );
});
