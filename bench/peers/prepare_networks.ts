import { runProcess } from "./run_process.ts";
import type { Pythons } from "./venvs.ts";

const script = (name: string) => new URL(name, import.meta.url).pathname;

/** Seconds that all networks may take to be written. */
const PATIENCE = 600;

/**
 * Writes networks as Keras and PyTorch save them, with their batches.
 *
 * @param size `small`, `full`, or the width and batch of the dense network: `1024x256`.
 * @param names Which; default: all of them.
 */
export async function prepareNetworks(
  { keras, torch }: Pythons,
  folder: string,
  size: string,
  names: readonly string[] = [],
): Promise<void> {
  const args = [folder, size, ...names];
  await runProcess([keras, script("write_networks.py"), ...args], PATIENCE);
  await runProcess([torch, script("write_torch_networks.py"), ...args], PATIENCE);
}

/** The names of the networks in a folder. */
export const networksIn = (folder: string): string[] =>
  Object.keys(JSON.parse(Deno.readTextFileSync(`${folder}/networks.json`)));
