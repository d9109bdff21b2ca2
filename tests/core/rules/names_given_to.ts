/**
 * Returns the first arguments in quotes with which the tests of rules call a helper:
 * `testThreshold("mostUnits", ...)`.
 *
 * @param helper Name of the helper.
 */
export async function namesGivenTo(helper: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(new URL(".", import.meta.url))) {
    if (!name.endsWith("_test.ts")) continue;
    const text = await Deno.readTextFile(new URL(name, import.meta.url));
    for (const [, told] of text.matchAll(new RegExp(`\\b${helper}\\(\\s*"([^"]+)"`, "g"))) {
      found.push(told);
    }
  }
  return found;
}
