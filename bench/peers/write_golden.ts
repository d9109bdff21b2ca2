import type { Figures } from "./figures.ts";
import { networksIn, prepareNetworks } from "./prepare_networks.ts";
import { runProcess } from "./run_process.ts";
import type { Peer } from "./peers.ts";
import type { Pythons } from "./venvs.ts";

/** Reference of a test: the figures of all peers on one small network. */
export type Golden = Record<string, Figures>;

/** The files of a network that a test reads. */
const FILES = [".keras", ".pt", ".safetensors", ".npz"];

/** Rounds to seven digits, the precision of float32. */
const short = (_: string, value: unknown) =>
  typeof value === "number" ? Number(value.toPrecision(7)) : value;

/**
 * Writes the small networks with their batches, and NAME.json with what PyTorch and Keras say of each.
 *
 * @param into The folder; `fixtures/files/peers`.
 */
export async function writeGolden(
  pythons: Pythons,
  peers: readonly Peer[],
  into: string,
): Promise<void> {
  const work = await Deno.makeTempDir();
  const folder = `${work}/small`;
  try {
    await prepareNetworks(pythons, folder, "small");
    await Deno.mkdir(into, { recursive: true });
    for (const network of networksIn(folder)) {
      const golden: Golden = {};
      for (const peer of peers.filter(({ warm }) => warm !== null)) {
        const words = peer.figures(folder, network);
        golden[peer.name] = JSON.parse((await runProcess(words, peer.limit)).output);
        if (peer.name !== "PyTorch") continue;
        golden["PyTorch, float64"] = JSON.parse(
          (await runProcess([...words, "--double"], peer.limit)).output,
        );
      }
      await Deno.writeTextFile(`${into}/${network}.json`, `${JSON.stringify(golden, short)}\n`);
      for (const end of FILES) {
        await Deno.copyFile(`${folder}/${network}${end}`, `${into}/${network}${end}`);
      }
    }
    await Deno.copyFile(`${folder}/networks.json`, `${into}/networks.json`);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
