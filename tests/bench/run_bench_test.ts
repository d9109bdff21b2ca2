import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

/** Returns the output of `deno task bench` with these names. */
async function runBench(...names: string[]) {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", new URL("../../bench/run_bench.ts", import.meta.url).href]
      .concat(names),
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

Deno.test("run_bench prints the machine, one table, and how many targets are met", async () => {
  const { code, stdout, stderr } = await runBench("convolution");
  const [machine, versions, peak, , head, ...rest] = stdout.trimEnd().split("\n");
  assertMatch(machine, /^\d+ cores of .+, \d+ GiB, load \d+\.\d\d$/);
  assertMatch(versions, /^Deno \d+\.\S+, V8 \S+, TensorFlow\.js 4\.22\.0$/);
  assertMatch(peak, /^peak of one core: \d+\.\d G relaxed multiply-add operations a second$/);
  assertMatch(head, /^bench +what +figure +against +figure +ratio +target$/);
  const rows = rest.slice(0, -2);
  assertEquals(rows.length, 10);
  for (const row of rows) {
    assertMatch(
      row,
      /^convolution +.+\d ms +forward +[\d.]+ ms +\d+\.\d\d( +<= 1\.5 +(met|MISSED))?$/,
    );
  }
  const missed = rows.filter((row) => row.endsWith("MISSED")).length;
  assertEquals(rest.at(-1), `${5 - missed} met, ${missed} missed`);
  assertEquals(code, missed > 0 ? 1 : 0);
  // Progress is not part of the table.
  assertMatch(stderr, /^1\/1 convolution: \d+ s$/m);
});

Deno.test("run_bench names the benches where it knows none of a name", async () => {
  const { code, stdout, stderr } = await runBench("softmax");
  assertEquals([code, stdout], [2, ""]);
  assertMatch(
    stderr,
    /^error: bench softmax is unknown, expected one of cold_start, convolution, /,
  );
});

Deno.test("each bench exports its rows, and can be named", async () => {
  const { stderr } = await runBench("");
  const folder = new URL("../../bench/", import.meta.url);
  let count = 0;
  for await (const { name } of Deno.readDir(folder)) {
    if (!name.endsWith("_bench.ts") || name === "run_bench.ts") continue;
    count++;
    assertStringIncludes(stderr, name.replace("_bench.ts", ""));
    const text = await Deno.readTextFile(new URL(name, folder));
    assertStringIncludes(text, "export async function rows(): Promise<Row[]> {", name);
    // Its stdout is its rows.
    assert(!text.includes("console.log"), name);
  }
  assert(count >= 12);
});
