/**
 * Reads files of weights as a page does: from memory, without a permission.
 *
 * @module
 */
import { startPage } from "../../src/platform/page_host.ts";
import { readWeights } from "../../src/load/read_weights.ts";

const files = startPage();
const dropped: [name: string, base64: string][] = JSON.parse(
  await new Response(Deno.stdin.readable).text(),
);
const read: Record<string, [name: string, shape: number[], sum: number][]> = {};
for (const [name, base64] of dropped) {
  files.set(`/${name}`, Uint8Array.fromBase64(base64));
  const { tensors } = await readWeights(name);
  read[name] = tensors.map((one) => [one.name, one.shape, one.read().reduce((a, b) => a + b, 0)]);
}
console.log(JSON.stringify(read));
