import type { Backend, NetworkName } from "./time_gradient.ts";

/**
 * The least milliseconds of a gradient, in a process of its own.
 *
 * @param network Which network of `time_gradient.ts`.
 * @param backend On what.
 * @param passes How many passes the process makes.
 */
export async function timeNetwork(
  network: NetworkName,
  backend: Backend,
  passes: number,
): Promise<number> {
  const script = new URL("time_gradient.ts", import.meta.url).href;
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", script, network, backend, `${passes}`],
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`${network} on ${backend} failed`);
  return JSON.parse(new TextDecoder().decode(stdout));
}
