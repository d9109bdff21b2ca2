import { fileURLToPath } from "node:url";

/** Returns the SHA-256, in hexadecimal, of the sources of this project's WASM module. */
export async function hashSources(): Promise<string> {
  const folder = new URL("assembly/", import.meta.url);
  const names = (await Array.fromAsync(Deno.readDir(folder))).map(({ name }) => name).sort();
  const texts = await Promise.all(
    names.map(async (name) => `${name}\n${await Deno.readTextFile(new URL(name, folder))}`),
  );
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(texts.join("")));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Compiler, run as a separate program and never imported: Deno reads everything in deno.lock with
 * every command, and this is 102 MB that only the build needs. It pins its own Binaryen.
 */
const COMPILER = "npm:assemblyscript@0.28.20/asc";

/**
 * Compiles AssemblyScript.
 *
 * @param args Entry file, relative to the folder, and options, without the output.
 * @returns The WASM binary.
 * @throws {Error} If it does not compile; the message includes the compiler's output.
 */
export async function compileAssembly(
  folder: URL,
  args: readonly string[],
): Promise<Uint8Array<ArrayBuffer>> {
  const out = await Deno.makeTempFile({ suffix: ".wasm" });
  try {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--quiet", "--no-config", "--no-lock", COMPILER, ...args, "-o", out],
      cwd: fileURLToPath(folder),
    }).output();
    if (!success) {
      throw new Error(`${args[0]} does not compile: ${new TextDecoder().decode(stderr)}`);
    }
    return await Deno.readFile(out);
  } finally {
    await Deno.remove(out);
  }
}
