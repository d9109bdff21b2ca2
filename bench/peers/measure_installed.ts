import type { Pythons } from "./venvs.ts";

/** MiB that a folder takes on disk. */
async function sizeOf(path: string): Promise<number> {
  const { stdout } = await new Deno.Command("du", { args: ["-skD", path] }).output();
  return Number(new TextDecoder().decode(stdout).split("\t")[0]) / 1024;
}

/**
 * Bytes on disk that a report needs: for this tool Deno and what `report` downloads into an empty
 * cache, for the others their environment without the Python that made it.
 */
export async function measureInstalled(
  pythons: Pythons,
): Promise<Record<string, number>> {
  const cache = await Deno.makeTempDir();
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", new URL("../../mod.ts", import.meta.url).pathname, "report", "--quiet"],
      env: { DENO_DIR: cache },
      stdout: "null",
    }).output();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const environment = (python: string) => sizeOf(python.replace(/\/bin\/python$/, ""));
    return {
      "Deno": await sizeOf(Deno.execPath()),
      "this tool": await sizeOf(cache),
      "PyTorch": await environment(pythons.torch),
      "Keras on TensorFlow": await environment(pythons.tf),
      "Keras on JAX": await environment(pythons.keras),
    };
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}
