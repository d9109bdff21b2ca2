/**
 * Measures a checkpoint in a process of its own.
 *
 * @param path The file.
 * @returns The number of entries of its first tensor, and the most memory that the process took.
 */
export async function checkpointMemory(
  path: string,
): Promise<{ count: number; megabytes: number; said: string }> {
  const root = new URL("../../", import.meta.url);
  const code = `
    import { readWeights } from "${root}src/entry/model.ts";
    import { measureCheckpoint } from "${root}src/entry/measure.ts";
    const { layers } = await measureCheckpoint(await readWeights(Deno.args[0]));
    console.log(layers[0].weights[0].values.count);
    console.log(/VmHWM:\\s+(\\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))[1]);
  `;
  const script = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(script, code);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--config", "deno.json", script, path],
      cwd: root,
    }).output();
    const [count, kilobytes] = new TextDecoder().decode(stdout).split("\n").map(Number);
    return { count, megabytes: kilobytes / 1024, said: new TextDecoder().decode(stderr) };
  } finally {
    await Deno.remove(script);
  }
}
