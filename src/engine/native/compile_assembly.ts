import { fileURLToPath } from "node:url";

/**
 * The compiler, which is run as a program of its own and never imported: what deno.lock knows, Deno reads with every
 * command, and this is 102 MB that only the build takes. It pins its Binaryen itself.
 */
const COMPILER = "npm:assemblyscript@0.28.20/asc";

/**
 * Compiles AssemblyScript.
 *
 * @param folder Where its sources are.
 * @param args The entry, from there, and options; not the output.
 * @returns The WASM binary.
 * @throws {Error} If it does not compile: the message holds what the compiler said.
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
