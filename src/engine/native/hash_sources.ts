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
