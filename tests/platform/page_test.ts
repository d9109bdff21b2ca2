import { assertEquals } from "@std/assert";
import { readWeights } from "../../src/load/read_weights.ts";

const ROOT = new URL("../../", import.meta.url);
const FILES = new URL("fixtures/files/", ROOT);

Deno.test("a page reads what its user drops on it, without files, as Deno does from a disk", async () => {
  const names = [
    "mlp.safetensors",
    "mlp.pt",
    ...[...Deno.readDirSync(new URL("keras/", FILES))]
      .map(({ name }) => `keras/${name}`).filter((name) => name.endsWith(".keras")).slice(0, 4),
  ];
  const dropped = names.map((
    name,
  ) => [name.split("/").at(-1)!, Deno.readFileSync(new URL(name, FILES)).toBase64()]);
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", new URL("page_reads.ts", import.meta.url).href],
    cwd: ROOT,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(dropped)));
  await writer.close();
  const { stdout, stderr } = await process.output();
  assertEquals(new TextDecoder().decode(stderr), "");
  const read = JSON.parse(new TextDecoder().decode(stdout));
  for (const name of names) {
    const { tensors } = await readWeights(new URL(name, FILES).pathname);
    assertEquals(
      read[name.split("/").at(-1)!],
      tensors.map((one) => [one.name, one.shape, one.read().reduce((a, b) => a + b, 0)]),
    );
  }
});
